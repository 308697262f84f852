#include "pki/csr_subject.h"

#include <string.h>
#include <strings.h>

#include "base/uuid.h"
#include "pki/der.h"
#include "pki/oid.h"

#define TAX_CODE_PREFIX "MST:"

/* Attributes that only ever describe a person. */
static bool
is_personal_attribute(struct bytes oid)
{
	const struct bytes personal[] = { OID_EMAIL,     OID_MAIL,
					  OID_SURNAME,   OID_GIVEN_NAME,
					  OID_TELEPHONE, OID_MOBILE,
					  OID_BIRTH_DATE };

	for (size_t i = 0; i < sizeof(personal) / sizeof(personal[0]); i++)
		if (bytes_equal(oid, personal[i]))
			return true;
	return false;
}

static bool
has_prefix(struct bytes v, const char *prefix)
{
	size_t n = strlen(prefix);

	return v.len >= n && strncasecmp((const char *)v.data, prefix, n) == 0;
}

/* One in 65,536 begins with "cccd". */
static bool
is_uuid(struct bytes v)
{
	char text[UUID_TEXT_MAX] = "";
	uint8_t ignored[UUID_LEN];

	if (v.len != sizeof(text) - 1)
		return false;
	memcpy(text, v.data, v.len);
	return uuid_parse(text, ignored);
}

/*
 * Numbers of identity papers: CCCD, CMND and passport (HC, "ho chieu") as
 * Vietnamese CAs write them, natural persons as in ETSI EN 319 412-1 5.1.3,
 * and bare numbers of 9 (CMND) or 12 digits (CCCD).  The id of an enrolment
 * is none.
 */
static bool
is_personal_number(struct bytes v)
{
	static const char *const prefixes[] = { "CCCD", "CMND", "CMT",
						"HC:",  "PASS", "PNO",
						"IDC",  "PAS",  "TIN" };
	size_t digits = 0;

	if (is_uuid(v))
		return false;
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (has_prefix(v, prefixes[i]))
			return true;
	while (digits < v.len && v.data[digits] >= '0' && v.data[digits] <= '9')
		digits++;
	return digits == v.len && (digits == 9 || digits == 12);
}

struct subject {
	const char *tax_code;
	char *id;
	size_t tax_codes; /* UID=MST: seen */
	size_t ids;
};

static bool
check_uid(struct subject *s, struct bytes v, struct pki_refusal *why)
{
	const size_t prefix = sizeof(TAX_CODE_PREFIX) - 1;

	if (is_personal_number(v))
		return csr_refuse(why, EV_REFUSAL_CODE_CSR_PERSONAL_DATA,
				  "subject.UID", "holds a personal number");
	if (!has_prefix(v, TAX_CODE_PREFIX))
		return true;
	if (++s->tax_codes > 1)
		return csr_refuse(why, EV_REFUSAL_CODE_CSR_TAX_CODE,
				  "subject.UID", "several tax codes");
	v = bytes_of(v.data + prefix, v.len - prefix);
	if (!bytes_equal(v, bytes_of_str(s->tax_code)))
		return csr_refuse(why, EV_REFUSAL_CODE_CSR_TAX_CODE,
				  "subject.UID", "names another tax code");
	return true;
}

static bool
check_serial_number(struct subject *s, struct bytes v, struct pki_refusal *why)
{
	if (is_personal_number(v))
		return csr_refuse(why, EV_REFUSAL_CODE_CSR_PERSONAL_DATA,
				  "subject.serialNumber",
				  "holds a personal number");
	if (++s->ids > 1 || v.len >= CSR_ENROLMENT_ID_MAX)
		return csr_refuse(why, EV_REFUSAL_CODE_CSR_MALFORMED,
				  "subject.serialNumber",
				  "several, or too long");
	memcpy(s->id, v.data, v.len);
	s->id[v.len] = '\0';
	return true;
}

static bool
check_attribute(struct subject *s, struct bytes attribute,
		struct pki_refusal *why)
{
	struct bytes oid;
	struct der_item v;

	if (!der_take(&attribute, DER_OID, &oid) || !der_next(&attribute, &v) ||
	    attribute.len != 0)
		return csr_refuse(why, EV_REFUSAL_CODE_CSR_MALFORMED, "subject",
				  "not an attribute");
	if (is_personal_attribute(oid))
		return csr_refuse(why, EV_REFUSAL_CODE_CSR_PERSONAL_DATA,
				  "subject",
				  "an attribute of a natural person");
	/* RFC 5280 4.1.2.4; other encodings could hide what we look for. */
	if (v.tag != DER_UTF8_STRING && v.tag != DER_PRINTABLE_STRING &&
	    v.tag != DER_IA5_STRING)
		return csr_refuse(
			why, EV_REFUSAL_CODE_CSR_MALFORMED, "subject",
			"text is neither UTF8String nor PrintableString");
	if (memchr(v.value.data, '\0', v.value.len) != NULL)
		return csr_refuse(why, EV_REFUSAL_CODE_CSR_MALFORMED, "subject",
				  "U+0000 in text");
	if (bytes_equal(oid, OID_UID))
		return check_uid(s, v.value, why);
	if (bytes_equal(oid, OID_SERIAL_NUMBER))
		return check_serial_number(s, v.value, why);
	return true;
}

bool
csr_subject_check(struct bytes name, const char *tax_code,
		  char id[CSR_ENROLMENT_ID_MAX], struct pki_refusal *why)
{
	struct subject s = { .tax_code = tax_code, .id = id };
	struct bytes rdns, set, attribute;

	id[0] = '\0';
	if (!der_take(&name, DER_SEQUENCE, &rdns))
		return csr_refuse(why, EV_REFUSAL_CODE_CSR_MALFORMED, "subject",
				  "not a Name");
	while (rdns.len > 0) {
		if (!der_take(&rdns, DER_SET, &set) || set.len == 0)
			return csr_refuse(why, EV_REFUSAL_CODE_CSR_MALFORMED,
					  "subject", "not a Name");
		while (set.len > 0) {
			if (!der_take(&set, DER_SEQUENCE, &attribute))
				return csr_refuse(
					why, EV_REFUSAL_CODE_CSR_MALFORMED,
					"subject", "not an attribute");
			if (!check_attribute(&s, attribute, why))
				return false;
		}
	}
	if (s.tax_codes == 0)
		return csr_refuse(why, EV_REFUSAL_CODE_CSR_TAX_CODE,
				  "subject.UID", "no UID=MST:<tax code>");
	return true;
}

static void
note_name(struct bytes attribute, struct pki_csr_names *out)
{
	struct bytes oid;
	struct der_item v;

	if (!der_take(&attribute, DER_OID, &oid) || !der_next(&attribute, &v))
		return;
	if (bytes_equal(oid, OID_O) && out->organization.data == NULL)
		out->organization = v.value;
	if (bytes_equal(oid, OID_CN) && out->common_name.data == NULL)
		out->common_name = v.value;
}

void
csr_subject_names(struct bytes name, struct pki_csr_names *out)
{
	struct bytes rdns, set, attribute;

	*out = (struct pki_csr_names){ 0 };
	if (!der_take(&name, DER_SEQUENCE, &rdns))
		return;
	while (der_take(&rdns, DER_SET, &set))
		while (der_take(&set, DER_SEQUENCE, &attribute))
			note_name(attribute, out);
}

/* GeneralNames with an rfc822Name, [1] (RFC 5280 4.2.1.6)? */
static bool
names_mail(struct bytes extension_value)
{
	struct bytes names;
	struct der_item name;

	if (!der_take(&extension_value, DER_SEQUENCE, &names))
		return false;
	while (names.len > 0 && der_next(&names, &name))
		if (name.tag == DER_CONTEXT(1))
			return true;
	return false;
}

static bool
check_extensions(struct bytes values, struct pki_refusal *why)
{
	struct bytes list, extension, oid, flag, value;

	if (!der_take(&values, DER_SEQUENCE, &list))
		return csr_refuse(why, EV_REFUSAL_CODE_CSR_MALFORMED,
				  "attributes.extensionRequest",
				  "not a list of extensions");
	while (list.len > 0) {
		if (!der_take(&list, DER_SEQUENCE, &extension) ||
		    !der_take(&extension, DER_OID, &oid))
			return csr_refuse(why, EV_REFUSAL_CODE_CSR_MALFORMED,
					  "attributes.extensionRequest",
					  "not an extension");
		if (der_peek(extension, DER_BOOLEAN) &&
		    !der_take(&extension, DER_BOOLEAN, &flag))
			return csr_refuse(why, EV_REFUSAL_CODE_CSR_MALFORMED,
					  "attributes.extensionRequest",
					  "not an extension");
		if (!der_take(&extension, DER_OCTET_STRING, &value) ||
		    extension.len != 0)
			return csr_refuse(why, EV_REFUSAL_CODE_CSR_MALFORMED,
					  "attributes.extensionRequest",
					  "not an extension");
		if (bytes_equal(oid, OID_SAN) && names_mail(value))
			return csr_refuse(why,
					  EV_REFUSAL_CODE_CSR_PERSONAL_DATA,
					  "attributes.extensionRequest",
					  "asks for an e-mail address");
	}
	return true;
}

bool
csr_attributes_check(struct bytes attributes, struct pki_refusal *why)
{
	struct bytes attribute, oid, values;

	if (!der_is_sorted(attributes))
		return csr_refuse(why, EV_REFUSAL_CODE_CSR_MALFORMED,
				  "attributes", "not in DER order");
	while (attributes.len > 0) {
		if (!der_take(&attributes, DER_SEQUENCE, &attribute) ||
		    !der_take(&attribute, DER_OID, &oid) ||
		    !der_take(&attribute, DER_SET, &values) ||
		    attribute.len != 0)
			return csr_refuse(why, EV_REFUSAL_CODE_CSR_MALFORMED,
					  "attributes", "not an attribute");
		if (bytes_equal(oid, OID_EXTENSION_REQUEST) &&
		    !check_extensions(values, why))
			return false;
	}
	return true;
}
