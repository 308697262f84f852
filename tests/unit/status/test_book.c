/* The fold of the log into certificate status. */
#include "bench.h"

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

static bool
signed_by_nobody(const void *self, struct bytes der)
{
	(void)self;
	(void)der;
	return false;
}

/* Or whoever may write outcomes could revoke any certificate. */
Test(book, a_forged_certificate_revokes_nothing_but_its_order)
{
	struct bench b = start(OCTETS(NAME));

	issue(&b, ORDER_A, "7f");
	status_book_verify(b.book, signed_by_nobody, NULL);
	reject(&b, ORDER_A, EV_REFUSAL_CODE_SIGNATURE_WRONG,
	       OCTETS(CERTIFICATE(NAME)));
	is_good(&b, "7f");
	status_book_verify(b.book, NULL, NULL);
	reject(&b, ORDER_A, EV_REFUSAL_CODE_SIGNATURE_WRONG,
	       OCTETS(CERTIFICATE(NAME)));
	is_good(&b, "7f");
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
