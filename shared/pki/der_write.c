#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "pki/der.h"

struct der_out
der_start(struct buffer *out, struct err *e)
{
	return (struct der_out){ .out = out, .e = e, .start = out->len };
}

bool
der_done(struct der_out *w)
{
	if (!w->failed && w->depth != 0)
		der_fail(w, "element left open");
	if (w->failed)
		w->out->len = w->start;
	return !w->failed;
}

void
der_fail(struct der_out *w, const char *reason)
{
	if (w->failed)
		return;
	w->failed = true;
	(void)ERR_SET(w->e, ERR_REJECT, "pki", 0, "DER: %s", reason);
}

static void
add(struct der_out *w, const void *data, size_t len)
{
	if (!w->failed && !buffer_add(w->out, data, len, w->e))
		w->failed = true;
}

/* One octet for the length now; der_close() makes room if it needs more. */
void
der_open(struct der_out *w, uint8_t tag)
{
	const uint8_t head[2] = { tag, 0 };

	if (w->depth == DER_DEPTH_MAX) {
		der_fail(w, "nested too deep");
		return;
	}
	add(w, head, sizeof(head));
	w->open[w->depth++] = w->out->len;
}

void
der_close(struct der_out *w)
{
	static const uint8_t zeros[4] = { 0 };
	uint8_t octets[4];
	size_t at, len, extra = 0;

	if (w->failed || w->depth == 0) {
		der_fail(w, "nothing to close");
		return;
	}
	at = w->open[--w->depth];
	len = w->out->len - at;
	if (len < 0x80) {
		w->out->data[at - 1] = (uint8_t)len;
		return;
	}
	for (size_t n = len; n > 0; n >>= 8)
		octets[3 - extra++] = (uint8_t)n;
	add(w, zeros, extra);
	if (w->failed)
		return;
	memmove(w->out->data + at + extra, w->out->data + at, len);
	memcpy(w->out->data + at, octets + 4 - extra, extra);
	w->out->data[at - 1] = (uint8_t)(0x80 | extra);
}

void
der_raw(struct der_out *w, struct bytes encoded)
{
	add(w, encoded.data, encoded.len);
}

void
der_put(struct der_out *w, uint8_t tag, struct bytes content)
{
	der_open(w, tag);
	der_raw(w, content);
	der_close(w);
}

void
der_text(struct der_out *w, uint8_t tag, const char *text)
{
	der_put(w, tag, bytes_of_str(text));
}

void
der_oid(struct der_out *w, struct bytes content)
{
	der_put(w, DER_OID, content);
}

void
der_unsigned(struct der_out *w, struct bytes v)
{
	while (v.len > 1 && v.data[0] == 0) {
		v.data++;
		v.len--;
	}
	der_open(w, DER_INTEGER);
	if (v.len == 0 || (v.data[0] & 0x80) != 0)
		add(w, "", 1);
	der_raw(w, v);
	der_close(w);
}

void
der_small(struct der_out *w, uint64_t value)
{
	uint8_t octets[8];

	for (size_t i = 0; i < sizeof(octets); i++)
		octets[i] = (uint8_t)(value >> (56 - 8 * i));
	der_unsigned(w, bytes_of(octets, sizeof(octets)));
}

void
der_bits(struct der_out *w, struct bytes content)
{
	der_open(w, DER_BIT_STRING);
	add(w, "", 1);
	der_raw(w, content);
	der_close(w);
}

void
der_named_bits(struct der_out *w, uint16_t mask)
{
	uint8_t content[3] = { 0 };
	size_t len = 1;

	for (unsigned bit = 0; bit < 16; bit++) {
		if ((mask & 1u << bit) == 0)
			continue;
		content[1 + bit / 8] |= (uint8_t)(0x80u >> bit % 8);
		len = 2 + bit / 8;
		content[0] = (uint8_t)(7 - bit % 8);
	}
	der_put(w, DER_BIT_STRING, bytes_of(content, len));
}

/* "YYYYMMDDHHMMSSZ"; false: failed. */
static bool
time_text(struct der_out *w, int64_t us, char text[40])
{
	int32_t days = (int32_t)(us / US_PER_DAY);
	int64_t left = us % US_PER_DAY / US_PER_S;
	unsigned month, day;
	int year;

	if (us < 0 || us % US_PER_S != 0 || us / US_PER_DAY > 2932896) {
		der_fail(w, "time is not a whole second of 1970 to 9999");
		return false;
	}
	clock_civil_from_days(days, &year, &month, &day);
	(void)snprintf(text, 40, "%04d%02u%02u%02d%02d%02dZ", year, month, day,
		       (int)(left / 3600), (int)(left / 60 % 60),
		       (int)(left % 60));
	return true;
}

void
der_time(struct der_out *w, int64_t us)
{
	char text[40];

	if (!time_text(w, us, text))
		return;
	if (strncmp(text, "2050", 4) < 0)
		der_text(w, DER_UTC_TIME, text + 2);
	else
		der_text(w, DER_GENERALIZED_TIME, text);
}

void
der_generalized_time(struct der_out *w, int64_t us)
{
	char text[40];

	if (time_text(w, us, text))
		der_text(w, DER_GENERALIZED_TIME, text);
}
