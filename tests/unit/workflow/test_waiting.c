/* Identity of inputs, roles, and events that wait. */
#include <stdio.h>
#include <string.h>

#include "world.h"

#define C(code) EV_REFUSAL_CODE_##code

Test(identity, repeats_report_the_first_outcome)
{
	AUTO(world) struct world *w = world_new(TAX);
	struct event *good = submit_event(w, R1, 1);
	struct event *bad = submit_event(w, R2, 1);

	submission(bad)->validity_months = 0;
	world_say(w, good);
	world_say(w, bad);
	cr_expect_eq(world_say(w, bad), WF_REPEATED);
	cr_expect_eq(w->last.outcome.result, EV_OUTCOME_RESULT_REFUSED);
	cr_expect_eq(world_code(w), C(MONTHS_RANGE));
	cr_expect_str_eq(w->last.outcome.field, "submission.validity_months");
	cr_expect_eq(w->last.outcome.sequence, 2);
	cr_expect_eq(world_say(w, good), WF_REPEATED);
	cr_expect_eq(w->last.outcome.result, EV_OUTCOME_RESULT_ADMITTED);
	cr_expect_eq(w->last.outcome.sequence, 1);
	cr_expect_eq(w->log_count, 2);
}

Test(identity, same_id_with_another_body)
{
	AUTO(world) struct world *w = world_new(TAX);
	struct event *first = submit_event(w, R1, 1);
	struct event *second = submit_event(w, R2, 1);

	second->meta.event_id = first->meta.event_id;
	world_say(w, first);
	cr_expect_eq(world_say(w, second), WF_REFUSED);
	cr_expect_eq(world_code(w), C(EVENT_ID_CONFLICT));
	cr_expect_eq(world_say(w, second), WF_REPEATED);
	cr_expect_eq(world_code(w), C(EVENT_ID_CONFLICT));
	cr_expect_eq(world_say(w, first), WF_REPEATED);
	cr_expect_eq(w->last.outcome.result, EV_OUTCOME_RESULT_ADMITTED);
}

/* A portal cannot squat on the id of a worker's outcome. */
Test(identity, ids_of_other_inboxes_do_not_count)
{
	AUTO(world) struct world *w = world_new(TAX);
	struct event *portal = submit_event(w, R1, 1);
	struct event *worker;

	key_requested(w, E1);
	worker = world_event(w, EVENT_KEY_PAIR_FAILED, "keygen-1");
	worker->key_pair_failed.enrolment_id = E1;
	worker->key_pair_failed.detail = "";
	portal->meta.event_id = worker->meta.event_id;
	cr_assert_eq(world_say(w, portal), WF_ADMITTED);
	cr_expect_eq(world_say(w, worker), WF_ADMITTED);
}

Test(identity, inbox_and_role)
{
	AUTO(world) struct world *w = world_new(TAX);
	struct event *ev = submit_event(w, R1, 1);

	cr_expect_eq(world_say_in(w, INBOX_EINVOICE, ev), WF_REFUSED);
	cr_expect_eq(world_code(w), C(ROLE));
	ev = submit_event(w, R1, 1);
	ev->meta.actor.role = EV_ACTOR_ROLE_MANAGER;
	cr_expect_eq(world_say(w, ev), WF_REFUSED);
	cr_expect_eq(world_code(w), C(ROLE));
	cr_expect_str_eq(w->last.outcome.field, "meta.actor.role");
}

/* The registrar's own events, sent by a portal. */
Test(identity, registrars_events_have_no_inbox)
{
	AUTO(world) struct world *w = world_new(TAX);
	struct event *ev = world_event(w, EVENT_ENROLMENT_ABANDONED, "x");

	key_requested(w, E1);
	ev->enrolment_abandoned.enrolment_id = E1;
	ev->meta.actor.role = EV_ACTOR_ROLE_REGISTRAR;
	for (int i = INBOX_EINVOICE; i < INBOX__COUNT; i++) {
		world_say_in(w, (enum event_inbox)i, ev);
		cr_expect_eq(world_code(w), C(ROLE));
	}
}

Test(identity, tax_code)
{
	AUTO(world) struct world *w = world_new("0199000113");

	key_requested(w, E1);
	cr_expect_eq(world_code(w), C(TAX_CODE_INVALID));
}

Test(identity, technical_failure_decides_nothing)
{
	AUTO(world) struct world *w = world_new(TAX);
	struct event *ev = submit_event(w, R1, 1);
	const struct wf_input in = { .inbox = INBOX_OFFICER,
				     .event = ev,
				     .body_sha256 = { 1 },
				     .source = { .topic = "t" } };
	struct wf_decision d;

	w->broken = true;
	cr_expect(!wf_decide(&w->env, w->s, &in, w->a, &d, &w->e));
	cr_expect_eq(w->e.kind, ERR_RETRY);
	cr_expect_eq(subject_sequence(w->s), 0);
}

Test(identity, unreadable_messages)
{
	AUTO(world) struct world *w = world_new(TAX);
	struct wf_refusal why = { 0 };
	struct wf_decision d;
	const struct ev_source_position at = { "certflow.inbox.officer", 0, 7 };
	const struct ev_event_refused *ev;

	wf_refuse(&why, C(NOT_WIRE_FORMAT), NULL);
	cr_assert(wf_refuse_unreadable(&w->env, w->s, &why, &at,
				       bytes_of("x", 1), w->a, &d, &w->e));
	cr_assert_eq(d.emit_count, 1);
	cr_expect_eq(d.verdict, WF_REFUSED);
	ev = &d.emits[0].event->event_refused;
	cr_expect_null(ev->meta.causation_id);
	cr_expect_null(ev->event_name);
	cr_expect_eq(ev->code, C(NOT_WIRE_FORMAT));
	cr_expect_eq(*ev->meta.sequence, 1);
	cr_expect_eq(ev->source.offset, 7);
}

/* --- waiting ------------------------------------------------------------ */

Test(waiting, saved_before_its_csr)
{
	AUTO(world) struct world *w = world_new(TAX);
	const struct wf_deferred *d;

	key_requested(w, E1);
	cr_expect_eq(enrolment_saved(w, E1), WF_DEFERRED);
	cr_expect_eq(world_code(w), C(STATE));
	d = subject_deferred(w->s, 0);
	cr_assert_not_null(d);
	cr_expect_eq(d->deadline, w->env.now + US_PER_DAY);
	cr_expect_str_eq(d->event_name, "EnrolmentSaved");
	cr_expect_eq(world_retry(w), 0);
	w->env.now += US_PER_DAY / 2;
	cr_expect_eq(world_retry(w), 0);
	csr_generated(w, E1);
	cr_expect_eq(world_retry(w), 1);
	cr_expect_null(subject_deferred(w->s, 0));
	cr_expect_eq(subject_enrolment(w->s, E1)->state, WF_ENROLMENT_SAVED);
	world_check_replay(w);
}

/* Known only later: then it may wait as long as the enrolment lives. */
Test(waiting, saved_before_its_enrolment)
{
	AUTO(world) struct world *w = world_new(TAX);

	cr_expect_eq(enrolment_saved(w, E1), WF_DEFERRED);
	cr_expect_eq(world_code(w), C(ENROLMENT_UNKNOWN));
	cr_expect_eq(subject_deferred(w->s, 0)->deadline,
		     w->env.now + 600 * US_PER_S);
	key_requested(w, E1);
	cr_expect_eq(world_retry(w), 1);
	cr_expect_eq(subject_deferred(w->s, 0)->deadline,
		     w->env.now + US_PER_DAY);
	cr_expect_null(subject_deferred(w->s, 1));
	w->env.now += 3600 * US_PER_S;
	csr_generated(w, E1);
	cr_expect_eq(world_retry(w), 1);
	cr_expect_eq(subject_enrolment(w->s, E1)->state, WF_ENROLMENT_SAVED);
	world_check_replay(w);
}

Test(waiting, too_long)
{
	AUTO(world) struct world *w = world_new(TAX);

	cr_expect_eq(issue(w, R1), WF_DEFERRED);
	cr_expect_eq(subject_next_deadline(w->s, &w->env),
		     w->env.now + 600 * US_PER_S);
	w->env.now += 600 * US_PER_S - 1;
	cr_expect_eq(world_retry(w), 0);
	w->env.now += 1;
	cr_expect_eq(world_retry(w), 1);
	cr_expect_eq(w->last.verdict, WF_REFUSED);
	cr_expect_eq(world_code(w), C(DEFERRED_TOO_LONG));
	cr_expect_str_eq(world_param(w, "waiting_for"), "REQUEST_UNKNOWN");
	cr_expect_null(subject_deferred(w->s, 0));
	world_check_replay(w);
}

Test(waiting, at_most_sixteen)
{
	AUTO(world) struct world *w = world_new(TAX);
	char id[64];

	for (unsigned i = 0; i < 17; i++) {
		struct event *ev = issue_event(w, R1);

		snprintf(id, sizeof(id), "aaaaaaaa-aaaa-4aaa-8aaa-%012u", i);
		ev->issuance_requested.request_id =
			arena_text(w->a, id, strlen(id));
		cr_expect_eq(world_say(w, ev),
			     i < 16 ? WF_DEFERRED : WF_REFUSED);
	}
	cr_expect_eq(world_code(w), C(TOO_MANY_DEFERRED));
}

Test(waiting, repeats_of_a_waiting_event)
{
	AUTO(world) struct world *w = world_new(TAX);
	struct event *ev = issue_event(w, R1);

	world_say(w, ev);
	cr_expect_eq(world_say(w, ev), WF_REPEATED);
	cr_expect_eq(w->last.outcome.result, EV_OUTCOME_RESULT_DEFERRED);
	cr_expect_null(subject_deferred(w->s, 1));
	w->env.now += 600 * US_PER_S;
	world_retry(w);
	cr_expect_eq(world_say(w, ev), WF_REPEATED);
	cr_expect_eq(w->last.outcome.result, EV_OUTCOME_RESULT_REFUSED);
	cr_expect_eq(world_code(w), C(DEFERRED_TOO_LONG));
}

/* Everything arrives backwards, and still comes true. */
Test(waiting, journey_in_reverse)
{
	AUTO(world) struct world *w = world_new(TAX);

	cr_expect_eq(enrolment_saved(w, E1), WF_DEFERRED);
	cr_expect_eq(issue(w, R1), WF_DEFERRED);
	cr_assert_eq(submit(w, R1, 1), WF_ADMITTED);
	world_retry(w);
	cr_expect_eq(approve(w, R1, E1), WF_DEFERRED);
	cr_expect_eq(world_code(w), C(CSR_NONE));
	key_requested(w, E1);
	world_retry(w);
	csr_generated(w, E1);
	world_retry(w);
	cr_expect_null(subject_deferred(w->s, 0));
	cr_expect_eq(subject_request(w->s, R1)->state,
		     EV_REQUEST_STATE_ISSUING);
	world_check_replay(w);
}

static struct event *
returned_event(struct world *w, const char *request_id)
{
	struct event *ev = world_event(w, EVENT_REQUEST_RETURNED, MANAGER);

	ev->request_returned.request_id = request_id;
	ev->request_returned.revision = 1;
	ev->request_returned.reason = "";
	return ev;
}

/* Same inbox, same request: nobody overtakes; another request passes. */
Test(waiting, order_within_an_inbox)
{
	AUTO(world) struct world *w = world_new(TAX);

	submit(w, R1, 1);
	submit(w, R2, 1);
	cr_assert_eq(approve(w, R1, E1), WF_DEFERRED);
	cr_expect_eq(world_say(w, returned_event(w, R1)), WF_DEFERRED);
	cr_expect_eq(world_code(w), C(CSR_NONE));
	cr_expect_eq(world_say(w, returned_event(w, R2)), WF_ADMITTED);
	enrol(w, E1);
	cr_expect_eq(world_retry(w), 2);
	cr_expect_eq(subject_request(w->s, R1)->state,
		     EV_REQUEST_STATE_RETURNED);
	cr_expect_not_null(world_find(w, EVENT_REQUEST_APPROVED));
	world_check_replay(w);
}

/* Octets with personal data never reach the log by way of waiting. */
Test(waiting, csr_content_comes_first)
{
	AUTO(world) struct world *w = world_new(TAX);
	struct event *ev = issue_event(w, R1);

	w->csr_refuses = C(CSR_PERSONAL_DATA);
	ev->issuance_requested.csr_source = EV_CSR_SOURCE_UPLOADED;
	ev->issuance_requested.csr_der = world_csr(w, TAX, "x", "k");
	cr_expect_eq(world_say(w, ev), WF_REFUSED);
	cr_expect_eq(world_code(w), C(CSR_PERSONAL_DATA));
	cr_expect_eq(csr_generated(w, E1), WF_REFUSED);
	cr_expect_null(subject_deferred(w->s, 0));
}

Test(waiting, original_headers_come_back)
{
	AUTO(world) struct world *w = world_new(TAX);
	struct event *ev = issue_event(w, R1);
	const struct ev_bytes_entry headers[] = {
		{ "traceparent", bytes_of("00-1", 4) },
		{ "certflow-object", bytes_of("spoof", 5) },
	};
	struct wf_input in = { .inbox = INBOX_OFFICER,
			       .event = ev,
			       .headers = headers,
			       .header_count = 2,
			       .payload = bytes_of("\0\0\0\0\7body", 9),
			       .source = { "certflow.inbox.officer", 0, 5 } };
	const struct wf_deferred *d;
	struct wf_record r = { 0 };

	sha256(bytes_of("body", 4), in.body_sha256);
	cr_assert(wf_decide(&w->env, w->s, &in, w->a, &w->last, &w->e));
	cr_assert_eq(w->last.verdict, WF_DEFERRED);
	r.event = w->last.emits[0].event;
	cr_assert(subject_apply(w->s, &r, &w->e), "%s", w->e.text);
	d = subject_deferred(w->s, 0);
	cr_assert_eq(d->header_count, 1);
	cr_expect_str_eq(d->headers[0].key, "traceparent");
	cr_expect(bytes_equal(d->payload, in.payload));
	cr_expect_eq(d->source.offset, 5);
	cr_expect_eq(d->inbox, INBOX_OFFICER);
	cr_expect_str_eq(w->s->st.waiting.items[0].object, R1);
}
