#include <string.h>

#include "base/clock.h"
#include "pki/der.h"

/* Strict length octets: definite, minimal, at most four of them. */
static bool
read_length(struct bytes *in, size_t *len)
{
	size_t count, n = 0;

	if (in->len == 0)
		return false;
	count = *in->data++;
	in->len--;
	if (count < 0x80) {
		*len = count;
		return true;
	}
	count &= 0x7f;
	if (count == 0 || count > 4 || count > in->len || in->data[0] == 0)
		return false;
	for (size_t i = 0; i < count; i++)
		n = n << 8 | in->data[i];
	if (n < 0x80)
		return false;
	in->data += count;
	in->len -= count;
	*len = n;
	return true;
}

bool
der_next(struct bytes *in, struct der_item *out)
{
	struct bytes rest = *in;
	size_t len;

	if (rest.len < 2 || (rest.data[0] & 0x1f) == 0x1f)
		return false;
	out->tag = rest.data[0];
	rest.data++;
	rest.len--;
	if (!read_length(&rest, &len) || len > rest.len)
		return false;
	out->value = bytes_of(rest.data, len);
	out->all = bytes_of(in->data, (size_t)(rest.data - in->data) + len);
	*in = bytes_of(rest.data + len, rest.len - len);
	return true;
}

bool
der_peek(struct bytes in, uint8_t tag)
{
	return in.len > 0 && in.data[0] == tag;
}

bool
der_take(struct bytes *in, uint8_t tag, struct bytes *value)
{
	struct der_item item;

	if (!der_peek(*in, tag) || !der_next(in, &item))
		return false;
	*value = item.value;
	return true;
}

bool
der_take_all(struct bytes *in, uint8_t tag, struct bytes *all)
{
	struct der_item item;

	if (!der_peek(*in, tag) || !der_next(in, &item))
		return false;
	*all = item.all;
	return true;
}

bool
der_take_bits(struct bytes *in, struct bytes *value)
{
	struct bytes v;

	if (!der_take(in, DER_BIT_STRING, &v) || v.len < 1 || v.data[0] != 0)
		return false;
	*value = bytes_of(v.data + 1, v.len - 1);
	return true;
}

size_t
der_first_len(struct bytes b)
{
	struct der_item item;

	return der_next(&b, &item) ? item.all.len : 0;
}

static bool
digits(const uint8_t *at, size_t count, unsigned *out)
{
	unsigned n = 0;

	for (size_t i = 0; i < count; i++) {
		if (at[i] < '0' || at[i] > '9')
			return false;
		n = n * 10 + (unsigned)(at[i] - '0');
	}
	*out = n;
	return true;
}

/* MMDDHHMMSSZ; RFC 5280 4.1.2.5.1 allows no fraction and no offset. */
static bool
time_after_year(const uint8_t *at, int year, int64_t *us)
{
	unsigned v[5], back_month, back_day;
	int32_t days;
	int back_year;

	for (size_t i = 0; i < 5; i++)
		if (!digits(at + 2 * i, 2, &v[i]))
			return false;
	if (at[10] != 'Z' || v[0] < 1 || v[0] > 12 || v[1] < 1 || v[1] > 31 ||
	    v[2] > 23 || v[3] > 59 || v[4] > 59)
		return false;
	days = clock_days_from_civil(year, v[0], v[1]);
	clock_civil_from_days(days, &back_year, &back_month, &back_day);
	if (back_month != v[0] || back_day != v[1])
		return false;
	*us = (int64_t)days * US_PER_DAY +
	      (int64_t)(v[2] * 3600 + v[3] * 60 + v[4]) * US_PER_S;
	return true;
}

bool
der_time_parse(const struct der_item *item, int64_t *us)
{
	const uint8_t *at = item->value.data;
	unsigned year;

	if (item->tag == DER_UTC_TIME && item->value.len == 13)
		return digits(at, 2, &year) &&
		       time_after_year(at + 2,
				       (int)year + (year < 50 ? 2000 : 1900),
				       us);
	if (item->tag == DER_GENERALIZED_TIME && item->value.len == 15)
		return digits(at, 4, &year) &&
		       time_after_year(at + 4, (int)year, us);
	return false;
}
