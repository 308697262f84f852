/*
 * cmd_profile.c - certflow profile: for people who write profiles.
 */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "pki/ca.h"
#include "pki/profile.h"

static const char help[] =
	"usage: certflow profile check FILE... [--issuer FILE]\n"
	"Reads certificate profiles as the programs do at start. An error "
	"names the line;\n"
	"a good one is named with the digest by which orders refer to it.\n"
	"  --issuer FILE       it must be one for this issuing CA "
	"(certificate)\n";

/* @param ca  NULL: for any */
static bool
check(const char *path, const struct pki_ca *ca)
{
	AUTO(pki_profile) struct pki_profile *p = NULL;
	char digest[2 * SHA256_LEN + 1];
	struct err e = { 0 };

	if (!pki_profile_load(path, NULL, &p, &e) ||
	    (ca != NULL && !pki_profile_fits(p, ca->key.algorithm, &e))) {
		fprintf(stderr, "certflow profile: %s\n", e.text);
		return false;
	}
	hex_encode(bytes_of(p->sha256, SHA256_LEN), digest);
	printf("%s: %s, at most %d months, sha256 %s, signed with", path,
	       p->name, (int)p->max_months, digest);
	for (int s = 0; s < PKI_SIGNATURE__COUNT; s++)
		if (p->signatures[s])
			printf(" %s",
			       pki_signature_name((enum pki_signature)s));
	printf("\n");
	return true;
}

int
cmd_profile(int argc, char **argv)
{
	AUTO(pki_ca) struct pki_ca *ca = NULL;
	int status = EXIT_FOUND;
	struct err e = { 0 };

	if (argc > 4 && strcmp(argv[argc - 2], "--issuer") == 0) {
		if (!pki_ca_load(argv[argc - 1], &ca, &e)) {
			fprintf(stderr, "certflow profile: %s\n", e.text);
			return EXIT_FAULT;
		}
		argc -= 2;
	}
	if (argc < 3 || strcmp(argv[1], "check") != 0 || argv[2][0] == '-') {
		fputs(help, stderr);
		return EXIT_USAGE;
	}
	for (int i = 2; i < argc; i++)
		if (!check(argv[i], ca))
			status = EXIT_NOT_FOUND;
	return status;
}
