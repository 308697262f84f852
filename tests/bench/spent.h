/*
 * spent.h - time and CPU that a measurement took.
 */
#ifndef CERTFLOW_TESTS_SPENT_H
#define CERTFLOW_TESTS_SPENT_H

#include <sys/resource.h>
#include <time.h>

/** Seconds of a clock that nobody sets. */
static inline double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/** Seconds of CPU of this process, all its threads. */
static inline double
cpu(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

#endif
