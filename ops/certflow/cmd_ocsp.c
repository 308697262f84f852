/*
 * cmd_ocsp.c - certflow ocsp: the certificate with which the OCSP responder
 * answers, made anew from its key in its token and the issuing CA's.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "ca_report.h"
#include "ca_store.h"
#include "commands.h"
#include "pki/certificate.h"
#include "pki/responder.h"
#include "responder_file.h"
#include "token_jobs.h"

#define DAYS_DEFAULT 30
#define DAYS_MAX 365
#define BACKDATE_US (INT64_C(3600) * US_PER_S) /* clocks that are behind */
#define FILE_MODE 0644
#define LOCK_TRIES 50
#define LOCK_PAUSE_MS 200

static const char help[] =
	"usage: certflow ocsp [OPTION...]\n"
	"  --days N                     how long it is valid: 1 to 365, "
	"default 30\n"
	"  --within N                   do nothing if it is good for more "
	"than N days\n"
	"  --key KIND                   rsa2048, rsa3072, p256, p384; "
	"default: rsa2048, or\n"
	"                               p256 if the CA's key is EC\n"
	"  --label TEXT                 the key's name in the token, default "
	"ocsp; another\n"
	"                               name makes another key\n"
	"  --ca NAME                    the CA that certifies, default "
	"issuing\n"
	"  --out DIR                    default $CERTFLOW_CA_DIR\n"
	"  --json\n";

struct ocsp {
	const char *out;
	const char *ca;
	const char *label;
	enum ev_key_algorithm algorithm; /* UNKNOWN: by the CA's */
	long days;
	long within; /* -1: always */
	bool json;
	struct place_options places;
};

struct renewal {
	const struct ocsp *o;
	char dir[PATH_MAX];
	char file[PATH_MAX];
	struct place issuing, ocsp;
	struct pki_ca *ca;
	struct hsm_key key;
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

static bool
parse_days(const char *text, long min, long *out)
{
	char *end;

	errno = 0;
	*out = strtol(text, &end, 10);
	return errno == 0 && *text != '\0' && *end == '\0' && *out >= min &&
	       *out <= DAYS_MAX;
}

static bool
take_value(struct ocsp *o, const char *name, const char *value)
{
	if (strcmp(name, "--days") == 0)
		return parse_days(value, 1, &o->days);
	if (strcmp(name, "--within") == 0)
		return parse_days(value, 0, &o->within);
	if (strcmp(name, "--key") == 0)
		return parse_key(value, &o->algorithm);
	if (strcmp(name, "--label") == 0)
		o->label = value;
	else if (strcmp(name, "--ca") == 0)
		o->ca = value;
	else if (strcmp(name, "--out") == 0)
		o->out = value;
	else
		return false;
	return *value != '\0';
}

static bool
take_option(struct ocsp *o, int argc, char **argv, int *i)
{
	int rc = place_option(&o->places, argc, argv, i);

	if (rc != 0)
		return rc > 0;
	if (strcmp(argv[*i], "--json") == 0)
		return o->json = true;
	if (*i + 1 >= argc)
		return false;
	*i += 1;
	return take_value(o, argv[*i - 1], argv[*i]);
}

static void
report(const struct renewal *r, const struct pki_responder *of, bool renewed)
{
	char until[CLOCK_TEXT_MAX], sha[2 * SHA256_LEN + 1];

	clock_format(of->not_after, until);
	hex_encode(bytes_of(of->sha256, SHA256_LEN), sha);
	if (r->o->json)
		ca_report_json(json_pack(
			"{s:s,s:b,s:s,s:s,s:s}", "file", r->file, "renewed",
			renewed, "not_after", until, "sha256", sha, "signature",
			pki_signature_name(of->signature)));
	else
		printf("%s: %s, valid until %.19sZ, signs with %s\n", r->file,
		       renewed ? "renewed" : "good", until,
		       pki_signature_name(of->signature));
}

/* Good for longer than asked for? What cannot be read is not. Whoever works
 * in the directory replaces whole files: no lock is needed to look. */
static bool
is_good(const struct renewal *r)
{
	AUTO(pki_responder) struct pki_responder *now = NULL;
	struct err ignored;

	if (r->o->within < 0 ||
	    !pki_responder_load(r->file, r->ca, &now, &ignored) ||
	    now->not_after <= clock_now_us() + r->o->within * US_PER_DAY)
		return false;
	report(r, now, false);
	return true;
}

static bool
make_key(struct renewal *r, struct err *e)
{
	bool is_ec = pki_signature_kind(r->ca->signature) == PKI_KIND_ECDSA;
	enum ev_key_algorithm algorithm = r->o->algorithm;
	bool found;

	if (algorithm == EV_KEY_ALGORITHM_UNKNOWN)
		algorithm = is_ec ? EV_KEY_ALGORITHM_EC_P256
				  : EV_KEY_ALGORITHM_RSA_2048;
	return job_ca_key(&r->ocsp, algorithm, r->o->label, &r->key, &found, e);
}

static bool
make_tbs(const struct renewal *r, struct buffer *tbs, struct err *e)
{
	char serial[PKI_SERIAL_TEXT_MAX];
	int64_t now = clock_now_us() / US_PER_S * US_PER_S;
	int64_t from = now - BACKDATE_US, to = now + r->o->days * US_PER_DAY;

	if (from < r->ca->not_before)
		from = r->ca->not_before;
	if (to > r->ca->not_after)
		to = r->ca->not_after;
	if (to <= now)
		return ERR_SET(e, ERR_FATAL, "certflow", 0,
			       "the CA's certificate has ended");
	return pki_serial_draw(serial, e) &&
	       pki_responder_tbs(r->ca, hsm_key_spki(&r->key), serial, from, to,
				 tbs, e);
}

/* What is written was read back and verified first. */
static bool
renew(struct renewal *r, struct err *e)
{
	AUTO(buffer) struct buffer tbs = { 0 }, signature = { 0 };
	AUTO(buffer) struct buffer der = { 0 }, pem = { 0 };
	AUTO(pki_responder) struct pki_responder *made = NULL;

	if (!make_key(r, e) || !make_tbs(r, &tbs, e) ||
	    !job_sign(&r->issuing, r->ca->spki, r->ca->signature,
		      buffer_view(&tbs), &signature, e) ||
	    !pki_certificate_assemble(buffer_view(&tbs), r->ca->signature,
				      buffer_view(&signature), &der, e) ||
	    !pki_responder_parse(buffer_view(&der), r->ca, &made, e) ||
	    !pki_pem("CERTIFICATE", buffer_view(&der), &pem, e) ||
	    !file_write(r->file, buffer_view(&pem), FILE_MODE, e))
		return false;
	report(r, made, true);
	return true;
}

/* Others hold the lock for the moment in which they publish a CRL. */
static bool
renew_alone(struct renewal *r, struct err *e)
{
	int lock, tries = LOCK_TRIES;
	bool ok;

	while (!ca_store_open(r->dir, &lock, e)) {
		if (--tries == 0)
			return false;
		(void)poll(NULL, 0, LOCK_PAUSE_MS);
	}
	ok = renew(r, e);
	(void)close(lock);
	return ok;
}

static bool
run(const struct ocsp *o, struct err *e)
{
	struct renewal r = { .o = o };
	bool ok;

	ok = place_ca_dir(o->out, r.dir, e) &&
	     place_find(GROUP_ISSUING, &o->places, &r.issuing, e) &&
	     place_find(GROUP_OCSP, &o->places, &r.ocsp, e) &&
	     responder_file(r.dir, o->ca, r.file, e) &&
	     ca_store_load(r.dir, o->ca, &r.ca, e) &&
	     (is_good(&r) || renew_alone(&r, e));
	pki_ca_free(r.ca);
	return ok;
}

int
cmd_ocsp(int argc, char **argv)
{
	struct ocsp o = {
		.ca = "issuing",
		.label = "ocsp",
		.algorithm = EV_KEY_ALGORITHM_UNKNOWN,
		.days = DAYS_DEFAULT,
		.within = -1,
	};
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
	fprintf(stderr, "certflow ocsp: %s\n", e.text);
	return EXIT_FAULT;
}
