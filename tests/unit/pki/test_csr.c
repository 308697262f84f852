/*
 * test_csr.c - forms, algorithms and keys of CSRs.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "csr_support.h"
#include "pki/der.h"

struct allowed {
	char key[16];
	char md[8];
	bool pss;
	enum pki_signature signature;
	enum ev_key_algorithm algorithm;
};

ParameterizedTestParameters(pki_csr, accepted)
{
	static struct allowed rows[] = {
		{ "rsa2048", "SHA256", false, PKI_RSA_SHA256,
		  EV_KEY_ALGORITHM_RSA_2048 },
		{ "rsa3072", "SHA384", false, PKI_RSA_SHA384,
		  EV_KEY_ALGORITHM_RSA_3072 },
		{ "rsa4096", "SHA512", false, PKI_RSA_SHA512,
		  EV_KEY_ALGORITHM_RSA_4096 },
		{ "rsa2048", "SHA256", true, PKI_PSS_SHA256,
		  EV_KEY_ALGORITHM_RSA_2048 },
		{ "rsa2048", "SHA384", true, PKI_PSS_SHA384,
		  EV_KEY_ALGORITHM_RSA_2048 },
		{ "rsa2048", "SHA512", true, PKI_PSS_SHA512,
		  EV_KEY_ALGORITHM_RSA_2048 },
		{ "p256", "SHA256", false, PKI_ECDSA_SHA256,
		  EV_KEY_ALGORITHM_EC_P256 },
		{ "p256", "SHA512", false, PKI_ECDSA_SHA512,
		  EV_KEY_ALGORITHM_EC_P256 },
		{ "p384", "SHA384", false, PKI_ECDSA_SHA384,
		  EV_KEY_ALGORITHM_EC_P384 },
	};

	return cr_make_param_array(struct allowed, rows,
				   sizeof(rows) / sizeof(rows[0]));
}

ParameterizedTest(struct allowed *row, pki_csr, accepted)
{
	const struct pki_csr_policy policy = { .tax_code = TAX_CODE };
	AUTO(evp_pkey) EVP_PKEY *key = test_key(row->key);
	AUTO(buffer) struct buffer der = { 0 }, spki = { 0 };
	AUTO(pki_csr) struct pki_csr *csr = NULL;
	uint8_t digest[SHA256_LEN];
	struct pki_refusal why;
	struct err e = { 0 };

	csr_make(row->key, EVP_get_digestbyname(row->md), row->pss, &der);
	test_spki(key, &spki);
	cr_assert(pki_csr_check(buffer_view(&der), &policy, &csr, &why, &e));
	cr_assert_not_null(csr, "%s", why.reason);
	cr_assert_eq(csr->signature, row->signature);
	cr_assert_eq(csr->key.algorithm, row->algorithm);
	cr_assert(bytes_equal(csr->spki, buffer_view(&spki)));
	sha256(buffer_view(&spki), digest);
	cr_assert_arr_eq(csr->key.spki_sha256, digest, sizeof(digest));
	cr_assert_str_eq(csr->enrolment_id, "");
}

Test(pki_csr, ours_is_accepted_and_names_the_enrolment)
{
	static const char id[] = "9a1e1c52-0d3f-4c8e-8e7e-54b9a3b0f0aa";
	static const char *const keys[] = { "rsa2048", "p256", "p384" };

	for (size_t i = 0; i < 3; i++) {
		const struct pki_csr_policy policy = { .tax_code = TAX_CODE };
		AUTO(evp_pkey) EVP_PKEY *key = test_key(keys[i]);
		AUTO(buffer) struct buffer spki = { 0 }, info = { 0 };
		AUTO(buffer) struct buffer sig = { 0 }, der = { 0 };
		AUTO(pki_csr) struct pki_csr *csr = NULL;
		struct pki_refusal why;
		struct pki_key facts;
		enum pki_signature with;
		struct err e = { 0 };

		test_spki(key, &spki);
		cr_assert(pki_key_check(buffer_view(&spki), &facts, &why));
		with = pki_signature_default(facts.algorithm);
		cr_assert(pki_csr_info_new(buffer_view(&spki), TAX_CODE, id,
					   &info, &e));
		test_sign(key, with, buffer_view(&info), &sig);
		cr_assert(pki_csr_assemble(buffer_view(&info), with,
					   buffer_view(&sig), &der, &e));
		cr_assert(pki_csr_check(buffer_view(&der), &policy, &csr, &why,
					&e));
		cr_assert_not_null(csr, "%s: %s", keys[i], why.reason);
		cr_assert_str_eq(csr->enrolment_id, id);
	}
}

Test(pki_csr, weak_hashes_are_refused)
{
	AUTO(buffer) struct buffer sha1 = { 0 }, md5 = { 0 }, ec = { 0 };

	csr_make("rsa2048", EVP_sha1(), false, &sha1);
	csr_make("rsa2048", EVP_md5(), false, &md5);
	csr_make("p256", EVP_sha1(), false, &ec);
	REFUSED(buffer_view(&sha1), EV_REFUSAL_CODE_CSR_ALGORITHM);
	REFUSED(buffer_view(&md5), EV_REFUSAL_CODE_CSR_ALGORITHM);
	REFUSED(buffer_view(&ec), EV_REFUSAL_CODE_CSR_ALGORITHM);
}

Test(pki_csr, weak_keys_are_refused)
{
	static const struct {
		const char *key;
		enum ev_refusal_code code;
	} rows[] = {
		{ "rsa1024", EV_REFUSAL_CODE_KEY_SIZE },
		{ "rsa2048-e3", EV_REFUSAL_CODE_KEY_EXPONENT },
		{ "p256-explicit", EV_REFUSAL_CODE_KEY_CURVE },
		{ "secp256k1", EV_REFUSAL_CODE_KEY_CURVE },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		AUTO(buffer) struct buffer der = { 0 };

		csr_make(rows[i].key, EVP_sha256(), false, &der);
		REFUSED(buffer_view(&der), rows[i].code);
	}
}

Test(pki_csr, other_kinds_of_keys_are_refused)
{
	AUTO(evp_pkey) EVP_PKEY *key = test_key("ed25519");
	AUTO(x509_req) X509_REQ *req = csr_request(key);
	AUTO(buffer) struct buffer der = { 0 };

	cr_assert_gt(X509_REQ_sign(req, key, NULL), 0);
	csr_encode(req, &der);
	REFUSED(buffer_view(&der), EV_REFUSAL_CODE_CSR_ALGORITHM);
}

Test(pki_csr, wrong_signature_is_refused)
{
	AUTO(evp_pkey) EVP_PKEY *key = test_key("rsa2048");
	AUTO(evp_pkey) EVP_PKEY *other = test_key("ca-rsa2048");
	AUTO(x509_req) X509_REQ *req = csr_request(key);
	AUTO(buffer) struct buffer der = { 0 }, good = { 0 };

	csr_sign(req, other, EVP_sha256(), false);
	csr_encode(req, &der);
	REFUSED(buffer_view(&der), EV_REFUSAL_CODE_CSR_SIGNATURE);
	csr_make("p256", EVP_sha256(), false, &good);
	good.data[good.len - 1] ^= 1;
	REFUSED(buffer_view(&good), EV_REFUSAL_CODE_CSR_SIGNATURE);
}

Test(pki_csr, every_truncation_is_refused)
{
	AUTO(buffer) struct buffer der = { 0 };

	csr_make("p256", EVP_sha256(), false, &der);
	for (size_t len = 0; len < der.len; len++) {
		/* A copy of that size, so that the sanitizer sees overreads. */
		AUTO(u8) unsigned char *cut = malloc(len == 0 ? 1 : len);

		memcpy(cut, der.data, len);
		REFUSED(bytes_of(cut, len), EV_REFUSAL_CODE_CSR_MALFORMED);
	}
}

Test(pki_csr, every_changed_octet_is_refused)
{
	AUTO(buffer) struct buffer der = { 0 };
	struct pki_refusal why;

	csr_make("p256", EVP_sha256(), false, &der);
	for (size_t i = 0; i < der.len; i++) {
		for (int bit = 0; bit < 8; bit++) {
			der.data[i] ^= (uint8_t)(1 << bit);
			cr_assert_neq(csr_judge(buffer_view(&der), &why),
				      EV_REFUSAL_CODE_UNKNOWN, "octet %zu", i);
			der.data[i] ^= (uint8_t)(1 << bit);
		}
	}
	cr_assert_eq(csr_judge(buffer_view(&der), &why),
		     EV_REFUSAL_CODE_UNKNOWN);
}

Test(pki_csr, trailing_octets_are_refused)
{
	AUTO(buffer) struct buffer der = { 0 };
	struct err e = { 0 };

	csr_make("p256", EVP_sha256(), false, &der);
	cr_assert(buffer_add(&der, "", 1, &e));
	REFUSED(buffer_view(&der), EV_REFUSAL_CODE_CSR_TRAILING_BYTES);
}

Test(pki_csr, absent_and_oversized_are_refused)
{
	static uint8_t big[CSR_DER_MAX + 1] = { 0x30 };

	REFUSED(bytes_of(NULL, 0), EV_REFUSAL_CODE_CSR_MALFORMED);
	REFUSED(bytes_of("", 0), EV_REFUSAL_CODE_CSR_MALFORMED);
	REFUSED(bytes_of(big, sizeof(big)), EV_REFUSAL_CODE_CSR_MALFORMED);
}

/* The same request in BER: outer length indefinite, or not minimal. */
Test(pki_csr, ber_is_refused)
{
	AUTO(buffer) struct buffer der = { 0 }, ber = { 0 };
	struct bytes in, body;
	struct err e = { 0 };
	uint8_t head[5] = { 0x30, 0x83, 0x00 };

	csr_make("p256", EVP_sha256(), false, &der);
	in = buffer_view(&der);
	cr_assert(der_take(&in, DER_SEQUENCE, &body));
	cr_assert(buffer_add(&ber, "\x30\x80", 2, &e) &&
		  buffer_add(&ber, body.data, body.len, &e) &&
		  buffer_add(&ber, "\0\0", 2, &e));
	REFUSED(buffer_view(&ber), EV_REFUSAL_CODE_CSR_MALFORMED);
	ber.len = 0;
	head[3] = (uint8_t)(body.len >> 8);
	head[4] = (uint8_t)body.len;
	cr_assert(buffer_add(&ber, head, 5, &e) &&
		  buffer_add(&ber, body.data, body.len, &e));
	REFUSED(buffer_view(&ber), EV_REFUSAL_CODE_CSR_MALFORMED);
}

/* SPKI octets of P-256 with another point. */
static enum ev_refusal_code
judge_point(const uint8_t *point, size_t len)
{
	AUTO(buffer) struct buffer spki = { 0 };
	struct err e = { 0 };
	struct der_out w = der_start(&spki, &e);
	struct pki_refusal why;
	struct pki_key key;

	der_open(&w, DER_SEQUENCE);
	der_open(&w, DER_SEQUENCE);
	der_oid(&w, bytes_of("\x2a\x86\x48\xce\x3d\x02\x01", 7));
	der_oid(&w, bytes_of("\x2a\x86\x48\xce\x3d\x03\x01\x07", 8));
	der_close(&w);
	der_bits(&w, bytes_of(point, len));
	der_close(&w);
	cr_assert(der_done(&w));
	return pki_key_check(buffer_view(&spki), &key, &why)
		       ? EV_REFUSAL_CODE_UNKNOWN
		       : why.code;
}

Test(pki_csr, bad_points_are_refused)
{
	AUTO(evp_pkey) EVP_PKEY *key = test_key("p256");
	AUTO(buffer) struct buffer spki = { 0 };
	uint8_t point[65], compressed[33];

	test_spki(key, &spki);
	memcpy(point, spki.data + spki.len - 65, 65);
	cr_assert_eq(judge_point(point, 65), EV_REFUSAL_CODE_UNKNOWN);
	memcpy(compressed, point, 33);
	compressed[0] = (uint8_t)(0x02 | (point[64] & 1));
	cr_assert_eq(judge_point(compressed, 33), EV_REFUSAL_CODE_KEY_POINT);
	point[64] ^= 1; /* not on the curve any more */
	cr_assert_eq(judge_point(point, 65), EV_REFUSAL_CODE_KEY_POINT);
	cr_assert_eq(judge_point((const uint8_t *)"", 1),
		     EV_REFUSAL_CODE_KEY_POINT, "infinity");
	memset(point + 1, 0, 64);
	cr_assert_eq(judge_point(point, 65), EV_REFUSAL_CODE_KEY_POINT);
}
