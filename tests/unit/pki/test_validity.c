#include <criterion/criterion.h>

#include "base/clock.h"
#include "support.h"

static int64_t
at(const char *text)
{
	int64_t us = 0;

	cr_assert(clock_parse(text, &us), "%s", text);
	return us;
}

Test(pki_validity, calendar_months_minus_a_second)
{
	static const struct {
		const char *from;
		int32_t months;
		const char *to;
	} rows[] = {
		{ "2026-03-02T09:15:00Z", 12, "2027-03-02T09:14:59Z" },
		{ "2026-03-02T09:15:00Z", 36, "2029-03-02T09:14:59Z" },
		{ "2026-01-31T00:00:00Z", 1, "2026-02-27T23:59:59Z" },
		{ "2028-01-31T10:00:00Z", 1, "2028-02-29T09:59:59Z" },
		{ "2026-01-31T10:00:00Z", 1, "2026-02-28T09:59:59Z" },
		{ "2028-02-29T10:00:00Z", 12, "2029-02-28T09:59:59Z" },
		{ "2026-10-31T10:00:00Z", 4, "2027-02-28T09:59:59Z" },
		{ "2026-12-15T10:00:00Z", 1, "2027-01-15T09:59:59Z" },
		{ "2026-11-30T10:00:00Z", 1, "2026-12-30T09:59:59Z" },
		{ "2096-02-29T00:00:00Z", 48, "2100-02-27T23:59:59Z" },
		{ "2049-12-31T23:59:59Z", 1, "2050-01-31T23:59:58Z" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[CLOCK_TEXT_MAX];

		cr_assert_eq(pki_validity_end(at(rows[i].from), rows[i].months),
			     at(rows[i].to), "%s + %d: %s", rows[i].from,
			     rows[i].months,
			     clock_format(pki_validity_end(at(rows[i].from),
							   rows[i].months),
					  text));
	}
}

Test(pki_validity, whole_seconds_and_the_cas_own_end)
{
	const struct pki_ca ca = { .not_before = at("2026-01-01T00:00:00Z"),
				   .not_after = at("2028-01-01T00:00:00Z") };
	struct pki_validity v;

	v = pki_validity(at("2026-06-01T10:00:00.999999Z"), 12, &ca);
	cr_assert_eq(v.not_before, at("2026-06-01T10:00:00Z"));
	cr_assert_eq(v.not_after, at("2027-06-01T09:59:59Z"));
	cr_assert(v.ca_valid && !v.shortened);
	v = pki_validity(at("2027-01-01T00:00:01Z"), 12, &ca);
	cr_assert(!v.shortened, "the same second is not shorter");
	cr_assert_eq(v.not_after, ca.not_after);
	v = pki_validity(at("2027-01-01T00:00:02Z"), 12, &ca);
	cr_assert(v.shortened);
	cr_assert_eq(v.not_after, ca.not_after);
	cr_assert_not(pki_validity(ca.not_before - 1, 1, &ca).ca_valid);
	cr_assert(pki_validity(ca.not_before, 1, &ca).ca_valid);
	cr_assert(pki_validity(ca.not_after, 1, &ca).ca_valid);
	cr_assert_not(pki_validity(ca.not_after + US_PER_S, 1, &ca).ca_valid);
}
