/*
 * ledger.h - which orders are open.
 *
 * Pure memory, no I/O.  A worker's observe() enters what the log says:
 * ledger_open() for an order, ledger_close() for the outcome of one.  What is
 * left when the log has been read to its end has no outcome yet and is to be
 * carried out; the order of the log is kept within a partition.
 */
#ifndef CERTFLOW_RUNTIME_LEDGER_H
#define CERTFLOW_RUNTIME_LEDGER_H

#include "event/event.h"
#include "kafka/kafka.h"

#define LEDGER_KEY_MAX 96
#define LEDGER_TRACE_MAX 64
#define LEDGER_FINISHED_MAX 4096 /* finished orders remembered */

struct ledger;

/* One open order. */
struct ledger_order {
	char key[LEDGER_KEY_MAX];
	const struct event *event; /* the event that ordered; borrowed */
	int32_t partition;
	int64_t offset;
	char traceparent[LEDGER_TRACE_MAX]; /* "" if none */
	/* Found while catching up: an earlier life of this program may have
	 * begun with it. */
	bool caught_up;
	unsigned attempts;     /* so far                           */
	int64_t not_before_us; /* monotonic; back-off of this order */
	void *user;            /* the pool's; NULL while nobody works on it */
};

bool ledger_new(struct ledger **out, struct err *e) MUST_CHECK;

/**
 * Begin with a log event: takes the event over, whatever happens later.
 * Between this and ledger_settle() the worker's observe() runs.
 */
bool ledger_present(struct ledger *l, struct event *ev, int32_t partition,
		    int64_t offset, const char *traceparent, bool caught_up,
		    struct err *e) MUST_CHECK;

/* For observe(): */

/** The event presented is an order under this key. A key already open keeps
 * its first order. key: at most LEDGER_KEY_MAX - 1 characters. */
bool ledger_open(struct ledger *l, const char *key, struct err *e) MUST_CHECK;

/** The order under this key has its outcome, if it was open. One that is
 * being worked on stays until its work ends. */
void ledger_close(struct ledger *l, const char *key);

/** Is there an open order under this key? Borrowed until it is closed. */
const struct ledger_order *ledger_find(const struct ledger *l, const char *key);

/** End of the event presented: freed unless an order holds it. */
void ledger_settle(struct ledger *l);

/* For the loop: */

/** The next open order nobody works on and whose time has come, oldest
 * first; NULL: none. */
struct ledger_order *ledger_next(struct ledger *l, int64_t now_us);

/** What the orders waited for has come: they need not wait any longer. */
void ledger_hasten(struct ledger *l);

/** Done: its place on the log is remembered, so that it is not opened again
 * when the log is read again after a lost assignment. */
void ledger_finish(struct ledger *l, struct ledger_order *o);

/** Was its outcome seen on the log while it was being worked on? */
bool ledger_is_closed(const struct ledger *l, const struct ledger_order *o);

/** Lowest offset of an open order of this partition, or fallback. */
int64_t ledger_lowest(const struct ledger *l, int32_t partition,
		      int64_t fallback);

size_t ledger_count(const struct ledger *l);

/** Forget all orders of all partitions (after a revocation). Nothing may be
 * worked on. */
void ledger_clear(struct ledger *l);

/** NULL is fine. */
void ledger_free(struct ledger *l);
DEFINE_AUTO(ledger, struct ledger *, ledger_free);

#endif
