/*
 * cmd_lint.c - certflow lint: what the registrar and the issuer would say of
 * a certificate, a TBSCertificate or a CSR.
 */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "pki/certificate.h"
#include "pki/csr.h"
#include "pki/lint.h"
#include "pki/pem.h"

static const char help[] =
	"usage: certflow lint FILE [OPTION...]\n"
	"FILE is a certificate, a TBSCertificate or a CSR, PEM or DER.\n"
	"Certificates need\n"
	"  --profile FILE      the profile that they were made by\n"
	"  --issuer FILE       the issuing CA's certificate\n"
	"  --public-url URL    as in ca.public_url; default "
	"$CERTFLOW_PUBLIC_URL\n"
	"  --ocsp-url URL      as in ca.ocsp_url; default $CERTFLOW_OCSP_URL\n"
	"CSRs need\n"
	"  --tax-code CODE     whose request it is\n"
	"and may have\n"
	"  --blocklist FILE    as in pki.blocklist; needs --issuer\n"
	"One line for each rule; exit status 1 if one is broken.\n";

struct options {
	const char *file, *profile, *issuer, *public_url, *ocsp_url, *tax_code,
		*blocklist;
};

static bool
parse_options(int argc, char **argv, struct options *o)
{
	const struct {
		const char *name;
		const char **value;
	} known[] = {
		{ "--profile", &o->profile },
		{ "--issuer", &o->issuer },
		{ "--public-url", &o->public_url },
		{ "--ocsp-url", &o->ocsp_url },
		{ "--tax-code", &o->tax_code },
		{ "--blocklist", &o->blocklist },
	};
	const size_t count = sizeof(known) / sizeof(known[0]);

	for (int i = 1; i < argc; i++) {
		size_t k = 0;

		while (k < count && strcmp(known[k].name, argv[i]) != 0)
			k++;
		if (k < count && i + 1 < argc)
			*known[k].value = argv[++i];
		else if (argv[i][0] != '-' && o->file == NULL)
			o->file = argv[i];
		else
			return false;
	}
	return o->file != NULL;
}

static bool
read_der(const char *path, struct buffer *out, struct err *e)
{
	AUTO(buffer) struct buffer file = { 0 };

	if (!file_read(path, CA_FILE_MAX, &file, e))
		return false;
	if (file.len > 0 && file.data[0] == '-')
		return pem_decode(buffer_view(&file), out, e) ||
		       err_context(e, "%s", path);
	return buffer_add(out, file.data, file.len, e);
}

static void
say(void *self, const char *rule, const char *source, const char *what)
{
	(void)self;
	if (what == NULL)
		printf("%-22s ok\n", rule);
	else
		printf("%-22s FAILED  %s (%s)\n", rule, what, source);
}

/* @return exit status */
static int
lint_csr(struct bytes der, const struct options *o, struct err *e)
{
	struct pki_csr_policy policy = { .tax_code = o->tax_code };
	AUTO(pki_guard) struct pki_guard *guard = NULL;
	AUTO(pki_csr) struct pki_csr *csr = NULL;
	AUTO(pki_ca) struct pki_ca *ca = NULL;
	struct pki_refusal why;

	if (o->tax_code == NULL)
		return EXIT_USAGE;
	if (o->issuer != NULL) {
		struct pki_guard_config cfg = { .blocklist = o->blocklist };

		if (!pki_ca_load(o->issuer, &ca, e))
			return EXIT_FAULT;
		cfg.ca = ca;
		if (!pki_guard_new(&cfg, &guard, e))
			return EXIT_FAULT;
		policy.guard = guard;
	}
	if (!pki_csr_check(der, &policy, &csr, &why, e))
		return EXIT_FAULT;
	if (csr == NULL) {
		say(NULL, ev_refusal_code_name(why.code), why.field,
		    why.reason);
		return EXIT_NOT_FOUND;
	}
	printf("%-22s ok, signed with %s\n",
	       ev_key_algorithm_name(csr->key.algorithm),
	       pki_signature_name(csr->signature));
	return EXIT_FOUND;
}

/* A TBSCertificate is parsed inside a certificate that nobody signed; the
 * algorithm there must be the one that it names itself. */
static bool
find_parts(struct bytes der, struct buffer *room, struct pki_certificate *c,
	   bool *is_signed)
{
	struct err e = { 0 };

	*is_signed = pki_certificate_parse(der, c, &e);
	for (int sig = 1; !*is_signed && sig < PKI_SIGNATURE__COUNT; sig++) {
		room->len = 0;
		if (pki_certificate_assemble(der, (enum pki_signature)sig,
					     bytes_of("0", 1), room, &e) &&
		    pki_certificate_parse(buffer_view(room), c, &e))
			return true;
	}
	return *is_signed;
}

static int
lint_certificate(struct bytes der, const struct options *o, struct err *e)
{
	AUTO(pki_profile) struct pki_profile *profile = NULL;
	AUTO(buffer) struct buffer room = { 0 };
	AUTO(pki_ca) struct pki_ca *ca = NULL;
	struct pki_certificate c = { .tbs = der };
	const struct pki_places places = { o->public_url, o->ocsp_url };
	struct pki_lint_context context;
	bool is_signed = false, good = true;

	if (o->profile == NULL || o->issuer == NULL)
		return EXIT_USAGE;
	if (!pki_profile_load(o->profile, &places, &profile, e) ||
	    !pki_ca_load(o->issuer, &ca, e))
		return EXIT_FAULT;
	if (!find_parts(der, &room, &c, &is_signed))
		c = (struct pki_certificate){ .tbs = der };
	context = (struct pki_lint_context){ profile, ca, c.spki };
	if (pki_lint_all(c.tbs, &context, say, NULL) > 0)
		good = false;
	if (is_signed) {
		bool verifies = pki_certificate_verify(der, ca, e);

		say(NULL, "(certificate)", "RFC 5280 6.1.3(a)(1)",
		    verifies ? NULL : "the signature is not the CA's");
		good = good && verifies;
	}
	return good ? EXIT_FOUND : EXIT_NOT_FOUND;
}

int
cmd_lint(int argc, char **argv)
{
	struct options o = { .public_url = getenv("CERTFLOW_PUBLIC_URL"),
			     .ocsp_url = getenv("CERTFLOW_OCSP_URL") };
	AUTO(buffer) struct buffer der = { 0 };
	struct err e = { 0 };
	struct bytes spki;
	int status;

	if (!parse_options(argc, argv, &o)) {
		fputs(help, stderr);
		return EXIT_USAGE;
	}
	if (!read_der(o.file, &der, &e))
		status = EXIT_FAULT;
	else if (o.tax_code != NULL || pki_csr_key(buffer_view(&der), &spki))
		status = lint_csr(buffer_view(&der), &o, &e);
	else
		status = lint_certificate(buffer_view(&der), &o, &e);
	if (status == EXIT_USAGE)
		fputs(help, stderr);
	if (status == EXIT_FAULT)
		fprintf(stderr, "certflow lint: %s\n", e.text);
	return status;
}
