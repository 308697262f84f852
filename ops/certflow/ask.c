#include "ask.h"

#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "db/db.h"

#define CONNINFO_MAX (PATH_MAX + 256)
#define POSTGRESQL_PORT_OFFSET 4 /* from port_base, as ops/stack counts */

static const struct option names[] = {
	{ "json", no_argument, NULL, 'j' },
	{ "pem", no_argument, NULL, 'p' },
	{ "at", required_argument, NULL, 'a' },
	{ "pg", required_argument, NULL, 'd' },
	{ NULL, 0, NULL, 0 },
};

bool
ask_parse(int argc, char **argv, struct ask_options *o)
{
	int c;

	*o = (struct ask_options){ .pg = getenv("CERTFLOW_PG") };
	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (c == 'j')
			o->json = true;
		else if (c == 'p')
			o->pem = true;
		else if (c == 'a')
			o->at = optarg;
		else if (c == 'd')
			o->pg = optarg;
		else
			return false;
	}
	if (optind + 1 == argc) {
		o->what = argv[optind];
		return true;
	}
	fprintf(stderr,
		"certflow %s: exactly one argument, please; "
		"see certflow --help\n",
		argv[0]);
	return false;
}

/* The stack in $CERTFLOW_HOME: its port, its password file. */
static bool
stack_conninfo(char out[CONNINFO_MAX], struct err *e)
{
	const char *home = getenv("CERTFLOW_HOME");
	char path[PATH_MAX];
	AUTO(json) json_t *settings = NULL;
	json_int_t base;
	int n;

	if (home == NULL)
		return ERR_SET(e, ERR_FATAL, "certflow", 0,
			       "no database: give --pg CONNINFO, or set "
			       "CERTFLOW_PG or CERTFLOW_HOME");
	snprintf(path, sizeof(path), "%s/stack.json", home);
	settings = json_load_file(path, 0, NULL);
	base = json_integer_value(json_object_get(settings, "port_base"));
	if (base <= 0)
		return ERR_SET(e, ERR_FATAL, "certflow", 0,
			       "no stack in %s; start one with: ops/stack up",
			       home);
	n = snprintf(out, CONNINFO_MAX,
		     "host=127.0.0.1 port=%d dbname=certflow "
		     "user=certflow_reader passfile='%s/secrets/pgpass'",
		     (int)base + POSTGRESQL_PORT_OFFSET, home);
	return (n > 0 && n < CONNINFO_MAX) ||
	       ERR_SET(e, ERR_FATAL, "certflow", 0,
		       "CERTFLOW_HOME is too long");
}

static bool
connect_to(const struct ask_options *o, struct db **out, struct err *e)
{
	char stack[CONNINFO_MAX];
	struct db_config cfg = { .conninfo = o->pg,
				 .application = "certflow",
				 .search_path = "read_model" };

	if (cfg.conninfo == NULL) {
		if (!stack_conninfo(stack, e))
			return false;
		cfg.conninfo = stack;
	}
	return db_open(&cfg, out, e);
}

static int
status_of(const struct ask_options *o, const struct err *e)
{
	if (e->code == db_sqlstate("P0002"))
		return ask_nothing(o, e->text);
	fprintf(stderr, "certflow: %s\n", e->text);
	return e->kind == ERR_REJECT ? EXIT_USAGE : EXIT_FAULT;
}

int
ask(const struct ask_options *o, const char *sql, const char *const *params,
    size_t count, json_t **out)
{
	const struct db_statement st = { "question", sql };
	AUTO(db) struct db *db = NULL;
	AUTO(db_result) struct db_result *res = NULL;
	struct db_value values[2];
	struct err e;

	for (size_t i = 0; i < count; i++)
		values[i] = db_text(params[i]);
	*out = NULL;
	if (!connect_to(o, &db, &e) ||
	    !db_exec(db, &st, values, count, &res, &e))
		return status_of(o, &e);
	if (db_rows(res) == 0)
		return EXIT_FOUND;
	*out = json_loads(db_get_text(res, 0, 0), JSON_DECODE_ANY, NULL);
	if (*out != NULL)
		return EXIT_FOUND;
	fprintf(stderr, "certflow: the database's answer is not JSON\n");
	return EXIT_FAULT;
}

int
ask_nothing(const struct ask_options *o, const char *message)
{
	AUTO(json) json_t *answer = NULL;

	if (!o->json) {
		fprintf(stderr, "%s\n", message);
		return EXIT_NOT_FOUND;
	}
	answer = json_pack("{s:b, s:s}", "found", 0, "message", message);
	return ask_print(answer, EXIT_NOT_FOUND);
}

int
ask_print(const json_t *answer, int status)
{
	json_dumpf(answer, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY);
	putchar('\n');
	return status;
}
