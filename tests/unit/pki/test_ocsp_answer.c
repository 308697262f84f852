/* OCSP answers as OpenSSL reads them, and the responder's certificate. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#include "ocsp_support.h"
#include "pki/der.h"
#include "pki/oid.h"

#define SERIAL "5b0123456789abcdef0123456789abcd"
#define OTHER "5b0123456789abcdef0123456789abce"
#define CA_KEY "ca-p256"
#define KEY "p256"

static void
answer(struct test_asking *b, const struct pki_responder *by,
       const char *key_name, struct pki_ocsp_single *singles,
       struct buffer *out)
{
	AUTO(evp_pkey) EVP_PKEY *key = test_key(key_name);
	AUTO(buffer) struct buffer tbs = { 0 }, signature = { 0 };
	const struct pki_ocsp_answer a = {
		.singles = singles,
		.single_count = b->parsed.id_count,
		.produced_at = NOW_US + 5500000,
		.next_update = NOW_US + DAY_US,
		.nonce = bytes_of(b->parsed.nonce, b->parsed.nonce_len),
	};
	struct err e = { 0 };

	cr_assert(pki_ocsp_tbs(by, &a, &tbs, &e), "%s", e.text);
	test_sign(key, by->signature, buffer_view(&tbs), &signature);
	cr_assert(pki_ocsp_assemble(by, buffer_view(&tbs),
				    buffer_view(&signature), out, &e));
	cr_assert(der_is_canonical(buffer_view(out)));
}

static void
expect_single(OCSP_BASICRESP *basic, int i, int status, int reason,
	      const char *revoked)
{
	ASN1_GENERALIZEDTIME *at = NULL, *this = NULL, *next = NULL;
	int why = -2;

	cr_assert_eq(OCSP_single_get0_status(OCSP_resp_get0(basic, i), &why,
					     &at, &this, &next),
		     status);
	if (status == V_OCSP_CERTSTATUS_REVOKED) {
		cr_assert_eq(why, reason);
		cr_assert_str_eq((const char *)ASN1_STRING_get0_data(
					 (const ASN1_STRING *)at),
				 revoked);
	}
	cr_assert_str_eq(
		(const char *)ASN1_STRING_get0_data((const ASN1_STRING *)this),
		"20260302091500Z");
	cr_assert_str_eq(
		(const char *)ASN1_STRING_get0_data((const ASN1_STRING *)next),
		"20260303091500Z");
}

static void
expect_answer(const char *ca_key, const char *key_name)
{
	struct test_asking b = test_asking(ca_key);
	AUTO(pki_responder)
	struct pki_responder *by = test_responder(key_name, b.ca, b.ca_key);
	struct pki_ocsp_single singles[4] = {
		{ .status = PKI_OCSP_GOOD },
		{ .status = PKI_OCSP_REVOKED,
		  .revoked_at = NOW_US - 1,
		  .reason = 1 },
		{ .status = PKI_OCSP_UNKNOWN },
		{ .status = PKI_OCSP_REVOKED, .revoked_at = NOW_US },
	};
	AUTO(ocsp_basic) OCSP_BASICRESP *basic = NULL;
	AUTO(buffer) struct buffer der = { 0 };

	for (int i = 0; i < 4; i++) {
		test_ask(b.request, i % 2 ? EVP_sha256() : EVP_sha1(), b.ca,
			 i < 2 ? SERIAL : OTHER);
		singles[i].id = &b.parsed.ids[i];
		singles[i].this_update = NOW_US + 999999;
	}
	cr_assert_eq(OCSP_request_add1_nonce(b.request, NULL, 32), 1);
	cr_assert_eq(test_asking_parse(&b), PKI_OCSP_SUCCESSFUL);
	answer(&b, by, key_name, singles, &der);
	cr_assert_eq(test_read_answer(buffer_view(&der), &basic), 0);
	cr_assert(test_answer_verifies(basic, b.ca));
	cr_assert_eq(OCSP_check_nonce(b.request, basic), 1);
	for (int i = 0; i < 4; i++)
		cr_assert_eq(
			OCSP_id_cmp(
				(OCSP_CERTID *)(uintptr_t)
					OCSP_SINGLERESP_get0_id(
						OCSP_resp_get0(basic, i)),
				OCSP_onereq_get0_id(OCSP_request_onereq_get0(
					b.request, i))),
			0);
	expect_single(basic, 0, V_OCSP_CERTSTATUS_GOOD, -1, NULL);
	expect_single(basic, 1, V_OCSP_CERTSTATUS_REVOKED, 1,
		      "20260302091459Z");
	expect_single(basic, 2, V_OCSP_CERTSTATUS_UNKNOWN, -1, NULL);
	expect_single(basic, 3, V_OCSP_CERTSTATUS_REVOKED, -1,
		      "20260302091500Z");
	test_asking_end(&b);
}

Test(pki_ocsp, answers_that_openssl_verifies)
{
	expect_answer("ca-p256", "p256");
	expect_answer("ca-p256", "rsa2048");
	expect_answer("ca-rsa2048", "p384");
}

Test(pki_ocsp, refusals)
{
	const enum pki_ocsp_code codes[] = { PKI_OCSP_MALFORMED,
					     PKI_OCSP_INTERNAL_ERROR,
					     PKI_OCSP_TRY_LATER,
					     PKI_OCSP_UNAUTHORIZED };
	OCSP_BASICRESP *basic;

	for (size_t i = 0; i < 4; i++)
		cr_assert_eq(
			test_read_answer(pki_ocsp_refusal(codes[i]), &basic),
			(int)codes[i]);
}

/* --- the responder's certificate -------------------------------------------
 */

Test(pki_ocsp, responder_of_this_ca_only)
{
	AUTO(pki_ca) struct pki_ca *other = test_root("ca-rsa2048");
	struct test_asking b = test_asking(CA_KEY);
	AUTO(pki_responder)
	struct pki_responder *by = test_responder(KEY, b.ca, b.ca_key);
	struct pki_responder *r = NULL;
	struct err e = { 0 };

	cr_assert_eq(by->not_after - by->not_before, 30 * DAY_US);
	cr_assert_not(
		pki_responder_parse(buffer_view(&by->der), other, &r, &e));
	cr_assert_eq(e.kind, ERR_FATAL);
	/* A CA's certificate, and a customer's, are no responder's. */
	cr_assert_not(
		pki_responder_parse(buffer_view(&b.ca->der), b.ca, &r, &e));
	cr_assert_not_null(strstr(e.text, "OCSP"), "%s", e.text);
	test_asking_end(&b);
}

Test(pki_ocsp, customers_certificate_is_no_responder)
{
	AUTO(buffer) struct buffer tbs = { 0 }, der = { 0 };
	struct test_asking b = test_asking(CA_KEY);
	struct pki_responder *r = NULL;
	struct err e = { 0 };

	test_tbs(b.ca, KEY, &tbs);
	test_certificate(buffer_view(&tbs), b.ca, b.ca_key, &der);
	cr_assert_not(pki_responder_parse(buffer_view(&der), b.ca, &r, &e));
	cr_assert_not_null(strstr(e.text, "not for OCSP signing"), "%s",
			   e.text);
	test_asking_end(&b);
}

/* The responder's certificate with one object identifier made another. */
static void
expect_no_responder(struct bytes oid, uint8_t last)
{
	AUTO(evp_pkey) EVP_PKEY *key = test_key(KEY);
	AUTO(buffer) struct buffer spki = { 0 }, tbs = { 0 }, der = { 0 };
	struct test_asking b = test_asking(CA_KEY);
	struct pki_responder *r = NULL;
	struct err e = { 0 };
	uint8_t *at;

	test_spki(key, &spki);
	cr_assert(pki_responder_tbs(b.ca, buffer_view(&spki), SERIAL, NOW_US,
				    NOW_US + DAY_US, &tbs, &e));
	at = memmem(tbs.data, tbs.len, oid.data, oid.len);
	cr_assert_not_null(at);
	at[oid.len - 1] = last;
	test_certificate(buffer_view(&tbs), b.ca, b.ca_key, &der);
	cr_assert_not(pki_responder_parse(buffer_view(&der), b.ca, &r, &e));
	cr_assert_not_null(strstr(e.text, "not for OCSP signing"), "%s",
			   e.text);
	test_asking_end(&b);
}

Test(pki_ocsp, responder_by_its_extensions)
{
	expect_no_responder(OID_OCSP_SIGNING, 0x08);
	expect_no_responder(OID_OCSP_NOCHECK, 0x06);
}
