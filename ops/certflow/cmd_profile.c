/*
 * cmd_profile.c - certflow profile: for people who write profiles.
 */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "pki/profile.h"

static const char help[] =
	"usage: certflow profile check FILE...\n"
	"Reads certificate profiles as the programs do at start. An error "
	"names the line;\n"
	"a good one is named with the digest by which orders refer to it.\n";

static bool
check(const char *path)
{
	AUTO(pki_profile) struct pki_profile *p = NULL;
	char digest[2 * SHA256_LEN + 1];
	struct err e = { 0 };

	if (!pki_profile_load(path, NULL, &p, &e)) {
		fprintf(stderr, "certflow profile: %s\n", e.text);
		return false;
	}
	hex_encode(bytes_of(p->sha256, SHA256_LEN), digest);
	printf("%s: %s, at most %d months, sha256 %s\n", path, p->name,
	       (int)p->max_months, digest);
	return true;
}

int
cmd_profile(int argc, char **argv)
{
	int status = EXIT_FOUND;

	if (argc < 3 || strcmp(argv[1], "check") != 0) {
		fputs(help, stderr);
		return EXIT_USAGE;
	}
	for (int i = 2; i < argc; i++)
		if (!check(argv[i]))
			status = EXIT_NOT_FOUND;
	return status;
}
