/*
 * Input: one octet that says what the rest is, then DER:
 *   0  a CSR          1  a TBSCertificate, for lint
 *   2  a certificate  3  a CRL        4  a SubjectPublicKeyInfo
 *   5  a CMS, the signature of an approval
 * Whatever is accepted must keep what the headers promise about it.
 */
#include <string.h>

#include "fuzz.h"
#include "pki/approval.h"
#include "pki/authority.h"
#include "pki/certificate.h"
#include "pki/csr.h"
#include "pki/der.h"
#include "pki/lint.h"

static void
csr(struct bytes der)
{
	const struct pki_csr_policy policy = { .tax_code = "0199000112" };
	AUTO(pki_csr) struct pki_csr *accepted = NULL;
	struct pki_refusal why;
	struct err e;

	require(pki_csr_check(der, &policy, &accepted, &why, &e));
	require((accepted == NULL) == (why.code != EV_REFUSAL_CODE_UNKNOWN));
	if (accepted != NULL)
		require(der_is_canonical(der) &&
			bytes_equal(buffer_view(&accepted->der), der));
	else
		require(why.field != NULL && why.reason != NULL);
}

/* A CA and a profile without files; names and key are of no matter. */
static const struct pki_ca ca = {
	.subject = { (const uint8_t *)"\x30\x00", 2 },
	.key_id = { (const uint8_t *)"0123456789abcdef0123", 20 },
	.key = { .algorithm = EV_KEY_ALGORITHM_EC_P256 },
	.signature = PKI_ECDSA_SHA256,
	.not_after = INT64_MAX,
};

static const struct pki_profile profile = {
	.max_months = 36,
	.subject = { PKI_ATTR_C, PKI_ATTR_O, PKI_ATTR_CN, PKI_ATTR_UID },
	.subject_count = 4,
	.key_usage = 3,
	.keys = { [EV_KEY_ALGORITHM_EC_P256] = true },
	.signatures = { [PKI_ECDSA_SHA256] = true },
	.crl_url = "http://127.0.0.1:8080/issuing.crl",
};

static void
lint(struct bytes tbs)
{
	const struct pki_lint_context context = { &profile, &ca, tbs };
	const char *rule = NULL;
	struct err e;

	if (!pki_lint(tbs, &context, &rule, &e))
		require(rule != NULL && e.kind == ERR_REJECT);
}

static void
certificate(struct bytes der)
{
	AUTO(pki_ca) struct pki_ca *parsed = NULL;
	AUTO(buffer) struct buffer again = { 0 };
	struct pki_certificate c;
	struct err e;

	if (!pki_certificate_parse(der, &c, &e)) {
		require(e.kind == ERR_REJECT);
		return;
	}
	if (c.signature_algorithm != PKI_SIGNATURE_NONE &&
	    c.signature.len <= PKI_SIGNATURE_MAX)
		require(pki_certificate_assemble(c.tbs, c.signature_algorithm,
						 c.signature, &again, &e));
	if (pki_ca_parse(der, &parsed, &e))
		require(parsed->signature != PKI_SIGNATURE_NONE);
}

static void
crl(struct bytes der)
{
	AUTO(buffer) struct buffer entries = { 0 };
	struct pki_crl parsed;
	struct err e;

	if (!pki_crl_parse(der, &ca, &parsed, &entries, &e))
		require(e.kind == ERR_REJECT);
}

static void
spki(struct bytes der)
{
	struct pki_refusal why;
	struct pki_key key;

	if (pki_key_check(der, &key, &why))
		require(pki_signature_default(key.algorithm) !=
			PKI_SIGNATURE_NONE);
	else
		require(why.code != EV_REFUSAL_CODE_UNKNOWN);
}

/* UID=ql-004, key p256 of tests/data/keys, valid until 2126. */
static const char approver[] =
	"-----BEGIN CERTIFICATE-----\n"
	"MIIBhDCCASqgAwIBAgIUFGZDF9bgCAMhDguAo1ibSkKl0OcwCgYIKoZIzj0EAwIw\n"
	"GDEWMBQGCgmSJomT8ixkAQEMBnFsLTAwNDAgFw0yNjExMjIyMTI0MzhaGA8yMTI2\n"
	"MTAyOTIxMjQzOFowGDEWMBQGCgmSJomT8ixkAQEMBnFsLTAwNDBZMBMGByqGSM49\n"
	"AgEGCCqGSM49AwEHA0IABLCXRv1N4+v6uIM3jDHU6iRpP/58PUY1Trb3wpjTQQUQ\n"
	"m50tM7mmOJwsPaVUdwn3Mx+XjJFMcyWnQ0JVi4kbonGjUDBOMB0GA1UdDgQWBBQf\n"
	"KW7MGwSoCIg6LQgib16CfNbKtDAfBgNVHSMEGDAWgBQfKW7MGwSoCIg6LQgib16C\n"
	"fNbKtDAMBgNVHRMBAf8EAjAAMAoGCCqGSM49BAMCA0gAMEUCIQD2b2AAved+FTR+\n"
	"P7KiEVkRGwrUCguz7utlzUJ8XONJKwIgDajkRvJ8Gvvum6U4H91xlTM4KJxFBDfu\n"
	"uXnOzzsL0kM=\n"
	"-----END CERTIFICATE-----\n";
#define IN_2030_US (INT64_C(1893456000) * 1000000)

static void
approval(struct bytes der)
{
	static const uint8_t zero[SHA256_LEN];
	const struct pki_approval what = {
		.tax_code = "0199000112",
		.request_id = "3d0c9d2c-8b1c-4b0e-9a53-0d8e0c5a7a10",
		.revision = 1,
		.submission_sha256 = zero,
		.spki_sha256 = zero,
		.approver_id = "ql-004",
	};
	AUTO(pki_approvers) struct pki_approvers *known = NULL;
	const char *why;
	struct err e;

	require(pki_approvers_parse(bytes_of_str(approver), &known, &e));
	require(pki_approval_check(known, &what, der, IN_2030_US, &why, &e));
	require(why != NULL || der_is_canonical(der));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const kinds[])(struct bytes der) = {
		csr, lint, certificate, crl, spki, approval
	};

	if (size == 0 || data[0] >= sizeof(kinds) / sizeof(kinds[0]))
		return 0;
	kinds[data[0]](bytes_of(data + 1, size - 1));
	return 0;
}
