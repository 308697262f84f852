/*
 * cmd_crl.c - certflow crl: a fresh CRL of a CA, signed in its token.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "ca_report.h"
#include "ca_store.h"
#include "commands.h"

static const char help[] =
	"usage: certflow crl [OPTION...]\n"
	"  --root                       the root's CRL (365 days), not the "
	"issuing CA's (7)\n"
	"  --out DIR                    default $CERTFLOW_CA_DIR\n"
	"  --json\n";

struct crl {
	const char *out;
	enum group group;
	bool json;
	struct place_options places;
};

static bool
take_option(struct crl *o, int argc, char **argv, int *i)
{
	int rc = place_option(&o->places, argc, argv, i);

	if (rc != 0)
		return rc > 0;
	if (strcmp(argv[*i], "--json") == 0)
		return o->json = true;
	if (strcmp(argv[*i], "--root") == 0) {
		o->group = GROUP_ROOT;
		return true;
	}
	if (strcmp(argv[*i], "--out") != 0 || *i + 1 >= argc)
		return false;
	o->out = argv[++*i];
	return true;
}

static void
report(const struct crl *o, const char *dir, const struct pki_crl *crl)
{
	char next[CLOCK_TEXT_MAX];

	clock_format(crl->next_update, next);
	if (o->json)
		ca_report_json(json_pack(
			"{s:s,s:I,s:i,s:s}", "name", group_name(o->group),
			"number", (json_int_t)crl->number, "entries",
			(int)crl->revoked_count, "next_update", next));
	else
		printf("%s/%s.crl: number %" PRId64 ", %zu entries, next "
		       "update %.19sZ\n",
		       dir, group_name(o->group), crl->number,
		       crl->revoked_count, next);
}

/* The last CRL is where the number is kept. */
static bool
renew(const struct crl *o, const char *dir, const struct place *place,
      struct err *e)
{
	AUTO(pki_ca) struct pki_ca *ca = NULL;
	const char *name = group_name(o->group);
	struct pki_crl crl = { 0 };
	int64_t now = clock_now_us();

	if (!ca_store_load(dir, name, &ca, e) ||
	    !ca_store_crl_number(dir, name, ca, &crl.number, e))
		return false;
	crl.number++;
	crl.this_update = now - now % US_PER_S;
	crl.next_update = crl.this_update +
			  (o->group == GROUP_ROOT ? 365 : 7) * US_PER_DAY;
	if (!ca_store_new_crl(dir, place, ca, &crl, e))
		return false;
	report(o, dir, &crl);
	return true;
}

static bool
run(const struct crl *o, struct err *e)
{
	char dir[PATH_MAX];
	struct place place;
	int lock;
	bool ok;

	if (!place_ca_dir(o->out, dir, e) ||
	    !place_find(o->group, &o->places, &place, e) ||
	    !ca_store_open(dir, &lock, e))
		return false;
	ok = renew(o, dir, &place, e);
	(void)close(lock);
	return ok;
}

int
cmd_crl(int argc, char **argv)
{
	struct crl o = { .group = GROUP_ISSUING };
	struct err e = { 0 };
	bool usage = false;

	for (int i = 1; i < argc && !usage; i++)
		usage = !take_option(&o, argc, argv, &i);
	if (usage) {
		fprintf(stderr, "%s%s", help, place_help);
		return EXIT_USAGE;
	}
	if (run(&o, &e))
		return EXIT_FOUND;
	fprintf(stderr, "certflow crl: %s\n", e.text);
	return EXIT_FAULT;
}
