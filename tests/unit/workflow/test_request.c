/* Requests: every state against every event, and each guard. */
#include <stdio.h>
#include <string.h>

#include "world.h"

static struct event *
act(struct world *w, enum event_type type, const char *actor)
{
	struct event *ev = world_event(w, type, actor);

	switch (type) {
	case EVENT_REQUEST_RETURNED:
		ev->request_returned.request_id = R1;
		ev->request_returned.revision = 1;
		ev->request_returned.reason = "";
		break;
	case EVENT_REQUEST_REJECTED:
		ev->request_rejected.request_id = R1;
		ev->request_rejected.revision = 1;
		ev->request_rejected.reason = "";
		break;
	case EVENT_REQUEST_WITHDRAWN:
		ev->request_withdrawn.request_id = R1;
		ev->request_withdrawn.reason = "";
		break;
	case EVENT_REQUEST_REASSIGNED:
		ev->request_reassigned.request_id = R1;
		ev->request_reassigned.new_officer_id = "gdv-2";
		ev->request_reassigned.reason = "";
		break;
	default: {
		const struct wf_request *rq = subject_request(w->s, R1);

		ev->order_void_requested.order_id =
			rq != NULL && rq->order_id != NULL ? rq->order_id : R2;
		ev->order_void_requested.reason = "";
	}
	}
	return ev;
}

static enum wf_verdict
issuance_failed(struct world *w, enum ev_issuance_failure_code code)
{
	const struct event *order = world_find(w, EVENT_ISSUANCE_ORDERED);
	struct event *ev = world_event(w, EVENT_ISSUANCE_FAILED, "issuer-1");

	ev->issuance_failed.order_id =
		order == NULL ? R2 : order->meta.event_id;
	ev->issuance_failed.request_id = R1;
	ev->issuance_failed.serial_number =
		order == NULL ? "40" : order->issuance_ordered.serial_number;
	ev->issuance_failed.code = code;
	ev->issuance_failed.detail = "";
	return world_say(w, ev);
}

/* Bring request R1 (key E1) into a state, by events alone. */
static struct world *
in_state(enum ev_request_state state)
{
	struct world *w = world_new(TAX);

	enrol(w, E1);
	if (state == EV_REQUEST_STATE_UNKNOWN)
		return w;
	submit(w, R1, 1);
	if (state == EV_REQUEST_STATE_RETURNED)
		world_say(w, act(w, EVENT_REQUEST_RETURNED, MANAGER));
	if (state == EV_REQUEST_STATE_REJECTED)
		world_say(w, act(w, EVENT_REQUEST_REJECTED, MANAGER));
	if (state == EV_REQUEST_STATE_WITHDRAWN)
		world_say(w, act(w, EVENT_REQUEST_WITHDRAWN, OFFICER));
	if (state == EV_REQUEST_STATE_LAPSED) {
		w->env.now += 30 * US_PER_DAY;
		cr_assert_eq(world_tick(w), 1);
	}
	if (state == EV_REQUEST_STATE_APPROVED ||
	    state == EV_REQUEST_STATE_ISSUING ||
	    state == EV_REQUEST_STATE_ISSUANCE_FAILED ||
	    state == EV_REQUEST_STATE_ISSUED)
		cr_assert_eq(approve(w, R1, E1), WF_ADMITTED);
	if (state == EV_REQUEST_STATE_ISSUING ||
	    state == EV_REQUEST_STATE_ISSUANCE_FAILED ||
	    state == EV_REQUEST_STATE_ISSUED)
		cr_assert_eq(issue(w, R1), WF_ADMITTED);
	if (state == EV_REQUEST_STATE_ISSUANCE_FAILED)
		cr_assert_eq(issuance_failed(w, EV_ISSUANCE_FAILURE_CODE_LINT),
			     WF_ADMITTED);
	if (state == EV_REQUEST_STATE_ISSUED)
		cr_assert_eq(issued(w), WF_ADMITTED);
	return w;
}

static enum wf_verdict
say_kind(struct world *w, enum event_type type)
{
	switch (type) {
	case EVENT_REQUEST_APPROVED:
		return approve(w, R1, E1);
	case EVENT_ISSUANCE_REQUESTED:
		return issue(w, R1);
	case EVENT_ISSUANCE_FAILED:
		return issuance_failed(w, EV_ISSUANCE_FAILURE_CODE_LINT);
	case EVENT_REQUEST_SUBMITTED:
		return submit(w, R1, 2);
	case EVENT_REQUEST_WITHDRAWN:
		return world_say(w, act(w, type, OFFICER));
	default:
		return world_say(w, act(w, type, MANAGER));
	}
}

static enum wf_verdict
expected(enum ev_request_state state, enum event_type type)
{
	bool submitted = type == EVENT_REQUEST_SUBMITTED;
	const struct wf_row *row =
		wf_row_find(WF_REQUEST, (int)state, type,
			    submitted ? WF_CASE_REVISION : WF_CASE_PLAIN);

	if (state == EV_REQUEST_STATE_UNKNOWN)
		return type == EVENT_ISSUANCE_FAILED ? WF_REFUSED : WF_DEFERRED;
	if (row == NULL && type == EVENT_ORDER_VOID_REQUESTED &&
	    state != EV_REQUEST_STATE_ISSUING &&
	    state != EV_REQUEST_STATE_ISSUED &&
	    state != EV_REQUEST_STATE_ISSUANCE_FAILED)
		return WF_DEFERRED; /* there is no order of this id yet */
	if (row == NULL || row->refused != EV_REFUSAL_CODE_UNKNOWN)
		return WF_REFUSED;
	return row->waits ? WF_DEFERRED : WF_ADMITTED;
}

Test(request, whole_square)
{
	static const enum event_type events[] = {
		EVENT_REQUEST_SUBMITTED,    EVENT_REQUEST_APPROVED,
		EVENT_REQUEST_RETURNED,     EVENT_REQUEST_REJECTED,
		EVENT_REQUEST_WITHDRAWN,    EVENT_REQUEST_REASSIGNED,
		EVENT_ISSUANCE_REQUESTED,   EVENT_ISSUANCE_FAILED,
		EVENT_ORDER_VOID_REQUESTED,
	};

	for (int s = 0; s < EV_REQUEST_STATE__COUNT; s++)
		for (size_t i = 0; i < sizeof(events) / sizeof(events[0]);
		     i++) {
			enum ev_request_state state = (enum ev_request_state)s;
			AUTO(world) struct world *w = in_state(state);
			const struct wf_request *rq = subject_request(w->s, R1);

			cr_assert_eq(rq == NULL ? EV_REQUEST_STATE_UNKNOWN
						: rq->state,
				     state, "%s", wf_state_name(WF_REQUEST, s));
			cr_expect_eq(say_kind(w, events[i]),
				     expected(state, events[i]), "%s in %s: %s",
				     event_type_name(events[i]),
				     wf_state_name(WF_REQUEST, s),
				     ev_refusal_code_name(world_code(w)));
			world_check_replay(w);
		}
}

static void
expect(struct world *w, const struct event *ev, enum ev_refusal_code code)
{
	cr_expect_eq(world_say(w, ev), WF_REFUSED);
	cr_expect_eq(world_code(w), code, "%s instead of %s",
		     ev_refusal_code_name(world_code(w)),
		     ev_refusal_code_name(code));
}

#define C(code) EV_REFUSAL_CODE_##code

Test(request, approval_guards)
{
	AUTO(world)
	struct world *w = in_state(EV_REQUEST_STATE_PENDING_APPROVAL);
	struct event *ev = approve_event(w, R1, E1);

	ev->meta.actor.id = OFFICER;
	expect(w, ev, C(FOUR_EYES));
	ev = approve_event(w, R1, E1);
	ev->request_approved.revision = 2;
	expect(w, ev, C(REVISION_STALE));
	ev = approve_event(w, R1, E1);
	ev->request_approved.submission_sha256.b[0] ^= 1;
	expect(w, ev, C(DIGEST_MISMATCH));
	expect(w, approve_event(w, R1, E2), C(KEY_NOT_APPROVED));
	enrol(w, E2);
	expect(w, approve_event(w, R1, E1), C(CSR_SEVERAL));
	cr_expect_str_eq(world_param(w, "enrolment_ids"), E1 ", " E2);
}

/* An editor of an earlier revision may not approve a later one. */
Test(request, editors_do_not_approve)
{
	AUTO(world)
	struct world *w = in_state(EV_REQUEST_STATE_PENDING_APPROVAL);
	struct event *ev;

	world_say(w, act(w, EVENT_REQUEST_REASSIGNED, MANAGER));
	world_say(w, act(w, EVENT_REQUEST_RETURNED, MANAGER));
	ev = submit_event(w, R1, 2);
	ev->meta.actor.id = "gdv-2";
	cr_assert_eq(world_say(w, ev), WF_ADMITTED);
	ev = approve_event(w, R1, E1);
	ev->meta.actor.id = OFFICER;
	expect(w, ev, C(FOUR_EYES));
	ev = approve_event(w, R1, E1);
	ev->request_approved.revision = 1;
	expect(w, ev, C(REVISION_STALE));
	cr_expect_eq(approve(w, R1, E1), WF_ADMITTED);
	ev = issue_event(w, R1); /* the first creator has handed it on */
	expect(w, ev, C(NOT_CREATOR));
	ev = issue_event(w, R1);
	ev->meta.actor.id = "gdv-2";
	cr_expect_eq(world_say(w, ev), WF_ADMITTED);
	world_check_replay(w);
}

Test(request, four_eyes_of_the_other_acts)
{
	AUTO(world)
	struct world *w = in_state(EV_REQUEST_STATE_PENDING_APPROVAL);
	struct event *ev;

	expect(w, act(w, EVENT_REQUEST_RETURNED, OFFICER), C(FOUR_EYES));
	expect(w, act(w, EVENT_REQUEST_REJECTED, OFFICER), C(FOUR_EYES));
	ev = act(w, EVENT_REQUEST_RETURNED, MANAGER);
	ev->request_returned.revision = 2;
	expect(w, ev, C(REVISION_STALE));
	expect(w, act(w, EVENT_REQUEST_WITHDRAWN, "gdv-2"), C(NOT_CREATOR));
	approve(w, R1, E1);
	ev = act(w, EVENT_REQUEST_REASSIGNED, "ql-2");
	ev->request_reassigned.new_officer_id = MANAGER;
	expect(w, ev, C(FOUR_EYES));
	issue(w, R1);
	expect(w, act(w, EVENT_ORDER_VOID_REQUESTED, OFFICER), C(FOUR_EYES));
}

Test(request, issuance_guards)
{
	AUTO(world) struct world *w = in_state(EV_REQUEST_STATE_APPROVED);
	struct event *ev = issue_event(w, R1);

	ev->meta.actor.id = "gdv-2";
	expect(w, ev, C(NOT_CREATOR));
	ev = issue_event(w, R1);
	ev->issuance_requested.revision = 2;
	expect(w, ev, C(REVISION_STALE));
	ev = issue_event(w, R1);
	ev->issuance_requested.csr_source = EV_CSR_SOURCE_UPLOADED;
	expect(w, ev, C(CSR_NONE));
	ev->meta.event_id = R3;
	ev->issuance_requested.csr_der = world_csr(w, TAX, E1, "another");
	expect(w, ev, C(KEY_NOT_APPROVED));
	ev = issue_event(w, R1);
	ev->issuance_requested.csr_der = world_csr(w, TAX, E1, E1);
	expect(w, ev, C(BODY_INVALID));
	w->key_taken_elsewhere = true;
	expect(w, issue_event(w, R1), C(KEY_USED));
	w->key_taken_elsewhere = false;
	w->csr_refuses = C(CSR_SIGNATURE);
	expect(w, issue_event(w, R1), C(CSR_SIGNATURE));
	w->csr_refuses = C(UNKNOWN);
	w->ca_invalid = true;
	expect(w, issue_event(w, R1), C(CA_NOT_VALID));
	w->ca_invalid = false;
	w->shortened = true;
	expect(w, issue_event(w, R1), C(VALIDITY_SHORTENED));
	w->shortened = false;
	w->tbs_refuses = C(LINT);
	expect(w, issue_event(w, R1), C(LINT));
	w->tbs_refuses = C(UNKNOWN);
	cr_expect_eq(issue(w, R1), WF_ADMITTED);
	expect(w, issue_event(w, R1), C(ALREADY_ISSUING));
}

/* Approval and submission together may be too much for one record. */
Test(request, order_too_large_for_the_log)
{
	AUTO(world)
	struct world *w = in_state(EV_REQUEST_STATE_PENDING_APPROVAL);
	struct event *ev = approve_event(w, R1, E1);

	ev->request_approved.signature_cms =
		bytes_of(arena_alloc(w->a, EVENT_LOG_MAX), EVENT_LOG_MAX);
	cr_assert_eq(world_say(w, ev), WF_ADMITTED);
	expect(w, issue_event(w, R1), C(TOO_LARGE));
	cr_expect_eq(subject_request(w->s, R1)->state,
		     EV_REQUEST_STATE_APPROVED);
}

/* Each revision by another officer, until an order could not name them. */
Test(request, editors_are_limited)
{
	AUTO(world)
	struct world *w = in_state(EV_REQUEST_STATE_PENDING_APPROVAL);
	char name[32];

	for (int32_t n = 2; n <= 65; n++) {
		struct event *ev = act(w, EVENT_REQUEST_RETURNED, MANAGER);

		ev->request_returned.revision = n - 1;
		cr_assert_eq(world_say(w, ev), WF_ADMITTED);
		snprintf(name, sizeof(name), "editor-%d", n);
		ev = act(w, EVENT_REQUEST_REASSIGNED, MANAGER);
		ev->request_reassigned.new_officer_id =
			arena_text(w->a, name, strlen(name));
		cr_assert_eq(world_say(w, ev), WF_ADMITTED);
		ev = submit_event(w, R1, n);
		ev->meta.actor.id = arena_text(w->a, name, strlen(name));
		cr_assert_eq(world_say(w, ev),
			     n < 65 ? WF_ADMITTED : WF_REFUSED, "%d", n);
	}
	cr_expect_eq(world_code(w), C(LIMIT));
}

/* The same key, sent in once more as a file. */
Test(request, uploaded_csr_of_the_approved_key)
{
	AUTO(world) struct world *w = in_state(EV_REQUEST_STATE_APPROVED);
	struct event *ev = issue_event(w, R1);

	ev->issuance_requested.csr_source = EV_CSR_SOURCE_UPLOADED;
	ev->issuance_requested.csr_der = world_csr(w, TAX, E1, E1);
	cr_expect_eq(world_say(w, ev), WF_ADMITTED);
}

Test(request, ids_and_revisions)
{
	AUTO(world) struct world *w = world_new(TAX);
	struct event *ev;

	cr_assert_eq(submit(w, R1, 1), WF_ADMITTED);
	submit(w, R1, 1);
	cr_expect_eq(world_code(w), C(DUPLICATE_ID));
	submit(w, R1, 2);
	cr_expect_eq(world_code(w), C(STATE));
	cr_expect_str_eq(world_param(w, "state"), "PENDING_APPROVAL");
	ev = world_event(w, EVENT_REQUEST_RETURNED, MANAGER);
	ev->request_returned.request_id = R1;
	ev->request_returned.revision = 1;
	ev->request_returned.reason = "";
	cr_assert_eq(world_say(w, ev), WF_ADMITTED);
	submit(w, R1, 3);
	cr_expect_eq(world_code(w), C(REVISION_STALE));
	ev = submit_event(w, R1, 2);
	ev->meta.actor.id = "gdv-2";
	world_say(w, ev);
	cr_expect_eq(world_code(w), C(NOT_CREATOR));
	cr_expect_eq(submit(w, R1, 2), WF_ADMITTED);
	world_check_replay(w);
}
