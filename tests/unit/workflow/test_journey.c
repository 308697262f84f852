/* The journey of the guide, from the first key to an active certificate. */
#include "world.h"

Test(journey, from_key_to_active_certificate)
{
	AUTO(world) struct world *w = world_new(TAX);
	const struct wf_certificate_state *c;

	certified(w, E1, R1);
	cr_assert_eq(world_say(w, serial_event(w, EVENT_ACTIVATION_REQUESTED,
					       CUSTOMER)),
		     WF_ADMITTED);
	cr_assert_eq(w->last.emit_count, 2);
	cr_assert_eq(w->last.emits[1].event->type, EVENT_ACTIVATION_ORDERED);
	cr_assert_eq(world_say(w, serial_event(w, EVENT_CERTIFICATE_ACTIVATED,
					       "activator-1")),
		     WF_ADMITTED);
	c = &w->s->st.certificates.items[0];
	cr_expect_eq(c->use, WF_USE_ACTIVE);
	cr_expect_eq(c->ca, WF_CA_GOOD);
	cr_expect_eq(subject_enrolment(w->s, E1)->state,
		     WF_ENROLMENT_CERTIFIED);
	cr_expect_eq(subject_request(w->s, R1)->state, EV_REQUEST_STATE_ISSUED);
	cr_expect_eq(subject_sequence(w->s), (int64_t)w->log_count);
	world_check_replay(w);
}
