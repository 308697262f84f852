/* Folding: key pairs and their CSRs. */
#include "workflow/subject_state.h"

bool
apply_step(enum wf_machine machine, int state, const struct wf_record *r,
	   enum wf_case which, int *next, struct err *e)
{
	const struct wf_row *row =
		wf_row_find(machine, state, r->event->type, which);

	if (row == NULL || row->waits ||
	    row->refused != EV_REFUSAL_CODE_UNKNOWN)
		return ERR_SET(
			e, ERR_FATAL, "workflow", 0,
			"the log does not fit the tables: %s in state %s",
			wf_machine_name(machine),
			wf_state_name(machine, state));
	*next = row->to == WF_SAME ? state : row->to;
	return true;
}

static bool
start(struct subject *s, const struct wf_record *r, struct err *e)
{
	const struct ev_key_pair_requested *ev = &r->event->key_pair_requested;
	struct wf_enrolment *en;
	int next;

	if (!apply_step(WF_ENROLMENT, WF_ENROLMENT_NONE, r, WF_CASE_PLAIN,
			&next, e))
		return false;
	en = subject_push(s, &s->st.enrolments, sizeof(*en), e);
	if (en == NULL)
		return false;
	en->state = (enum wf_enrolment_state)next;
	en->key_algorithm = ev->key_algorithm;
	en->since = recorded(r);
	return subject_text(s, ev->enrolment_id, &en->id, e) &&
	       subject_text(s, ev->meta.actor.id, &en->owner, e);
}

static bool
keep_key(struct subject *s, const struct ev_csr_generated *ev,
	 struct wf_enrolment *en, struct err *e)
{
	en->has_key = true;
	en->spki_sha256 = ev->spki_sha256;
	en->key_ref.key_id = ev->key_ref.key_id;
	return subject_text(s, ev->key_ref.token, &en->key_ref.token, e) &&
	       subject_bytes(s, ev->csr_der, &en->csr_der, e);
}

static const char *
enrolment_id(const struct event *ev)
{
	switch (ev->type) {
	case EVENT_CSR_GENERATED:
		return ev->csr_generated.enrolment_id;
	case EVENT_KEY_PAIR_FAILED:
		return ev->key_pair_failed.enrolment_id;
	case EVENT_KEY_PAIR_DESTROYED:
		return ev->key_pair_destroyed.enrolment_id;
	case EVENT_ENROLMENT_ABANDONED:
		return ev->enrolment_abandoned.enrolment_id;
	default:
		return ev->enrolment_saved.enrolment_id;
	}
}

bool
apply_enrolment(struct subject *s, const struct wf_record *r, struct err *e)
{
	const struct event *ev = r->event;
	enum wf_case which = WF_CASE_PLAIN;
	struct wf_enrolment *en;
	int next;

	if (ev->type == EVENT_KEY_PAIR_REQUESTED)
		return start(s, r, e);
	en = subject_enrolment(s, enrolment_id(ev));
	if (en == NULL)
		return ERR_SET(e, ERR_FATAL, "workflow", 0,
			       "the log does not fit: no enrolment %s",
			       enrolment_id(ev));
	if (ev->type == EVENT_KEY_PAIR_DESTROYED &&
	    ev->key_pair_destroyed.cause == EV_DESTRUCTION_CAUSE_LOST_RACE)
		which = WF_CASE_LOST_RACE;
	if (!apply_step(WF_ENROLMENT, en->state, r, which, &next, e))
		return false;
	en->state = (enum wf_enrolment_state)next;
	if (ev->type == EVENT_ENROLMENT_SAVED)
		en->since = recorded(r);
	return ev->type != EVENT_CSR_GENERATED ||
	       keep_key(s, &ev->csr_generated, en, e);
}
