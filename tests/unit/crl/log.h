/* log.h - a few events of the log, into a book. Each takes a second. */
#ifndef CERTFLOW_TESTS_CRL_LOG_H
#define CERTFLOW_TESTS_CRL_LOG_H

#include <criterion/criterion.h>

#include "base/clock.h"
#include "status/status.h"

#define T0 INT64_C(1772445600000000)
#define SERIAL_A "4a000000000000000000000000000001"
#define SERIAL_B "4b000000000000000000000000000002"
#define SERIAL_C "4c000000000000000000000000000003"

struct log {
	struct status_book *book;
	int64_t now;
};

static inline void
log_start(struct log *l)
{
	struct err e = { 0 };

	l->now = T0;
	cr_assert(status_book_new((struct bytes){ 0 }, &l->book, &e));
}

static inline void
log_apply(struct log *l, struct event ev)
{
	struct err e = { 0 };

	l->now += US_PER_S;
	ev.meta.recorded_at = &l->now;
	cr_assert(status_book_apply(l->book, &ev, &e), "%s", e.text);
}

/* Ordered; it ends at not_after. */
static inline void
log_order(struct log *l, const char *serial, int64_t not_after)
{
	log_apply(l, (struct event){ .type = EVENT_ISSUANCE_ORDERED,
				     .issuance_ordered = {
					     .meta.event_id =
						     "aaaaaaaa-0000-4000-8000-"
						     "000000000001",
					     .serial_number = serial,
					     .not_after = not_after } });
}

static inline void
log_revoke(struct log *l, const char *serial, const int64_t *invalidity)
{
	log_apply(l, (struct event){
			     .type = EVENT_CERTIFICATE_REVOKED,
			     .certificate_revoked = {
				     .serial_number = serial,
				     .reason = EV_REVOCATION_REASON_SUPERSEDED,
				     .effective_at = l->now + US_PER_S + 7,
				     .invalidity_date = invalidity } });
}

static inline void
log_suspend(struct log *l, const char *serial)
{
	log_apply(l, (struct event){
			     .type = EVENT_CERTIFICATE_SUSPENDED,
			     .certificate_suspended = {
				     .serial_number = serial,
				     .effective_at = l->now + US_PER_S } });
}

static inline void
log_resume(struct log *l, const char *serial)
{
	log_apply(l, (struct event){
			     .type = EVENT_CERTIFICATE_RESUMED,
			     .certificate_resumed = {
				     .serial_number = serial,
				     .effective_at = l->now + US_PER_S } });
}

#endif
