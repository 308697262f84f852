/*
 * follow.h - the whole log, from its beginning, and then what comes.
 *
 * For programs whose state is a fold of certflow.events in memory: each
 * start reads the log anew, so that nothing that is kept elsewhere can be
 * older than it or differ from it.  No consumer group, nothing is committed;
 * each instance reads for itself.
 *
 *   follow_open(&spec, &f, e)
 *   follow_catch_up(f, e)          everything that is on the log now
 *   follow_poll(f, timeout, e)     and so on
 *
 * Health: HEALTH_KAFKA and HEALTH_REGISTRY are set and cleared here.
 * Metrics: certflow_messages_total, certflow_messages_skipped_total,
 * certflow_lag.  Loop thread only.
 */
#ifndef CERTFLOW_RUNTIME_FOLLOW_H
#define CERTFLOW_RUNTIME_FOLLOW_H

#include "event/event.h"
#include "runtime/runtime.h"

struct follow;

struct follow_spec {
	struct runtime *rt; /* borrowed until follow_close() */
	void *self;
	/** Which events are decoded and given to apply(). */
	bool (*wants)(enum event_type type);
	/** Each record once, in the order of its partition. A failure is
	 * handed on and ends the program: the record counts as not read. */
	bool (*apply)(void *self, const struct event *ev, struct err *e);
};

/** spec is copied. Release with follow_close(). */
bool follow_open(const struct follow_spec *spec, struct follow **out,
		 struct err *e) MUST_CHECK;

/**
 * Ask for the end of each partition, as it is now, and read up to there.
 * When this returns true, everything that was acknowledged on the log before
 * the call is applied.
 * ERR_RETRY  cluster or registry away; records are missing at the beginning
 *            of the log: call again, it goes on where it was
 * ERR_NONE   asked to stop
 * ERR_FATAL  the log became shorter; bytes that are no event; an event that
 *            this version does not know; what apply() says
 */
bool follow_catch_up(struct follow *f, struct err *e) MUST_CHECK;

/** Apply what has come, waiting up to timeout_ms for it. Errors likewise. */
bool follow_poll(struct follow *f, int timeout_ms, struct err *e) MUST_CHECK;

/** Records applied or passed over since follow_open(). */
int64_t follow_count(const struct follow *f);

/** NULL is fine. */
void follow_close(struct follow *f);
DEFINE_AUTO(follow, struct follow *, follow_close);

#endif
