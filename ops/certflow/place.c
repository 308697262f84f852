#include "place.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_MODULE "/usr/lib/softhsm/libsofthsm2.so"

static const struct {
	const char *name;
	const char *upper;
	const char *token; /* label unless given */
} groups[GROUP__COUNT] = {
	[GROUP_ROOT] = { "root", "ROOT", "root" },
	[GROUP_ISSUING] = { "issuing", "ISSUING", "issuing" },
	[GROUP_CUSTOMER] = { "customer", "CUSTOMER", "customer-1" },
	[GROUP_OCSP] = { "ocsp", "OCSP", "ocsp" },
};

const char place_help[] =
	"  --module PATH                PKCS#11 module\n"
	"  --token-GROUP LABEL          token (GROUP: root, issuing, "
	"customer, ocsp)\n"
	"  --pin-file-GROUP FILE        its first line is the user PIN\n"
	"  --softhsm2-conf-GROUP FILE   SoftHSM configuration of the group\n";

const char *
group_name(enum group g)
{
	return groups[g].name;
}

static const char *
from_environment(const char *prefix, enum group g)
{
	char name[64];
	const char *value;

	(void)snprintf(name, sizeof(name), "%s%s", prefix, groups[g].upper);
	value = getenv(name);
	return value == NULL || value[0] == '\0' ? NULL : value;
}

static bool
find_pin_file(enum group g, const char *given, struct place *out, struct err *e)
{
	const char *home = getenv("CERTFLOW_HOME");
	int n;

	if (given == NULL)
		given = from_environment("CERTFLOW_PIN_FILE_", g);
	if (given != NULL)
		n = snprintf(out->pin_file, PATH_MAX, "%s", given);
	else if (home != NULL)
		n = snprintf(out->pin_file, PATH_MAX, "%s/etc/pin.%s", home,
			     groups[g].name);
	else
		return ERR_SET(e, ERR_FATAL, "certflow", 0,
			       "no PIN file for the %s token: set "
			       "CERTFLOW_PIN_FILE_%s or CERTFLOW_HOME",
			       groups[g].name, groups[g].upper);
	return n < PATH_MAX ||
	       ERR_SET(e, ERR_FATAL, "certflow", 0, "path too long");
}

bool
place_find(enum group g, const struct place_options *options, struct place *out,
	   struct err *e)
{
	const char *label = options->token[g];

	*out = (struct place){ .group = g };
	out->module = options->module != NULL
			      ? options->module
			      : getenv("CERTFLOW_PKCS11_MODULE");
	if (out->module == NULL)
		out->module = DEFAULT_MODULE;
	out->softhsm2_conf =
		options->softhsm2_conf[g] != NULL
			? options->softhsm2_conf[g]
			: from_environment("CERTFLOW_SOFTHSM2_CONF_", g);
	if (label == NULL)
		label = groups[g].token;
	if (snprintf(out->token, sizeof(out->token), "%s", label) >=
	    (int)sizeof(out->token))
		return ERR_SET(e, ERR_FATAL, "certflow", 0,
			       "token label too long");
	return find_pin_file(g, options->pin_file[g], out, e);
}

/* "--pin-file-root" is prefix "--pin-file-" and a group. */
static bool
is_option(const char *arg, const char *prefix, enum group *g)
{
	size_t n = strlen(prefix);

	if (strncmp(arg, prefix, n) != 0)
		return false;
	for (int i = 0; i < GROUP__COUNT; i++)
		if (strcmp(arg + n, groups[i].name) == 0) {
			*g = (enum group)i;
			return true;
		}
	return false;
}

int
place_option(struct place_options *options, int argc, char **argv, int *i)
{
	enum group g = GROUP_ROOT;
	const char **to;

	if (strcmp(argv[*i], "--module") == 0)
		to = &options->module;
	else if (is_option(argv[*i], "--token-", &g))
		to = &options->token[g];
	else if (is_option(argv[*i], "--pin-file-", &g))
		to = &options->pin_file[g];
	else if (is_option(argv[*i], "--softhsm2-conf-", &g))
		to = &options->softhsm2_conf[g];
	else
		return 0;
	if (*i + 1 >= argc)
		return -1;
	*to = argv[++*i];
	return 1;
}

bool
place_ca_dir(const char *given, char out[PATH_MAX], struct err *e)
{
	const char *home = getenv("CERTFLOW_HOME");
	int n;

	if (given == NULL)
		given = getenv("CERTFLOW_CA_DIR");
	if (given != NULL)
		n = snprintf(out, PATH_MAX, "%s", given);
	else if (home != NULL)
		n = snprintf(out, PATH_MAX, "%s/ca", home);
	else
		return ERR_SET(e, ERR_FATAL, "certflow", 0,
			       "no CA directory: set CERTFLOW_CA_DIR or "
			       "CERTFLOW_HOME");
	return n < PATH_MAX ||
	       ERR_SET(e, ERR_FATAL, "certflow", 0, "path too long");
}
