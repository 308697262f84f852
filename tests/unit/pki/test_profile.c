#include <criterion/criterion.h>
#include <unistd.h>

#include "pki/profile_list.h"
#include "support.h"

Test(pki_profile, the_shipped_one)
{
	AUTO(pki_profile) struct pki_profile *p = test_profile();

	cr_assert_str_eq(p->name, "org-hsm-ca4");
	cr_assert_eq(p->max_months, 36);
	cr_assert_eq(p->subject_count, 6);
	cr_assert_eq(p->subject[0], PKI_ATTR_C);
	cr_assert_eq(p->subject[5], PKI_ATTR_UID);
	cr_assert_eq(p->key_usage, 0x3);
	cr_assert_eq(p->eku_count, 2);
	cr_assert_str_eq(p->crl_url, PUBLIC_URL "/issuing.crl");
	cr_assert_str_eq(p->ca_issuers_url, PUBLIC_URL "/issuing.cer");
	cr_assert_str_eq(p->ocsp_url, OCSP_URL);
}

Test(pki_profile, no_address_that_is_not_served)
{
	AUTO(pki_profile) struct pki_profile *none = NULL;
	AUTO(pki_profile) struct pki_profile *slash = NULL;
	AUTO(pki_profile) struct pki_profile *null = NULL;
	struct pki_profile *https = NULL;
	struct pki_places places = { "", "" };
	struct err e = { 0 };

	cr_assert(pki_profile_load(PROFILE, &places, &none, &e));
	cr_assert_str_eq(none->crl_url, "");
	cr_assert_str_eq(none->ca_issuers_url, "");
	cr_assert_str_eq(none->ocsp_url, "");
	cr_assert(pki_profile_load(PROFILE, NULL, &null, &e));
	cr_assert_str_eq(null->ocsp_url, "");
	places =
		(struct pki_places){ "http://ca.example/", "http://o.example" };
	cr_assert(pki_profile_load(PROFILE, &places, &slash, &e));
	cr_assert_str_eq(slash->crl_url, "http://ca.example/issuing.crl");
	cr_assert_str_eq(slash->ocsp_url, "http://o.example");
	places.public_url = "https://ca.example";
	cr_assert_not(pki_profile_load(PROFILE, &places, &https, &e));
	places = (struct pki_places){ "", "https://ca.example" };
	cr_assert_not(pki_profile_load(PROFILE, &places, &https, &e));
}

/* Load the shipped profile with one text replaced. */
static struct pki_profile *
load_changed(const char *from, const char *to, struct err *e)
{
	char path[] = "/tmp/certflow-profile-XXXXXX";
	AUTO(buffer) struct buffer text = { 0 }, changed = { 0 };
	struct pki_profile *p = NULL;
	const char *at;

	cr_assert(file_read(PROFILE, PROFILE_FILE_MAX, &text, e));
	at = strstr((const char *)text.data, from);
	cr_assert_not_null(at, "%s", from);
	cr_assert(buffer_add(&changed, text.data,
			     (size_t)(at - (const char *)text.data), e) &&
		  buffer_add(&changed, to, strlen(to), e) &&
		  buffer_add(&changed, at + strlen(from),
			     strlen(at + strlen(from)), e));
	cr_assert_geq(close(mkstemp(path)), 0);
	cr_assert(file_write(path, buffer_view(&changed), 0600, e));
	(void)!pki_profile_load(path, NULL, &p, e);
	unlink(path);
	return p;
}

static void
expect_error(const char *from, const char *to, const char *said)
{
	struct err e = { 0 };

	cr_assert_null(load_changed(from, to, &e), "%s", to);
	cr_assert_not_null(strstr(e.text, "/tmp/certflow-profile-"));
	cr_assert_eq(e.kind, ERR_FATAL);
	cr_assert_not_null(strstr(e.text, said), "\"%s\" lacks \"%s\"", e.text,
			   said);
}

Test(pki_profile, errors_name_line_and_key)
{
	expect_error("max_months = 36", "max_months = 0", "max_months");
	expect_error("max_months = 36", "max_months = 36x",
		     "line 7: [profile] max_months");
	expect_error("max_months = 36", "months = 36", "unknown key");
	expect_error("max_months = 36", "", "max_months: missing");
	expect_error("max_months = 36", "max_months = 1\nmax_months = 2",
		     "given twice");
	expect_error("EC_P256", "EC_P521", "EC_P521");
	expect_error("EC_P256", "UNKNOWN", "UNKNOWN");
	expect_error("C, ST", "C, C", "given twice");
	expect_error("C, ST", "C, X", "unknown attribute");
	expect_error("nonRepudiation", "keyCertSign", "keyCertSign");
	expect_error("1.3.6.1.4.1.32473.1.1", "policy", "policies");
	expect_error("1.3.6.1.4.1.311.10.3.12", "1.3.6.1.5.5.7.3.36", "twice");
	expect_error("issuing.crl", "../issuing.crl", "not a file name");
	expect_error("org-hsm-ca4\nmax", "Org\nmax", "[profile] name");
	expect_error("keys = RSA_2048", "keys = ,RSA_2048", "empty item");
	expect_error("[subject]", "subject", "line 12");
	expect_error("ECDSA-SHA384", "ECDSA-SHA512", "ECDSA-SHA512");
	expect_error("RSA-SHA256,", "RSA-SHA256, RSA-PSS-SHA256,",
		     "line 10: [profile] signature: a second one");
	expect_error("C, ST, L, O", "C, ST, L", "attribute is missing");
	expect_error("nonRepudiation", "keyAgreement", "keyAgreement");
	expect_error("nonRepudiation", "keyEncipherment", "for RSA keys");
	expect_error("1.3.6.1.5.5.7.3.36", "1.3.6.1.5.5.7.3.9",
		     "not a purpose of a customer's certificate");
	expect_error("1.3.6.1.5.5.7.3.36", "2.5.29.37.0", "2.5.29.37.0");
	expect_error("ocsp = yes", "ocsp = maybe", "neither yes nor no");
}

/* RFC 4055 3.1, 3.2, 5 and RFC 5758 3.2, by the kind of the CA's key. */
Test(pki_profile, signature_by_the_ca_key)
{
	static const enum ev_key_algorithm rsa[] = {
		EV_KEY_ALGORITHM_RSA_2048, EV_KEY_ALGORITHM_RSA_3072,
		EV_KEY_ALGORITHM_RSA_4096
	};
	AUTO(pki_profile) struct pki_profile *p = test_profile();
	AUTO(pki_profile)
	struct pki_profile *pss = test_profile_named("org-hsm-ca4-pss");

	for (size_t i = 0; i < 3; i++) {
		cr_expect_eq(pki_profile_signature(p, rsa[i]), PKI_RSA_SHA256);
		cr_expect_eq(pki_profile_signature(pss, rsa[i]),
			     PKI_PSS_SHA256);
	}
	cr_expect_eq(pki_profile_signature(pss, EV_KEY_ALGORITHM_EC_P256),
		     PKI_ECDSA_SHA256);
	cr_expect_eq(pki_profile_signature(p, EV_KEY_ALGORITHM_EC_P384),
		     PKI_ECDSA_SHA384);
	cr_expect_eq(pki_profile_signature(p, EV_KEY_ALGORITHM_UNKNOWN),
		     PKI_SIGNATURE_NONE);
}

Test(pki_profile, not_for_every_ca)
{
	struct err e = { 0 };
	AUTO(pki_profile)
	struct pki_profile *p = load_changed(
		"RSA-SHA256, ECDSA-SHA256, ECDSA-SHA384", "RSA-PSS-SHA256", &e);

	cr_assert_not_null(p, "%s", e.text);
	cr_expect(pki_profile_fits(p, EV_KEY_ALGORITHM_RSA_4096, &e));
	cr_expect_not(pki_profile_fits(p, EV_KEY_ALGORITHM_EC_P256, &e));
	cr_expect_eq(e.kind, ERR_FATAL);
	cr_expect_not_null(strstr(e.text, "org-hsm-ca4"), "%s", e.text);
	cr_expect_not_null(strstr(e.text, "EC_P256"), "%s", e.text);
}

/* Files from before there was such a key mean what they meant then. */
Test(pki_profile, keys_that_came_later_may_be_absent)
{
	struct err e = { 0 };
	AUTO(pki_profile)
	struct pki_profile *p = load_changed(
		"signature = RSA-SHA256, ECDSA-SHA256, ECDSA-SHA384", "", &e);
	AUTO(pki_profile)
	struct pki_profile *q = load_changed("ocsp = yes", "", &e);

	cr_assert(p != NULL && q != NULL, "%s", e.text);
	cr_expect_eq(pki_profile_signature(p, EV_KEY_ALGORITHM_RSA_2048),
		     PKI_RSA_SHA256);
	cr_expect_eq(pki_profile_signature(p, EV_KEY_ALGORITHM_EC_P384),
		     PKI_ECDSA_SHA384);
	cr_expect_not(q->ocsp);
}

Test(pki_profile, purposes_of_nobody)
{
	static const uint8_t kp[] = { 0x2b, 6, 1, 5, 5, 7, 3 };
	uint8_t oid[sizeof(kp) + 1];

	memcpy(oid, kp, sizeof(kp));
	for (unsigned n = 0; n < 64; n++) {
		bool barred = (n >= 1 && n <= 4) || n == 8 || n == 9;

		oid[sizeof(kp)] = (uint8_t)n;
		cr_expect_eq(pki_purpose_is_barred(bytes_of(oid, sizeof(oid))),
			     barred, "%u", n);
	}
	cr_expect(pki_purpose_is_barred(bytes_of("\x55\x1d\x25\x00", 4)));
}

static const char *const shipped[] = {
	CERTFLOW_SOURCE_DIR "/schemas/profiles/org-hsm-ca4.ini",
	CERTFLOW_SOURCE_DIR "/schemas/profiles/org-hsm-ca4-pss.ini",
	CERTFLOW_SOURCE_DIR "/schemas/profiles/org-hsm-ca4.ini",
};

Test(pki_profile, a_list_of_them)
{
	const struct pki_places places = { 0 };
	struct pki_profile_list list = { 0 };
	const enum ev_key_algorithm ca = EV_KEY_ALGORITHM_EC_P256;
	const char *digests[2] = { NULL, NULL };
	char first[65], second[65];
	struct err e = { 0 };

	cr_assert(pki_profile_list_load(&list, shipped, 2, &places, ca, &e));
	hex_encode(bytes_of(list.items[0]->sha256, SHA256_LEN), first);
	hex_encode(bytes_of(list.items[1]->sha256, SHA256_LEN), second);
	digests[0] = first;
	digests[1] = second;
	cr_expect_eq(pki_profile_list_find(&list, "org-hsm-ca4-pss", NULL),
		     list.items[1]);
	cr_expect_null(pki_profile_list_find(&list, "org-hsm-ca4-pss",
					     list.items[0]->sha256));
	cr_expect(pki_profile_list_only(&list, digests, 2, &e));
	cr_expect_not(pki_profile_list_only(&list, digests, 1, &e));
	cr_expect_not_null(strstr(e.text, "org-hsm-ca4-pss"), "%s", e.text);
	cr_expect_not_null(strstr(e.text, second), "%s", e.text);
	digests[1] = "zz";
	cr_expect_not(pki_profile_list_only(&list, digests, 2, &e));
	cr_expect_not_null(strstr(e.text, "no SHA-256"), "%s", e.text);
	pki_profile_list_free(&list);
	cr_expect_not(
		pki_profile_list_load(&list, shipped, 3, &places, ca, &e));
	cr_expect_not_null(strstr(e.text, "given twice"), "%s", e.text);
	pki_profile_list_free(&list);
	cr_expect_not(
		pki_profile_list_load(&list, shipped, 0, &places, ca, &e));
}

Test(pki_profile, any_change_is_another_profile)
{
	AUTO(pki_profile) struct pki_profile *p = test_profile();
	AUTO(buffer) struct buffer text = { 0 };
	uint8_t digest[SHA256_LEN];
	struct err e = { 0 };

	cr_assert(file_read(PROFILE, PROFILE_FILE_MAX, &text, &e));
	sha256(buffer_view(&text), digest);
	cr_assert_arr_eq(p->sha256, digest, sizeof(digest));
}
