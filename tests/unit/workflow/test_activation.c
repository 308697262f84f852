/* Certificates in use: the square, the guards, and changes of status. */
#include <string.h>

#include "world.h"

#define C(code) EV_REFUSAL_CODE_##code

static enum wf_verdict
say(struct world *w, enum event_type type)
{
	bool customer = type == EVENT_ACTIVATION_REQUESTED ||
			type == EVENT_DEACTIVATION_REQUESTED;

	return world_say(
		w, serial_event(w, type, customer ? CUSTOMER : "activator-1"));
}

static struct world *
in_state(enum wf_use_state state)
{
	struct world *w = world_new(TAX);

	certified(w, E1, R1);
	if (state != WF_USE_INACTIVE)
		say(w, EVENT_ACTIVATION_REQUESTED);
	if (state == WF_USE_ACTIVE || state == WF_USE_DEACTIVATED)
		say(w, EVENT_CERTIFICATE_ACTIVATED);
	if (state == WF_USE_DEACTIVATED)
		say(w, EVENT_DEACTIVATION_REQUESTED);
	cr_assert_eq(w->s->st.certificates.items[0].use, state);
	return w;
}

Test(activation, whole_square)
{
	static const enum event_type events[] = {
		EVENT_ACTIVATION_REQUESTED, EVENT_CERTIFICATE_ACTIVATED,
		EVENT_ACTIVATION_FAILED, EVENT_DEACTIVATION_REQUESTED
	};

	for (int s = WF_USE_INACTIVE; s < WF_USE__COUNT; s++)
		for (size_t i = 0; i < 4; i++) {
			AUTO(world)
			struct world *w = in_state((enum wf_use_state)s);
			const struct wf_row *row = wf_row_find(
				WF_USE, s, events[i], WF_CASE_PLAIN);

			cr_expect_eq(say(w, events[i]),
				     row == NULL ? WF_REFUSED : WF_ADMITTED,
				     "%s in %s", event_type_name(events[i]),
				     wf_state_name(WF_USE, s));
			if (row != NULL)
				cr_expect_eq(
					(int)w->s->st.certificates.items[0].use,
					row->to);
			world_check_replay(w);
		}
}

static void
expect(struct world *w, struct event *ev, enum ev_refusal_code code)
{
	cr_expect_eq(world_say(w, ev), WF_REFUSED);
	cr_expect_eq(world_code(w), code, "%s",
		     ev_refusal_code_name(world_code(w)));
}

Test(activation, guards)
{
	AUTO(world) struct world *w = in_state(WF_USE_INACTIVE);
	struct event *ev =
		serial_event(w, EVENT_ACTIVATION_REQUESTED, "account-2");

	expect(w, ev, C(NOT_OWNER));
	ev = world_event(w, EVENT_ACTIVATION_REQUESTED, CUSTOMER);
	ev->activation_requested.serial_number = "4001";
	cr_expect_eq(world_say(w, ev), WF_DEFERRED);
	cr_expect_eq(world_code(w), C(CERTIFICATE_UNKNOWN));
	say(w, EVENT_ACTIVATION_REQUESTED);
	ev = serial_event(w, EVENT_CERTIFICATE_ACTIVATED, "activator-1");
	ev->certificate_activated.enrolment_id = E2;
	expect(w, ev, C(ORDER_MISMATCH));
	ev = serial_event(w, EVENT_CERTIFICATE_ACTIVATED, "activator-1");
	ev->certificate_activated.key_ref.key_id.b[3] = 1;
	expect(w, ev, C(ORDER_MISMATCH));
	say(w, EVENT_CERTIFICATE_ACTIVATED);
	expect(w, serial_event(w, EVENT_DEACTIVATION_REQUESTED, "account-2"),
	       C(NOT_OWNER));
}

/* Both ends of the validity are inclusive. */
Test(activation, only_while_valid)
{
	AUTO(world) struct world *w = in_state(WF_USE_INACTIVE);
	const struct wf_certificate_state *c = &w->s->st.certificates.items[0];
	int64_t start = c->not_before, end = c->not_after;

	w->env.now = start - 1;
	expect(w, serial_event(w, EVENT_ACTIVATION_REQUESTED, CUSTOMER),
	       C(CERTIFICATE_NOT_GOOD));
	w->env.now = end + 1;
	expect(w, serial_event(w, EVENT_ACTIVATION_REQUESTED, CUSTOMER),
	       C(CERTIFICATE_NOT_GOOD));
	w->env.now = end;
	cr_expect_eq(say(w, EVENT_ACTIVATION_REQUESTED), WF_ADMITTED);
	w->env.now = end + 1;
	cr_expect_eq(say(w, EVENT_CERTIFICATE_ACTIVATED), WF_REFUSED);
	cr_expect_eq(world_code(w), C(CERTIFICATE_NOT_GOOD));
	cr_expect_eq(w->s->st.certificates.items[0].use, WF_USE_INACTIVE,
		     "the refusal ends the activation");
	world_check_replay(w);
}

static void
change_status(struct world *w, enum event_type type)
{
	int64_t sequence = subject_sequence(w->s) + 1;
	struct event ev = { .type = type };
	const struct wf_record r = { .event = &ev };

	ev.meta = world_event(w, type, "registrar")->meta;
	ev.meta.sequence = &sequence;
	/* serial_number is the first member of all four */
	ev.certificate_revoked.serial_number =
		w->s->st.certificates.items[0].serial_number;
	cr_assert(subject_apply(w->s, &r, &w->e), "%s", w->e.text);
}

Test(activation, follows_the_status_at_the_ca)
{
	AUTO(world) struct world *w = in_state(WF_USE_ACTIVATING);
	struct wf_certificate_state *c = &w->s->st.certificates.items[0];

	change_status(w, EVENT_CERTIFICATE_SUSPENDED);
	cr_expect_eq(c->ca, WF_CA_ON_HOLD);
	cr_expect_eq(c->use, WF_USE_INACTIVE);
	expect(w, serial_event(w, EVENT_ACTIVATION_REQUESTED, CUSTOMER),
	       C(CERTIFICATE_NOT_GOOD));
	change_status(w, EVENT_CERTIFICATE_RESUMED);
	say(w, EVENT_ACTIVATION_REQUESTED);
	say(w, EVENT_CERTIFICATE_ACTIVATED);
	cr_expect_eq(c->use, WF_USE_ACTIVE);
	change_status(w, EVENT_CERTIFICATE_REVOKED);
	cr_expect_eq(c->use, WF_USE_ACTIVE);
	change_status(w, EVENT_CERTIFICATE_DEACTIVATED);
	cr_expect_eq(c->ca, WF_CA_REVOKED);
	cr_expect_eq(c->use, WF_USE_DEACTIVATED);
	expect(w, serial_event(w, EVENT_ACTIVATION_REQUESTED, CUSTOMER),
	       C(CERTIFICATE_NOT_GOOD));
}
