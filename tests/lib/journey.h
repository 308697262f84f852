/*
 * journey.h - a log for tests: two subscribers and most that can happen.
 *
 * Events in the order of their log partition, complete with sequence and
 * time; event i has offset i.  Storage is static.
 */
#ifndef CERTFLOW_TESTS_JOURNEY_H
#define CERTFLOW_TESTS_JOURNEY_H

#include "event/event.h"

#define JOURNEY_T0 INT64_C(1772445600000000) /* 2026-03-02T10:00:00Z */

#define JOURNEY_TAX_CODE "0199000112"
#define JOURNEY_REQUEST "11111111-1111-4111-8111-111111111111"
#define JOURNEY_ENROLMENT "22222222-2222-4222-8222-222222222222"
#define JOURNEY_ORDER "aaaaaaaa-0000-4000-8000-000000000001"
#define JOURNEY_PERSON "33333333-3333-4333-8333-333333333333"
#define JOURNEY_SERIAL "4a00000000000000000000000000000001"
#define JOURNEY_SERIAL_VOIDED "4a00000000000000000000000000000002"

/** The log. @return events, valid until the next call; *count of them */
const struct event *journey(size_t *count);

/** The same of another subscriber: 0 is the one named above; all ids and the
 * tax code differ. */
const struct event *journey_of(unsigned subscriber, size_t *count);

#endif
