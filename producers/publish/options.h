/*
 * options.h - the command line of publish.
 */
#ifndef CERTFLOW_PUBLISH_OPTIONS_H
#define CERTFLOW_PUBLISH_OPTIONS_H

#include "publisher.h"

enum publish_mode {
	MODE_PUBLISH,
	MODE_ERASE,
	MODE_TEMPLATE,
	MODE_LIST,
	MODE_HELP,
};

struct options {
	enum publish_mode mode;
	struct publisher_config publisher;
	bool json;
	const char *file;         /* NULL: standard input */
	const char *personal_ref; /* MODE_ERASE */
	enum event_type template; /* MODE_TEMPLATE */
};

/** All texts are borrowed from argv and the environment. ERR_REJECT: usage. */
bool options_parse(int argc, char **argv, struct options *out, struct err *e)
	MUST_CHECK;

/** What --help prints. */
void options_usage(void);

#endif
