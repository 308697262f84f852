/*
 * ledger_internal.h - inside the ledger only.
 *
 *   ledger.c       open orders
 *   ledger_seen.c  finished ones; outcomes of those that are left out
 */
#ifndef CERTFLOW_RUNTIME_LEDGER_INTERNAL_H
#define CERTFLOW_RUNTIME_LEDGER_INTERNAL_H

#include <sys/queue.h>

#include "runtime/ledger.h"

/* A decoded event, shared by the orders that it opened. */
struct shared_event {
	struct event *event;
	unsigned holders;
};

/* Everything about an order; in a tree by its key unless it is closed. */
struct node {
	struct ledger_order order; /* first, its key before all: see
				     ledger_compare() */
	struct shared_event *held;
	bool taken;
	bool closed; /* outcome seen while being worked on */
	TAILQ_ENTRY(node) in_lane;
	TAILQ_ENTRY(node) in_queue; /* unless it is taken */
};
TAILQ_HEAD(nodes, node);

/* The outcome of an order that was left out. */
struct outcome {
	char key[LEDGER_KEY_MAX];
	int64_t offset; /* of the last one */
};

/* Of one partition. */
struct lane {
	int32_t partition;
	struct nodes open; /* by offset */
	int64_t left_out;  /* -1: nothing */
	void *ahead;       /* tree of outcomes */
	size_t ahead_count;
	int64_t ahead_last; /* highest offset among them */
	TAILQ_ENTRY(lane) next;
};
TAILQ_HEAD(lanes, lane);

/* An order that was finished in this life, by its place on the log. */
struct memory {
	int32_t partition;
	int64_t offset;
	uint64_t key; /* digest */
};

struct ledger {
	size_t limit, count;
	size_t ahead_count; /* of all lanes */
	bool ahead_lost;    /* not all of it could be remembered */
	bool catching_up;
	struct lanes lanes;
	struct nodes fresh;   /* not tried yet, in the order of ledger_open() */
	struct nodes waiting; /* tried before, the next one due first */
	void *by_key;
	/* what ledger_present() has set */
	struct shared_event *now;
	struct lane *lane;
	int64_t offset;
	bool old;
	char traceparent[LEDGER_TRACE_MAX];
	/* the ring holds the newest, the tree all of the ring */
	size_t finished_count; /* ever */
	void *finished_tree;
	struct memory finished[LEDGER_FINISHED_MAX];
};

/** For trees of orders, outcomes and bare texts alike: their keys come
 * first. */
int ledger_compare(const void *a, const void *b);

/** Finished: not to be opened again at this place of the log. Without memory
 * it is forgotten, and carried out once more if the log is read again. */
void ledger_remember(struct ledger *l, const struct ledger_order *o);

/** Is the event presented an order that this life has finished already? The
 * log is read again after a lost assignment, perhaps before the outcome has
 * come back. */
bool ledger_is_finished(const struct ledger *l, const char *key);

/** The event presented closes an order that is left out, or none at all. */
void ledger_note_ahead(struct ledger *l, const char *key);

/** Was the outcome of the order presented seen before, further on? */
bool ledger_is_ahead(const struct ledger *l, const char *key);

void ledger_forget_ahead(struct ledger *l, struct lane *at);

/** Part of ledger_free(). */
void ledger_seen_free(struct ledger *l);

#endif
