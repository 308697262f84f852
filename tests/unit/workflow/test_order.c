/* What the issuer answers, and orders that are given up. */
#include <string.h>

#include "world.h"

#define C(code) EV_REFUSAL_CODE_##code

static struct world *
issuing(void)
{
	struct world *w = world_new(TAX);

	enrol(w, E1);
	submit(w, R1, 1);
	approve(w, R1, E1);
	cr_assert_eq(issue(w, R1), WF_ADMITTED);
	return w;
}

static const char *
ordered_serial(const struct world *w)
{
	return world_find(w, EVENT_ISSUANCE_ORDERED)
		->issuance_ordered.serial_number;
}

/* Refused, kept with its DER, and this request and serial as told. */
static void
expect_rejected(struct world *w, const struct event *ev,
		enum ev_refusal_code code, enum ev_request_state state,
		bool revoked)
{
	const struct ev_certificate_rejected *kept;

	cr_expect_eq(world_say(w, ev), WF_REFUSED);
	cr_expect_eq(world_code(w), code, "%s",
		     ev_refusal_code_name(world_code(w)));
	cr_assert_eq(w->last.emit_count, 2);
	cr_expect_eq(w->last.emits[0].event->type, EVENT_EVENT_REFUSED);
	cr_assert_eq(w->last.emits[1].event->type, EVENT_CERTIFICATE_REJECTED);
	kept = &w->last.emits[1].event->certificate_rejected;
	cr_expect(bytes_equal(kept->certificate_der,
			      ev->certificate_issued.certificate_der));
	cr_expect_eq(kept->code, code);
	cr_expect_eq(subject_request(w->s, R1)->state, state, "%s",
		     wf_state_name(WF_REQUEST,
				   (int)subject_request(w->s, R1)->state));
	cr_expect_eq(subject_serial_revoked(w->s, ordered_serial(w)), revoked);
	world_check_replay(w);
}

Test(order, wrong_signature)
{
	AUTO(world) struct world *w = issuing();

	expect_rejected(w, issued_event(w, 0, 0), C(SIGNATURE_WRONG),
			EV_REQUEST_STATE_ISSUANCE_FAILED, true);
}

Test(order, other_octets_than_ordered)
{
	AUTO(world) struct world *w = issuing();
	struct event *ev = issued_event(w, 1, 0);
	uint8_t *der = (uint8_t *)ev->certificate_issued.certificate_der.data;

	der[ev->certificate_issued.certificate_der.len - 6] ^= 1;
	expect_rejected(w, ev, C(ORDER_MISMATCH),
			EV_REQUEST_STATE_ISSUANCE_FAILED, true);
}

Test(order, not_even_a_certificate)
{
	AUTO(world) struct world *w = issuing();
	struct event *ev = issued_event(w, 1, 0);

	ev->certificate_issued.certificate_der = bytes_of("\0\1\2", 3);
	expect_rejected(w, ev, C(ORDER_MISMATCH),
			EV_REQUEST_STATE_ISSUANCE_FAILED, true);
}

Test(order, serial_of_another)
{
	AUTO(world) struct world *w = issuing();
	struct event *ev = issued_event(w, 1, 0);

	ev->certificate_issued.serial_number = "41";
	expect_rejected(w, ev, C(ORDER_MISMATCH),
			EV_REQUEST_STATE_ISSUANCE_FAILED, true);
}

/* No such order: the serial in the DER is revoked, the request goes on. */
Test(order, of_nobody)
{
	AUTO(world) struct world *w = issuing();
	struct event *ev = issued_event(w, 1, 0);

	ev->certificate_issued.order_id = R3;
	cr_expect_eq(world_say(w, ev), WF_REFUSED);
	cr_expect_eq(world_code(w), C(ORDER_MISMATCH));
	cr_expect_eq(subject_request(w->s, R1)->state,
		     EV_REQUEST_STATE_ISSUING);
	cr_expect(subject_serial_revoked(w->s, ordered_serial(w)));
	world_check_replay(w);
}

/* After a crash: the same certificate, told again with another time. */
Test(order, told_twice)
{
	AUTO(world) struct world *w = issuing();
	struct event *again;

	cr_assert_eq(issued(w), WF_ADMITTED);
	again = issued_event(w, 1, 0);
	cr_expect_eq(world_say(w, again), WF_REFUSED);
	cr_expect_eq(world_code(w), C(STATE));
	cr_expect_eq(w->last.emit_count, 1);
	cr_expect_eq(w->s->st.certificates.count, 1);
}

/* ECDSA: a second signature over the same octets, under the same id. */
Test(order, signed_twice)
{
	AUTO(world) struct world *w = issuing();
	struct event *first = issued_event(w, 1, 0);
	struct event *second = issued_event(w, 1, 9);

	second->meta.event_id = first->meta.event_id;
	cr_assert_eq(world_say(w, first), WF_ADMITTED);
	expect_rejected(w, second, C(EVENT_ID_CONFLICT),
			EV_REQUEST_STATE_ISSUED, false);
	cr_expect_eq(w->s->st.certificates.items[0].ca, WF_CA_GOOD);
	cr_expect_eq(world_say(w, second), WF_REPEATED);
	cr_expect_eq(world_code(w), C(EVENT_ID_CONFLICT));
	cr_expect_eq(world_say(w, first), WF_REPEATED);
	cr_expect_eq(w->last.outcome.result, EV_OUTCOME_RESULT_ADMITTED);
}

static struct event *
failed_event(struct world *w, enum ev_issuance_failure_code code)
{
	const struct event *order = world_find(w, EVENT_ISSUANCE_ORDERED);
	struct event *ev = world_event(w, EVENT_ISSUANCE_FAILED, "issuer-1");

	ev->issuance_failed = (struct ev_issuance_failed){
		.meta = ev->meta,
		.order_id = order->meta.event_id,
		.request_id = R1,
		.serial_number = ordered_serial(w),
		.code = code,
		.detail = "",
	};
	return ev;
}

Test(order, failed_and_ordered_again)
{
	AUTO(world) struct world *w = issuing();
	struct event *ev = failed_event(w, EV_ISSUANCE_FAILURE_CODE_LINT);
	const char *serial = ordered_serial(w);

	ev->issuance_failed.serial_number = "41";
	world_say(w, ev);
	cr_expect_eq(world_code(w), C(ORDER_MISMATCH));
	ev = failed_event(w, EV_ISSUANCE_FAILURE_CODE_LINT);
	cr_assert_eq(world_say(w, ev), WF_ADMITTED);
	cr_expect(!subject_serial_revoked(w->s, serial));
	cr_assert_eq(issue(w, R1), WF_ADMITTED);
	cr_expect_str_neq(ordered_serial(w), serial);
	cr_assert_eq(issued(w), WF_ADMITTED);
	world_check_replay(w);
}

/* A failed order that was signed after all may not slip in. */
Test(order, issued_after_failed)
{
	AUTO(world) struct world *w = issuing();
	struct event *late = issued_event(w, 1, 0);

	world_say(w, failed_event(w, EV_ISSUANCE_FAILURE_CODE_LINT));
	expect_rejected(w, late, C(ORDER_MISMATCH),
			EV_REQUEST_STATE_ISSUANCE_FAILED, true);
}

static void
expect_late_certificate(struct world *w, const struct event *late)
{
	cr_expect(subject_serial_revoked(
		w->s, late->certificate_issued.serial_number));
	cr_expect_eq(world_say(w, late), WF_ADMITTED, "%s",
		     ev_refusal_code_name(world_code(w)));
	cr_expect_eq(w->s->st.certificates.items[0].ca, WF_CA_REVOKED);
	cr_expect_eq(subject_enrolment(w->s, E1)->state, WF_ENROLMENT_SAVED);
	cr_expect_eq(subject_request(w->s, R1)->state,
		     EV_REQUEST_STATE_ISSUANCE_FAILED);
	world_check_replay(w);
	cr_assert_eq(issue(w, R1), WF_ADMITTED, "%s",
		     ev_refusal_code_name(world_code(w)));
	cr_expect_eq(issued(w), WF_ADMITTED);
	cr_expect_eq(w->s->st.certificates.items[1].ca, WF_CA_GOOD);
	world_check_replay(w);
}

Test(order, expired_then_issued)
{
	AUTO(world) struct world *w = issuing();
	struct event *late = issued_event(w, 1, 0);

	world_say(w, failed_event(w, EV_ISSUANCE_FAILURE_CODE_ORDER_EXPIRED));
	expect_late_certificate(w, late);
}

Test(order, voided_then_issued)
{
	AUTO(world) struct world *w = issuing();
	struct event *late = issued_event(w, 1, 0);
	struct event *ev = world_event(w, EVENT_ORDER_VOID_REQUESTED, MANAGER);

	ev->order_void_requested.order_id = late->certificate_issued.order_id;
	ev->order_void_requested.reason = "no answer";
	cr_assert_eq(world_say(w, ev), WF_ADMITTED);
	cr_expect_eq(w->last.emits[1].event->type, EVENT_ORDER_VOIDED);
	cr_expect_str_eq(w->last.emits[1].event->order_voided.serial_number,
			 late->certificate_issued.serial_number);
	expect_late_certificate(w, late);
}

/* A serial revoked before its certificate was seen stays revoked. */
Test(order, revoked_before_issued)
{
	AUTO(world) struct world *w = issuing();
	int64_t sequence = subject_sequence(w->s) + 1;
	struct event ev = { .type = EVENT_CERTIFICATE_REVOKED };
	const struct wf_record r = { .event = &ev };

	ev.meta = world_event(w, EVENT_CERTIFICATE_REVOKED, "registrar")->meta;
	ev.meta.sequence = &sequence;
	ev.certificate_revoked.serial_number = ordered_serial(w);
	cr_assert(subject_apply(w->s, &r, &w->e), "%s", w->e.text);
	cr_assert_eq(issued(w), WF_ADMITTED);
	cr_expect_eq(w->s->st.certificates.items[0].ca, WF_CA_REVOKED);
	world_say(w, serial_event(w, EVENT_ACTIVATION_REQUESTED, CUSTOMER));
	cr_expect_eq(world_code(w), C(CERTIFICATE_NOT_GOOD));
}

/* The key of a certificate is used up, in every way it may come back. */
Test(order, certified_key_is_used)
{
	AUTO(world) struct world *w = world_new(TAX);
	struct event *ev;

	certified(w, E1, R1);
	ev = submit_event(w, R2, 1);
	submission(ev)->enrolment_id = E1;
	world_say(w, ev);
	cr_expect_eq(world_code(w), C(KEY_USED));
	submit(w, R2, 1);
	cr_expect_eq(approve(w, R2, E1), WF_DEFERRED);
	cr_expect_eq(world_code(w), C(CSR_NONE));
}

Test(order, known_keys)
{
	AUTO(world) struct world *w = world_new(TAX);
	struct wf_known_key key;

	certified(w, E1, R1);
	enrol(w, E2);
	cr_assert(subject_known_key(w->s, 0, &key));
	cr_expect(key.certified);
	cr_assert(subject_known_key(w->s, 1, &key));
	cr_expect(!key.certified);
	cr_expect(!subject_known_key(w->s, 2, &key));
}

/* Keys first, then the ids of E1, E2 and R1. */
Test(order, claims)
{
	AUTO(world) struct world *w = world_new(TAX);
	struct ev_sha256 claim, id;

	certified(w, E1, R1);
	enrol(w, E2);
	cr_assert(subject_claim(w->s, 1, &claim));
	cr_expect(sha256_equal(&claim,
			       &w->s->st.enrolments.items[1].spki_sha256));
	cr_assert(subject_claim(w->s, 3, &claim));
	cr_assert(wf_id_digest(WF_ID_ENROLMENT, E2, &id));
	cr_expect(sha256_equal(&claim, &id));
	cr_assert(subject_claim(w->s, 4, &claim));
	cr_assert(wf_id_digest(WF_ID_REQUEST, R1, &id));
	cr_expect(sha256_equal(&claim, &id));
	cr_expect(!subject_claim(w->s, 5, &claim));
}
