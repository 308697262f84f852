/*
 * schedule.h - when each journey is due.
 *
 * The times are fixed before anything is sent and never move: what comes
 * late is measured from when it was due (no coordinated omission).
 */
#ifndef CERTFLOW_LOAD_SCHEDULE_H
#define CERTFLOW_LOAD_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

struct schedule {
	int64_t start_us;
	double rate;  /* a second; 0: all are due at the start */
	bool poisson; /* intervals as of people who do not know each other */
	uint64_t random;
	uint32_t count; /* journeys that were due */
	double sum_us;  /* of the intervals so far */
};

/** When the next journey is due. */
int64_t schedule_due(const struct schedule *s);

/** On to the one after it. */
void schedule_advance(struct schedule *s);

#endif
