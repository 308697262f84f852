#include "base/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define VIETNAM_OFFSET_S INT64_C(25200)

static int64_t
read_clock(clockid_t id)
{
	struct timespec ts;

	(void)clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * US_PER_S + ts.tv_nsec / 1000;
}

int64_t
clock_now_us(void)
{
	return read_clock(CLOCK_REALTIME);
}

int64_t
clock_monotonic_us(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

static int64_t
floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0 ? 1 : 0);
}

/* Howard Hinnant's civil-day algorithms (public domain). */
int32_t
clock_days_from_civil(int year, unsigned month, unsigned day)
{
	int64_t y = month <= 2 ? (int64_t)year - 1 : year;
	int64_t era = floor_div(y, 400);
	int64_t yoe = y - era * 400;
	int64_t mp = (month + 9) % 12;
	int64_t doy = (153 * mp + 2) / 5 + day - 1;
	int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;

	return (int32_t)(era * 146097 + doe - 719468);
}

void
clock_civil_from_days(int32_t days, int *year, unsigned *month, unsigned *day)
{
	int64_t z = (int64_t)days + 719468;
	int64_t era = floor_div(z, 146097);
	int64_t doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;

	*day = (unsigned)(doy - (153 * mp + 2) / 5 + 1);
	*month = (unsigned)(mp < 10 ? mp + 3 : mp - 9);
	*year = (int)(yoe + era * 400 + (*month <= 2 ? 1 : 0));
}

const char *
clock_format(int64_t us, char buf[CLOCK_TEXT_MAX])
{
	int64_t days = floor_div(us, US_PER_DAY);
	int64_t rest = us - days * US_PER_DAY;
	int64_t s = rest / US_PER_S;
	unsigned month;
	unsigned day;
	int year;

	clock_civil_from_days((int32_t)days, &year, &month, &day);
	snprintf(buf, CLOCK_TEXT_MAX, "%04d-%02u-%02uT%02d:%02d:%02d.%06dZ",
		 year, month, day, (int)(s / 3600), (int)(s / 60 % 60),
		 (int)(s % 60), (int)(rest % US_PER_S));
	return buf;
}

static bool
digits(const char **p, int n, int *out)
{
	*out = 0;
	for (int i = 0; i < n; i++, (*p)++) {
		if (**p < '0' || **p > '9')
			return false;
		*out = *out * 10 + (**p - '0');
	}
	return true;
}

static bool
literal(const char **p, char c)
{
	return **p == c && *(*p)++ != '\0';
}

static bool
parse_date(const char **p, int32_t *days)
{
	unsigned back_month;
	unsigned back_day;
	int back_year;
	int year;
	int month;
	int day;

	if (!digits(p, 4, &year) || !literal(p, '-') || !digits(p, 2, &month) ||
	    !literal(p, '-') || !digits(p, 2, &day) || month < 1 ||
	    month > 12 || day < 1)
		return false;
	*days = clock_days_from_civil(year, (unsigned)month, (unsigned)day);
	clock_civil_from_days(*days, &back_year, &back_month, &back_day);
	return back_year == year && (int)back_month == month &&
	       (int)back_day == day;
}

static bool
parse_fraction(const char **p, int64_t *us)
{
	int64_t unit = US_PER_S;

	*us = 0;
	if (**p != '.')
		return true;
	(*p)++;
	if (**p < '0' || **p > '9')
		return false;
	for (; **p >= '0' && **p <= '9'; (*p)++) {
		unit /= 10;
		*us += (**p - '0') * unit;
	}
	return true;
}

static bool
parse_zone(const char **p, int64_t *offset_s)
{
	int sign = **p == '-' ? -1 : 1;
	int hours;
	int minutes;

	*offset_s = 0;
	if (literal(p, 'Z'))
		return true;
	if (**p != '+' && **p != '-')
		return false;
	(*p)++;
	if (!digits(p, 2, &hours) || !literal(p, ':') ||
	    !digits(p, 2, &minutes) || hours > 23 || minutes > 59)
		return false;
	*offset_s = sign * (INT64_C(3600) * hours + INT64_C(60) * minutes);
	return true;
}

bool
clock_parse(const char *text, int64_t *us)
{
	int64_t fraction;
	int64_t offset;
	int32_t days;
	int h;
	int m;
	int s;

	if (!parse_date(&text, &days) || !literal(&text, 'T') ||
	    !digits(&text, 2, &h) || !literal(&text, ':') ||
	    !digits(&text, 2, &m) || !literal(&text, ':') ||
	    !digits(&text, 2, &s) || h > 23 || m > 59 || s > 59 ||
	    !parse_fraction(&text, &fraction) || !parse_zone(&text, &offset) ||
	    *text != '\0')
		return false;
	*us = days * US_PER_DAY +
	      (INT64_C(3600) * h + INT64_C(60) * m + s - offset) * US_PER_S +
	      fraction;
	return true;
}

const char *
clock_format_date(int32_t days, char buf[CLOCK_TEXT_MAX])
{
	unsigned month;
	unsigned day;
	int year;

	clock_civil_from_days(days, &year, &month, &day);
	snprintf(buf, CLOCK_TEXT_MAX, "%04d-%02u-%02u", year, month, day);
	return buf;
}

bool
clock_parse_date(const char *text, int32_t *days)
{
	return parse_date(&text, days) && *text == '\0';
}

int32_t
clock_day_in_vietnam(int64_t us)
{
	return (int32_t)floor_div(us + VIETNAM_OFFSET_S * US_PER_S, US_PER_DAY);
}
