/*
 * Certificates that come after their revocation, against a real database: in
 * the certificate's row, its label, its history and what goes on the CRL.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "store_fixture.h"

TestSuite(late, .init = store_set_up, .fini = store_tear_down);

#define REVOKED "REVOKED Đã thu hồi REVOKED 1"

static char *
ca_state(const char *serial)
{
	static const struct db_statement st = {
		"ca state", "SELECT concat_ws(' ', ca_state, ca_state_label,"
			    " certificate_ca_state_at(serial_number, now()),"
			    " (SELECT count(*) FROM revoked_serial v"
			    " WHERE v.serial_number = c.serial_number))"
			    " FROM certificate c WHERE serial_number = $1"
	};
	const struct db_value param = db_text(serial);
	AUTO(db_result) struct db_result *res = NULL;

	cr_assert(db_exec(db, &st, &param, 1, &res, &e), "%s", e.text);
	cr_assert_eq(db_rows(res), 1);
	return strdup(db_get_text(res, 0, 0));
}

/* The journey's events, to be changed by a test. */
static struct event *
changed_journey(enum event_type type, size_t *at)
{
	static struct event own[64];

	memcpy(own, events, count * sizeof(own[0]));
	events = own;
	for (*at = 0; own[*at].type != type; ++*at)
		cr_assert(*at + 1 < count);
	return &own[*at];
}

/* However the log is cut, and read again: this serial is revoked. */
static void
always_revoked(const char *serial)
{
	for (size_t size = 1; size <= count; size++)
		for (size_t again = 0; again < 2; again++) {
			AUTO(str) char *found = NULL;

			if (again == 0)
				cr_assert(db_run(db, truncate_all, &e));
			forget_positions();
			for (size_t at = 0; at < count; at += size)
				write_range(at, at + size < count ? at + size
								  : count);
			found = ca_state(serial);
			cr_assert_str_eq(found, REVOKED, "batches of %zu: %s",
					 size, found);
		}
}

Test(late, late_certificate_of_a_voided_order)
{
	always_revoked(JOURNEY_SERIAL_VOIDED);
}

Test(late, late_certificate_of_an_expired_order)
{
	size_t at;
	struct event *ev = changed_journey(EVENT_ORDER_VOIDED, &at);
	const struct ev_order_voided was = ev->order_voided;

	ev->type = EVENT_ISSUANCE_FAILED;
	ev->issuance_failed = (struct ev_issuance_failed){
		.meta = was.meta,
		.order_id = was.order_id,
		.request_id = JOURNEY_REQUEST,
		.serial_number = was.serial_number,
		.code = EV_ISSUANCE_FAILURE_CODE_ORDER_EXPIRED,
		.detail = "sign_before has passed",
	};
	always_revoked(JOURNEY_SERIAL_VOIDED);
}

/* The late certificate of the journey gives way to a revocation of the good
 * one, which comes next. */
Test(late, certificate_revoked_before_it_came)
{
	size_t at;
	struct event *ev = changed_journey(EVENT_CERTIFICATE_ISSUED, &at);
	const struct ev_meta meta = ev->meta;

	ev->type = EVENT_CERTIFICATE_REVOKED;
	ev->certificate_revoked = (struct ev_certificate_revoked){
		.meta = meta,
		.serial_number = JOURNEY_SERIAL,
		.reason = EV_REVOCATION_REASON_KEY_COMPROMISE,
		.effective_at = *meta.recorded_at,
		.status_change_id = JOURNEY_REQUEST,
	};
	count = at + 2;
	always_revoked(JOURNEY_SERIAL);
}

/* Something was signed for it that may not be admitted. */
Test(late, order_whose_outcome_was_rejected_is_on_the_crl)
{
	static const struct db_statement st = {
		"listed", "SELECT count(*) FROM revoked_serial"
			  " WHERE serial_number = '" JOURNEY_SERIAL_VOIDED "'"
	};
	AUTO(db_result) struct db_result *res = NULL;
	size_t at;
	struct event *ev = changed_journey(EVENT_ORDER_VOIDED, &at);
	const struct ev_order_voided was = ev->order_voided;

	ev->type = EVENT_CERTIFICATE_REJECTED;
	ev->certificate_rejected = (struct ev_certificate_rejected){
		.meta = was.meta,
		.order_id = was.order_id,
		.certificate_der = bytes_of_str("der"),
		.code = EV_REFUSAL_CODE_ORDER_MISMATCH,
	};
	write_range(0, at + 1);
	cr_assert(db_exec(db, &st, NULL, 0, &res, &e), "%s", e.text);
	cr_expect_eq(db_get_int(res, 0, 0), 1);
}
