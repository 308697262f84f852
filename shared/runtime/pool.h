/*
 * pool.h - threads that do one slow thing each at a time.
 *
 * Tasks go in and come out by the owner's thread; in between one pool thread
 * runs them, with its own context.  Bounded: the owner asks for room first.
 */
#ifndef CERTFLOW_RUNTIME_POOL_H
#define CERTFLOW_RUNTIME_POOL_H

#include "runtime/watch.h"

struct pool;

/* Embed it in what is to be worked on; the pool only links it. */
struct pool_task {
	struct pool_task *next;
};

struct pool_spec {
	size_t threads;
	struct watch *watch; /* each thread gets a slot */
	void *self;
	/** In each thread, first, again with pauses while it says ERR_RETRY;
	 * NULL: *context is self. */
	bool (*open)(void *self, struct watch_slot *slot, void **context,
		     struct err *e);
	void (*close)(void *context);
	/** In a pool thread. */
	void (*run)(void *context, struct pool_task *t);
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

/** Tasks given whose run() has not ended: with 0 no thread is in run() and
 * none will be before the next pool_give(). */
size_t pool_busy(struct pool *p);

/** Tasks given and not taken back. */
size_t pool_count(struct pool *p);

/** Did a thread fail to open for good? e: why. */
bool pool_broken(struct pool *p, struct err *e);

/** Ends the threads once their present tasks are done; no task may be left
 * to take. NULL is fine. */
void pool_close(struct pool *p);
DEFINE_AUTO(pool, struct pool *, pool_close);

#endif
