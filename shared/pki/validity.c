#include <openssl/rand.h>

#include "base/clock.h"
#include "pki/ossl.h"
#include "pki/tbs.h"

bool
pki_serial_draw(char out[PKI_SERIAL_TEXT_MAX], struct err *e)
{
	uint8_t octets[PKI_SERIAL_LEN];

	if (RAND_bytes(octets, sizeof(octets)) != 1)
		return ossl_failed(e, ERR_FATAL, "draw a serial number");
	/* Positive, and always sixteen octets: 126 random bits are left. */
	octets[0] = (uint8_t)((octets[0] & 0x3f) | 0x40);
	hex_encode(bytes_of(octets, sizeof(octets)), out);
	return true;
}

static unsigned
days_of_month(int year, unsigned month)
{
	unsigned next = month == 12 ? 1 : month + 1;

	return (unsigned)(clock_days_from_civil(year + (month == 12), next, 1) -
			  clock_days_from_civil(year, month, 1));
}

/* The same day and time months later; 31 January + 1 is 28 or 29 February. */
static int64_t
add_months(int64_t us, int32_t months)
{
	int64_t time_of_day = us % US_PER_DAY;
	unsigned month, day, last;
	int year;
	int32_t count;

	clock_civil_from_days((int32_t)(us / US_PER_DAY), &year, &month, &day);
	count = (int32_t)month - 1 + months;
	year += count / 12;
	month = (unsigned)(count % 12) + 1;
	last = days_of_month(year, month);
	if (day > last)
		day = last;
	return (int64_t)clock_days_from_civil(year, month, day) * US_PER_DAY +
	       time_of_day;
}

int64_t
pki_validity_end(int64_t not_before, int32_t months)
{
	return add_months(not_before, months) - US_PER_S;
}

struct pki_validity
pki_validity(int64_t now, int32_t months, const struct pki_ca *ca)
{
	struct pki_validity v = { .not_before = now - now % US_PER_S };

	v.not_after = pki_validity_end(v.not_before, months);
	v.shortened = v.not_after > ca->not_after;
	if (v.shortened)
		v.not_after = ca->not_after;
	v.ca_valid =
		v.not_before >= ca->not_before && v.not_before <= ca->not_after;
	return v;
}
