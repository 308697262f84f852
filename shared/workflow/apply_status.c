/* Folding: changes of status that somebody asked for. */
#include "workflow/subject_state.h"

static bool
step(struct wf_status_change *sc, const struct wf_record *r, enum wf_case which,
     struct err *e)
{
	int next;

	if (!apply_step(WF_STATUS, sc->state, r, which, &next, e))
		return false;
	sc->state = (enum wf_status_state)next;
	return true;
}

static bool
asked(struct subject *s, const struct wf_record *r, const char *id,
      const char *serial, enum wf_case which, struct wf_status_change **out,
      struct err *e)
{
	struct wf_status_change *sc =
		subject_push(s, &s->st.status_changes, sizeof(*sc), e);

	*out = sc;
	return sc != NULL && step(sc, r, which, e) &&
	       subject_text(s, id, &sc->id, e) &&
	       subject_text(s, serial, &sc->serial_number, e) &&
	       subject_text(s, r->event->meta.actor.id, &sc->requester, e);
}

static bool
revocation(struct subject *s, const struct wf_record *r, struct err *e)
{
	const struct ev_revocation_requested *ev =
		&r->event->revocation_requested;
	bool compromise = ev->reason == EV_REVOCATION_REASON_KEY_COMPROMISE;
	struct wf_status_change *sc;

	if (!asked(s, r, ev->status_change_id, ev->serial_number,
		   compromise ? WF_CASE_KEY_COMPROMISE : WF_CASE_PLAIN, &sc, e))
		return false;
	sc->reason = ev->reason;
	sc->has_invalidity_date = ev->invalidity_date != NULL;
	if (sc->has_invalidity_date)
		sc->invalidity_date = *ev->invalidity_date;
	return true;
}

static bool
resumption(struct subject *s, const struct wf_record *r, struct err *e)
{
	const struct ev_resumption_requested *ev =
		&r->event->resumption_requested;
	struct wf_status_change *sc;

	if (!asked(s, r, ev->status_change_id, ev->serial_number, WF_CASE_PLAIN,
		   &sc, e))
		return false;
	sc->resumes = true;
	return true;
}

static bool
answered(struct subject *s, const struct wf_record *r, const char *id,
	 struct err *e)
{
	struct wf_status_change *sc = subject_status_change(s, id);
	bool yes = r->event->type == EVENT_STATUS_CHANGE_CONFIRMED;

	if (sc == NULL)
		return ERR_SET(e, ERR_FATAL, "workflow", 0,
			       "the log does not fit: no status change %s", id);
	return step(sc, r,
		    yes && sc->resumes ? WF_CASE_RESUMPTION : WF_CASE_PLAIN, e);
}

bool
apply_status(struct subject *s, const struct wf_record *r, struct err *e)
{
	const struct event *ev = r->event;
	struct wf_status_change *sc;

	switch (ev->type) {
	case EVENT_SUSPENSION_REQUESTED:
		return asked(s, r, ev->suspension_requested.status_change_id,
			     ev->suspension_requested.serial_number,
			     WF_CASE_PLAIN, &sc, e);
	case EVENT_RESUMPTION_REQUESTED:
		return resumption(s, r, e);
	case EVENT_REVOCATION_REQUESTED:
		return revocation(s, r, e);
	case EVENT_STATUS_CHANGE_CONFIRMED:
		return answered(
			s, r, ev->status_change_confirmed.status_change_id, e);
	default: /* StatusChangeDeclined */
		return answered(s, r,
				ev->status_change_declined.status_change_id, e);
	}
}
