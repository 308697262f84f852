/*
 * test_lint.c - each row of the table has a change that breaks exactly it.
 *
 * A good TBSCertificate is taken apart, one part is changed, and it is put
 * together again; a last test sees that no row is without such a change.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdlib.h>

#include "base/clock.h"
#include "pki/oid.h"
#include "pki/view.h"
#include "support.h"

struct parts {
	struct view v;
	struct buffer subject; /* replaces v.subject if it has octets */
	bool no_critical[VIEW_EXTENSIONS_MAX];
	int64_t not_before, not_after;
	bool generalized;
};

static void
put_extensions(struct der_out *w, const struct view *v)
{
	der_open(w, DER_CONTEXT_OPEN(3));
	der_open(w, DER_SEQUENCE);
	for (size_t i = 0; i < v->extension_count; i++) {
		der_open(w, DER_SEQUENCE);
		der_oid(w, v->extensions[i].oid);
		if (v->extensions[i].critical)
			der_put(w, DER_BOOLEAN, OID("\xff"));
		der_put(w, DER_OCTET_STRING, v->extensions[i].value);
		der_close(w);
	}
	der_close(w);
	der_close(w);
}

static void
put_date(struct der_out *w, int64_t us, bool generalized)
{
	if (generalized)
		der_text(w, DER_GENERALIZED_TIME, "20270302091459Z");
	else
		der_time(w, us);
}

static void
assemble(const struct parts *p, struct buffer *out)
{
	struct err e = { 0 };
	struct der_out w = der_start(out, &e);

	der_open(&w, DER_SEQUENCE);
	der_open(&w, DER_CONTEXT_OPEN(0));
	der_small(&w, p->v.version);
	der_close(&w);
	der_put(&w, DER_INTEGER, p->v.serial);
	der_raw(&w, p->v.signature);
	der_raw(&w, p->v.issuer);
	der_open(&w, DER_SEQUENCE);
	put_date(&w, p->not_before, false);
	put_date(&w, p->not_after, p->generalized);
	der_close(&w);
	der_raw(&w,
		p->subject.len > 0 ? buffer_view(&p->subject) : p->v.subject);
	der_raw(&w, p->v.spki);
	put_extensions(&w, &p->v);
	der_close(&w);
	cr_assert(der_done(&w), "%s", e.text);
}

/* The subject again, one attribute with other octets. */
static void
set_attribute(struct parts *p, struct bytes oid, uint8_t tag, struct bytes text)
{
	struct view_attribute all[VIEW_ATTRIBUTES_MAX];
	struct err e = { 0 };
	struct der_out w = der_start(&p->subject, &e);
	size_t count;

	cr_assert(view_name(p->v.subject, all, &count));
	der_open(&w, DER_SEQUENCE);
	for (size_t i = 0; i < count; i++) {
		bool it = bytes_equal(all[i].oid, oid);

		der_open(&w, DER_SET);
		der_open(&w, DER_SEQUENCE);
		der_oid(&w, all[i].oid);
		der_put(&w, it ? tag : all[i].tag, it ? text : all[i].value);
		der_close(&w);
		der_close(&w);
	}
	der_close(&w);
	cr_assert(der_done(&w), "%s", e.text);
}

static struct view_extension *
extension(struct parts *p, struct bytes oid)
{
	for (size_t i = 0; i < p->v.extension_count; i++)
		if (bytes_equal(p->v.extensions[i].oid, oid))
			return &p->v.extensions[i];
	cr_assert(false, "no such extension");
	return NULL;
}

static void
set_value(struct parts *p, struct bytes oid, struct bytes value)
{
	extension(p, oid)->value = value;
}

/* --- one function a way of breaking --------------------------------- */

static void
version(struct parts *p)
{
	p->v.version = 1;
}

static void
structure(struct parts *p)
{
	p->v.signature = bytes_of_str("\x30\x80\x05\x00");
}

static void
extension_not_der(struct parts *p)
{
	set_value(p, OID_SKI, OID("\x04\x81\x01\xaa"));
}

static void
serial_zero(struct parts *p)
{
	p->v.serial = OID("\x00");
}

static void
serial_negative(struct parts *p)
{
	p->v.serial = OID("\x80\x01\x02\x03\x04\x05\x06\x07\x08");
}

static void
serial_long(struct parts *p)
{
	p->v.serial = OID("\x40\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b"
			  "\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14\x15");
}

static void
serial_short(struct parts *p)
{
	p->v.serial = OID("\x40\x02\x03\x04\x05\x06\x07\x08");
}

static void
signature(struct parts *p)
{
	p->v.signature = pki_signature_identifier(PKI_RSA_SHA256);
}

static void
issuer(struct parts *p)
{
	p->v.issuer = p->v.subject;
}

static void
date_generalized(struct parts *p)
{
	p->generalized = true;
}

static void
date_order(struct parts *p)
{
	p->not_after = p->not_before;
}

static void
date_term(struct parts *p)
{
	p->not_after = pki_validity_end(p->not_before, 36) + US_PER_S;
}

static void
date_before_ca(struct parts *p)
{
	p->not_before -= 2 * 366 * US_PER_DAY;
	p->not_after = p->not_before + US_PER_DAY;
}

static void
date_after_ca(struct parts *p)
{
	p->not_before += 18 * 365 * US_PER_DAY;
	p->not_after = pki_validity_end(p->not_before, 36);
}

static void
subject_order(struct parts *p)
{
	struct view_attribute all[VIEW_ATTRIBUTES_MAX];
	struct err e = { 0 };
	struct der_out w = der_start(&p->subject, &e);
	size_t count;

	cr_assert(view_name(p->v.subject, all, &count));
	der_open(&w, DER_SEQUENCE);
	for (size_t i = count; i-- > 0;) {
		der_open(&w, DER_SET);
		der_open(&w, DER_SEQUENCE);
		der_oid(&w, all[i].oid);
		der_put(&w, all[i].tag, all[i].value);
		der_close(&w);
		der_close(&w);
	}
	der_close(&w);
	cr_assert(der_done(&w));
}

static void
subject_empty(struct parts *p)
{
	set_attribute(p, OID_ST, DER_UTF8_STRING, OID(""));
}

static void
subject_blank(struct parts *p)
{
	set_attribute(p, OID_ST, DER_UTF8_STRING, OID("  "));
}

static void
subject_type(struct parts *p)
{
	set_attribute(p, OID_ST, DER_PRINTABLE_STRING, OID("Ha Noi"));
}

static void
country_type(struct parts *p)
{
	set_attribute(p, OID_C, DER_UTF8_STRING, OID("VN"));
}

static void
subject_nfd(struct parts *p)
{
	set_attribute(p, OID_ST, DER_UTF8_STRING,
		      bytes_of_str("Ha\xcc\x80 No\xcc\xa3\xcc\x82i"));
}

static void
subject_zero_width(struct parts *p)
{
	set_attribute(p, OID_ST, DER_UTF8_STRING,
		      bytes_of_str("Hà\xe2\x80\x8bNội"));
}

static void
subject_space(struct parts *p)
{
	set_attribute(p, OID_ST, DER_UTF8_STRING, bytes_of_str("Hà Nội "));
}

#define ELEVEN "ABCDEFGHIJK"

static void
subject_length(struct parts *p)
{
	set_attribute(
		p, OID_ST, DER_UTF8_STRING,
		bytes_of_str(
			ELEVEN ELEVEN ELEVEN ELEVEN ELEVEN ELEVEN ELEVEN ELEVEN
				ELEVEN ELEVEN ELEVEN ELEVEN)); /* 132 > 128 */
}

static void
country_lower(struct parts *p)
{
	set_attribute(p, OID_C, DER_PRINTABLE_STRING, OID("vn"));
}

static void
country_one(struct parts *p)
{
	set_attribute(p, OID_C, DER_PRINTABLE_STRING, OID("V"));
}

static void
cn_differs(struct parts *p)
{
	set_attribute(p, OID_CN, DER_UTF8_STRING, OID("ANOTHER"));
}

static void
uid_no_prefix(struct parts *p)
{
	set_attribute(p, OID_UID, DER_UTF8_STRING, OID(TAX_CODE));
}

static void
uid_suffix(struct parts *p)
{
	set_attribute(p, OID_UID, DER_UTF8_STRING, OID("MST:0199000112-01"));
}

static void
key_same(struct parts *p)
{
	static struct buffer spki;
	AUTO(evp_pkey) EVP_PKEY *key = test_key("ca-rsa2048");

	spki.len = 0;
	test_spki(key, &spki);
	p->v.spki = buffer_view(&spki);
}

static void
extension_twice(struct parts *p)
{
	p->v.extensions[p->v.extension_count++] = *extension(p, OID_SKI);
}

static void
extension_missing(struct parts *p)
{
	*extension(p, OID_POLICIES) = p->v.extensions[--p->v.extension_count];
}

static void
extension_more(struct parts *p)
{
	p->v.extensions[p->v.extension_count++] =
		(struct view_extension){ OID("\x55\x1d\x36"), true,
					 OID("\x02\x01\x00") };
}

static void
not_critical(struct parts *p)
{
	extension(p, OID_KEY_USAGE)->critical = false;
}

static void
critical(struct parts *p)
{
	extension(p, OID_EKU)->critical = true;
}

static void
ca_true(struct parts *p)
{
	set_value(p, OID_BASIC_CONSTRAINTS, OID("\x30\x03\x01\x01\xff"));
}

static void
ca_false_written(struct parts *p)
{
	set_value(p, OID_BASIC_CONSTRAINTS, OID("\x30\x03\x01\x01\x00"));
}

static void
usage_cert_sign(struct parts *p)
{
	set_value(p, OID_KEY_USAGE, OID("\x03\x02\x02\xc4"));
}

static void
usage_not_minimal(struct parts *p)
{
	set_value(p, OID_KEY_USAGE, OID("\x03\x02\x00\xc0"));
}

static void
eku_client(struct parts *p)
{
	set_value(p, OID_EKU,
		  OID("\x30\x0a\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x02"));
}

static void
policy_any(struct parts *p)
{
	set_value(p, OID_POLICIES,
		  OID("\x30\x08\x30\x06\x06\x04\x55\x1d\x20\x00"));
}

static void
ski_other(struct parts *p)
{
	set_value(p, OID_SKI, OID("\x04\x04\x01\x02\x03\x04"));
}

static void
aki_other(struct parts *p)
{
	set_value(p, OID_AKI, OID("\x30\x06\x80\x04\x01\x02\x03\x04"));
}

static void
crl_other(struct parts *p)
{
	set_value(p, OID_CRL_DP,
		  OID("\x30\x10\x30\x0e\xa0\x0c\xa0\x0a\x86\x08http://x"));
}

static void
aia_other(struct parts *p)
{
	set_value(p, OID_AIA,
		  OID("\x30\x16\x30\x14\x06\x08\x2b\x06\x01\x05\x05\x07\x30"
		      "\x02\x86\x08http://x"));
}

static const struct row {
	const char *rule;
	void (*breaks)(struct parts *p);
} changes[] = {
	{ "structure", structure },
	{ "structure", extension_not_der },
	{ "version", version },
	{ "serial_range", serial_zero },
	{ "serial_range", serial_negative },
	{ "serial_range", serial_long },
	{ "serial_random", serial_short },
	{ "signature", signature },
	{ "issuer", issuer },
	{ "date_encoding", date_generalized },
	{ "date_order", date_order },
	{ "date_term", date_term },
	{ "date_ca", date_before_ca },
	{ "date_ca", date_after_ca },
	{ "subject_order", subject_order },
	{ "subject_empty", subject_empty },
	{ "subject_empty", subject_blank },
	{ "subject_type", subject_type },
	{ "subject_type", country_type },
	{ "subject_nfc", subject_nfd },
	{ "subject_characters", subject_zero_width },
	{ "subject_characters", subject_space },
	{ "subject_length", subject_length },
	{ "subject_country", country_lower },
	{ "subject_country", country_one },
	{ "subject_cn", cn_differs },
	{ "subject_uid", uid_no_prefix },
	{ "subject_uid", uid_suffix },
	{ "key_same", key_same },
	{ "extension_unique", extension_twice },
	{ "extension_set", extension_missing },
	{ "extension_set", extension_more },
	{ "extension_critical", not_critical },
	{ "extension_critical", critical },
	{ "basic_constraints", ca_true },
	{ "basic_constraints", ca_false_written },
	{ "key_usage", usage_cert_sign },
	{ "key_usage", usage_not_minimal },
	{ "extended_key_usage", eku_client },
	{ "policies", policy_any },
	{ "subject_key_id", ski_other },
	{ "authority_key_id", aki_other },
	{ "crl_address", crl_other },
	{ "ca_address", aia_other },
};

#define CHANGES (sizeof(changes) / sizeof(changes[0]))

/* Rule that the changed TBS breaks; NULL if none. */
static const char *
judge(void (*breaks)(struct parts *p), struct pki_profile *profile,
      struct err *e)
{
	AUTO(pki_ca) struct pki_ca *ca = test_root("ca-p256");
	AUTO(buffer) struct buffer tbs = { 0 }, changed = { 0 };
	struct pki_lint_context context = { profile, ca, { 0 } };
	struct parts p = { 0 };
	const char *rule = NULL;

	test_tbs(ca, "p256", &tbs);
	cr_assert(view_parse(buffer_view(&tbs), &p.v, &rule), "%s", rule);
	p.not_before = p.v.not_before_us;
	p.not_after = p.v.not_after_us;
	context.spki = p.v.spki;
	if (breaks != NULL)
		breaks(&p);
	assemble(&p, &changed);
	buffer_free(&p.subject);
	if (breaks == NULL)
		cr_assert(
			bytes_equal(buffer_view(&changed), buffer_view(&tbs)));
	return pki_lint(buffer_view(&changed), &context, &rule, e) ? NULL
								   : rule;
}

Test(pki_lint, unchanged_passes)
{
	AUTO(pki_profile) struct pki_profile *profile = test_profile();
	struct err e = { 0 };

	cr_assert_null(judge(NULL, profile, &e), "%s", e.text);
}

Test(pki_lint, each_change_breaks_its_rule)
{
	AUTO(pki_profile) struct pki_profile *profile = test_profile();

	for (size_t i = 0; i < CHANGES; i++) {
		struct err e = { 0 };
		const char *rule = judge(changes[i].breaks, profile, &e);

		cr_assert_not_null(rule, "row %zu (%s) breaks nothing", i,
				   changes[i].rule);
		cr_assert_str_eq(rule, changes[i].rule, "row %zu: %s", i,
				 e.text);
		cr_assert_eq(e.kind, ERR_REJECT);
	}
}

Test(pki_lint, keys_outside_the_profile)
{
	AUTO(pki_profile) struct pki_profile *profile = test_profile();
	struct err e = { 0 };

	profile->keys[EV_KEY_ALGORITHM_EC_P256] = false;
	cr_assert_str_eq(judge(NULL, profile, &e), "key_allowed");
}

static void
usage_encipherment(struct parts *p)
{
	set_value(p, OID_KEY_USAGE, OID("\x03\x02\x05\xe0"));
}

Test(pki_lint, key_encipherment_needs_rsa)
{
	AUTO(pki_profile) struct pki_profile *profile = test_profile();
	struct err e = { 0 };

	profile->key_usage |= 1u << 2;
	cr_assert_str_eq(judge(usage_encipherment, profile, &e),
			 "key_usage_fits");
}

/* Rules that have a test of their own above. */
static bool
has_own_test(const char *rule)
{
	return strcmp(rule, "key_allowed") == 0 ||
	       strcmp(rule, "key_usage_fits") == 0;
}

Test(pki_lint, no_row_without_a_test)
{
	const char *rule, *source;

	for (size_t i = 0; pki_lint_row(i, &rule, &source); i++) {
		bool found = has_own_test(rule);

		for (size_t j = 0; j < CHANGES; j++)
			found = found || strcmp(changes[j].rule, rule) == 0;
		cr_assert(found, "%s", rule);
		cr_assert_gt(strlen(source), 3);
	}
}

Test(pki_lint, the_manual_lists_every_row)
{
	AUTO(buffer) struct buffer manual = { 0 };
	const char *rule, *source;
	struct err e = { 0 };

	cr_assert(file_read(CERTFLOW_SOURCE_DIR "/ops/docs/profile.md", 65536,
			    &manual, &e),
		  "%s", e.text);
	for (size_t i = 0; pki_lint_row(i, &rule, &source); i++) {
		char line[256];

		snprintf(line, sizeof(line), "| `%s` | %s |", rule, source);
		cr_assert_not_null(strstr((const char *)manual.data, line),
				   "%s", line);
	}
}

Test(pki_lint, truncated_octets_break_structure)
{
	AUTO(pki_profile) struct pki_profile *profile = test_profile();
	AUTO(pki_ca) struct pki_ca *ca = test_root("ca-p256");
	AUTO(buffer) struct buffer tbs = { 0 };
	const struct pki_lint_context context = { profile, ca,
						  bytes_of("", 0) };

	test_tbs(ca, "p256", &tbs);
	for (size_t len = 0; len < tbs.len; len++) {
		AUTO(u8) unsigned char *cut = malloc(len == 0 ? 1 : len);
		const char *rule = NULL;
		struct err e = { 0 };

		memcpy(cut, tbs.data, len);
		cr_assert_not(
			pki_lint(bytes_of(cut, len), &context, &rule, &e));
		cr_assert_str_eq(rule, "structure");
	}
}
