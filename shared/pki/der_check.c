#include <string.h>

#include "base/text.h"
#include "pki/der.h"

static bool
integer_ok(struct bytes v)
{
	if (v.len == 0)
		return false;
	if (v.len == 1)
		return true;
	/* X.690 8.3.2: the first nine bits are not all equal. */
	return !(v.data[0] == 0x00 && v.data[1] < 0x80) &&
	       !(v.data[0] == 0xff && v.data[1] >= 0x80);
}

static bool
bits_ok(struct bytes v)
{
	uint8_t mask;

	if (v.len == 0 || v.data[0] > 7)
		return false;
	if (v.len == 1)
		return v.data[0] == 0;
	mask = (uint8_t)((1u << v.data[0]) - 1);
	return (v.data[v.len - 1] & mask) == 0;
}

static bool
oid_ok(struct bytes v)
{
	bool first = true;

	if (v.len == 0 || (v.data[v.len - 1] & 0x80) != 0)
		return false;
	for (size_t i = 0; i < v.len; i++) {
		if (first && v.data[i] == 0x80)
			return false;
		first = (v.data[i] & 0x80) == 0;
	}
	return true;
}

static bool
printable_ok(struct bytes v)
{
	static const char others[] = " '()+,-./:=?";

	for (size_t i = 0; i < v.len; i++) {
		uint8_t c = v.data[i];

		if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
		      (c >= '0' && c <= '9') ||
		      (c != 0 && strchr(others, c) != NULL)))
			return false;
	}
	return true;
}

static bool
ascii_ok(struct bytes v)
{
	for (size_t i = 0; i < v.len; i++)
		if (v.data[i] >= 0x80)
			return false;
	return true;
}

static bool
universal_ok(const struct der_item *item)
{
	struct bytes v = item->value;
	int64_t ignored;

	switch (item->tag) {
	case DER_BOOLEAN:
		return v.len == 1 && (v.data[0] == 0 || v.data[0] == 0xff);
	case DER_INTEGER:
	case DER_ENUMERATED:
		return integer_ok(v);
	case DER_BIT_STRING:
		return bits_ok(v);
	case DER_OCTET_STRING:
		return true;
	case DER_NULL:
		return v.len == 0;
	case DER_OID:
		return oid_ok(v);
	case DER_UTF8_STRING:
		return text_is_utf8((const char *)v.data, v.len);
	case DER_PRINTABLE_STRING:
		return printable_ok(v);
	case DER_IA5_STRING:
		return ascii_ok(v);
	case DER_UTC_TIME:
	case DER_GENERALIZED_TIME:
		return der_time_parse(item, &ignored);
	default:
		/* TeletexString, BMPString and the other old strings; a
		 * constructed string or an element of class 00 with tag 0
		 * (end of contents) is never DER. */
		return item->tag >= 0x12 && item->tag <= 0x1e;
	}
}

/* X.690 11.6: ascending octets, a shorter one as if padded with zeros. */
static int
order(struct bytes a, struct bytes b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int c = memcmp(a.data, b.data, n);

	if (c != 0)
		return c;
	return a.len < b.len ? -1 : a.len > b.len;
}

bool
der_is_sorted(struct bytes content)
{
	struct bytes last = { 0 };
	struct der_item item;

	while (content.len > 0) {
		if (!der_next(&content, &item))
			return false;
		if (last.data != NULL && order(last, item.all) > 0)
			return false;
		last = item.all;
	}
	return true;
}

// NOLINTNEXTLINE(misc-no-recursion): depth is capped
static bool
content_ok(struct bytes content, unsigned depth)
{
	struct der_item item;

	if (depth > DER_DEPTH_MAX)
		return false;
	while (content.len > 0) {
		bool constructed;

		if (!der_next(&content, &item))
			return false;
		constructed = (item.tag & 0x20) != 0;
		if ((item.tag & 0xc0) == 0 && !constructed &&
		    !universal_ok(&item))
			return false;
		if ((item.tag & 0xc0) == 0 && constructed &&
		    item.tag != DER_SEQUENCE && item.tag != DER_SET)
			return false;
		if (constructed && !content_ok(item.value, depth + 1))
			return false;
		if (item.tag == DER_SET && !der_is_sorted(item.value))
			return false;
	}
	return true;
}

bool
der_is_canonical(struct bytes b)
{
	return b.len > 0 && der_first_len(b) == b.len && content_ok(b, 0);
}
