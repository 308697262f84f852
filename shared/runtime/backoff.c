#include "runtime/backoff.h"

#include "base/clock.h"

/* Spreads programs that fail together; needs no good randomness. */
static int
jitter(int ms, unsigned failures)
{
	uint64_t x = (uint64_t)clock_now_us() * 0x9e3779b97f4a7c15u + failures;

	x ^= x >> 31;
	return ms / 2 + (int)(x % (uint64_t)(ms / 2 + 1));
}

int
backoff_fail(struct backoff *b)
{
	int wait;

	if (b->now_ms == 0)
		b->now_ms = b->first_ms;
	else
		b->now_ms =
			b->now_ms > b->max_ms / 2 ? b->max_ms : b->now_ms * 2;
	b->failures++;
	wait = jitter(b->now_ms, b->failures);
	b->next_us = clock_monotonic_us() + INT64_C(1000) * wait;
	return wait;
}

bool
backoff_ready(const struct backoff *b)
{
	return clock_monotonic_us() >= b->next_us;
}

void
backoff_reset(struct backoff *b)
{
	b->now_ms = 0;
	b->next_us = 0;
	b->failures = 0;
}
