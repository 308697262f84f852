/*
 * cmd_ca.c - certflow ca init: the two CAs, their keys, certificates and
 * first CRLs.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "ca_report.h"
#include "ca_store.h"
#include "commands.h"
#include "pki/certificate.h"
#include "token_jobs.h"

#define ROOT_MONTHS (20 * 12)
#define ISSUING_MONTHS (10 * 12)
#define ROOT_CRL_US (365 * US_PER_DAY) /* the root token is offline */
#define ISSUING_CRL_US (7 * US_PER_DAY)

static const char help[] =
	"usage: certflow ca init [OPTION...]\n"
	"  --key KIND                   rsa2048, rsa3072, rsa4096 (default), "
	"p256, p384\n"
	"  --out DIR                    default $CERTFLOW_CA_DIR\n"
	"  --public-url URL             where DIR is served; default "
	"$CERTFLOW_PUBLIC_URL\n"
	"  --organisation NAME          O of both CAs, default Certflow\n"
	"  --json\n";

struct init {
	const char *out;
	const char *public_url;
	const char *organisation;
	enum ev_key_algorithm algorithm;
	bool json;
	struct place_options places;
};

struct ceremony {
	const struct init *init;
	char dir[PATH_MAX];
	struct place root_place, issuing_place;
	struct hsm_key root_key, issuing_key;
	int64_t now;
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

/* One option at argv[*i]; false: usage. */
static bool
take_option(struct init *init, int argc, char **argv, int *i)
{
	int rc = place_option(&init->places, argc, argv, i);
	const char *name = argv[*i];
	const char **to = NULL;

	if (rc != 0)
		return rc > 0;
	if (strcmp(name, "--json") == 0)
		return init->json = true;
	if (*i + 1 >= argc)
		return false;
	if (strcmp(name, "--key") == 0)
		return parse_key(argv[++*i], &init->algorithm);
	if (strcmp(name, "--out") == 0)
		to = &init->out;
	else if (strcmp(name, "--public-url") == 0)
		to = &init->public_url;
	else if (strcmp(name, "--organisation") == 0)
		to = &init->organisation;
	else
		return false;
	*to = argv[++*i];
	return true;
}

/* A token that holds a certificate belongs to a CA already. */
static bool
refuse_used(const struct place *place, struct err *e)
{
	AUTO(ptr) void *memory = NULL;
	struct token_list *list = NULL;

	if (!job_list(place, &list, e))
		return err_context(e, "%s", group_name(place->group));
	memory = list;
	if (list->certificate_count > 0)
		return ERR_SET(e, ERR_FATAL, "certflow", 0,
			       "token %s already holds the certificate %s",
			       place->token, list->certificates[0].label);
	return true;
}

/* Sign TBS octets with issuer_spki's key, store the certificate. */
static bool
certify(const struct ceremony *c, struct bytes tbs, const struct hsm_key *key,
	enum pki_signature sig, struct pki_ca **out, struct err *e)
{
	AUTO(buffer) struct buffer signature = { 0 }, der = { 0 };

	return job_sign(&c->root_place, hsm_key_spki(key), sig, tbs, &signature,
			e) &&
	       pki_certificate_assemble(tbs, sig, buffer_view(&signature), &der,
					e) &&
	       pki_ca_parse(buffer_view(&der), out, e);
}

static const char *
url(const struct ceremony *c, const char *file, char out[PATH_MAX])
{
	const char *base = c->init->public_url;
	size_t len = base == NULL ? 0 : strlen(base);

	if (len == 0)
		return NULL;
	if (base[len - 1] == '/')
		len--;
	(void)snprintf(out, PATH_MAX, "%.*s/%s", (int)len, base, file);
	return out;
}

static bool
make_root(const struct ceremony *c, struct pki_ca **out, struct err *e)
{
	AUTO(buffer) struct buffer tbs = { 0 };
	char serial[PKI_SERIAL_TEXT_MAX], name[128];
	const struct pki_authority root = {
		.country = "VN",
		.organisation = c->init->organisation,
		.name = name,
		.spki = hsm_key_spki(&c->root_key),
		.serial_number = serial,
		.not_before = c->now,
		.not_after = pki_validity_end(c->now, ROOT_MONTHS),
		.path_length = -1,
	};

	(void)snprintf(name, sizeof(name), "%s Root CA", c->init->organisation);
	return pki_serial_draw(serial, e) &&
	       pki_authority_tbs(&root, NULL, &tbs, e) &&
	       certify(c, buffer_view(&tbs), &c->root_key,
		       pki_signature_default(c->root_key.algorithm), out, e);
}

static bool
make_issuing(const struct ceremony *c, const struct pki_ca *root,
	     struct pki_ca **out, struct err *e)
{
	AUTO(buffer) struct buffer tbs = { 0 };
	char serial[PKI_SERIAL_TEXT_MAX], name[128];
	char crl[PATH_MAX], issuer[PATH_MAX];
	const struct pki_authority issuing = {
		.country = "VN",
		.organisation = c->init->organisation,
		.name = name,
		.spki = hsm_key_spki(&c->issuing_key),
		.serial_number = serial,
		.not_before = c->now,
		.not_after = pki_validity_end(c->now, ISSUING_MONTHS),
		.path_length = 0,
		.crl_url = url(c, "root.crl", crl),
		.ca_issuers_url = url(c, "root.cer", issuer),
	};

	(void)snprintf(name, sizeof(name), "%s Issuing CA",
		       c->init->organisation);
	return pki_serial_draw(serial, e) &&
	       pki_authority_tbs(&issuing, root, &tbs, e) &&
	       certify(c, buffer_view(&tbs), &c->root_key, root->signature, out,
		       e);
}

static bool
make_keys(struct ceremony *c, struct err *e)
{
	bool found;

	return job_ca_key(&c->root_place, c->init->algorithm, "root",
			  &c->root_key, &found, e) &&
	       job_ca_key(&c->issuing_place, c->init->algorithm, "issuing",
			  &c->issuing_key, &found, e);
}

/* Everything public; issuing.pem, the sign of completeness, last. */
static bool
publish(const struct ceremony *c, const struct pki_ca *root,
	const struct pki_ca *issuing, struct err *e)
{
	const struct pki_crl root_crl = { .number = 1,
					  .this_update = c->now,
					  .next_update = c->now + ROOT_CRL_US };
	const struct pki_crl issuing_crl = {
		.number = 1,
		.this_update = c->now,
		.next_update = c->now + ISSUING_CRL_US,
	};

	return ca_store_new_crl(c->dir, &c->root_place, root, &root_crl, e) &&
	       ca_store_new_crl(c->dir, &c->issuing_place, issuing,
				&issuing_crl, e) &&
	       ca_store_certificate(c->dir, "root", buffer_view(&root->der),
				    e) &&
	       ca_store_certificate(c->dir, "issuing",
				    buffer_view(&issuing->der), e) &&
	       job_store_certificate(&c->root_place, buffer_view(&root->der),
				     e) &&
	       job_store_certificate(&c->issuing_place,
				     buffer_view(&issuing->der), e);
}

static bool
hold(struct ceremony *c, struct err *e)
{
	AUTO(pki_ca) struct pki_ca *root = NULL;
	AUTO(pki_ca) struct pki_ca *issuing = NULL;

	if (ca_store_exists(c->dir))
		return ERR_SET(e, ERR_FATAL, "certflow", 0,
			       "%s already holds a CA: nothing changed",
			       c->dir);
	if (!refuse_used(&c->root_place, e) ||
	    !refuse_used(&c->issuing_place, e) || !make_keys(c, e) ||
	    !make_root(c, &root, e) || !make_issuing(c, root, &issuing, e) ||
	    !publish(c, root, issuing, e))
		return false;
	ca_report(c->dir,
		  (const struct ca_report_row[]){
			  { "root", root, &c->root_key },
			  { "issuing", issuing, &c->issuing_key } },
		  2, c->init->json);
	return true;
}

static bool
run(const struct init *init, struct err *e)
{
	struct ceremony c = { .init = init };
	int lock;
	bool ok;

	c.now = clock_now_us();
	c.now -= c.now % US_PER_S;
	if (!place_ca_dir(init->out, c.dir, e) ||
	    !place_find(GROUP_ROOT, &init->places, &c.root_place, e) ||
	    !place_find(GROUP_ISSUING, &init->places, &c.issuing_place, e) ||
	    !ca_store_open(c.dir, &lock, e))
		return false;
	ok = hold(&c, e);
	(void)close(lock);
	return ok;
}

int
cmd_ca(int argc, char **argv)
{
	struct init init = { .organisation = "Certflow",
			     .public_url = getenv("CERTFLOW_PUBLIC_URL"),
			     .algorithm = EV_KEY_ALGORITHM_RSA_4096 };
	struct err e = { 0 };
	bool usage = argc < 2 || strcmp(argv[1], "init") != 0;

	for (int i = 2; i < argc && !usage; i++)
		usage = !take_option(&init, argc, argv, &i);
	if (usage) {
		fprintf(stderr, "%s%s", help, place_help);
		return EXIT_USAGE;
	}
	if (run(&init, &e))
		return EXIT_FOUND;
	fprintf(stderr, "certflow ca init: %s\n", e.text);
	return EXIT_FAULT;
}
