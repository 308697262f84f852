/*
 * progress.h - a bar on standard error, for people who wait.
 */
#ifndef CERTFLOW_LOAD_PROGRESS_H
#define CERTFLOW_LOAD_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	bool on;
	const char *what; /* literal */
	int64_t shown_us;
	int64_t began_us;
};

/** Nothing is shown where standard error is no terminal. */
void progress_start(struct progress *p, bool wanted, const char *what);

/** At most some times a second. */
void progress_show(struct progress *p, uint32_t begun, uint32_t done,
		   uint32_t failed, uint32_t count);

/** The last state stays on the screen. */
void progress_end(struct progress *p, uint32_t begun, uint32_t done,
		  uint32_t failed, uint32_t count);

#endif
