/*
 * Suspension, resumption and revocation of a certificate.
 *
 * A suspension protects and needs one officer; what gives a certificate back
 * or takes it away for ever needs a second person, the manager who confirms.
 * From its order on a serial number counts as issued, so that it can be
 * revoked whether or not a signature exists.
 */
#include <string.h>

#include "workflow/judge.h"

/* What a request for a change says, whichever of the three it is. */
struct ask {
	const char *id;
	const char *serial_number;
	enum wf_case which;
};

static struct ask
asked(const struct event *ev)
{
	struct ask a = { .which = WF_CASE_PLAIN };

	switch (ev->type) {
	case EVENT_SUSPENSION_REQUESTED:
		a.id = ev->suspension_requested.status_change_id;
		a.serial_number = ev->suspension_requested.serial_number;
		break;
	case EVENT_RESUMPTION_REQUESTED:
		a.id = ev->resumption_requested.status_change_id;
		a.serial_number = ev->resumption_requested.serial_number;
		break;
	default:
		a.id = ev->revocation_requested.status_change_id;
		a.serial_number = ev->revocation_requested.serial_number;
		if (ev->revocation_requested.reason ==
		    EV_REVOCATION_REASON_KEY_COMPROMISE)
			a.which = WF_CASE_KEY_COMPROMISE;
		break;
	}
	return a;
}

static bool
expired(const struct judge *j, const struct wf_certificate_state *c)
{
	return j->env->now > c->not_after;
}

/* Is the event of this kind possible for the certificate as it is now? */
static bool
check_certificate(struct judge *j, const struct wf_certificate_state *c,
		  bool on_hold, bool good)
{
	const char *state =
		expired(j, c) ? "EXPIRED" : wf_state_name(WF_CA, c->ca);

	if (!expired(j, c) && ((c->ca == WF_CA_ON_HOLD && on_hold) ||
			       (c->ca == WF_CA_GOOD && good)))
		return true;
	judge_refuse_with(j, EV_REFUSAL_CODE_STATE, "serial_number", "state",
			  state);
	return false;
}

/* An order whose certificate has not been seen: revocable, once. */
static bool
check_unsigned(struct judge *j, const struct wf_order *order)
{
	if (order == NULL)
		refuse(j, CERTIFICATE_UNKNOWN, "serial_number");
	else if (subject_serial_revoked(j->s, order->serial_number))
		judge_refuse_with(j, EV_REFUSAL_CODE_STATE, "serial_number",
				  "state", wf_state_name(WF_CA, WF_CA_REVOKED));
	return !judge_refused(j);
}

static bool
check_target(struct judge *j, const char *serial, bool on_hold, bool good)
{
	const struct wf_certificate_state *c =
		subject_certificate(j->s, serial);

	if (c != NULL)
		return check_certificate(j, c, on_hold, good);
	if (on_hold && good)
		return check_unsigned(j, subject_order_of(j->s, serial));
	refuse(j, CERTIFICATE_UNKNOWN, "serial_number");
	return false;
}

/* The reasons that a person may give; the others are the registrar's. */
static bool
check_reason(struct judge *j)
{
	const struct event *ev = j->in->event;

	if (ev->type != EVENT_REVOCATION_REQUESTED ||
	    (ev->revocation_requested.reason !=
		     EV_REVOCATION_REASON_CERTIFICATE_HOLD &&
	     ev->revocation_requested.reason !=
		     EV_REVOCATION_REASON_REMOVE_FROM_CRL))
		return true;
	judge_refuse_with(j, EV_REFUSAL_CODE_BODY_INVALID, "reason", "reason",
			  "not a reason to revoke for");
	return false;
}

static bool
suspend(struct judge *j, const char *serial, const char *id)
{
	struct event *ev = judge_emit(j, EVENT_CERTIFICATE_SUSPENDED);

	if (ev == NULL)
		return false;
	ev->certificate_suspended = (struct ev_certificate_suspended){
		.meta = ev->certificate_suspended.meta,
		.serial_number = serial,
		.reason = EV_REVOCATION_REASON_CERTIFICATE_HOLD,
		.effective_at = j->env->now,
		.status_change_id = id,
	};
	return true;
}

/* Does the request itself put a hold on the certificate? */
static bool
holds_at_once(const struct judge *j, const struct ask *a)
{
	const struct wf_certificate_state *c =
		subject_certificate(j->s, a->serial_number);

	return j->in->event->type == EVENT_SUSPENSION_REQUESTED ||
	       (a->which == WF_CASE_KEY_COMPROMISE && c != NULL &&
		c->ca == WF_CA_GOOD);
}

static bool
requested(struct judge *j)
{
	enum event_type type = j->in->event->type;
	struct ask a = asked(j->in->event);

	if (subject_status_change(j->s, a.id) != NULL)
		return refuse(j, DUPLICATE_ID, "status_change_id");
	if (!judge_state(j, WF_STATUS, WF_STATUS_NONE, a.which) ||
	    !check_reason(j) ||
	    !check_target(j, a.serial_number,
			  type != EVENT_SUSPENSION_REQUESTED,
			  type != EVENT_RESUMPTION_REQUESTED))
		return true;
	if (!judge_id_free(j, WF_ID_STATUS_CHANGE, a.id, "status_change_id"))
		return false;
	if (judge_refused(j) || !holds_at_once(j, &a))
		return true;
	return suspend(j, a.serial_number, a.id);
}

static bool
resume(struct judge *j, const struct wf_status_change *sc)
{
	struct event *ev = judge_emit(j, EVENT_CERTIFICATE_RESUMED);

	if (ev == NULL)
		return false;
	ev->certificate_resumed = (struct ev_certificate_resumed){
		.meta = ev->certificate_resumed.meta,
		.serial_number = sc->serial_number,
		.reason = EV_REVOCATION_REASON_REMOVE_FROM_CRL,
		.effective_at = j->env->now,
		.status_change_id = sc->id,
	};
	return true;
}

static bool
revoke(struct judge *j, const struct wf_status_change *sc)
{
	const struct wf_certificate_state *c =
		subject_certificate(j->s, sc->serial_number);
	struct event *ev = judge_emit(j, EVENT_CERTIFICATE_REVOKED);

	if (ev == NULL)
		return false;
	ev->certificate_revoked = (struct ev_certificate_revoked){
		.meta = ev->certificate_revoked.meta,
		.serial_number = sc->serial_number,
		.reason = sc->reason,
		.effective_at = j->env->now,
		.invalidity_date =
			sc->has_invalidity_date ? &sc->invalidity_date : NULL,
		.status_change_id = sc->id,
	};
	if (c == NULL || c->use != WF_USE_ACTIVE)
		return true;
	ev = judge_emit(j, EVENT_CERTIFICATE_DEACTIVATED);
	if (ev == NULL)
		return false;
	ev->certificate_deactivated.serial_number = sc->serial_number;
	ev->certificate_deactivated.cause = EV_DEACTIVATION_CAUSE_REVOKED;
	return true;
}

static bool
confirmed(struct judge *j, const struct wf_status_change *sc)
{
	if (!check_target(j, sc->serial_number, true, !sc->resumes))
		return true;
	return sc->resumes ? resume(j, sc) : revoke(j, sc);
}

/* The manager's word: the second person, never the one who asked. */
static bool
answered(struct judge *j)
{
	const struct event *ev = j->in->event;
	bool yes = ev->type == EVENT_STATUS_CHANGE_CONFIRMED;
	const char *id = yes ? ev->status_change_confirmed.status_change_id
			     : ev->status_change_declined.status_change_id;
	const struct wf_status_change *sc = subject_status_change(j->s, id);

	if (sc == NULL)
		return refuse(j, REQUEST_UNKNOWN, "status_change_id");
	if (!judge_state(j, WF_STATUS, sc->state,
			 yes && sc->resumes ? WF_CASE_RESUMPTION
					    : WF_CASE_PLAIN))
		return true;
	if (strcmp(ev->meta.actor.id, sc->requester) == 0)
		return refuse(j, FOUR_EYES, "meta.actor.id");
	return yes ? confirmed(j, sc) : true;
}

bool
judge_status(struct judge *j)
{
	switch (j->in->event->type) {
	case EVENT_STATUS_CHANGE_CONFIRMED:
	case EVENT_STATUS_CHANGE_DECLINED:
		return answered(j);
	default:
		return requested(j);
	}
}

bool
judge_hold_compromised(struct judge *j, const char *serial)
{
	for (size_t i = 0; i < j->s->st.status_changes.count; i++) {
		const struct wf_status_change *sc =
			&j->s->st.status_changes.items[i];

		if (sc->state == WF_STATUS_OPEN && !sc->resumes &&
		    sc->reason == EV_REVOCATION_REASON_KEY_COMPROMISE &&
		    strcmp(sc->serial_number, serial) == 0 &&
		    !subject_serial_revoked(j->s, serial))
			return suspend(j, serial, sc->id);
	}
	return true;
}
