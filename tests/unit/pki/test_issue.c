/*
 * test_issue.c - the whole way of a certificate with software keys: build,
 * lint, sign, assemble, take apart, verify; for each kind of CA and subject
 * key.  OpenSSL's strict path validation is the independent judge.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <openssl/x509v3.h>

#include "base/clock.h"
#include "support.h"

struct pair {
	char ca[16];
	char subject[16];
	char profile[24];
	enum pki_signature signature;
};

#define V15 "org-hsm-ca4", PKI_RSA_SHA256
#define PSS "org-hsm-ca4-pss", PKI_PSS_SHA256
#define P256 "org-hsm-ca4", PKI_ECDSA_SHA256
#define P384 "org-hsm-ca4", PKI_ECDSA_SHA384

ParameterizedTestParameters(pki_issue, matrix)
{
	static struct pair pairs[] = {
		{ "ca-rsa2048", "rsa2048", V15 },
		{ "ca-rsa2048", "rsa3072", V15 },
		{ "ca-rsa2048", "rsa4096", V15 },
		{ "ca-rsa2048", "p256", V15 },
		{ "ca-rsa2048", "p384", V15 },
		{ "ca-rsa2048", "rsa2048", PSS },
		{ "rsa3072", "p256", PSS },
		{ "rsa4096", "rsa3072", PSS },
		{ "ca-p256", "rsa2048", P256 },
		{ "ca-p256", "rsa3072", P256 },
		{ "ca-p256", "rsa4096", P256 },
		{ "ca-p256", "p256", P256 },
		{ "ca-p256", "p384", P256 },
		{ "rsa3072", "rsa2048", V15 },
		{ "rsa4096", "p256", V15 },
		{ "p384", "rsa2048", P384 },
	};

	return cr_make_param_array(struct pair, pairs,
				   sizeof(pairs) / sizeof(pairs[0]));
}

ParameterizedTest(struct pair *p, pki_issue, matrix)
{
	AUTO(evp_pkey) EVP_PKEY *root_key = test_key("ca-rsa2048");
	AUTO(evp_pkey) EVP_PKEY *ca_key = test_key(p->ca);
	AUTO(pki_ca) struct pki_ca *root = test_root("ca-rsa2048");
	AUTO(pki_ca) struct pki_ca *ca = test_issuing(p->ca, root, root_key);
	AUTO(pki_profile)
	struct pki_profile *profile = test_profile_named(p->profile);
	AUTO(evp_pkey) EVP_PKEY *key = test_key(p->subject);
	AUTO(buffer) struct buffer spki = { 0 }, tbs = { 0 }, der = { 0 };
	struct pki_certificate cert;
	const char *rule = NULL, *field = NULL;
	struct pki_order order;
	struct err e = { 0 };

	test_spki(key, &spki);
	order = test_order(buffer_view(&spki));
	cr_assert(pki_tbs_build(profile, ca, &order, &tbs, &e), "%s", e.text);
	test_certificate(buffer_view(&tbs), ca, ca_key, &der);
	cr_assert(pki_certificate_parse(buffer_view(&der), &cert, &e), "%s",
		  e.text);
	cr_assert(bytes_equal(cert.tbs, buffer_view(&tbs)));
	cr_assert_eq(cert.signature_algorithm, p->signature);
	cr_assert(pki_lint(cert.tbs,
			   &(struct pki_lint_context){ profile, ca, cert.spki },
			   &rule, &e),
		  "%s", e.text);
	cr_assert(pki_tbs_matches(cert.tbs, profile, &order, &field, &e), "%s",
		  e.text);
	cr_assert_str_eq(cert.serial_number, order.serial_number);
	cr_assert_eq(cert.not_before, order.not_before);
	cr_assert_eq(cert.not_after, order.not_after);
	cr_assert(pki_certificate_verify(buffer_view(&der), ca, &e), "%s",
		  e.text);
	cr_assert(test_openssl_verifies(buffer_view(&der),
					buffer_view(&ca->der),
					buffer_view(&root->der), NOW_US));
}

/* A certificate of today: certtool knows no other time. */
static bool
gnutls_accepts(const char *ca_key_name, const char *key_name, bool spoil)
{
	AUTO(evp_pkey) EVP_PKEY *root_key = test_key("ca-rsa2048");
	AUTO(evp_pkey) EVP_PKEY *ca_key = test_key(ca_key_name);
	AUTO(evp_pkey) EVP_PKEY *key = test_key(key_name);
	AUTO(pki_ca) struct pki_ca *root = test_root("ca-rsa2048");
	AUTO(pki_ca)
	struct pki_ca *ca = test_issuing(ca_key_name, root, root_key);
	AUTO(pki_profile) struct pki_profile *profile = test_profile();
	AUTO(buffer) struct buffer spki = { 0 }, tbs = { 0 }, der = { 0 };
	struct pki_validity v = pki_validity(clock_now_us(), 12, ca);
	struct pki_order order;
	struct err e = { 0 };

	test_spki(key, &spki);
	order = test_order(buffer_view(&spki));
	order.not_before = v.not_before;
	order.not_after = v.not_after;
	cr_assert(pki_tbs_build(profile, ca, &order, &tbs, &e), "%s", e.text);
	test_certificate(buffer_view(&tbs), ca, ca_key, &der);
	if (spoil)
		der.data[der.len - 1] ^= 1;
	return test_gnutls_verifies(buffer_view(&der), buffer_view(&ca->der),
				    buffer_view(&root->der));
}

Test(pki_issue, gnutls_verifies)
{
	cr_assert(gnutls_accepts("ca-rsa2048", "rsa2048", false));
	cr_assert(gnutls_accepts("ca-rsa2048", "p384", false));
	cr_assert(gnutls_accepts("ca-p256", "rsa4096", false));
	cr_assert(gnutls_accepts("ca-p256", "p256", false));
	cr_assert_not(gnutls_accepts("ca-p256", "p256", true));
}

Test(pki_issue, one_wrong_octet_never_verifies)
{
	AUTO(evp_pkey) EVP_PKEY *key = test_key("ca-p256");
	AUTO(pki_ca) struct pki_ca *ca = test_root("ca-p256");
	AUTO(buffer) struct buffer tbs = { 0 }, der = { 0 };
	struct err e = { 0 };

	test_tbs(ca, "p256", &tbs);
	test_certificate(buffer_view(&tbs), ca, key, &der);
	for (size_t i = 0; i < der.len; i++) {
		der.data[i] ^= 0x01;
		cr_assert_not(pki_certificate_verify(buffer_view(&der), ca, &e),
			      "octet %zu", i);
		cr_assert_eq(e.kind, ERR_REJECT);
		der.data[i] ^= 0x01;
	}
	cr_assert(pki_certificate_verify(buffer_view(&der), ca, &e));
}

Test(pki_issue, certificate_carries_exactly_what_was_signed)
{
	AUTO(evp_pkey) EVP_PKEY *key = test_key("ca-p256");
	AUTO(pki_ca) struct pki_ca *ca = test_root("ca-p256");
	AUTO(buffer) struct buffer tbs = { 0 }, der = { 0 }, signature = { 0 };
	struct pki_certificate c;
	struct err e = { 0 };

	test_tbs(ca, "p256", &tbs);
	test_certificate(buffer_view(&tbs), ca, key, &der);
	cr_assert(pki_certificate_parse(buffer_view(&der), &c, &e));
	cr_assert(
		buffer_add(&signature, c.signature.data, c.signature.len, &e));
	for (size_t i = 0; i < der.len; i++) {
		der.data[i] ^= 0x01;
		cr_assert_not(pki_certificate_carries(
				      buffer_view(&der), buffer_view(&tbs),
				      buffer_view(&signature), ca, &e),
			      "octet %zu", i);
		cr_assert_eq(e.kind, ERR_REJECT);
		der.data[i] ^= 0x01;
	}
	cr_assert(pki_certificate_carries(buffer_view(&der), buffer_view(&tbs),
					  buffer_view(&signature), ca, &e));
}

Test(pki_issue, another_ca_of_the_same_name_is_refused)
{
	AUTO(evp_pkey) EVP_PKEY *key = test_key("ca-p256");
	AUTO(pki_ca) struct pki_ca *ca = test_root("ca-p256");
	AUTO(pki_ca) struct pki_ca *other = test_root("p256");
	AUTO(buffer) struct buffer tbs = { 0 }, der = { 0 };
	struct err e = { 0 };

	test_tbs(ca, "p256", &tbs);
	test_certificate(buffer_view(&tbs), ca, key, &der);
	cr_assert_not(pki_certificate_verify(buffer_view(&der), other, &e));
}

Test(pki_issue, algorithms_inside_and_outside_must_agree)
{
	AUTO(evp_pkey) EVP_PKEY *key = test_key("ca-p256");
	AUTO(pki_ca) struct pki_ca *ca = test_root("ca-p256");
	AUTO(buffer) struct buffer tbs = { 0 }, sig = { 0 }, der = { 0 };
	struct pki_certificate cert;
	struct err e = { 0 };

	test_tbs(ca, "p256", &tbs);
	test_sign(key, PKI_ECDSA_SHA384, buffer_view(&tbs), &sig);
	cr_assert(pki_certificate_assemble(buffer_view(&tbs), PKI_ECDSA_SHA384,
					   buffer_view(&sig), &der, &e));
	cr_assert_not(pki_certificate_parse(buffer_view(&der), &cert, &e));
}

Test(pki_issue, an_order_must_match_in_every_field)
{
	AUTO(pki_ca) struct pki_ca *ca = test_root("ca-p256");
	AUTO(pki_profile) struct pki_profile *profile = test_profile();
	AUTO(evp_pkey) EVP_PKEY *key = test_key("p256");
	AUTO(evp_pkey) EVP_PKEY *other_key = test_key("p384");
	AUTO(buffer) struct buffer tbs = { 0 }, spki = { 0 }, other = { 0 };
	const char *field = NULL;
	struct err e = { 0 };

	test_tbs(ca, "p256", &tbs);
	test_spki(key, &spki);
	test_spki(other_key, &other);
#define DIFFERS(name, change)                                                  \
	do {                                                                   \
		struct pki_order o = test_order(buffer_view(&spki));           \
		change;                                                        \
		cr_assert_not(pki_tbs_matches(buffer_view(&tbs), profile, &o,  \
					      &field, &e));                    \
		cr_assert_str_eq(field, name);                                 \
	} while (0)
	DIFFERS("serial_number",
		o.serial_number = "5b0123456789abcdef0123456789abce");
	DIFFERS("not_before", o.not_before += 1000000);
	DIFFERS("not_after", o.not_after -= 1000000);
	DIFFERS("spki_sha256", o.spki = buffer_view(&other));
	DIFFERS("subject", o.subject.tax_code = "0399001018");
	DIFFERS("subject", o.subject.certificate_name = "CÔNG TY KHÁC");
	DIFFERS("subject", o.subject.province = "Đà Nẵng");
	DIFFERS("subject", o.subject.locality = NULL);
	DIFFERS("subject", o.subject.country = "LA");
#undef DIFFERS
}

/* RFC 7093 2, method 1, computed by OpenSSL from its own reading. */
Test(pki_issue, subject_key_identifier_is_of_the_key_bits)
{
	AUTO(pki_ca) struct pki_ca *ca = test_root("ca-p256");
	const unsigned char *at = ca->der.data;
	AUTO(x509) X509 *x = d2i_X509(NULL, &at, (long)ca->der.len);
	const ASN1_BIT_STRING *bits = X509_get0_pubkey_bitstr(x);
	const ASN1_OCTET_STRING *id = X509_get0_subject_key_id(x);
	uint8_t digest[SHA256_LEN];

	sha256(bytes_of(bits->data, (size_t)bits->length), digest);
	cr_assert_eq(ASN1_STRING_length(id), 20);
	cr_assert_arr_eq(ASN1_STRING_get0_data(id), digest, 20);
}

/* RFC 5280 4.1.2.5: UTCTime through 2049, GeneralizedTime from 2050. */
Test(pki_issue, dates_change_their_type_in_2050)
{
	const int64_t border = INT64_C(2524608000) * 1000000;
	AUTO(pki_ca) struct pki_ca *ca = test_root("ca-p256");
	AUTO(evp_pkey) EVP_PKEY *ca_key = test_key("ca-p256");
	AUTO(pki_profile) struct pki_profile *profile = test_profile();
	AUTO(buffer) struct buffer spki = { 0 }, tbs = { 0 }, der = { 0 };
	AUTO(x509) X509 *x = NULL;
	const unsigned char *at;
	struct pki_order order;
	struct err e = { 0 };

	test_spki(ca_key, &spki);
	order = test_order(buffer_view(&spki));
	order.not_before = border - 1000000;
	order.not_after = border;
	cr_assert(pki_tbs_build(profile, ca, &order, &tbs, &e), "%s", e.text);
	test_certificate(buffer_view(&tbs), ca, ca_key, &der);
	at = der.data;
	x = d2i_X509(NULL, &at, (long)der.len);
	cr_assert_not_null(x);
	cr_assert_eq(X509_get0_notBefore(x)->type, V_ASN1_UTCTIME);
	cr_assert_eq(X509_get0_notAfter(x)->type, V_ASN1_GENERALIZEDTIME);
	cr_assert_eq(memcmp(X509_get0_notAfter(x)->data, "20500101000000Z", 15),
		     0);
}

Test(pki_issue, serials_are_sixteen_octets_and_differ)
{
	char last[PKI_SERIAL_TEXT_MAX] = "", serial[PKI_SERIAL_TEXT_MAX];
	struct err e = { 0 };

	for (int i = 0; i < 1000; i++) {
		cr_assert(pki_serial_draw(serial, &e));
		cr_assert_eq(strlen(serial), 32);
		cr_assert(serial[0] >= '4' && serial[0] <= '7', "%s", serial);
		cr_assert_str_neq(serial, last);
		memcpy(last, serial, sizeof(last));
	}
}

Test(pki_issue, crl_parses_and_carries_its_number)
{
	AUTO(evp_pkey) EVP_PKEY *key = test_key("ca-rsa2048");
	AUTO(pki_ca) struct pki_ca *ca = test_root("ca-rsa2048");
	const struct pki_revoked revoked[] = {
		{ "5b0123456789abcdef0123456789abcd", NOW_US + 123456, 1, true,
		  NOW_US - 5 * US_PER_DAY + 7 },
		{ "4b0123456789abcdef0123456789abcd", NOW_US, 0, false, 0 },
	};
	const struct pki_crl crl = { 300, NOW_US, NOW_US + 7 * 86400000000,
				     revoked, 2 };
	AUTO(buffer) struct buffer tbs = { 0 }, signature = { 0 }, der = { 0 };
	AUTO(buffer) struct buffer entries = { 0 };
	const struct pki_revoked *read;
	const unsigned char *at;
	struct pki_crl back = { 0 };
	struct err e = { 0 };
	ASN1_GENERALIZEDTIME *at_date;
	X509_CRL *x;

	cr_assert(pki_crl_tbs(ca, &crl, &tbs, &e), "%s", e.text);
	test_sign(key, ca->signature, buffer_view(&tbs), &signature);
	cr_assert(pki_certificate_assemble(buffer_view(&tbs), ca->signature,
					   buffer_view(&signature), &der, &e));
	cr_assert(pki_crl_parse(buffer_view(&der), ca, &back, &entries, &e),
		  "%s", e.text);
	cr_assert_eq(back.revoked_count, 2);
	cr_assert_eq(entries.len, 2 * sizeof(*read));
	read = (const struct pki_revoked *)(void *)entries.data;
	cr_assert_str_eq(read[0].serial_number, revoked[0].serial_number);
	cr_assert_eq(read[0].revoked_at, NOW_US);
	cr_assert_eq(read[0].reason, 1);
	cr_assert_str_eq(read[1].serial_number, revoked[1].serial_number);
	cr_assert_eq(read[1].reason, 0);
	cr_assert(read[0].has_invalidity && !read[1].has_invalidity);
	cr_assert_eq(read[0].invalidity_at, NOW_US - 5 * US_PER_DAY);
	cr_assert_eq(back.number, 300);
	cr_assert_eq(back.this_update, crl.this_update);
	cr_assert_eq(back.next_update, crl.next_update);
	at = der.data;
	x = d2i_X509_CRL(NULL, &at, (long)der.len);
	cr_assert_not_null(x);
	cr_assert_eq(X509_CRL_verify(x, key), 1);
	cr_assert_eq(sk_X509_REVOKED_num(X509_CRL_get_REVOKED(x)), 2);
	at_date = X509_REVOKED_get_ext_d2i(
		sk_X509_REVOKED_value(X509_CRL_get_REVOKED(x), 0),
		NID_invalidity_date, NULL, NULL);
	cr_assert_not_null(at_date);
	cr_assert_eq(at_date->type, V_ASN1_GENERALIZEDTIME);
	ASN1_GENERALIZEDTIME_free(at_date);
	X509_CRL_free(x);
	der.data[der.len - 1] ^= 1;
	cr_assert_not(pki_crl_parse(buffer_view(&der), ca, &back, NULL, &e));
}
