#include "pki/view.h"

#include <string.h>

#include "pki/oid.h"

static bool
take_version(struct bytes *in, uint64_t *version)
{
	struct bytes outer, v;

	*version = 0; /* DEFAULT v1 */
	if (!der_peek(*in, DER_CONTEXT_OPEN(0)))
		return true;
	if (!der_take(in, DER_CONTEXT_OPEN(0), &outer) ||
	    !der_take(&outer, DER_INTEGER, &v) || outer.len != 0 || v.len != 1)
		return false;
	*version = v.data[0];
	return true;
}

static bool
take_validity(struct bytes *in, struct view *out)
{
	struct bytes dates;

	return der_take(in, DER_SEQUENCE, &dates) &&
	       der_next(&dates, &out->not_before) &&
	       der_next(&dates, &out->not_after) && dates.len == 0 &&
	       der_time_parse(&out->not_before, &out->not_before_us) &&
	       der_time_parse(&out->not_after, &out->not_after_us);
}

static bool
take_extension(struct bytes *list, struct view_extension *out)
{
	struct bytes extension, flag;

	if (!der_take(list, DER_SEQUENCE, &extension) ||
	    !der_take(&extension, DER_OID, &out->oid))
		return false;
	out->critical = false;
	if (der_peek(extension, DER_BOOLEAN)) {
		/* DER: a DEFAULT (FALSE) is not written. */
		if (!der_take(&extension, DER_BOOLEAN, &flag) ||
		    flag.data[0] != 0xff)
			return false;
		out->critical = true;
	}
	return der_take(&extension, DER_OCTET_STRING, &out->value) &&
	       extension.len == 0 && der_is_canonical(out->value);
}

static bool
take_extensions(struct bytes *in, struct view *out)
{
	struct bytes outer, list;

	if (!der_take(in, DER_CONTEXT_OPEN(3), &outer) ||
	    !der_take(&outer, DER_SEQUENCE, &list) || outer.len != 0 ||
	    list.len == 0)
		return false;
	while (list.len > 0) {
		if (out->extension_count == VIEW_EXTENSIONS_MAX ||
		    !take_extension(&list,
				    &out->extensions[out->extension_count]))
			return false;
		out->extension_count++;
	}
	return true;
}

static bool
fail(const char **where, const char *what)
{
	*where = what;
	return false;
}

bool
view_parse(struct bytes tbs, struct view *out, const char **where)
{
	struct bytes in = tbs, body;

	*out = (struct view){ 0 };
	if (!der_is_canonical(tbs))
		return fail(where, "not DER");
	if (!der_take(&in, DER_SEQUENCE, &body))
		return fail(where, "tbsCertificate");
	if (!take_version(&body, &out->version))
		return fail(where, "version");
	if (!der_take(&body, DER_INTEGER, &out->serial))
		return fail(where, "serialNumber");
	if (!der_take_all(&body, DER_SEQUENCE, &out->signature))
		return fail(where, "signature");
	if (!der_take_all(&body, DER_SEQUENCE, &out->issuer))
		return fail(where, "issuer");
	if (!take_validity(&body, out))
		return fail(where, "validity");
	if (!der_take_all(&body, DER_SEQUENCE, &out->subject))
		return fail(where, "subject");
	if (!der_take_all(&body, DER_SEQUENCE, &out->spki))
		return fail(where, "subjectPublicKeyInfo");
	/* issuerUniqueID, subjectUniqueID: RFC 5280 4.1.2.8 forbids them. */
	if (!take_extensions(&body, out) || body.len != 0)
		return fail(where, "extensions");
	return true;
}

const struct view_extension *
view_extension(const struct view *v, struct bytes oid)
{
	for (size_t i = 0; i < v->extension_count; i++)
		if (bytes_equal(v->extensions[i].oid, oid))
			return &v->extensions[i];
	return NULL;
}

static bool
take_attribute(struct bytes *set, struct view_attribute *out)
{
	struct bytes attribute;
	struct der_item value;

	if (!der_take(set, DER_SEQUENCE, &attribute) ||
	    !der_take(&attribute, DER_OID, &out->oid) ||
	    !der_next(&attribute, &value) || attribute.len != 0)
		return false;
	out->tag = value.tag;
	out->value = value.value;
	return true;
}

bool
view_name(struct bytes name, struct view_attribute out[VIEW_ATTRIBUTES_MAX],
	  size_t *count)
{
	struct bytes rdns, set;
	size_t n = 0;

	if (!der_take(&name, DER_SEQUENCE, &rdns) || name.len != 0)
		return false;
	while (rdns.len > 0) {
		bool first = true;

		if (!der_take(&rdns, DER_SET, &set) || set.len == 0)
			return false;
		while (set.len > 0) {
			if (n == VIEW_ATTRIBUTES_MAX ||
			    !take_attribute(&set, &out[n]))
				return false;
			out[n++].first_of_set = first;
			first = false;
		}
	}
	*count = n;
	return true;
}

bool
view_serial_text(struct bytes serial, char out[41])
{
	if (serial.len > 1 && serial.data[0] == 0)
		serial = bytes_of(serial.data + 1, serial.len - 1);
	else if (serial.len == 0 || (serial.data[0] & 0x80) != 0)
		return false;
	if (serial.len > 20 || (serial.len == 1 && serial.data[0] == 0))
		return false;
	hex_encode(serial, out);
	return true;
}
