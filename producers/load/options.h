/*
 * options.h - the command line of load.
 */
#ifndef CERTFLOW_LOAD_OPTIONS_H
#define CERTFLOW_LOAD_OPTIONS_H

#include "load.h"

enum load_mode { LOAD_MODE_RUN, LOAD_MODE_HELP };

struct load_options {
	enum load_mode mode;
	struct load_config load;
	const char *report;    /* path of the JSON, or NULL */
	const char *latencies; /* path of the TSV, or NULL */
};

/** Texts are borrowed from argv and the environment. ERR_REJECT: say why. */
bool load_options_parse(int argc, char **argv, struct load_options *out,
			struct err *e) MUST_CHECK;

/** --help, on standard output. */
void load_options_usage(void);

#endif
