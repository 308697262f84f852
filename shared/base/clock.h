/*
 * clock.h - time as certflow uses it: microseconds since 1970-01-01T00:00Z
 * (Avro timestamp-micros), never local time.
 */
#ifndef CERTFLOW_BASE_CLOCK_H
#define CERTFLOW_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define CLOCK_TEXT_MAX 32
#define US_PER_S INT64_C(1000000)
#define US_PER_DAY (INT64_C(86400) * US_PER_S)

/** Wall clock (CLOCK_REALTIME) in microseconds. Thread-safe. */
int64_t clock_now_us(void);

/** Monotonic clock in microseconds, for intervals. Thread-safe. */
int64_t clock_monotonic_us(void);

/** RFC 3339 with microseconds and Z. @return buf */
const char *clock_format(int64_t us, char buf[CLOCK_TEXT_MAX]);

/** RFC 3339 "2026-03-01T10:15:02[.fraction]Z" or with ±hh:mm offset. */
bool clock_parse(const char *text, int64_t *us) MUST_CHECK;

/** Proleptic Gregorian day number (days since 1970-01-01, Avro date). */
int32_t clock_days_from_civil(int year, unsigned month, unsigned day);
void clock_civil_from_days(int32_t days, int *year, unsigned *month,
			   unsigned *day);

/** "YYYY-MM-DD" and back; parse refuses 30 February and the like. */
const char *clock_format_date(int32_t days, char buf[CLOCK_TEXT_MAX]);
bool clock_parse_date(const char *text, int32_t *days) MUST_CHECK;

/** The civil day in Asia/Ho_Chi_Minh (UTC+7, no daylight saving). */
int32_t clock_day_in_vietnam(int64_t us);

#endif
