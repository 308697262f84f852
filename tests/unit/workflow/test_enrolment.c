/* Key pairs: every state against every event, and each guard. */
#include <string.h>

#include "world.h"

static struct event *
destroyed_event(struct world *w, enum ev_destruction_cause cause,
		const char *key)
{
	struct event *ev = world_event(w, EVENT_KEY_PAIR_DESTROYED, "keygen-1");
	struct ev_sha256 *spki = arena_alloc(w->a, sizeof(*spki));

	ev->key_pair_destroyed.enrolment_id = E1;
	ev->key_pair_destroyed.cause = cause;
	if (key != NULL) {
		*spki = world_spki(w, key);
		ev->key_pair_destroyed.spki_sha256 = spki;
	}
	return ev;
}

static enum wf_verdict
key_failed(struct world *w)
{
	struct event *ev = world_event(w, EVENT_KEY_PAIR_FAILED, "keygen-1");

	ev->key_pair_failed.enrolment_id = E1;
	ev->key_pair_failed.code = EV_KEY_PAIR_FAILURE_CODE_TOKEN_FULL;
	ev->key_pair_failed.detail = "";
	return world_say(w, ev);
}

/* Bring enrolment E1 into a state, by events alone. */
static struct world *
in_state(enum wf_enrolment_state state)
{
	struct world *w = world_new(TAX);

	if (state == WF_ENROLMENT_CERTIFIED) {
		certified(w, E1, R1);
		return w;
	}
	if (state != WF_ENROLMENT_NONE)
		key_requested(w, E1);
	if (state == WF_ENROLMENT_CSR_GENERATED || state == WF_ENROLMENT_SAVED)
		csr_generated(w, E1);
	if (state == WF_ENROLMENT_SAVED)
		enrolment_saved(w, E1);
	if (state == WF_ENROLMENT_FAILED)
		key_failed(w);
	if (state == WF_ENROLMENT_ABANDONED ||
	    state == WF_ENROLMENT_DESTROYED) {
		w->env.now += US_PER_DAY;
		cr_assert_eq(world_tick(w), 1);
	}
	if (state == WF_ENROLMENT_DESTROYED)
		world_say(w, destroyed_event(w, EV_DESTRUCTION_CAUSE_ABANDONED,
					     NULL));
	return w;
}

static enum wf_verdict
say_kind(struct world *w, enum event_type type)
{
	switch (type) {
	case EVENT_KEY_PAIR_REQUESTED:
		return key_requested(w, E1);
	case EVENT_CSR_GENERATED:
		return csr_generated(w, E1);
	case EVENT_KEY_PAIR_FAILED:
		return key_failed(w);
	case EVENT_ENROLMENT_SAVED:
		return enrolment_saved(w, E1);
	default:
		return world_say(
			w, destroyed_event(w, EV_DESTRUCTION_CAUSE_ABANDONED,
					   NULL));
	}
}

/* What the table says must become of it. */
static enum wf_verdict
expected(enum wf_enrolment_state state, enum event_type type)
{
	const struct wf_row *row =
		wf_row_find(WF_ENROLMENT, state, type, WF_CASE_PLAIN);

	if (state == WF_ENROLMENT_NONE && type != EVENT_KEY_PAIR_REQUESTED)
		return WF_DEFERRED; /* ENROLMENT_UNKNOWN */
	if (row == NULL)
		return WF_REFUSED;
	return row->waits ? WF_DEFERRED : WF_ADMITTED;
}

Test(enrolment, whole_square)
{
	static const enum event_type events[] = {
		EVENT_KEY_PAIR_REQUESTED, EVENT_CSR_GENERATED,
		EVENT_KEY_PAIR_FAILED,    EVENT_ENROLMENT_SAVED,
		EVENT_KEY_PAIR_DESTROYED,
	};

	for (int s = 0; s < WF_ENROLMENT__COUNT; s++)
		for (size_t i = 0; i < 5; i++) {
			enum wf_enrolment_state state =
				(enum wf_enrolment_state)s;
			AUTO(world) struct world *w = in_state(state);
			const struct wf_enrolment *en =
				subject_enrolment(w->s, E1);

			cr_assert_eq(en == NULL ? WF_ENROLMENT_NONE : en->state,
				     state);
			cr_expect_eq(say_kind(w, events[i]),
				     expected(state, events[i]), "%s in %s: %s",
				     event_type_name(events[i]),
				     wf_state_name(WF_ENROLMENT, s),
				     ev_refusal_code_name(world_code(w)));
			world_check_replay(w);
		}
}

Test(enrolment, key_request_guards)
{
	AUTO(world) struct world *w = world_new(TAX);
	struct event *ev = world_event(w, EVENT_KEY_PAIR_REQUESTED, CUSTOMER);

	ev->key_pair_requested.enrolment_id = E1;
	ev->key_pair_requested.unit_kind = EV_UNIT_KIND_BRANCH;
	world_say(w, ev);
	cr_expect_eq(world_code(w), EV_REFUSAL_CODE_UNIT_KIND);
	cr_assert_eq(key_requested(w, E1), WF_ADMITTED);
	key_requested(w, E1);
	cr_expect_eq(world_code(w), EV_REFUSAL_CODE_DUPLICATE_ID);
	w->env.limits.open_enrolments_max = 1;
	key_requested(w, E2);
	cr_expect_eq(world_code(w), EV_REFUSAL_CODE_LIMIT);
}

static struct event *
csr_event(struct world *w)
{
	struct event *ev = world_event(w, EVENT_CSR_GENERATED, "keygen-1");
	struct ev_csr_generated *c = &ev->csr_generated;

	c->enrolment_id = E1;
	c->key_ref.token = "customer-1";
	c->key_algorithm = EV_KEY_ALGORITHM_RSA_2048;
	c->csr_der = world_csr(w, TAX, E1, E1);
	c->spki_sha256 = world_spki(w, E1);
	c->attributes =
		(struct ev_key_attributes){ true, false, true, true, true };
	return ev;
}

static void
expect_csr(struct world *w, struct event *ev, enum ev_refusal_code code)
{
	cr_expect_eq(world_say(w, ev), WF_REFUSED);
	cr_expect_eq(world_code(w), code, "%s",
		     ev_refusal_code_name(world_code(w)));
}

Test(enrolment, csr_guards)
{
	AUTO(world) struct world *w = world_new(TAX);
	struct event *ev;

	key_requested(w, E1);
	ev = csr_event(w);
	ev->csr_generated.attributes.extractable = true;
	expect_csr(w, ev, EV_REFUSAL_CODE_KEY_ATTRIBUTES);
	ev = csr_event(w);
	ev->csr_generated.attributes.local = false;
	expect_csr(w, ev, EV_REFUSAL_CODE_KEY_ATTRIBUTES);
	ev = csr_event(w);
	ev->csr_generated.csr_der = world_csr(w, "0399001018", E1, E1);
	expect_csr(w, ev, EV_REFUSAL_CODE_CSR_TAX_CODE);
	ev = csr_event(w);
	ev->csr_generated.csr_der = world_csr(w, TAX, E2, E1);
	expect_csr(w, ev, EV_REFUSAL_CODE_ORDER_MISMATCH);
	ev = csr_event(w);
	ev->csr_generated.spki_sha256 = world_spki(w, E2);
	expect_csr(w, ev, EV_REFUSAL_CODE_ORDER_MISMATCH);
	ev = csr_event(w);
	ev->csr_generated.key_algorithm = EV_KEY_ALGORITHM_EC_P256;
	expect_csr(w, ev, EV_REFUSAL_CODE_ORDER_MISMATCH);
	w->key_taken_elsewhere = true;
	expect_csr(w, csr_event(w), EV_REFUSAL_CODE_KEY_USED);
	w->key_taken_elsewhere = false;
	cr_expect_eq(world_say(w, csr_event(w)), WF_ADMITTED);
}

/* Whatever the X.509 code says is passed on, with a field. */
Test(enrolment, every_csr_and_key_code)
{
	for (int c = EV_REFUSAL_CODE_CSR_PERSONAL_DATA;
	     c <= EV_REFUSAL_CODE_KEY_IS_CA_KEY; c++) {
		AUTO(world) struct world *w = world_new(TAX);

		key_requested(w, E1);
		w->csr_refuses = (enum ev_refusal_code)c;
		expect_csr(w, csr_event(w), (enum ev_refusal_code)c);
		cr_expect_str_eq(w->last.refusal.field, "csr_der");
	}
}

/* The same key under a second enrolment of the same customer. */
Test(enrolment, one_key_one_enrolment)
{
	AUTO(world) struct world *w = world_new(TAX);
	struct event *ev;

	enrol(w, E1);
	key_requested(w, E2);
	ev = csr_event(w);
	ev->csr_generated.enrolment_id = E2;
	ev->csr_generated.csr_der = world_csr(w, TAX, E2, E1);
	expect_csr(w, ev, EV_REFUSAL_CODE_KEY_USED);
}

Test(enrolment, only_the_owner_saves)
{
	AUTO(world) struct world *w = world_new(TAX);
	struct event *ev = world_event(w, EVENT_ENROLMENT_SAVED, "account-2");

	key_requested(w, E1);
	ev->enrolment_saved.enrolment_id = E1;
	expect_csr(w, ev, EV_REFUSAL_CODE_NOT_OWNER); /* not even deferred */
	csr_generated(w, E1);
	ev = world_event(w, EVENT_ENROLMENT_SAVED, "account-2");
	ev->enrolment_saved.enrolment_id = E1;
	expect_csr(w, ev, EV_REFUSAL_CODE_NOT_OWNER);
	cr_expect_eq(enrolment_saved(w, E1), WF_ADMITTED);
}

Test(enrolment, destroying_the_loser_of_a_race)
{
	AUTO(world) struct world *w = world_new(TAX);
	const enum ev_destruction_cause lost = EV_DESTRUCTION_CAUSE_LOST_RACE;

	enrol(w, E1);
	cr_expect_eq(world_say(w, destroyed_event(w, lost, E1)), WF_REFUSED);
	cr_expect_eq(world_code(w), EV_REFUSAL_CODE_STATE);
	cr_expect_eq(world_say(w, destroyed_event(w, lost, "loser")),
		     WF_ADMITTED);
	cr_expect_eq(world_say(w, destroyed_event(w, lost, NULL)), WF_ADMITTED);
	cr_expect_eq(subject_enrolment(w->s, E1)->state, WF_ENROLMENT_SAVED);
	world_check_replay(w);
}

Test(enrolment, clocks)
{
	AUTO(world) struct world *w = world_new(TAX);
	const struct event *gone;

	enrol(w, E1);
	key_requested(w, E2);
	cr_expect_eq(subject_next_deadline(w->s, &w->env),
		     w->env.now + US_PER_DAY);
	w->env.now += US_PER_DAY - 1;
	cr_expect_eq(world_tick(w), 0);
	w->env.now += 1;
	cr_expect_eq(world_tick(w), 1);
	gone = world_find(w, EVENT_ENROLMENT_ABANDONED);
	cr_expect_str_eq(gone->enrolment_abandoned.enrolment_id, E2);
	cr_expect_eq(gone->enrolment_abandoned.cause,
		     EV_ABANDONMENT_CAUSE_NOT_SAVED);
	w->env.now += 179 * US_PER_DAY;
	cr_expect_eq(world_tick(w), 1);
	gone = world_find(w, EVENT_ENROLMENT_ABANDONED);
	cr_expect_eq(gone->enrolment_abandoned.cause,
		     EV_ABANDONMENT_CAUSE_NOT_CERTIFIED);
	cr_expect_eq(subject_next_deadline(w->s, &w->env), INT64_MAX);
	world_check_replay(w);
}

/* A key that an open request holds is not taken away from it. */
Test(enrolment, held_keys_are_not_abandoned)
{
	AUTO(world) struct world *w = world_new(TAX);

	enrol(w, E1);
	w->env.now += 175 * US_PER_DAY;
	submit(w, R1, 1);
	cr_assert_eq(approve(w, R1, E1), WF_ADMITTED);
	w->env.now += 10 * US_PER_DAY;
	cr_expect_eq(world_tick(w), 0);
	w->env.now += 30 * US_PER_DAY; /* the request lapses, then the key */
	cr_expect_eq(world_tick(w), 2);
	cr_expect_eq(subject_request(w->s, R1)->state, EV_REQUEST_STATE_LAPSED);
	cr_expect_eq(subject_enrolment(w->s, E1)->state,
		     WF_ENROLMENT_ABANDONED);
}
