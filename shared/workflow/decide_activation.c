/* Putting a certificate to use, and out of use. */
#include <string.h>

#include "workflow/judge.h"

static bool
is_good(const struct judge *j, const struct wf_certificate_state *c)
{
	return c->ca == WF_CA_GOOD && c->not_before <= j->env->now &&
	       j->env->now <= c->not_after;
}

static const struct wf_enrolment *
enrolment_of(const struct judge *j, const struct wf_certificate_state *c)
{
	return c->enrolment_id == NULL
		       ? NULL
		       : subject_enrolment(j->s, c->enrolment_id);
}

static bool
check_owner(struct judge *j, const struct wf_enrolment *en)
{
	if (strcmp(j->in->event->meta.actor.id, en->owner) != 0)
		refuse(j, NOT_OWNER, "meta.actor.id");
	return !judge_refused(j);
}

static bool
requested(struct judge *j, const struct wf_certificate_state *c,
	  const struct wf_enrolment *en)
{
	struct event *ev;

	if (!judge_state(j, WF_USE, c->use, WF_CASE_PLAIN))
		return true;
	if (!is_good(j, c))
		return refuse(j, CERTIFICATE_NOT_GOOD, "serial_number");
	if (!en->has_key)
		return refuse(j, KEY_NOT_LOCAL, "serial_number");
	if (!check_owner(j, en))
		return true;
	ev = judge_emit(j, EVENT_ACTIVATION_ORDERED);
	if (ev == NULL)
		return false;
	ev->activation_ordered.serial_number = c->serial_number;
	ev->activation_ordered.enrolment_id = en->id;
	ev->activation_ordered.key_ref = en->key_ref;
	ev->activation_ordered.certificate_der = c->certificate_der;
	return true;
}

static bool
activated(struct judge *j, const struct ev_certificate_activated *ev,
	  const struct wf_certificate_state *c, const struct wf_enrolment *en)
{
	if (!judge_state(j, WF_USE, c->use, WF_CASE_PLAIN))
		return true;
	if (strcmp(ev->enrolment_id, en->id) != 0)
		return refuse(j, ORDER_MISMATCH, "enrolment_id");
	if (memcmp(&ev->key_ref.key_id, &en->key_ref.key_id,
		   sizeof(en->key_ref.key_id)) != 0)
		return refuse(j, ORDER_MISMATCH, "key_ref.key_id");
	if (!is_good(j, c)) /* folding needs to know which certificate */
		judge_refuse_with(j, EV_REFUSAL_CODE_CERTIFICATE_NOT_GOOD,
				  "serial_number", "serial_number",
				  c->serial_number);
	return true;
}

static bool
deactivated(struct judge *j, const struct wf_certificate_state *c,
	    const struct wf_enrolment *en)
{
	struct event *ev;

	if (!judge_state(j, WF_USE, c->use, WF_CASE_PLAIN) ||
	    !check_owner(j, en))
		return true;
	ev = judge_emit(j, EVENT_CERTIFICATE_DEACTIVATED);
	if (ev == NULL)
		return false;
	ev->certificate_deactivated.serial_number = c->serial_number;
	ev->certificate_deactivated.cause = EV_DEACTIVATION_CAUSE_CUSTOMER;
	return true;
}

static const char *
serial(const struct event *ev)
{
	switch (ev->type) {
	case EVENT_ACTIVATION_REQUESTED:
		return ev->activation_requested.serial_number;
	case EVENT_CERTIFICATE_ACTIVATED:
		return ev->certificate_activated.serial_number;
	case EVENT_ACTIVATION_FAILED:
		return ev->activation_failed.serial_number;
	default:
		return ev->deactivation_requested.serial_number;
	}
}

bool
judge_activation(struct judge *j)
{
	const struct event *ev = j->in->event;
	const struct wf_certificate_state *c =
		subject_certificate(j->s, serial(ev));
	const struct wf_enrolment *en;

	if (c == NULL)
		return refuse(j, CERTIFICATE_UNKNOWN, "serial_number");
	en = enrolment_of(j, c);
	if (en == NULL) /* the machine does not apply: the key is elsewhere */
		return refuse(j, KEY_NOT_LOCAL, "serial_number");
	switch (ev->type) {
	case EVENT_ACTIVATION_REQUESTED:
		return requested(j, c, en);
	case EVENT_CERTIFICATE_ACTIVATED:
		return activated(j, &ev->certificate_activated, c, en);
	case EVENT_DEACTIVATION_REQUESTED:
		return deactivated(j, c, en);
	default:
		(void)judge_state(j, WF_USE, c->use, WF_CASE_PLAIN);
		return true;
	}
}
