/*
 * ask.h - one question to the read model, answered as JSON.
 *
 * What the read commands share: options, connection, exit statuses.
 */
#ifndef CERTFLOW_OPS_ASK_H
#define CERTFLOW_OPS_ASK_H

#include <jansson.h>

#include "base/auto.h"
#include "base/err.h"

DEFINE_AUTO(json, json_t *, json_decref);

struct ask_options {
	const char *what; /* the one argument: tax code, id, serial number */
	const char *pg;   /* --pg CONNINFO, else CERTFLOW_PG               */
	const char *at;   /* --at TIME, or NULL                            */
	bool json;        /* --json                                        */
	bool pem;         /* --pem                                         */
};

/**
 * Parse the arguments of a read command; complains on standard error.
 * @return false: exit with EXIT_USAGE
 */
bool ask_parse(int argc, char **argv, struct ask_options *o);

/**
 * Run a query that returns one JSON text or no row.
 * @param params  one or two texts, $1 and $2; a NULL is SQL NULL
 * @param out     json_decref(); NULL if there was no row
 * @return        EXIT_FOUND; else the message was printed: EXIT_NOT_FOUND
 *                (there is nothing), EXIT_USAGE (not a tax code, not a
 *                time), EXIT_FAULT (database away)
 */
int ask(const struct ask_options *o, const char *sql, const char *const *params,
	size_t count, json_t **out);

/** Say that nothing was found: in JSON if asked for. Returns
 * EXIT_NOT_FOUND. */
int ask_nothing(const struct ask_options *o, const char *message);

/** Print answer as JSON on standard output. Returns status. */
int ask_print(const json_t *answer, int status);

#endif
