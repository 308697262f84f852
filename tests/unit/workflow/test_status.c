/* Suspension, resumption, revocation: the square, guards, two persons. */
#include <string.h>

#include "world.h"

#define C(code) EV_REFUSAL_CODE_##code
#define S1 "55555555-5555-4555-8555-555555555551"
#define S2 "55555555-5555-4555-8555-555555555552"
#define S3 "55555555-5555-4555-8555-555555555553"

static const char *
serial(const struct world *w)
{
	return world_find(w, EVENT_ISSUANCE_ORDERED)
		->issuance_ordered.serial_number;
}

/* One of the three requests; the first two members of all are the same. */
static struct event *
ask(struct world *w, enum event_type type, const char *id)
{
	struct event *ev = world_event(w, type, OFFICER);

	ev->suspension_requested.status_change_id = id;
	ev->suspension_requested.serial_number = serial(w);
	if (type == EVENT_REVOCATION_REQUESTED) {
		ev->revocation_requested.reason =
			EV_REVOCATION_REASON_SUPERSEDED;
		ev->revocation_requested.requester =
			EV_REVOCATION_REQUESTER_SUBSCRIBER;
	} else {
		ev->suspension_requested.reason_text = "reason";
	}
	return ev;
}

static struct event *
ask_compromise(struct world *w, const char *id)
{
	struct event *ev = ask(w, EVENT_REVOCATION_REQUESTED, id);

	ev->revocation_requested.reason = EV_REVOCATION_REASON_KEY_COMPROMISE;
	return ev;
}

static struct event *
answer(struct world *w, bool yes, const char *id, const char *actor)
{
	struct event *ev = world_event(w,
				       yes ? EVENT_STATUS_CHANGE_CONFIRMED
					   : EVENT_STATUS_CHANGE_DECLINED,
				       actor);

	ev->status_change_confirmed.status_change_id = id;
	return ev;
}

static void
admitted(struct world *w, struct event *ev)
{
	enum wf_verdict verdict = world_say(w, ev);

	cr_assert_eq(verdict, WF_ADMITTED, "%s: %s", event_type_name(ev->type),
		     ev_refusal_code_name(world_code(w)));
}

static void
refused(struct world *w, struct event *ev, enum ev_refusal_code code)
{
	cr_expect_eq(world_say(w, ev), WF_REFUSED);
	cr_expect_eq(world_code(w), code, "%s",
		     ev_refusal_code_name(world_code(w)));
}

static void
refused_in(struct world *w, struct event *ev, const char *state)
{
	refused(w, ev, C(STATE));
	cr_expect_str_eq(world_param(w, "state"), state);
}

static struct wf_certificate_state *
certificate(struct world *w)
{
	cr_assert_eq(w->s->st.certificates.count, 1);
	return &w->s->st.certificates.items[0];
}

static struct world *
good(void)
{
	struct world *w = world_new(TAX);

	certified(w, E1, R1);
	return w;
}

static void
activate(struct world *w)
{
	admitted(w, serial_event(w, EVENT_ACTIVATION_REQUESTED, CUSTOMER));
	admitted(w,
		 serial_event(w, EVENT_CERTIFICATE_ACTIVATED, "activator-1"));
}

Test(status, suspension_takes_effect_at_once)
{
	AUTO(world) struct world *w = good();
	const struct event *ev;

	admitted(w, ask(w, EVENT_SUSPENSION_REQUESTED, S1));
	cr_expect_eq(certificate(w)->ca, WF_CA_ON_HOLD);
	ev = world_find(w, EVENT_CERTIFICATE_SUSPENDED);
	cr_assert_not_null(ev);
	cr_expect_str_eq(ev->certificate_suspended.serial_number, serial(w));
	cr_expect_str_eq(ev->certificate_suspended.status_change_id, S1);
	cr_expect_eq(ev->certificate_suspended.reason,
		     EV_REVOCATION_REASON_CERTIFICATE_HOLD);
	cr_expect_eq(ev->certificate_suspended.effective_at, w->env.now);
	refused_in(w, ask(w, EVENT_SUSPENSION_REQUESTED, S2), "ON_HOLD");
	refused(w, serial_event(w, EVENT_ACTIVATION_REQUESTED, CUSTOMER),
		C(CERTIFICATE_NOT_GOOD));
	world_check_replay(w);
}

Test(status, resumption_needs_the_second_person)
{
	AUTO(world) struct world *w = good();

	refused_in(w, ask(w, EVENT_RESUMPTION_REQUESTED, S2), "GOOD");
	admitted(w, ask(w, EVENT_SUSPENSION_REQUESTED, S1));
	admitted(w, ask(w, EVENT_RESUMPTION_REQUESTED, S2));
	cr_expect_eq(certificate(w)->ca, WF_CA_ON_HOLD);
	refused(w, answer(w, true, S2, OFFICER), C(FOUR_EYES));
	refused(w, answer(w, false, S2, OFFICER), C(FOUR_EYES));
	admitted(w, answer(w, true, S2, MANAGER));
	cr_expect_eq(certificate(w)->ca, WF_CA_GOOD);
	cr_expect_eq(world_find(w, EVENT_CERTIFICATE_RESUMED)
			     ->certificate_resumed.reason,
		     EV_REVOCATION_REASON_REMOVE_FROM_CRL);
	refused_in(w, answer(w, true, S2, MANAGER), "DONE");
	refused_in(w, answer(w, false, S2, MANAGER), "DONE");
	world_check_replay(w);
}

Test(status, revocation_needs_the_second_person)
{
	AUTO(world) struct world *w = good();
	struct event *ev = ask(w, EVENT_REVOCATION_REQUESTED, S1);
	const int64_t when = w->env.now - 5000000;
	const struct event *revoked;

	activate(w);
	ev->revocation_requested.invalidity_date = &when;
	admitted(w, ev);
	cr_expect_eq(certificate(w)->ca, WF_CA_GOOD);
	refused(w, answer(w, true, S1, OFFICER), C(FOUR_EYES));
	admitted(w, answer(w, true, S1, MANAGER));
	revoked = world_find(w, EVENT_CERTIFICATE_REVOKED);
	cr_expect_eq(revoked->certificate_revoked.reason,
		     EV_REVOCATION_REASON_SUPERSEDED);
	cr_assert_not_null(revoked->certificate_revoked.invalidity_date);
	cr_expect_eq(*revoked->certificate_revoked.invalidity_date, when);
	cr_expect_eq(certificate(w)->ca, WF_CA_REVOKED);
	cr_expect_eq(certificate(w)->use, WF_USE_DEACTIVATED);
	cr_expect_eq(world_find(w, EVENT_CERTIFICATE_DEACTIVATED)
			     ->certificate_deactivated.cause,
		     EV_DEACTIVATION_CAUSE_REVOKED);
	cr_expect(subject_serial_revoked(w->s, serial(w)));
	refused_in(w, ask(w, EVENT_REVOCATION_REQUESTED, S2), "REVOKED");
	refused_in(w, ask(w, EVENT_SUSPENSION_REQUESTED, S2), "REVOKED");
	refused_in(w, ask(w, EVENT_RESUMPTION_REQUESTED, S2), "REVOKED");
	world_check_replay(w);
}

Test(status, a_certificate_out_of_use_is_not_deactivated_again)
{
	AUTO(world) struct world *w = good();

	admitted(w, ask(w, EVENT_REVOCATION_REQUESTED, S1));
	admitted(w, answer(w, true, S1, MANAGER));
	cr_expect_eq(certificate(w)->use, WF_USE_INACTIVE);
	cr_expect_null(world_find(w, EVENT_CERTIFICATE_DEACTIVATED));
	world_check_replay(w);
}

Test(status, compromise_suspends_at_once_and_a_decline_leaves_the_hold)
{
	AUTO(world) struct world *w = good();

	admitted(w, ask_compromise(w, S1));
	cr_expect_eq(certificate(w)->ca, WF_CA_ON_HOLD);
	admitted(w, answer(w, false, S1, MANAGER));
	cr_expect_eq(certificate(w)->ca, WF_CA_ON_HOLD);
	refused_in(w, answer(w, true, S1, MANAGER), "DECLINED");
	admitted(w, ask_compromise(w, S2)); /* on hold already */
	cr_expect_eq(w->last.emit_count, 1);
	admitted(w, answer(w, true, S2, MANAGER));
	cr_expect_eq(certificate(w)->ca, WF_CA_REVOKED);
	world_check_replay(w);
}

Test(status, a_running_activation_ends)
{
	AUTO(world) struct world *w = good();

	admitted(w, serial_event(w, EVENT_ACTIVATION_REQUESTED, CUSTOMER));
	admitted(w, ask(w, EVENT_SUSPENSION_REQUESTED, S1));
	cr_expect_eq(certificate(w)->use, WF_USE_INACTIVE);
	world_check_replay(w);
}

Test(status, a_revocation_confirmed_elsewhere_meanwhile)
{
	AUTO(world) struct world *w = good();

	admitted(w, ask(w, EVENT_REVOCATION_REQUESTED, S1));
	admitted(w, ask(w, EVENT_REVOCATION_REQUESTED, S2));
	admitted(w, answer(w, true, S1, MANAGER));
	refused_in(w, answer(w, true, S2, MANAGER), "REVOKED");
	admitted(w, answer(w, false, S2, MANAGER));
	world_check_replay(w);
}

Test(status, ids_and_reasons)
{
	AUTO(world) struct world *w = good();
	struct event *ev = ask(w, EVENT_REVOCATION_REQUESTED, S1);

	ev->revocation_requested.reason = EV_REVOCATION_REASON_REMOVE_FROM_CRL;
	refused(w, ev, C(BODY_INVALID));
	ev = ask(w, EVENT_REVOCATION_REQUESTED, S1);
	ev->revocation_requested.reason = EV_REVOCATION_REASON_CERTIFICATE_HOLD;
	refused(w, ev, C(BODY_INVALID));
	admitted(w, ask(w, EVENT_REVOCATION_REQUESTED, S1));
	refused(w, ask(w, EVENT_REVOCATION_REQUESTED, S1), C(DUPLICATE_ID));
	refused(w, ask(w, EVENT_SUSPENSION_REQUESTED, S1), C(DUPLICATE_ID));
	w->id_taken_elsewhere = true;
	refused(w, ask(w, EVENT_SUSPENSION_REQUESTED, S2), C(DUPLICATE_ID));
}

/* A rebuilt table of claims knows the ids of changes, too. */
Test(status, its_id_is_claimed)
{
	AUTO(world) struct world *w = good();
	struct ev_sha256 id, claim;
	bool found = false;

	admitted(w, ask(w, EVENT_REVOCATION_REQUESTED, S1));
	cr_assert(wf_id_digest(WF_ID_STATUS_CHANGE, S1, &id));
	for (size_t i = 0; subject_claim(w->s, i, &claim); i++)
		found |= sha256_equal(&id, &claim);
	cr_expect(found);
}

/* The manager's word, and the officer's, may come too early. */
Test(status, what_is_not_there_yet_is_waited_for)
{
	AUTO(world) struct world *w = good();
	struct event *ev = ask(w, EVENT_SUSPENSION_REQUESTED, S1);

	ev->suspension_requested.serial_number = "4001";
	cr_expect_eq(world_say(w, ev), WF_DEFERRED);
	cr_expect_eq(world_code(w), C(CERTIFICATE_UNKNOWN));
	cr_expect_eq(world_say(w, answer(w, true, S2, MANAGER)), WF_DEFERRED);
	cr_expect_eq(world_code(w), C(REQUEST_UNKNOWN));
	admitted(w, ask(w, EVENT_REVOCATION_REQUESTED, S2));
	cr_expect_eq(world_retry(w), 1);
	cr_expect_eq(certificate(w)->ca, WF_CA_REVOKED);
	world_check_replay(w);
}

static struct world *
ordered(void)
{
	struct world *w = world_new(TAX);

	enrol(w, E1);
	cr_assert_eq(submit(w, R1, 1), WF_ADMITTED);
	cr_assert_eq(approve(w, R1, E1), WF_ADMITTED);
	cr_assert_eq(issue(w, R1), WF_ADMITTED);
	return w;
}

/* Its serial counts as issued: it can be revoked, and comes as REVOKED. */
Test(status, revoked_between_order_and_signature)
{
	AUTO(world) struct world *w = ordered();

	admitted(w, ask(w, EVENT_REVOCATION_REQUESTED, S1));
	admitted(w, answer(w, true, S1, MANAGER));
	cr_expect(subject_serial_revoked(w->s, serial(w)));
	refused_in(w, ask(w, EVENT_REVOCATION_REQUESTED, S2), "REVOKED");
	cr_assert_eq(issued(w), WF_ADMITTED);
	cr_expect_eq(certificate(w)->ca, WF_CA_REVOKED);
	refused(w, serial_event(w, EVENT_ACTIVATION_REQUESTED, CUSTOMER),
		C(CERTIFICATE_NOT_GOOD));
	world_check_replay(w);
}

Test(status, compromised_between_order_and_signature)
{
	AUTO(world) struct world *w = ordered();

	admitted(w, ask_compromise(w, S1));
	cr_expect_null(world_find(w, EVENT_CERTIFICATE_SUSPENDED));
	cr_assert_eq(issued(w), WF_ADMITTED);
	cr_expect_eq(certificate(w)->ca, WF_CA_ON_HOLD);
	cr_expect_str_eq(world_find(w, EVENT_CERTIFICATE_SUSPENDED)
				 ->certificate_suspended.status_change_id,
			 S1);
	admitted(w, answer(w, true, S1, MANAGER));
	cr_expect_eq(certificate(w)->ca, WF_CA_REVOKED);
	world_check_replay(w);
}

Test(status, suspension_waits_for_the_certificate)
{
	AUTO(world) struct world *w = ordered();

	cr_expect_eq(world_say(w, ask(w, EVENT_SUSPENSION_REQUESTED, S1)),
		     WF_DEFERRED);
	cr_assert_eq(issued(w), WF_ADMITTED);
	cr_expect_eq(world_retry(w), 1);
	cr_expect_eq(certificate(w)->ca, WF_CA_ON_HOLD);
	world_check_replay(w);
}

Test(status, nothing_after_the_end)
{
	AUTO(world) struct world *w = good();

	w->env.now = certificate(w)->not_after;
	admitted(w, ask(w, EVENT_SUSPENSION_REQUESTED, S1));
	admitted(w, ask(w, EVENT_REVOCATION_REQUESTED, S2));
	w->env.now++;
	refused_in(w, ask(w, EVENT_RESUMPTION_REQUESTED, S3), "EXPIRED");
	refused_in(w, answer(w, true, S2, MANAGER), "EXPIRED");
	world_check_replay(w);
}
