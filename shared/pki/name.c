#include "pki/name.h"

#include <stdio.h>

#include "pki/oid.h"

static const struct {
	struct bytes oid;
	uint8_t tag;
	size_t upper_bound;
} attributes[PKI_ATTR__COUNT] = {
#define CONTENT(octets)                                                        \
	{                                                                      \
		(const uint8_t *)(octets), sizeof(octets) - 1                  \
	}
	[PKI_ATTR_C] = { CONTENT("\x55\x04\x06"), DER_PRINTABLE_STRING, 2 },
	[PKI_ATTR_ST] = { CONTENT("\x55\x04\x08"), DER_UTF8_STRING, 128 },
	[PKI_ATTR_L] = { CONTENT("\x55\x04\x07"), DER_UTF8_STRING, 128 },
	[PKI_ATTR_O] = { CONTENT("\x55\x04\x0a"), DER_UTF8_STRING, 64 },
	[PKI_ATTR_CN] = { CONTENT("\x55\x04\x03"), DER_UTF8_STRING, 64 },
	[PKI_ATTR_UID] = { CONTENT("\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x01"),
			   DER_UTF8_STRING, 256 },
#undef CONTENT
};

struct bytes
name_oid(enum pki_attribute a)
{
	return attributes[a].oid;
}

uint8_t
name_tag(enum pki_attribute a)
{
	return attributes[a].tag;
}

size_t
name_upper_bound(enum pki_attribute a)
{
	return attributes[a].upper_bound;
}

void
name_put_rdn(struct der_out *w, struct bytes oid, uint8_t tag,
	     const char *value)
{
	der_open(w, DER_SET);
	der_open(w, DER_SEQUENCE);
	der_oid(w, oid);
	der_text(w, tag, value);
	der_close(w);
	der_close(w);
}

void
name_put(struct der_out *w, enum pki_attribute a, const char *value)
{
	name_put_rdn(w, attributes[a].oid, attributes[a].tag, value);
}

static const char *
value_of(const struct pki_subject *s, enum pki_attribute a, char uid[64])
{
	switch (a) {
	case PKI_ATTR_C:
		return s->country;
	case PKI_ATTR_ST:
		return s->province;
	case PKI_ATTR_L:
		return s->locality;
	case PKI_ATTR_O:
	case PKI_ATTR_CN:
		return s->certificate_name;
	case PKI_ATTR_UID:
		if (snprintf(uid, 64, "MST:%s", s->tax_code) >= 64)
			return NULL;
		return uid;
	case PKI_ATTR__COUNT:
		break;
	}
	return NULL;
}

void
name_put_subject(struct der_out *w, const struct pki_profile *profile,
		 const struct pki_subject *subject)
{
	char uid[64];

	der_open(w, DER_SEQUENCE);
	for (size_t i = 0; i < profile->subject_count; i++) {
		enum pki_attribute a = profile->subject[i];
		const char *value = value_of(subject, a, uid);

		if (value == NULL && a == PKI_ATTR_L)
			continue;
		if (value == NULL)
			der_fail(w, "subject attribute missing or too long");
		else
			name_put(w, a, value);
	}
	der_close(w);
}

void
name_put_serial(struct der_out *w, const char *serial_number)
{
	uint8_t octets[20];
	size_t len;

	if (!hex_decode(serial_number, octets, sizeof(octets), &len) ||
	    len == 0)
		der_fail(w, "serial number is not hex of 1 to 20 octets");
	else
		der_unsigned(w, bytes_of(octets, len));
}
