#include <criterion/criterion.h>

#include "journey.h"
#include "projector/fold.h"

static struct fold *f;
static struct err e;

static void
set_up(void)
{
	cr_assert(fold_new(&f, &e), "%s", e.text);
}

static void
tear_down(void)
{
	fold_free(f);
}

TestSuite(fold, .init = set_up, .fini = tear_down);

/* Fold events from..to-1 of the journey as one batch. */
static void
fold_range(size_t from, size_t to)
{
	static const uint8_t digest[SHA256_LEN] = { 0x5d };
	size_t count;
	const struct event *events = journey(&count);

	cr_assert(to <= count);
	for (size_t i = from; i < to; i++)
		cr_assert(fold_expect(f, &events[i], &e), "%s", e.text);
	for (size_t i = from; i < to; i++) {
		const struct fold_record r = {
			.event = &events[i],
			.offset = (int64_t)i,
			.submission_sha256 = bytes_of(digest, SHA256_LEN),
		};

		cr_assert(fold_event(f, &r, &e), "event %zu: %s", i, e.text);
	}
}

static void
fold_all(void)
{
	size_t count;

	journey(&count);
	fold_range(0, count);
}

static const char *
text(enum table_id t, const char *key, size_t column)
{
	const struct row *r = rows_find(fold_rows(f, t), key);

	cr_assert_not_null(r, "no row %s", key);
	return r->values[column].null ? NULL : r->values[column].text;
}

Test(fold, one_row_for_all_events_of_a_key)
{
	fold_all();
	cr_expect_eq(fold_rows(f, TABLE_REQUEST)->count, 1);
	cr_expect_eq(fold_rows(f, TABLE_ENROLMENT)->count, 1);
	cr_expect_eq(fold_rows(f, TABLE_ORDER)->count, 2);
	cr_expect_eq(fold_rows(f, TABLE_CERTIFICATE)->count, 2);
	cr_expect(fold_rows(f, TABLE_REQUEST)->rows[0]->complete);
}

Test(fold, request_ends_issued_with_the_second_revision)
{
	fold_all();
	cr_expect_str_eq(text(TABLE_REQUEST, JOURNEY_REQUEST, REQUEST_state),
			 "ISSUED");
	cr_expect_str_eq(
		text(TABLE_REQUEST, JOURNEY_REQUEST, REQUEST_legal_name),
		"CÔNG TY MẪU HAI");
	cr_expect_null(text(TABLE_REQUEST, JOURNEY_REQUEST, REQUEST_locality));
	cr_expect_str_eq(
		text(TABLE_REQUEST, JOURNEY_REQUEST, REQUEST_creator_id),
		"gdv-07");
	cr_expect_str_eq(
		text(TABLE_REQUEST, JOURNEY_REQUEST, REQUEST_editor_ids),
		"gdv-07" EDITOR_SEPARATOR "gdv-08");
	cr_expect_str_eq(
		text(TABLE_REQUEST, JOURNEY_REQUEST, REQUEST_serial_number),
		JOURNEY_SERIAL);
}

Test(fold, customer_is_the_approved_submission)
{
	fold_all();
	cr_expect_str_eq(
		text(TABLE_CUSTOMER, JOURNEY_TAX_CODE, CUSTOMER_legal_name),
		"CÔNG TY MẪU HAI");
	cr_expect(fold_rows(f, TABLE_CUSTOMER)->rows[0]->complete);
}

Test(fold, approval_alone_is_completed_by_the_database)
{
	size_t at = 0;
	size_t count;
	const struct event *events = journey(&count);

	while (events[at].type != EVENT_REQUEST_APPROVED)
		at++;
	fold_range(at, at + 1);
	cr_expect_not(fold_rows(f, TABLE_CUSTOMER)->rows[0]->complete);
	cr_expect_not(fold_rows(f, TABLE_REQUEST)->rows[0]->complete);
}

Test(fold, late_certificate_of_a_voided_order_is_revoked)
{
	fold_all();
	cr_expect_str_eq(text(TABLE_CERTIFICATE, JOURNEY_SERIAL_VOIDED,
			      CERTIFICATE_ca_state),
			 "REVOKED");
	cr_expect_str_eq(
		text(TABLE_CERTIFICATE, JOURNEY_SERIAL, CERTIFICATE_ca_state),
		"GOOD");
}

/* Of the order's id is the revocation that still waits, see journey.c. */
Test(fold, who_asked_for_a_change_of_status_and_who_decided)
{
	static const struct {
		const char *id, *kind, *state, *decided_by;
	} expected[] = {
		{ JOURNEY_ENROLMENT, "SUSPENSION", "DONE", NULL },
		{ JOURNEY_REQUEST, "RESUMPTION", "DONE", "ql-02" },
		{ JOURNEY_ORDER, "REVOCATION", "OPEN", NULL },
	};

	fold_all();
	cr_assert_eq(fold_rows(f, TABLE_STATUS_CHANGE)->count, 3);
	for (size_t i = 0; i < 3; i++) {
		const char *id = expected[i].id;
		const char *by =
			text(TABLE_STATUS_CHANGE, id, STATUS_CHANGE_decided_by);

		cr_expect_str_eq(
			text(TABLE_STATUS_CHANGE, id, STATUS_CHANGE_kind),
			expected[i].kind);
		cr_expect_str_eq(
			text(TABLE_STATUS_CHANGE, id, STATUS_CHANGE_state),
			expected[i].state);
		cr_expect_str_eq(text(TABLE_STATUS_CHANGE, id,
				      STATUS_CHANGE_requested_by),
				 "gdv-07");
		cr_expect_eq(by == NULL, expected[i].decided_by == NULL);
		if (by != NULL && expected[i].decided_by != NULL)
			cr_expect_str_eq(by, expected[i].decided_by);
	}
	cr_expect_str_eq(
		text(TABLE_STATUS_CHANGE, JOURNEY_ORDER, STATUS_CHANGE_reason),
		"SUPERSEDED");
}

Test(fold, hold_interrupts_an_activation)
{
	const struct row_set *s;
	static const char *const states[] = { "INACTIVE",   "INACTIVE",
					      "ACTIVATING", "INACTIVE",
					      "ACTIVATING", "ACTIVE" };

	fold_all();
	s = fold_rows(f, TABLE_USE_HISTORY);
	cr_assert_eq(s->count, 6);
	for (size_t i = 0; i < 6; i++)
		cr_expect_str_eq(s->rows[i]->values[USE_HISTORY_state].text,
				 states[i], "row %zu", i);
}

Test(fold, every_event_has_a_place_in_the_timeline)
{
	size_t count;

	journey(&count);
	fold_all();
	cr_expect_eq(fold_rows(f, TABLE_TIMELINE)->count, count);
	cr_expect_eq(fold_rows(f, TABLE_REFUSAL)->count, 1);
	cr_expect_eq(fold_rows(f, TABLE_DEFERRED)->count, 1);
}

Test(fold, unknown_order_is_refused_and_leaves_no_row)
{
	const int64_t one = 1;
	const struct event ev = {
		.type = EVENT_CERTIFICATE_ISSUED,
		.certificate_issued = { .meta = { .event_id = JOURNEY_REQUEST,
						  .tax_code = JOURNEY_TAX_CODE,
						  .sequence = &one,
						  .recorded_at = &one },
					.order_id = JOURNEY_PERSON,
					.serial_number = JOURNEY_SERIAL },
	};

	cr_assert(fold_expect(f, &ev, &e));
	cr_expect_str_eq(fold_wanted_order(f, 0), JOURNEY_PERSON);
	cr_expect_not(fold_event(f, &(struct fold_record){ .event = &ev }, &e));
	cr_expect_eq(e.kind, ERR_REJECT);
	cr_expect_eq(fold_rows(f, TABLE_TIMELINE)->count, 0);
}

Test(fold, unadmitted_event_is_refused)
{
	const struct event ev = { .type = EVENT_ENROLMENT_SAVED };

	cr_expect_not(fold_event(f, &(struct fold_record){ .event = &ev }, &e));
	cr_expect_eq(e.kind, ERR_REJECT);
}

Test(fold, activation_that_came_too_late_ends_inactive)
{
	static const struct ev_string_entry params[] = { { "serial_number",
							   JOURNEY_SERIAL } };
	const int64_t one = 1;
	struct event ev = { .type = EVENT_EVENT_REFUSED };
	struct ev_event_refused *x = &ev.event_refused;

	ev.meta.event_id = JOURNEY_REQUEST;
	ev.meta.tax_code = JOURNEY_TAX_CODE;
	ev.meta.sequence = &one;
	ev.meta.recorded_at = &one;
	x->source.topic = "certflow.inbox.activator";
	x->event_name = "CertificateActivated";
	x->code = EV_REFUSAL_CODE_CERTIFICATE_NOT_GOOD;
	x->params.items = params;
	x->params.count = 1;
	cr_assert(fold_event(f, &(struct fold_record){ .event = &ev }, &e),
		  "%s", e.text);
	cr_expect_str_eq(
		text(TABLE_CERTIFICATE, JOURNEY_SERIAL, CERTIFICATE_use_state),
		"INACTIVE");
}

/* A hold of certificate JOURNEY_SERIAL, while the database says that it has
 * been ACTIVATING since this place of the log. */
static const struct row_set *
hold_at(int64_t sequence, int64_t activating_since)
{
	const struct fold_use use = { JOURNEY_SERIAL, "ACTIVATING",
				      activating_since };
	struct event ev = { .type = EVENT_CERTIFICATE_SUSPENDED };

	ev.meta.event_id = JOURNEY_REQUEST;
	ev.meta.tax_code = JOURNEY_TAX_CODE;
	ev.meta.sequence = &sequence;
	ev.meta.recorded_at = &sequence;
	ev.certificate_suspended.serial_number = JOURNEY_SERIAL;
	ev.certificate_suspended.reason = EV_REVOCATION_REASON_CERTIFICATE_HOLD;
	cr_assert(fold_know_use(f, &use, &e));
	cr_assert(fold_event(f, &(struct fold_record){ .event = &ev }, &e),
		  "%s", e.text);
	return fold_rows(f, TABLE_USE_HISTORY);
}

Test(fold, hold_interrupts_an_activation_that_the_database_knows)
{
	const struct row_set *s = hold_at(30, 29);

	cr_assert_eq(s->count, 1);
	cr_expect_str_eq(s->rows[0]->values[USE_HISTORY_state].text,
			 "INACTIVE");
}

/* Read again, an old hold meets an activation that came after it. */
Test(fold, replayed_hold_does_not_interrupt_a_later_activation)
{
	const struct row_set *s = hold_at(30, 31);

	cr_expect_eq(s->count, 0);
	cr_expect_null(
		text(TABLE_CERTIFICATE, JOURNEY_SERIAL, CERTIFICATE_use_state));
}

Test(fold, clear_forgets)
{
	fold_all();
	fold_clear(f);
	for (size_t i = 0; i < TABLE__COUNT; i++)
		cr_expect_eq(fold_rows(f, (enum table_id)i)->count, 0);
	fold_all();
	cr_expect_eq(fold_rows(f, TABLE_REQUEST)->count, 1);
}

Test(rows, map_finds_among_many)
{
	static char keys[1000][8];
	struct map m = { 0 };

	for (size_t i = 0; i < 1000; i++) {
		snprintf(keys[i], sizeof(keys[i]), "%zu", i);
		cr_assert(map_put(&m, keys[i], keys[i], &e));
	}
	for (size_t i = 0; i < 1000; i++)
		cr_expect_eq(map_get(&m, keys[i]), keys[i]);
	cr_expect_null(map_get(&m, "1000"));
	map_free(&m);
}
