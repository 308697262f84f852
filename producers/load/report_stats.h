/*
 * report_stats.h - inside producers/load: figures of a report.
 */
#ifndef CERTFLOW_LOAD_REPORT_STATS_H
#define CERTFLOW_LOAD_REPORT_STATS_H

#include "load.h"

#define REPORT_REASONS_MAX 64

/* From due to a moment, in microseconds; exact, not of a histogram. */
struct report_latency {
	size_t count;
	int64_t min, p50, p90, p99, p999, max;
};

/* Why journeys failed. */
struct report_reason {
	const char *why; /* literal */
	uint32_t count;
};

/**
 * @param room  of journeys' count
 */
struct report_latency report_latency(const struct journeys *j, int mark,
				     int64_t *room);

/** @return how many reasons there are */
size_t report_reasons(const struct journeys *j,
		      struct report_reason out[REPORT_REASONS_MAX]);

/** Journeys a second that came to a stage: those after the first, by the
 * time from the first to the last. 0: fewer than two. */
double report_rate(const struct journeys *j, int mark);

/** User and system time of this process so far. */
double report_cpu_seconds(void);

#endif
