#include <criterion/criterion.h>
#include <unistd.h>

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
}

Test(pki_profile, no_address_that_is_not_served)
{
	AUTO(pki_profile) struct pki_profile *none = NULL;
	AUTO(pki_profile) struct pki_profile *slash = NULL;
	struct pki_profile *https = NULL;
	struct err e = { 0 };

	cr_assert(pki_profile_load(PROFILE, "", &none, &e));
	cr_assert_str_eq(none->crl_url, "");
	cr_assert_str_eq(none->ca_issuers_url, "");
	cr_assert(pki_profile_load(PROFILE, "http://ca.example/", &slash, &e));
	cr_assert_str_eq(slash->crl_url, "http://ca.example/issuing.crl");
	cr_assert_not(
		pki_profile_load(PROFILE, "https://ca.example", &https, &e));
}

/* Load the shipped profile with one text replaced. */
static void
expect_error(const char *from, const char *to, const char *said)
{
	char path[] = "/tmp/certflow-profile-XXXXXX";
	AUTO(buffer) struct buffer text = { 0 }, changed = { 0 };
	struct pki_profile *p = NULL;
	struct err e = { 0 };
	const char *at;

	cr_assert(file_read(PROFILE, PROFILE_FILE_MAX, &text, &e));
	at = strstr((const char *)text.data, from);
	cr_assert_not_null(at, "%s", from);
	cr_assert(buffer_add(&changed, text.data,
			     (size_t)(at - (const char *)text.data), &e) &&
		  buffer_add(&changed, to, strlen(to), &e) &&
		  buffer_add(&changed, at + strlen(from),
			     strlen(at + strlen(from)), &e));
	cr_assert_geq(close(mkstemp(path)), 0);
	cr_assert(file_write(path, buffer_view(&changed), 0600, &e));
	cr_assert_not(pki_profile_load(path, NULL, &p, &e), "%s", to);
	unlink(path);
	cr_assert_eq(e.kind, ERR_FATAL);
	cr_assert_not_null(strstr(e.text, said), "\"%s\" lacks \"%s\"", e.text,
			   said);
}

Test(pki_profile, errors_name_line_and_key)
{
	expect_error("max_months = 36", "max_months = 0", "max_months");
	expect_error("max_months = 36", "max_months = 36x", "line 7");
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
	expect_error("[subject]", "subject", "line 10");
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
