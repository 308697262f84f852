/*
 * certflow - the operators' command line.
 *
 * Finds the command in the table and runs it; everything else is in the
 * cmd_*.c files.
 */
#include <stdio.h>
#include <string.h>

#include "commands.h"

static const struct command commands[] = {
	{ "ca", "init|rollover|request|import [OPTION...]",
	  "make root and issuing CA, below our own root or one outside", true,
	  cmd_ca },
	{ "crl", "[--root|--name NAME] [--json]", "make a fresh CRL", true,
	  cmd_crl },
	{ "ocsp", "[--days N] [--within N] [--json]",
	  "renew the OCSP responder's certificate", true, cmd_ocsp },
	{ "hsm", "list|check [--group GROUP] [--json]",
	  "what the tokens hold; whether they can sign", true, cmd_hsm },
	{ "customer", "TAXCODE [--json] [--pg CONNINFO]",
	  "the customer record of a tax code", false, cmd_customer },
	{ "requests", "TAXCODE [--json]",
	  "its certificate requests, newest first", false, cmd_requests },
	{ "request", "ID [--json]", "one request and its timeline", false,
	  cmd_request },
	{ "certificate", "SERIAL [--pem] [--json]",
	  "one certificate, both states and their history", false,
	  cmd_certificate },
	{ "signing-certificate", "TAXCODE [--at TIME] [--pem] [--json]",
	  "which certificate signs, and why not the others", false,
	  cmd_signing_certificate },
	{ "lint", "FILE [--profile FILE --issuer FILE | --tax-code CODE]",
	  "every rule on a certificate, a TBSCertificate or a CSR", true,
	  cmd_lint },
	{ "profile", "check FILE...",
	  "certificate profiles before they are used", true, cmd_profile },
	{ "keys", "check [--tokens LABELS] [--blocklist FILE]",
	  "all keys of the log: shared factors, blocklist, the tokens", true,
	  cmd_keys },
	{ "topics", "[--create] [--partitions N] [--replication N] [--json]",
	  "create the topics, check counts and settings", true, cmd_topics },
	{ NULL, NULL, NULL, false, NULL },
};

static int
print_help(void)
{
	puts("usage: certflow COMMAND [ARGUMENT...]\n");
	for (const struct command *c = commands; c->name != NULL; c++)
		printf("  %-20s %s\n  %-20s %s\n", c->name, c->usage, "",
		       c->summary);
	puts("\nExit status: 0 found or done, 1 not found, 2 usage, 3 fault.");
	return EXIT_FOUND;
}

static int
run(const struct command *c, int argc, char *argv[])
{
	if (argc != 2 || strcmp(argv[1], "--help") != 0 || c->explains)
		return c->run(argc, argv);
	printf("usage: certflow %s %s\n%s\n"
	       "It asks the read model at --pg, else $CERTFLOW_PG, else that "
	       "of the stack in $CERTFLOW_HOME.\n",
	       c->name, c->usage, c->summary);
	return EXIT_FOUND;
}

int
main(int argc, char *argv[])
{
	const char *name = argc > 1 ? argv[1] : "--help";

	if (strcmp(name, "--help") == 0 || strcmp(name, "help") == 0)
		return print_help();
	if (strcmp(name, "--version") == 0)
		return printf("certflow %s\n", CERTFLOW_VERSION) < 0;
	for (const struct command *c = commands; c->name != NULL; c++)
		if (strcmp(c->name, name) == 0)
			return run(c, argc - 1, argv + 1);
	fprintf(stderr, "certflow: no command \"%s\"; see certflow --help\n",
		name);
	return EXIT_USAGE;
}
