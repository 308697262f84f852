/*
 * report.h - what was measured: for people, as JSON, as a table of all
 * journeys.
 */
#ifndef CERTFLOW_LOAD_REPORT_H
#define CERTFLOW_LOAD_REPORT_H

#include "load.h"

/** Counts, refusals and percentiles on standard output. */
bool load_report_print(const struct load *l, struct err *e) MUST_CHECK;

/** The same and the settings, as JSON into a file. */
bool load_report_json(const struct load *l, const char *path, struct err *e)
	MUST_CHECK;

/** A line for each journey, tab-separated, into a file. */
bool load_report_latencies(const struct load *l, const char *path,
			   struct err *e) MUST_CHECK;

#endif
