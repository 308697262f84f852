/* The fold of the log into certificate status. */
#include <string.h>

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
#define SERIAL_LESS "\x30\x12\xa0\x03\x02\x01\x02\x04\x01\x7f\x30\x00" NAME

static struct bytes
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

static struct bench
start(struct bytes issuer)
{
	struct bench b = { .now = T0 };
	struct err e = { 0 };

	cr_assert(status_book_new(issuer, &b.book, &e), "%s", e.text);
	return b;
}

static void
apply(struct bench *b, struct event ev)
{
	struct err e = { 0 };

	b->now += S;
	ev.meta.recorded_at = &b->now;
	cr_assert(status_book_apply(b->book, &ev, &e), "%s", e.text);
}

static void
order_tbs(struct bench *b, const char *id, const char *serial, struct bytes tbs)
{
	apply(b,
	      (struct event){ .type = EVENT_ISSUANCE_ORDERED,
			      .issuance_ordered = { .meta.event_id = id,
						    .serial_number = serial,
						    .not_after = T0 + 900 * S,
						    .tbs_certificate = tbs } });
}

static void
order(struct bench *b, const char *id, const char *serial)
{
	order_tbs(b, id, serial, OCTETS(TBS(NAME)));
}

static void
issue(struct bench *b, const char *id, const char *serial)
{
	order(b, id, serial);
	apply(b, (struct event){
			 .type = EVENT_CERTIFICATE_ISSUED,
			 .certificate_issued = { .order_id = id,
						 .serial_number = serial } });
}

static void
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

static void
suspend(struct bench *b, const char *serial)
{
	apply(b, (struct event){ .type = EVENT_CERTIFICATE_SUSPENDED,
				 .certificate_suspended = {
					 .serial_number = serial,
					 .effective_at = b->now + S } });
}

static void
resume(struct bench *b, const char *serial)
{
	apply(b, (struct event){ .type = EVENT_CERTIFICATE_RESUMED,
				 .certificate_resumed = {
					 .serial_number = serial,
					 .effective_at = b->now + S } });
}

static void
reject(struct bench *b, const char *order_id, enum ev_refusal_code code,
       struct bytes certificate)
{
	apply(b, (struct event){ .type = EVENT_CERTIFICATE_REJECTED,
				 .certificate_rejected = {
					 .order_id = order_id,
					 .code = code,
					 .certificate_der = certificate } });
}

static void
fail(struct bench *b, const char *id, enum ev_issuance_failure_code code)
{
	apply(b, (struct event){
			 .type = EVENT_ISSUANCE_FAILED,
			 .issuance_failed = { .order_id = id, .code = code } });
}

static void
void_order(struct bench *b, const char *id, const char *serial)
{
	apply(b, (struct event){ .type = EVENT_ORDER_VOIDED,
				 .order_voided = { .order_id = id,
						   .serial_number = serial } });
}

static struct status_entry
look(const struct bench *b, const char *text)
{
	uint8_t serial[20];
	size_t len;
	struct status_entry out;

	cr_assert(hex_decode(text, serial, sizeof(serial), &len));
	(void)status_book_find(b->book, bytes_of(serial, len), &out);
	return out;
}

static void
is(const struct bench *b, const char *serial, enum status_kind kind,
   enum status_reason reason, int64_t since)
{
	struct status_entry e = look(b, serial);

	cr_assert_eq(e.kind, kind, "kind %d", e.kind);
	cr_assert_eq(e.reason, reason, "reason %d", e.reason);
	cr_assert_eq(e.revoked_at_us, since, "%+lld",
		     (long long)(e.revoked_at_us - T0));
}

static void
is_good(const struct bench *b, const char *serial)
{
	is(b, serial, STATUS_GOOD, STATUS_UNSPECIFIED, STATUS_NO_TIME);
}

static void
is_unknown(const struct bench *b, const char *serial)
{
	is(b, serial, STATUS_UNKNOWN, STATUS_UNSPECIFIED, STATUS_NO_TIME);
}

Test(book, an_ordered_certificate_is_good_and_others_are_unknown)
{
	struct bench b = start((struct bytes){ 0 });

	is_unknown(&b, A);
	order(&b, ORDER_A, A);
	is_good(&b, A);
	cr_assert_eq(look(&b, A).not_after_us, T0 + 900 * S);
	is_unknown(&b, B);
	cr_assert_eq(status_book_count(b.book), 1);
	cr_assert_eq(status_book_changes(b.book), 0);
	status_book_free(b.book);
}

Test(book, every_reason_has_its_code_of_rfc_5280)
{
	static const int codes[] = { 0, 0, 1, 3, 4, 5, 9 };

	for (size_t i = 1; i < sizeof(codes) / sizeof(codes[0]); i++) {
		struct bench b = start((struct bytes){ 0 });

		issue(&b, ORDER_A, A);
		revoke(&b, A, (enum ev_revocation_reason)i, NULL);
		is(&b, A, STATUS_REVOKED, (enum status_reason)codes[i], b.now);
		cr_assert_eq(look(&b, A).invalidity_at_us, STATUS_NO_TIME);
		status_book_free(b.book);
	}
}

Test(book, the_invalidity_date_is_kept)
{
	struct bench b = start((struct bytes){ 0 });
	const int64_t invalid = T0 - 86400 * S;

	issue(&b, ORDER_A, A);
	revoke(&b, A, EV_REVOCATION_REASON_KEY_COMPROMISE, &invalid);
	cr_assert_eq(look(&b, A).invalidity_at_us, invalid);
	status_book_free(b.book);
}

Test(book, a_hold_is_lifted)
{
	struct bench b = start((struct bytes){ 0 });

	issue(&b, ORDER_A, A);
	suspend(&b, A);
	is(&b, A, STATUS_REVOKED, STATUS_HOLD, b.now);
	cr_assert_eq(status_book_revoked(b.book), 1);
	resume(&b, A);
	is_good(&b, A);
	cr_assert_eq(look(&b, A).resumed_at_us, b.now);
	cr_assert_eq(status_book_revoked(b.book), 0);
	cr_assert_eq(status_book_changes(b.book), 2);
	status_book_free(b.book);
}

Test(book, revoked_while_on_hold_counts_from_the_hold_on)
{
	struct bench b = start((struct bytes){ 0 });
	int64_t held;

	issue(&b, ORDER_A, A);
	suspend(&b, A);
	held = b.now;
	revoke(&b, A, EV_REVOCATION_REASON_SUPERSEDED, NULL);
	is(&b, A, STATUS_REVOKED, STATUS_SUPERSEDED, held);
	resume(&b, A);
	is(&b, A, STATUS_REVOKED, STATUS_SUPERSEDED, held);
	cr_assert_eq(status_book_revoked(b.book), 1);
	status_book_free(b.book);
}

Test(book, revoked_is_for_ever)
{
	struct bench b = start((struct bytes){ 0 });
	int64_t since;

	order(&b, ORDER_A, A);
	revoke(&b, A, EV_REVOCATION_REASON_SUPERSEDED, NULL);
	since = b.now;
	suspend(&b, A);
	resume(&b, A);
	fail(&b, ORDER_A, EV_ISSUANCE_FAILURE_CODE_LINT);
	revoke(&b, A, EV_REVOCATION_REASON_UNSPECIFIED, NULL);
	is(&b, A, STATUS_REVOKED, STATUS_SUPERSEDED, since);
	cr_assert_eq(status_book_changes(b.book), 1);
	status_book_free(b.book);
}

Test(book, an_order_given_up_counts_as_revoked)
{
	struct bench b = start((struct bytes){ 0 });
	int64_t since;

	order(&b, ORDER_A, A);
	void_order(&b, ORDER_A, A);
	since = b.now;
	is(&b, A, STATUS_REVOKED, STATUS_UNSPECIFIED, since);
	order(&b, ORDER_B, B);
	fail(&b, ORDER_B, EV_ISSUANCE_FAILURE_CODE_ORDER_EXPIRED);
	is(&b, B, STATUS_REVOKED, STATUS_UNSPECIFIED, b.now);
	/* Its certificate comes all the same. */
	apply(&b,
	      (struct event){ .type = EVENT_CERTIFICATE_ISSUED,
			      .certificate_issued = { .order_id = ORDER_A,
						      .serial_number = A } });
	is(&b, A, STATUS_REVOKED, STATUS_UNSPECIFIED, since);
	status_book_free(b.book);
}

Test(book, an_order_that_failed_before_a_signature_is_unknown)
{
	struct bench b = start((struct bytes){ 0 });

	order(&b, ORDER_A, A);
	fail(&b, ORDER_A, EV_ISSUANCE_FAILURE_CODE_LINT);
	is_unknown(&b, A);
	cr_assert_eq(status_book_revoked(b.book), 0);
	status_book_free(b.book);
}

#define CERTIFICATE(name) "\x30\x14" TBS(name)

Test(book, a_rejected_certificate_revokes_its_serial_and_the_open_order)
{
	struct bench b = start(OCTETS(NAME));

	order(&b, ORDER_A, A);
	reject(&b, ORDER_A, EV_REFUSAL_CODE_ORDER_MISMATCH,
	       OCTETS(CERTIFICATE(NAME)));
	is(&b, A, STATUS_REVOKED, STATUS_UNSPECIFIED, b.now);
	is(&b, "7f", STATUS_REVOKED, STATUS_UNSPECIFIED, b.now);
	cr_assert_eq(look(&b, "7f").not_after_us, STATUS_NO_END);
	status_book_free(b.book);
}

Test(book, a_rejected_certificate_leaves_an_answered_order_alone)
{
	struct bench b = start((struct bytes){ 0 });

	issue(&b, ORDER_A, A);
	reject(&b, ORDER_A, EV_REFUSAL_CODE_ORDER_MISMATCH,
	       OCTETS(CERTIFICATE(NAME)));
	is_good(&b, A);
	is(&b, "7f", STATUS_REVOKED, STATUS_UNSPECIFIED, b.now);
	status_book_free(b.book);
}

Test(book, a_second_signature_over_the_same_octets_revokes_nothing)
{
	struct bench b = start((struct bytes){ 0 });

	issue(&b, ORDER_A, A);
	reject(&b, ORDER_A, EV_REFUSAL_CODE_EVENT_ID_CONFLICT,
	       OCTETS(CERTIFICATE(NAME)));
	is_good(&b, A);
	is_unknown(&b, "7f");
	status_book_free(b.book);
}

/* In whatever order the two partitions are read. */
Test(book, revoked_by_name_and_by_a_rejection_is_the_same_either_way)
{
	struct bench b = start((struct bytes){ 0 });
	int64_t since;

	issue(&b, ORDER_A, "7f");
	issue(&b, ORDER_B, "7e");
	reject(&b, NULL, EV_REFUSAL_CODE_ORDER_MISMATCH,
	       OCTETS(CERTIFICATE(NAME)));
	since = b.now;
	revoke(&b, "7f", EV_REVOCATION_REASON_SUPERSEDED, NULL);
	is(&b, "7f", STATUS_REVOKED, STATUS_SUPERSEDED, since);
	b.now -= 100 * S;
	reject(&b, NULL, EV_REFUSAL_CODE_ORDER_MISMATCH,
	       OCTETS(CERTIFICATE(NAME)));
	is(&b, "7f", STATUS_REVOKED, STATUS_SUPERSEDED, b.now);
	since = b.now;
	reject(&b, NULL, EV_REFUSAL_CODE_ORDER_MISMATCH,
	       OCTETS(CERTIFICATE(NAME)));
	is(&b, "7f", STATUS_REVOKED, STATUS_SUPERSEDED, since);
	is_good(&b, "7e");
	status_book_free(b.book);
}

Test(book, another_cas_certificates_are_not_entered)
{
	struct bench b = start(OCTETS(NAME));

	order_tbs(&b, ORDER_A, A, OCTETS(TBS(OTHER)));
	revoke(&b, A, EV_REVOCATION_REASON_SUPERSEDED, NULL);
	void_order(&b, ORDER_A, A);
	reject(&b, ORDER_A, EV_REFUSAL_CODE_ORDER_MISMATCH,
	       OCTETS(CERTIFICATE(OTHER)));
	order_tbs(&b, ORDER_B, B, OCTETS(SERIAL_LESS));
	is_unknown(&b, A);
	is_unknown(&b, B);
	is_unknown(&b, "7f");
	cr_assert_eq(status_book_count(b.book), 0);
	cr_assert_eq(status_book_changes(b.book), 0);
	order_tbs(&b, ORDER_B, B, OCTETS(TBS(NAME)));
	is_good(&b, B);
	status_book_free(b.book);
}

Test(book, leading_zeros_are_not_part_of_a_serial)
{
	struct bench b = start((struct bytes){ 0 });

	order(&b, ORDER_A, "007f");
	is_good(&b, "7f");
	status_book_free(b.book);
}

Test(book, what_does_not_fit_the_log_is_said)
{
	struct bench b = start((struct bytes){ 0 });
	struct err e = { 0 };
	const int64_t now = T0;
	struct event ev = { .type = EVENT_ISSUANCE_ORDERED,
			    .issuance_ordered = {
				    .meta = { .event_id = ORDER_A },
				    .serial_number = "4a0" } };

	cr_assert_not(status_book_apply(b.book, &ev, &e));
	cr_assert_eq(e.kind, ERR_FATAL);
	ev.meta.recorded_at = &now;
	cr_assert_not(status_book_apply(b.book, &ev, &e));
	ev.issuance_ordered.serial_number = A;
	ev.issuance_ordered.meta.event_id = "no id";
	cr_assert_not(status_book_apply(b.book, &ev, &e));
	status_book_free(b.book);
}

#define MANY 20000u

struct listing {
	size_t count;
	uint8_t last[20];
};

static bool
list(void *self, const struct status_entry *entry, struct err *e)
{
	struct listing *l = self;

	(void)e;
	cr_assert_eq(entry->serial_len, 16);
	cr_assert(l->count == 0 || memcmp(l->last, entry->serial, 16) < 0);
	memcpy(l->last, entry->serial, 16);
	l->count++;
	return true;
}

static bool
stop(void *self, const struct status_entry *entry, struct err *e)
{
	(void)self;
	(void)entry;
	return ERR_SET(e, ERR_RETRY, "test", 7, "stop");
}

/* Every third is revoked; orders are open all the while, and then closed in
 * another order than they came. */
Test(book, many_are_found_again_and_listed_in_order)
{
	struct bench b = start(OCTETS(NAME));
	struct listing l = { 0 };
	struct err e = { 0 };
	char serial[33], id[37];

	for (unsigned i = 0; i < MANY; i++) {
		snprintf(serial, sizeof(serial), "4a%014x%016x",
			 i * 7919 % MANY, i);
		snprintf(id, sizeof(id), "aaaaaaaa-0000-4000-8000-%012x", i);
		order(&b, id, serial);
	}
	for (unsigned n = 0, i = 0; n < MANY; n++, i = (i + 7919) % MANY) {
		snprintf(id, sizeof(id), "aaaaaaaa-0000-4000-8000-%012x", i);
		fail(&b, id,
		     i % 3 == 0 ? EV_ISSUANCE_FAILURE_CODE_ORDER_EXPIRED
				: EV_ISSUANCE_FAILURE_CODE_LINT);
	}
	for (unsigned i = 0; i < MANY; i++) {
		snprintf(serial, sizeof(serial), "4a%014x%016x",
			 i * 7919 % MANY, i);
		cr_assert_eq(look(&b, serial).kind,
			     i % 3 == 0 ? STATUS_REVOKED : STATUS_UNKNOWN);
	}
	cr_assert_eq(status_book_count(b.book), MANY);
	cr_assert_eq(status_book_revoked(b.book), (MANY + 2) / 3);
	cr_assert(status_book_each_revoked(b.book, list, &l, &e));
	cr_assert_eq(l.count, (MANY + 2) / 3);
	cr_assert_not(status_book_each_revoked(b.book, stop, NULL, &e));
	cr_assert_eq(e.code, 7);
	status_book_free(b.book);
}
