/* bench.h - one test's book, and events into it. */
#ifndef CERTFLOW_TESTS_STATUS_BENCH_H
#define CERTFLOW_TESTS_STATUS_BENCH_H

#include <criterion/criterion.h>

#include "status/status.h"

#define T0 INT64_C(1772445600000000)
#define S (INT64_C(1000000))
#define A "4a000000000000000000000000000001"
#define B "4a000000000000000000000000000002"
#define ORDER_A "aaaaaaaa-0000-4000-8000-000000000001"
#define ORDER_B "aaaaaaaa-0000-4000-8000-000000000002"

/* Name{} with one attribute; another one; what stands before a Name. */
#define NAME "\x30\x06\x31\x04\x30\x02\x05\x00"
#define OTHER "\x30\x06\x31\x04\x30\x02\x01\x00"
#define TBS(name) "\x30\x12\xa0\x03\x02\x01\x02\x02\x01\x7f\x30\x00" name
#define CERTIFICATE(name) "\x30\x14" TBS(name)
#define SERIAL_LESS "\x30\x12\xa0\x03\x02\x01\x02\x04\x01\x7f\x30\x00" NAME

static inline struct bytes
octets(const char *literal, size_t len)
{
	return bytes_of(literal, len);
}
#define OCTETS(literal) octets(literal, sizeof(literal) - 1)

/* One test's book; the time goes on by a second with each event. */
struct bench {
	struct status_book *book;
	int64_t now;
};

static inline bool
signed_by_us(const void *self, struct bytes der)
{
	(void)self;
	(void)der;
	return true;
}

static inline struct bench
start(struct bytes issuer)
{
	struct bench b = { .now = T0 };
	struct err e = { 0 };

	cr_assert(status_book_new(issuer, &b.book, &e), "%s", e.text);
	status_book_verify(b.book, signed_by_us, NULL);
	return b;
}

static inline void
apply(struct bench *b, struct event ev)
{
	struct err e = { 0 };

	b->now += S;
	ev.meta.recorded_at = &b->now;
	cr_assert(status_book_apply(b->book, &ev, &e), "%s", e.text);
}

static inline void
order_tbs(struct bench *b, const char *id, const char *serial, struct bytes tbs)
{
	apply(b,
	      (struct event){ .type = EVENT_ISSUANCE_ORDERED,
			      .issuance_ordered = { .meta.event_id = id,
						    .serial_number = serial,
						    .not_after = T0 + 900 * S,
						    .tbs_certificate = tbs } });
}

static inline void
order(struct bench *b, const char *id, const char *serial)
{
	order_tbs(b, id, serial, OCTETS(TBS(NAME)));
}

static inline void
issue(struct bench *b, const char *id, const char *serial)
{
	order(b, id, serial);
	apply(b, (struct event){
			 .type = EVENT_CERTIFICATE_ISSUED,
			 .certificate_issued = { .order_id = id,
						 .serial_number = serial } });
}

static inline void
revoke(struct bench *b, const char *serial, enum ev_revocation_reason reason,
       const int64_t *invalidity)
{
	apply(b, (struct event){ .type = EVENT_CERTIFICATE_REVOKED,
				 .certificate_revoked = {
					 .serial_number = serial,
					 .reason = reason,
					 .effective_at = b->now + S,
					 .invalidity_date = invalidity } });
}

static inline void
suspend(struct bench *b, const char *serial)
{
	apply(b, (struct event){ .type = EVENT_CERTIFICATE_SUSPENDED,
				 .certificate_suspended = {
					 .serial_number = serial,
					 .effective_at = b->now + S } });
}

static inline void
resume(struct bench *b, const char *serial)
{
	apply(b, (struct event){ .type = EVENT_CERTIFICATE_RESUMED,
				 .certificate_resumed = {
					 .serial_number = serial,
					 .effective_at = b->now + S } });
}

static inline void
reject(struct bench *b, const char *order_id, enum ev_refusal_code code,
       struct bytes certificate)
{
	apply(b, (struct event){ .type = EVENT_CERTIFICATE_REJECTED,
				 .certificate_rejected = {
					 .order_id = order_id,
					 .code = code,
					 .certificate_der = certificate } });
}

static inline void
fail(struct bench *b, const char *id, enum ev_issuance_failure_code code)
{
	apply(b, (struct event){
			 .type = EVENT_ISSUANCE_FAILED,
			 .issuance_failed = { .order_id = id, .code = code } });
}

static inline void
void_order(struct bench *b, const char *id, const char *serial)
{
	apply(b, (struct event){ .type = EVENT_ORDER_VOIDED,
				 .order_voided = { .order_id = id,
						   .serial_number = serial } });
}

static inline struct status_entry
look(const struct bench *b, const char *text)
{
	uint8_t serial[20];
	size_t len;
	struct status_entry out;

	cr_assert(hex_decode(text, serial, sizeof(serial), &len));
	(void)status_book_find(b->book, bytes_of(serial, len), &out);
	return out;
}

static inline void
is(const struct bench *b, const char *serial, enum status_kind kind,
   enum status_reason reason, int64_t since)
{
	struct status_entry e = look(b, serial);

	cr_assert_eq(e.kind, kind, "kind %d", e.kind);
	cr_assert_eq(e.reason, reason, "reason %d", e.reason);
	cr_assert_eq(e.revoked_at_us, since, "%+lld",
		     (long long)(e.revoked_at_us - T0));
}

static inline void
is_good(const struct bench *b, const char *serial)
{
	is(b, serial, STATUS_GOOD, STATUS_UNSPECIFIED, STATUS_NO_TIME);
}

static inline void
is_unknown(const struct bench *b, const char *serial)
{
	is(b, serial, STATUS_UNKNOWN, STATUS_UNSPECIFIED, STATUS_NO_TIME);
}

#endif
