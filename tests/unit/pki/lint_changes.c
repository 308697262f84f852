#include "lint_changes.h"

#include <criterion/criterion.h>

#include "base/clock.h"
#include "pki/oid.h"

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

void
lint_set_value(struct parts *p, struct bytes oid, struct bytes value)
{
	extension(p, oid)->value = value;
}

/* A way of breaking: other octets in an extension. */
#define VALUE(name, oid, octets)                                               \
	static void name(struct parts *p)                                      \
	{                                                                      \
		lint_set_value(p, oid, OID(octets));                           \
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

VALUE(extension_not_der, OID_SKI, "\x04\x81\x01\xaa")

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
subject_cyrillic(struct parts *p)
{
	set_attribute(p, OID_ST, DER_UTF8_STRING,
		      bytes_of_str("H\u0430 N\u1ed9i"));
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

VALUE(ca_true, OID_BASIC_CONSTRAINTS, "\x30\x03\x01\x01\xff")
VALUE(ca_false_written, OID_BASIC_CONSTRAINTS, "\x30\x03\x01\x01\x00")
VALUE(usage_cert_sign, OID_KEY_USAGE, "\x03\x02\x02\xc4")
VALUE(usage_not_minimal, OID_KEY_USAGE, "\x03\x02\x00\xc0")
VALUE(eku_client, OID_EKU, "\x30\x0a\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x02")
VALUE(policy_any, OID_POLICIES, "\x30\x08\x30\x06\x06\x04\x55\x1d\x20\x00")
VALUE(ski_other, OID_SKI, "\x04\x04\x01\x02\x03\x04")
VALUE(aki_other, OID_AKI, "\x30\x06\x80\x04\x01\x02\x03\x04")
VALUE(crl_other, OID_CRL_DP, "\x30\x10\x30\x0e\xa0\x0c\xa0\x0a\x86\x08http://x")

void
lint_change_ocsp_signing(struct parts *p)
{
	lint_set_value(p, OID_EKU,
		       OID("\x30\x0a\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x09"));
}

void
lint_change_encipherment(struct parts *p)
{
	lint_set_value(p, OID_KEY_USAGE, OID("\x03\x02\x05\xe0"));
}

static const struct lint_change changes[] = {
	{ "structure", structure, "" },
	{ "structure", extension_not_der, "" },
	{ "version", version, "" },
	{ "serial_range", serial_zero, " serial_random" },
	{ "serial_range", serial_negative, " serial_random" },
	{ "serial_range", serial_long, " serial_random" },
	{ "serial_random", serial_short, "" },
	{ "signature", signature, "" },
	{ "issuer", issuer, "" },
	{ "date_encoding", date_generalized, "" },
	{ "date_order", date_order, "" },
	{ "date_term", date_term, "" },
	{ "date_ca", date_before_ca, "" },
	{ "date_ca", date_after_ca, "" },
	{ "subject_order", subject_order, "" },
	{ "subject_empty", subject_empty, "" },
	{ "subject_empty", subject_blank, " subject_characters" },
	{ "subject_type", subject_type, "" },
	{ "subject_type", country_type, "" },
	{ "subject_nfc", subject_nfd, " subject_characters" },
	{ "subject_characters", subject_zero_width, "" },
	{ "subject_characters", subject_cyrillic, "" },
	{ "subject_characters", subject_space, "" },
	{ "subject_length", subject_length, "" },
	{ "subject_country", country_lower, "" },
	{ "subject_country", country_one, "" },
	{ "subject_cn", cn_differs, "" },
	{ "subject_uid", uid_no_prefix, "" },
	{ "subject_uid", uid_suffix, "" },
	{ "key_same", key_same, " subject_key_id" },
	{ "extension_unique", extension_twice, "" },
	{ "extension_set", extension_missing, " policies" },
	{ "extension_set", extension_more, "" },
	{ "extension_critical", not_critical, "" },
	{ "extension_critical", critical, "" },
	{ "basic_constraints", ca_true, "" },
	{ "basic_constraints", ca_false_written, "" },
	{ "key_usage", usage_cert_sign, " key_usage_fits" },
	{ "key_usage", usage_not_minimal, "" },
	{ "extended_key_usage", eku_client, " purpose_limits" },
	{ "extended_key_usage", lint_change_ocsp_signing, " purpose_limits" },
	{ "policies", policy_any, "" },
	{ "subject_key_id", ski_other, "" },
	{ "authority_key_id", aki_other, "" },
	{ "crl_address", crl_other, "" },
	{ "ca_address", lint_change_aia_other, "" },
	{ "ca_address", lint_change_access_more, "" },
	{ "ocsp_address", lint_change_ocsp_other, "" },
	{ "ocsp_address", lint_change_ocsp_missing, "" },
};

const struct lint_change *
lint_change(size_t i)
{
	return i < sizeof(changes) / sizeof(changes[0]) ? &changes[i] : NULL;
}
