/*
 * ledger.h - which orders are open.
 *
 * Pure memory, no I/O.  A worker's observe() enters what the log says:
 * ledger_open() for an order, ledger_close() for the outcome of one.  What is
 * left when the log has been read to its end has no outcome yet and is to be
 * carried out; the order of the log is kept within a partition.
 *
 * Memory is bounded however many orders wait.  While the end of the log is
 * not reached, orders beyond a limit are left out, and so are all later ones
 * of their partition; what closes those is remembered.  The owner then reads
 * such partitions once more from ledger_left_out(), now as fast as orders are
 * carried out, and what was remembered is not opened.  If it was too much to
 * be remembered the owner must catch up once more (ledger_knows_ahead()).
 */
#ifndef CERTFLOW_RUNTIME_LEDGER_H
#define CERTFLOW_RUNTIME_LEDGER_H

#include "event/event.h"
#include "kafka/kafka.h"

#define LEDGER_KEY_MAX 96
#define LEDGER_TRACE_MAX 64
#define LEDGER_FINISHED_MAX 16384 /* finished orders remembered */
/* Outcomes of orders that are left out, for each order of the limit. */
#define LEDGER_AHEAD 40

struct ledger;

/* One open order. */
struct ledger_order {
	char key[LEDGER_KEY_MAX];
	const struct event *event; /* the event that ordered; borrowed */
	int32_t partition;
	int64_t offset;
	char traceparent[LEDGER_TRACE_MAX]; /* "" if none */
	/* Older than this life, which an earlier one may have begun with. */
	bool caught_up;
	unsigned attempts;     /* so far                           */
	int64_t not_before_us; /* monotonic; back-off of this order */
};

/** @param limit  so many orders are opened while the log is caught up with */
bool ledger_new(size_t limit, struct ledger **out, struct err *e) MUST_CHECK;

/**
 * Begin with a log event: takes the event over, whatever happens later.
 * Between this and ledger_settle() the worker's observe() runs.
 */
bool ledger_present(struct ledger *l, struct event *ev, int32_t partition,
		    int64_t offset, const char *traceparent, bool caught_up,
		    struct err *e) MUST_CHECK;

/* For observe(): */

/** The event presented is an order under this key. A key already open keeps
 * its first order; one beyond the limit is left out. key: at most
 * LEDGER_KEY_MAX - 1 characters. */
bool ledger_open(struct ledger *l, const char *key, struct err *e) MUST_CHECK;

/** The order under this key has its outcome, if it was open. One that is
 * being worked on stays until its work ends. */
void ledger_close(struct ledger *l, const char *key);

/** Is there an open order under this key? Borrowed until it is closed. */
const struct ledger_order *ledger_find(const struct ledger *l, const char *key);

/** End of the event presented: freed unless an order holds it. */
void ledger_settle(struct ledger *l);

/* For the loop: */

/** Take the next open order nobody works on and whose time has come: those
 * that were put back first, then the oldest; NULL: none. */
struct ledger_order *ledger_take(struct ledger *l, int64_t now_us);

/** Nobody works on it any more; it is taken again at o->not_before_us. */
void ledger_put_back(struct ledger *l, struct ledger_order *o);

/** What the orders waited for has come: they need not wait any longer. */
void ledger_hasten(struct ledger *l);

/** An order that was taken is done: its place on the log is remembered, so
 * that it is not opened again when the log is read again after a lost
 * assignment. */
void ledger_finish(struct ledger *l, struct ledger_order *o);

/** Was its outcome seen on the log while it was being worked on? */
bool ledger_is_closed(const struct ledger_order *o);

/** The log has been read to its end: the limit is the reader's now. */
void ledger_end_reached(struct ledger *l);

/** Offset from which on orders of this partition were left out, or -1. */
int64_t ledger_left_out(const struct ledger *l, int32_t partition);

/** Are all outcomes of orders that were left out remembered? */
bool ledger_knows_ahead(const struct ledger *l);

/** The log is caught up with once more, from ledger_left_out() of each
 * partition: nothing is left out any more, nothing remembered. */
void ledger_catch_up_again(struct ledger *l);

/** This partition is read again from ledger_left_out(). */
void ledger_read_again(struct ledger *l, int32_t partition);

/** Lowest offset of an open or left-out order of this partition, or
 * fallback. */
int64_t ledger_lowest(const struct ledger *l, int32_t partition,
		      int64_t fallback);

size_t ledger_count(const struct ledger *l);

/** Forget all orders of all partitions (after a revocation), but for what was
 * finished. Nothing may be worked on. */
void ledger_clear(struct ledger *l);

/** NULL is fine. */
void ledger_free(struct ledger *l);
DEFINE_AUTO(ledger, struct ledger *, ledger_free);

#endif
