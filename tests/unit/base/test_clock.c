#include <criterion/criterion.h>

#include "base/clock.h"

static void
round_trip(const char *text, int64_t us)
{
	char back[CLOCK_TEXT_MAX];
	int64_t got = 0;

	cr_expect(clock_parse(text, &got), "%s", text);
	cr_expect_eq(got, us, "%s gave %lld", text, (long long)got);
	cr_expect_str_eq(clock_format(us, back), text);
}

Test(clock, rfc3339_goes_both_ways)
{
	round_trip("1970-01-01T00:00:00.000000Z", 0);
	round_trip("1969-12-31T23:59:59.999999Z", -1);
	round_trip("2024-02-29T12:34:56.000001Z", INT64_C(1709210096000001));
	round_trip("2049-12-31T23:59:59.000000Z", INT64_C(2524607999000000));
	round_trip("9999-12-31T23:59:59.000000Z", INT64_C(253402300799000000));
}

Test(clock, offsets_and_fractions)
{
	int64_t us = 0;

	cr_assert(clock_parse("2026-03-01T07:00:00+07:00", &us));
	cr_expect_eq(us, INT64_C(1772323200000000));
	cr_assert(clock_parse("2026-02-28T19:30:00.5-04:30", &us));
	cr_expect_eq(us, INT64_C(1772323200500000));
}

Test(clock, wrong_texts_are_refused)
{
	static const char *const wrong[] = {
		"",
		"2026-02-29T00:00:00Z",
		"2026-13-01T00:00:00Z",
		"2026-00-01T00:00:00Z",
		"2026-01-00T00:00:00Z",
		"2026-01-01 00:00:00Z",
		"2026-01-01T24:00:00Z",
		"2026-01-01T00:60:00Z",
		"2026-01-01T00:00:60Z",
		"2026-01-01T00:00:00",
		"2026-01-01T00:00:00.Z",
		"2026-01-01T00:00:00Zx",
		"2026-01-01T00:00:00+24:00",
		"26-01-01T00:00:00Z",
	};
	int64_t us;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		cr_expect_not(clock_parse(wrong[i], &us), "%s", wrong[i]);
}

Test(clock, every_day_of_four_centuries_goes_both_ways)
{
	for (int32_t day = -73048; day < 73049; day++) {
		unsigned month;
		unsigned dom;
		int year;

		clock_civil_from_days(day, &year, &month, &dom);
		cr_assert_eq(clock_days_from_civil(year, month, dom), day);
	}
}

Test(clock, the_day_in_vietnam_begins_at_17_utc)
{
	int64_t us = 0;
	int32_t day = 0;

	cr_assert(clock_parse_date("2026-01-01", &day));
	cr_assert(clock_parse("2025-12-31T16:59:59.999999Z", &us));
	cr_expect_eq(clock_day_in_vietnam(us), day - 1);
	cr_expect_eq(clock_day_in_vietnam(us + 1), day);
}
