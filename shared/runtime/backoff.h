/*
 * backoff.h - waiting longer after each failure, with jitter.
 */
#ifndef CERTFLOW_RUNTIME_BACKOFF_H
#define CERTFLOW_RUNTIME_BACKOFF_H

#include <stdbool.h>
#include <stdint.h>

/* Plain data; start with { .first_ms = 100, .max_ms = 10000 }. */
struct backoff {
	int first_ms;
	int max_ms;
	int now_ms;        /* 0: no failure yet */
	int64_t next_us;   /* clock_monotonic_us() of the next try */
	unsigned failures; /* in a row          */
};

/** A failure: @return milliseconds to wait, between half and all of the
 * step; sets next_us. */
int backoff_fail(struct backoff *b);

/** May we try again now? */
bool backoff_ready(const struct backoff *b);

/** It worked. */
void backoff_reset(struct backoff *b);

#endif
