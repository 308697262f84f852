/* Which key is taken, and what the order says. */
#include "world.h"

#define C(code) EV_REFUSAL_CODE_##code

static void
expect(struct world *w, const struct event *ev, enum ev_refusal_code code)
{
	cr_expect_eq(world_say(w, ev), WF_REFUSED);
	cr_expect_eq(world_code(w), code, "%s instead of %s",
		     ev_refusal_code_name(world_code(w)),
		     ev_refusal_code_name(code));
}

/* The order carries what was approved, unchanged. */
Test(issuance, order_is_complete)
{
	AUTO(world) struct world *w = world_new(TAX);
	const struct ev_issuance_ordered *o;
	const struct event *approval;
	struct ev_sha256 digest;

	certified(w, E1, R1);
	o = &world_find(w, EVENT_ISSUANCE_ORDERED)->issuance_ordered;
	approval = world_find(w, EVENT_REQUEST_APPROVED);
	sha256(o->submission, digest.b);
	cr_expect(sha256_equal(&digest, &o->submission_sha256));
	cr_expect(sha256_equal(&digest,
			       &approval->request_approved.submission_sha256));
	cr_expect_eq(o->submission_schema_id, 7);
	cr_expect_str_eq(o->creator_id, OFFICER);
	cr_expect_eq(o->editor_ids.count, 1);
	cr_expect_str_eq(o->approver_id, MANAGER);
	cr_expect_str_eq(o->approval_event_id, approval->meta.event_id);
	cr_expect_str_eq(o->enrolment_id, E1);
	cr_expect_eq(o->sign_before, w->env.now + US_PER_DAY);
	cr_expect_eq(o->not_before % US_PER_S, 0);
	cr_expect_not_null(o->tbs_certificate.data);
	cr_expect_str_eq(
		world_find(w, EVENT_ISSUANCE_ORDERED)->meta.causation_id,
		world_find(w, EVENT_ISSUANCE_REQUESTED)->meta.event_id);
}

/* USB_TOKEN: the key comes with the request, nothing is activated. */
Test(issuance, token_journey)
{
	AUTO(world) struct world *w = world_new(TAX);
	struct event *ev = submit_event(w, R1, 1);
	struct ev_submission *sub = submission(ev);

	sub->device_type = EV_DEVICE_TYPE_USB_TOKEN;
	sub->product_package = "ORG_TOKEN_SAMPLE";
	sub->subscription_scheme_code = "TK_12T";
	sub->contract.months_free = 0;
	sub->csr_source = EV_CSR_SOURCE_UPLOADED;
	sub->csr_der = world_csr(w, TAX, "x", "token-key");
	cr_assert_eq(world_say(w, ev), WF_ADMITTED);
	expect(w, approve_event(w, R1, "other"), C(KEY_NOT_APPROVED));
	cr_assert_eq(approve(w, R1, "token-key"), WF_ADMITTED);
	expect(w, issue_event(w, R1), C(KEY_NOT_APPROVED)); /* EINVOICE */
	ev = issue_event(w, R1);
	ev->issuance_requested.csr_source = EV_CSR_SOURCE_UPLOADED;
	cr_assert_eq(world_say(w, ev), WF_ADMITTED);
	cr_assert_eq(issued(w), WF_ADMITTED);
	cr_expect_eq(w->s->st.certificates.items[0].ca, WF_CA_GOOD);
	cr_expect_eq(w->s->st.certificates.items[0].use, WF_USE_NONE);
	expect(w, serial_event(w, EVENT_ACTIVATION_REQUESTED, CUSTOMER),
	       C(KEY_NOT_LOCAL));
	world_check_replay(w);
}

Test(issuance, named_and_held_csrs)
{
	AUTO(world) struct world *w = world_new(TAX);
	struct event *ev;

	enrol(w, E1);
	enrol(w, E2);
	ev = submit_event(w, R1, 1);
	submission(ev)->enrolment_id = E2;
	cr_assert_eq(world_say(w, ev), WF_ADMITTED);
	ev = submit_event(w, R2, 1);
	submission(ev)->enrolment_id = E2;
	expect(w, ev, C(KEY_USED));
	submit(w, R2, 1); /* takes E1: the other one is held */
	cr_expect_eq(approve(w, R2, E1), WF_ADMITTED);
	expect(w, approve_event(w, R1, E1), C(KEY_NOT_APPROVED));
	cr_expect_eq(approve(w, R1, E2), WF_ADMITTED);
	cr_expect_str_eq(subject_request(w->s, R1)->approval->enrolment_id, E2);
	world_check_replay(w);
}

/* One uploaded key in two open requests: the first one holds it. */
Test(issuance, uploaded_key_is_held)
{
	AUTO(world) struct world *w = world_new(TAX);
	const char *const ids[] = { R1, R2 };

	for (size_t i = 0; i < 2; i++) {
		struct event *ev = submit_event(w, ids[i], 1);
		struct ev_submission *sub = submission(ev);

		sub->device_type = EV_DEVICE_TYPE_USB_TOKEN;
		sub->product_package = "ORG_TOKEN_SAMPLE";
		sub->subscription_scheme_code = "TK_12T";
		sub->contract.months_free = 0;
		sub->csr_source = EV_CSR_SOURCE_UPLOADED;
		sub->csr_der = world_csr(w, TAX, "x", "token-key");
		if (i == 0)
			cr_assert_eq(world_say(w, ev), WF_ADMITTED);
		else
			expect(w, ev, C(KEY_USED));
	}
}
