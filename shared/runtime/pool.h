/*
 * pool.h - threads that do one slow thing each at a time.
 *
 * Tasks go in and come out by the owner's thread; in between one pool thread
 * runs them, and knows its number.  Bounded: the owner asks for room first.
 */
#ifndef CERTFLOW_RUNTIME_POOL_H
#define CERTFLOW_RUNTIME_POOL_H

#include "base/auto.h"
#include "base/err.h"

struct pool;

/* Embed it in what is to be worked on; the pool only links it. */
struct pool_task {
	struct pool_task *next;
};

struct pool_spec {
	size_t threads;
	void *self;
	/** In pool thread `thread`, from 0 to threads - 1. */
	void (*run)(void *self, unsigned thread, struct pool_task *t);
};

/** spec is copied. Release with pool_close(). */
bool pool_open(const struct pool_spec *spec, struct pool **out, struct err *e)
	MUST_CHECK;

/** How many more tasks may be given in now. */
size_t pool_room(struct pool *p);

/** Only with room. */
void pool_give(struct pool *p, struct pool_task *t);

/** A task that is done, or NULL. */
struct pool_task *pool_take(struct pool *p);

/** Wait up to timeout_ms for a task that is done; NULL: none. */
struct pool_task *pool_wait(struct pool *p, int timeout_ms);

/** Tasks given and not taken back. */
size_t pool_count(struct pool *p);

/** Ends the threads once their present tasks are done; no task may be left
 * to take. NULL is fine. */
void pool_close(struct pool *p);
DEFINE_AUTO(pool, struct pool *, pool_close);

#endif
