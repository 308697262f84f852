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
#include "crl_entries.h"

static const char help[] =
	"usage: certflow crl [OPTION...]\n"
	"  --root                       the root's CRL (365 days), not the "
	"issuing CA's (7)\n"
	"  --name NAME                  an earlier or later issuing CA's: "
	"issuing-2, ...\n"
	"  --out DIR                    default $CERTFLOW_CA_DIR\n"
	"  --pg CONNINFO                read model to ask for revoked serial "
	"numbers;\n"
	"                               default $CERTFLOW_PG\n"
	"  --json\n"
	"Entries of the last CRL stay; if the read model cannot be asked, they "
	"are all.\n";

struct crl {
	const char *out;
	const char *pg; /* NULL: do not ask */
	const char *name;
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
		o->name = "root";
		return true;
	}
	if (*i + 1 >= argc)
		return false;
	if (strcmp(argv[*i], "--out") == 0)
		o->out = argv[++*i];
	else if (strcmp(argv[*i], "--pg") == 0)
		o->pg = argv[++*i];
	else if (strcmp(argv[*i], "--name") == 0 && o->group != GROUP_ROOT)
		o->name = argv[++*i];
	else
		return false;
	return o->group == GROUP_ROOT || ca_store_number(o->name) > 0;
}

static void
report(const struct crl *o, const char *dir, const struct pki_crl *crl)
{
	char next[CLOCK_TEXT_MAX];

	clock_format(crl->next_update, next);
	if (o->json)
		ca_report_json(json_pack("{s:s,s:I,s:i,s:s}", "name", o->name,
					 "number", (json_int_t)crl->number,
					 "entries", (int)crl->revoked_count,
					 "next_update", next));
	else
		printf("%s/%s.crl: number %" PRId64 ", %zu entries, next "
		       "update %.19sZ\n",
		       dir, o->name, crl->number, crl->revoked_count, next);
}

/* What the read model knows besides; its absence is said, not hidden: an
 * old list that is fresh beats none, and nothing ever leaves the list. */
static bool
add_revoked(const struct crl *o, const struct pki_ca *ca,
	    struct buffer *entries, struct err *e)
{
	if (o->group == GROUP_ROOT || o->pg == NULL || o->pg[0] == '\0' ||
	    crl_entries_ask(o->pg, ca->sha256, entries, e))
		return crl_entries_sort(entries, e);
	if (e->kind != ERR_RETRY)
		return false;
	fprintf(stderr, "certflow crl: read model not asked: %s\n", e->text);
	return crl_entries_sort(entries, e);
}

/* The last CRL is where number and entries are kept. */
static bool
renew(const struct crl *o, const char *dir, const struct place *place,
      struct err *e)
{
	AUTO(pki_ca) struct pki_ca *ca = NULL;
	AUTO(buffer) struct buffer entries = { 0 };
	struct pki_crl crl = { 0 };
	int64_t now = clock_now_us();

	if (!ca_store_load(dir, o->name, &ca, e) ||
	    !ca_store_last_crl(dir, o->name, ca, &crl, &entries, e) ||
	    !add_revoked(o, ca, &entries, e))
		return false;
	crl.revoked = (const struct pki_revoked *)(void *)entries.data;
	crl.revoked_count = entries.len / sizeof(*crl.revoked);
	crl.number++;
	crl.this_update = now - now % US_PER_S;
	crl.next_update = crl.this_update +
			  (o->group == GROUP_ROOT ? 365 : 7) * US_PER_DAY;
	if (!ca_store_new_crl(dir, o->name, place, ca, &crl, e))
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
	struct crl o = { .group = GROUP_ISSUING,
			 .name = "issuing",
			 .pg = getenv("CERTFLOW_PG") };
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
