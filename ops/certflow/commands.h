/*
 * commands.h - the operators' command line, one row per command.
 *
 * Each cmd_*.c implements the functions declared here; main.c holds the
 * table.  A new command is one declaration here and one row there.
 */
#ifndef CERTFLOW_OPS_COMMANDS_H
#define CERTFLOW_OPS_COMMANDS_H

#include <stdbool.h>

/* Exit statuses of every command. */
enum {
	EXIT_FOUND = 0,     /* done, or the thing exists             */
	EXIT_NOT_FOUND = 1, /* no such thing, or the check found fault */
	EXIT_USAGE = 2,     /* wrong arguments                       */
	EXIT_FAULT = 3,     /* a service is down, a file unreadable  */
};

struct command {
	const char *name;    /* "signing-certificate"                     */
	const char *usage;   /* what follows the name: "TAXCODE [--json]" */
	const char *summary; /* one line for the list of commands         */
	bool explains;       /* answers --help itself, option by option    */

	/** argv[0] is the command's name; returns an exit status. */
	int (*run)(int argc, char **argv);
};

/* Read commands (cmd_customer.c, cmd_request.c, cmd_certificate.c) */
int cmd_customer(int argc, char **argv);
int cmd_requests(int argc, char **argv);
int cmd_request(int argc, char **argv);
int cmd_certificate(int argc, char **argv);
int cmd_signing_certificate(int argc, char **argv);

/* The CA's keys, certificates and CRLs (cmd_*.c) */
int cmd_ca(int argc, char **argv);
int cmd_crl(int argc, char **argv);
int cmd_ocsp(int argc, char **argv);
int cmd_hsm(int argc, char **argv);
/* Rules and profiles, no service needed (cmd_lint.c, cmd_profile.c) */
int cmd_lint(int argc, char **argv);
int cmd_profile(int argc, char **argv);
/* Kafka (cmd_topics.c) */
int cmd_keys(int argc, char **argv);
int cmd_topics(int argc, char **argv);

#endif
