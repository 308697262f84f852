/* The signature of an approval: missing, wrong, right; demanded or not. */
#include "world.h"

#define C(code) EV_REFUSAL_CODE_##code

static struct world *
pending(bool approvers_known, bool required)
{
	struct world *w = world_new(TAX);

	enrol(w, E1);
	cr_assert_eq(submit(w, R1, 1), WF_ADMITTED);
	w->approvers_known = approvers_known;
	w->env.limits.approval_signature_required = required;
	return w;
}

static struct event *
signed_event(struct world *w)
{
	struct event *ev = approve_event(w, R1, E1);

	ev->request_approved.signature_cms =
		world_signature(w, &ev->request_approved);
	return ev;
}

static void
expect_refused(struct world *w, const struct event *ev,
	       enum ev_refusal_code code, const char *reason)
{
	const struct event *refused;

	cr_expect_eq(world_say(w, ev), WF_REFUSED);
	cr_expect_eq(world_code(w), code, "%s",
		     ev_refusal_code_name(world_code(w)));
	refused = world_find(w, EVENT_EVENT_REFUSED);
	cr_assert_not_null(refused);
	if (reason != NULL) {
		cr_expect_str_eq(refused->event_refused.field, "signature_cms");
		cr_expect_str_eq(world_param(w, "reason"), reason);
	}
	cr_expect_eq(subject_request(w->s, R1)->state,
		     EV_REQUEST_STATE_PENDING_APPROVAL);
	world_check_replay(w);
}

Test(approval_signature, missing)
{
	AUTO(world) struct world *w = pending(true, true);

	expect_refused(w, approve_event(w, R1, E1), C(APPROVAL_SIGNATURE),
		       "missing");
	w->env.limits.approval_signature_required = false;
	cr_expect_eq(approve(w, R1, E1), WF_ADMITTED);
}

Test(approval_signature, wrong_is_refused_even_where_none_is_demanded)
{
	for (int required = 0; required < 2; required++) {
		AUTO(world) struct world *w = pending(true, required == 1);
		struct event *ev = signed_event(w);

		ev->request_approved.signature_cms = bytes_of("x", 1);
		expect_refused(w, ev, C(APPROVAL_SIGNATURE), "does not verify");
		ev->request_approved.signature_cms = bytes_of("", 0);
		ev->meta.event_id = R2;
		expect_refused(w, ev, C(APPROVAL_SIGNATURE), "does not verify");
	}
}

Test(approval_signature, of_another_approver)
{
	AUTO(world) struct world *w = pending(true, true);
	struct event *ev = signed_event(w);

	ev->meta.actor.id = "ql-2";
	expect_refused(w, ev, C(APPROVAL_SIGNATURE), "does not verify");
}

Test(approval_signature, right_and_carried_into_the_order)
{
	AUTO(world) struct world *w = pending(true, true);
	const struct event *ev = signed_event(w), *order;

	cr_assert_eq(world_say(w, ev), WF_ADMITTED);
	cr_assert_eq(issue(w, R1), WF_ADMITTED);
	order = world_find(w, EVENT_ISSUANCE_ORDERED);
	cr_assert_not_null(order);
	cr_expect(bytes_equal(order->issuance_ordered.approval_cms,
			      ev->request_approved.signature_cms));
	world_check_replay(w);
}

/* A refusal that says more comes first. */
Test(approval_signature, is_the_last_guard)
{
	AUTO(world) struct world *w = pending(true, true);
	struct event *ev = approve_event(w, R1, E1);

	ev->meta.actor.id = OFFICER;
	expect_refused(w, ev, C(FOUR_EYES), NULL);
	ev = approve_event(w, R1, E1);
	ev->request_approved.revision = 2;
	expect_refused(w, ev, C(REVISION_STALE), NULL);
	ev = approve_event(w, R1, E1);
	ev->request_approved.submission_sha256.b[0] ^= 1;
	expect_refused(w, ev, C(DIGEST_MISMATCH), NULL);
	expect_refused(w, approve_event(w, R1, E2), C(KEY_NOT_APPROVED), NULL);
}

Test(approval_signature, cannot_be_judged_for_now)
{
	AUTO(world) struct world *w = pending(true, true);
	struct event *ev = signed_event(w);
	const struct wf_input in = { .inbox = INBOX_MANAGER, .event = ev };
	struct wf_decision d;

	w->broken = true;
	cr_expect_not(wf_decide(&w->env, w->s, &in, w->a, &d, &w->e));
	cr_expect_eq(w->e.kind, ERR_RETRY);
}
