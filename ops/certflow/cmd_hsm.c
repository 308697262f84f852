/*
 * cmd_hsm.c - certflow hsm list|check: what the tokens hold, and whether
 * they can do their work.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ca_report.h"
#include "ca_store.h"
#include "commands.h"
#include "pki/responder.h"
#include "responder_file.h"
#include "token_jobs.h"

static const char help[] =
	"usage: certflow hsm list|check [OPTION...]\n"
	"  --group GROUP                root, issuing, customer or ocsp\n"
	"  --out DIR                    CA certificates; default "
	"$CERTFLOW_CA_DIR\n"
	"  --json\n";

struct hsm_options {
	const char *out;
	const char *group; /* NULL: all */
	bool check;
	bool json;
	struct place_options places;
};

static bool
take_option(struct hsm_options *o, int argc, char **argv, int *i)
{
	int rc = place_option(&o->places, argc, argv, i);
	const char **to;

	if (rc != 0)
		return rc > 0;
	if (strcmp(argv[*i], "--json") == 0)
		return o->json = true;
	if (strcmp(argv[*i], "--group") == 0)
		to = &o->group;
	else if (strcmp(argv[*i], "--out") == 0)
		to = &o->out;
	else
		return false;
	if (*i + 1 >= argc)
		return false;
	*to = argv[++*i];
	return true;
}

/* --- list ----------------------------------------------------------- */

static void
list_key(const struct hsm_options *o, const struct place *place,
	 const struct token_key *key, json_t *rows)
{
	struct hsm_key found = { 0 };
	char id[2 * TOKEN_ID_MAX + 1], text[128];
	struct err e = { 0 };
	bool known = key->spki_len > 0 &&
		     job_attributes(place, bytes_of(key->spki, key->spki_len),
				    &found, &e);

	hex_encode(bytes_of(key->id, key->id_len), id);
	if (o->json) {
		(void)json_array_append_new(
			rows,
			json_pack(
				"{s:s,s:s,s:s,s:s,s:o}", "token", place->token,
				"label", key->label, "id", id, "algorithm",
				ev_key_algorithm_name(key->algorithm),
				"attributes",
				known ? ca_report_attributes(&found.attributes)
				      : json_null()));
		return;
	}
	printf("%-12s %-50s %-9s %s\n", place->token, key->label,
	       ev_key_algorithm_name(key->algorithm),
	       known ? ca_report_attribute_text(&found.attributes, text)
		     : "attributes unknown");
}

static bool
list_place(const struct hsm_options *o, const struct place *place, json_t *rows,
	   struct err *e)
{
	AUTO(ptr) void *memory = NULL;
	struct token_list *all = NULL;

	if (!job_list(place, &all, e))
		return err_context(e, "%s", group_name(place->group));
	memory = all;
	for (size_t i = 0; i < all->key_count; i++)
		list_key(o, place, &all->keys[i], rows);
	if (all->more && !o->json)
		printf("%-12s ... and more\n", place->token);
	return true;
}

/* --- check ---------------------------------------------------------- */

/* The key of the responder's certificate. */
static bool
try_responder(const char *dir, const struct place *place, struct err *e)
{
	AUTO(pki_ca) struct pki_ca *ca = NULL;
	AUTO(pki_responder) struct pki_responder *responder = NULL;
	AUTO(buffer) struct buffer signature = { 0 };
	char file[PATH_MAX];

	return ca_store_load(dir, "issuing", &ca, e) &&
	       responder_file(dir, "issuing", file, e) &&
	       pki_responder_load(file, ca, &responder, e) &&
	       job_sign(place, responder->spki, responder->signature,
			bytes_of_str(HSM_TEST_TEXT), &signature, e);
}

/* Customer keys allow one mechanism that libp11 may not use: log in only. */
static bool
try_place(const char *dir, const char *name, const struct place *place,
	  struct err *e)
{
	AUTO(pki_ca) struct pki_ca *ca = NULL;
	AUTO(buffer) struct buffer signature = { 0 };
	AUTO(ptr) void *memory = NULL;
	struct token_list *all = NULL;
	bool ok;

	if (place->group == GROUP_CUSTOMER) {
		ok = job_list(place, &all, e);
		memory = all;
		return ok;
	}
	if (place->group == GROUP_OCSP)
		return try_responder(dir, place, e);
	/* job_sign() compares the key with the certificate's and verifies. */
	return ca_store_load(dir, name, &ca, e) &&
	       job_sign(place, ca->spki, ca->signature,
			bytes_of_str(HSM_TEST_TEXT), &signature, e);
}

static bool
check_place(const struct hsm_options *o, const char *dir, const char *name,
	    const struct place *place, json_t *rows)
{
	struct err e = { 0 };
	bool ok = try_place(dir, name, place, &e);
	const char *good = place->group == GROUP_CUSTOMER
				   ? "login"
				   : "login, test signature verified";

	if (o->json)
		(void)json_array_append_new(
			rows, json_pack("{s:s,s:s,s:s,s:b,s:s}", "group",
					group_name(place->group), "name", name,
					"token", place->token, "ok", ok,
					"detail", ok ? good : e.text));
	else
		printf("%-9s %-12s %-6s %s\n", name, place->token,
		       ok ? "ok" : "FAULT", ok ? good : e.text);
	return ok;
}

/* Each issuing CA that there is has a key of its own. */
static bool
check_group(const struct hsm_options *o, const char *dir,
	    const struct place *place, json_t *rows)
{
	bool good = check_place(o, dir, group_name(place->group), place, rows);
	char name[CA_NAME_MAX];

	if (place->group != GROUP_ISSUING)
		return good;
	for (int n = 2; ca_store_name(n, name); n++)
		if (ca_store_has(dir, name, ".pem"))
			good = check_place(o, dir, name, place, rows) && good;
	return good;
}

/* --- both ----------------------------------------------------------- */

static bool
wanted(const struct hsm_options *o, enum group g)
{
	return o->group == NULL || strcmp(o->group, group_name(g)) == 0;
}

/* Nobody asked for the responder's token, and there is none, or, for a check,
 * no certificate that its key could be compared with. */
static bool
is_absent(const struct hsm_options *o, const char *dir,
	  const struct place *place)
{
	char file[PATH_MAX];
	struct err ignored;

	if (place->group != GROUP_OCSP || o->group != NULL)
		return false;
	return access(place->pin_file, F_OK) != 0 ||
	       (o->check && responder_file(dir, "issuing", file, &ignored) &&
		access(file, F_OK) != 0);
}

static int
run(const struct hsm_options *o, json_t *rows, struct err *e)
{
	char dir[PATH_MAX] = "";
	struct place place;
	bool good = true;

	if (o->check && !place_ca_dir(o->out, dir, e))
		return EXIT_FAULT;
	for (int g = 0; g < GROUP__COUNT; g++) {
		if (!wanted(o, (enum group)g))
			continue;
		if (!place_find((enum group)g, &o->places, &place, e))
			return EXIT_FAULT;
		if (is_absent(o, dir, &place))
			continue;
		if (o->check)
			good = check_group(o, dir, &place, rows) && good;
		else if (!list_place(o, &place, rows, e))
			return EXIT_FAULT;
	}
	return good ? EXIT_FOUND : EXIT_NOT_FOUND;
}

static bool
parse(struct hsm_options *o, int argc, char **argv)
{
	bool known = false;

	if (argc < 2)
		return false;
	o->check = strcmp(argv[1], "check") == 0;
	if (!o->check && strcmp(argv[1], "list") != 0)
		return false;
	for (int i = 2; i < argc; i++)
		if (!take_option(o, argc, argv, &i))
			return false;
	for (int g = 0; g < GROUP__COUNT; g++)
		known = known || wanted(o, (enum group)g);
	return known;
}

int
cmd_hsm(int argc, char **argv)
{
	struct hsm_options o = { 0 };
	struct err e = { 0 };
	json_t *rows;
	int rc;

	if (!parse(&o, argc, argv)) {
		fprintf(stderr, "%s%s", help, place_help);
		return EXIT_USAGE;
	}
	rows = json_array();
	rc = run(&o, rows, &e);
	if (rc == EXIT_FAULT)
		fprintf(stderr, "certflow hsm: %s\n", e.text);
	if (o.json && rc != EXIT_FAULT)
		ca_report_json(rows);
	else
		json_decref(rows);
	return rc;
}
