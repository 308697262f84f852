/*
 * cmd_ca.c - certflow ca: the acts by which CAs come to be, and their
 * options.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "ca_record.h"
#include "ceremony.h"
#include "commands.h"
#include "pki/certificate.h"

#define PARTICIPANT_MAX 200

static const char help[] =
	"usage: certflow ca init|rollover|request|import|verify-record "
	"[OPTION...]\n"
	"  init                         root and issuing CA: keys, "
	"certificates, first CRLs\n"
	"  rollover                     a new issuing CA below our root: "
	"issuing-2, ...\n"
	"  request                      key and CSR of an issuing CA below "
	"a root outside\n"
	"  import FILE --chain FILE     that root's answer, after checking "
	"it; the chain\n"
	"                               is PEM: the root and what stands "
	"between\n"
	"  verify-record FILE.txt       is a record what was signed, and of "
	"these CAs\n"
	"  --participant 'ROLE: NAME'   who is there; up to 16 times, for the "
	"record\n"
	"  --record DIR                 where the record goes; default: "
	"ceremony, beside\n"
	"                               the CA's directory\n"
	"  --key KIND                   rsa2048, rsa3072, rsa4096 (default), "
	"p256, p384\n"
	"  --out DIR                    default $CERTFLOW_CA_DIR\n"
	"  --public-url URL             where DIR is served; default "
	"$CERTFLOW_PUBLIC_URL\n"
	"  --organisation NAME          O of the CAs; default Certflow, after "
	"the first\n"
	"                               that of the CA before\n"
	"  --any-path-length            import: take an answer whose path "
	"length is not 0\n"
	"  --json\n";

#define RECORD "--participant --record"

static const struct ceremony_act acts[] = {
	{ "init", RECORD " --key --out --public-url --organisation", false,
	  true, ceremony_init },
	{ "rollover", RECORD " --key --out --public-url --organisation", false,
	  true, ceremony_rollover },
	{ "request", RECORD " --key --out --organisation", false, true,
	  ceremony_request },
	{ "import", RECORD " --out --chain --any-path-length", true, true,
	  ceremony_import },
	{ "verify-record", "--out", true, false, ceremony_verify },
};

static bool
parse_key(const char *text, enum ev_key_algorithm *out)
{
	static const struct {
		const char *text;
		enum ev_key_algorithm algorithm;
	} rows[] = {
		{ "rsa2048", EV_KEY_ALGORITHM_RSA_2048 },
		{ "rsa3072", EV_KEY_ALGORITHM_RSA_3072 },
		{ "rsa4096", EV_KEY_ALGORITHM_RSA_4096 },
		{ "p256", EV_KEY_ALGORITHM_EC_P256 },
		{ "p384", EV_KEY_ALGORITHM_EC_P384 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(rows[i].text, text) == 0) {
			*out = rows[i].algorithm;
			return true;
		}
	return false;
}

/* Is the whole word one of this act's options? */
static bool
takes(const struct ceremony_act *act, const char *name)
{
	const char *at = strstr(act->options, name);
	size_t len = strlen(name);

	return at != NULL && (at[len] == ' ' || at[len] == '\0');
}

static bool
take_participant(struct ceremony_options *o, const char *who)
{
	if (o->participant_count == CEREMONY_PARTICIPANTS_MAX ||
	    !text_is_utf8(who, strlen(who)) || strchr(who, '\n') != NULL ||
	    strlen(who) > PARTICIPANT_MAX)
		return false;
	o->participants[o->participant_count++] = who;
	return true;
}

static bool
take_value(struct ceremony_options *o, const char *name, const char *value)
{
	const struct {
		const char *name;
		const char **to;
	} texts[] = {
		{ "--out", &o->out },
		{ "--chain", &o->chain },
		{ "--record", &o->record },
		{ "--public-url", &o->public_url },
		{ "--organisation", &o->organisation },
	};

	if (strcmp(name, "--key") == 0)
		return parse_key(value, &o->algorithm);
	if (strcmp(name, "--participant") == 0)
		return take_participant(o, value);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (strcmp(name, texts[i].name) == 0) {
			*texts[i].to = value;
			return true;
		}
	return false;
}

/* One argument at argv[*i]; false: usage. */
static bool
take_option(const struct ceremony_act *act, struct ceremony_options *o,
	    int argc, char **argv, int *i)
{
	int rc = place_option(&o->places, argc, argv, i);
	const char *name = argv[*i];

	if (rc != 0)
		return rc > 0;
	if (strcmp(name, "--json") == 0)
		return o->json = true;
	if (name[0] != '-' && act->needs_file && o->file == NULL) {
		o->file = name;
		return true;
	}
	if (!takes(act, name))
		return false;
	if (strcmp(name, "--any-path-length") == 0)
		return o->any_path_length = true;
	return *i + 1 < argc && take_value(o, name, argv[++*i]);
}

/* What is not given is that of the CA before. */
static bool
find_organisation(struct ceremony *c, char room[128], struct err *e)
{
	AUTO(pki_ca) struct pki_ca *first = NULL;

	c->organisation = c->options->organisation;
	if (c->organisation != NULL)
		return true;
	c->organisation = "Certflow";
	if (!ca_store_exists(c->dir))
		return true;
	if (!ca_store_load(c->dir, "issuing", &first, e))
		return false;
	if (!pki_name_value(first->subject, PKI_ATTR_O, room, 128))
		return ERR_SET(e, ERR_FATAL, "certflow", 0,
			       "the issuing CA names no organisation: give "
			       "--organisation");
	c->organisation = room;
	return true;
}

static bool
run(const struct ceremony_act *act, const struct ceremony_options *o,
    struct err *e)
{
	struct ceremony c = { .options = o };
	char organisation[128];
	int lock;
	bool ok;

	c.now = clock_now_us();
	c.now -= c.now % US_PER_S;
	if (!place_ca_dir(o->out, c.dir, e) ||
	    !place_find(GROUP_ROOT, &o->places, &c.root_place, e) ||
	    !place_find(GROUP_ISSUING, &o->places, &c.issuing_place, e) ||
	    !ca_store_open(c.dir, &lock, e))
		return false;
	ok = find_organisation(&c, organisation, e) &&
	     (!act->is_recorded || record_begin(&c, act->name, &c.record, e)) &&
	     act->run(&c, e);
	record_free(c.record);
	(void)close(lock);
	return ok;
}

int
cmd_ca(int argc, char **argv)
{
	struct ceremony_options o = {
		.public_url = getenv("CERTFLOW_PUBLIC_URL"),
		.algorithm = EV_KEY_ALGORITHM_RSA_4096,
	};
	const struct ceremony_act *act = NULL;
	struct err e = { 0 };
	bool usage;

	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++)
		if (argc > 1 && strcmp(argv[1], acts[i].name) == 0)
			act = &acts[i];
	usage = act == NULL;
	for (int i = 2; i < argc && !usage; i++)
		usage = !take_option(act, &o, argc, argv, &i);
	if (usage || (act->needs_file && o.file == NULL) ||
	    (act->run == ceremony_import && o.chain == NULL)) {
		fprintf(stderr, "%s%s", help, place_help);
		return EXIT_USAGE;
	}
	if (run(act, &o, &e))
		return EXIT_FOUND;
	fprintf(stderr, "certflow ca %s: %s\n", act->name, e.text);
	return e.kind == ERR_REJECT ? EXIT_NOT_FOUND : EXIT_FAULT;
}
