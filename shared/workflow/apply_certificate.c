/* Folding: certificates, at the CA and in use. */
#include <string.h>

#include "workflow/subject_state.h"

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
	case EVENT_DEACTIVATION_REQUESTED:
		return ev->deactivation_requested.serial_number;
	case EVENT_CERTIFICATE_DEACTIVATED:
		return ev->certificate_deactivated.serial_number;
	case EVENT_CERTIFICATE_REVOKED:
		return ev->certificate_revoked.serial_number;
	case EVENT_CERTIFICATE_SUSPENDED:
		return ev->certificate_suspended.serial_number;
	case EVENT_CERTIFICATE_RESUMED:
		return ev->certificate_resumed.serial_number;
	default:
		return event_refused_activation(&ev->event_refused);
	}
}

/* Change of the CA's status: CRL and OCSP follow it. */
static bool
change_status(struct subject *s, const struct wf_record *r,
	      const char *serial_number, struct wf_certificate_state *c,
	      struct err *e)
{
	int next;

	if (r->event->type == EVENT_CERTIFICATE_REVOKED &&
	    !subject_push_name(s, &s->st.revoked, serial_number, e))
		return false;
	if (c == NULL)
		return true; /* ordered, and never seen signed */
	if (!apply_step(WF_CA, c->ca, r, WF_CASE_PLAIN, &next, e))
		return false;
	c->ca = (enum wf_ca_state)next;
	if (wf_row_find(WF_USE, c->use, r->event->type, WF_CASE_PLAIN) == NULL)
		return true; /* only a running activation is touched */
	if (!apply_step(WF_USE, c->use, r, WF_CASE_PLAIN, &next, e))
		return false;
	c->use = (enum wf_use_state)next;
	return true;
}

bool
apply_certificate(struct subject *s, const struct wf_record *r, struct err *e)
{
	const char *serial_number = serial(r->event);
	struct wf_certificate_state *c;
	enum wf_case which = WF_CASE_PLAIN;
	int next;

	if (serial_number == NULL)
		return true; /* EventRefused of something else */
	c = subject_certificate(s, serial_number);
	switch (r->event->type) {
	case EVENT_CERTIFICATE_REVOKED:
	case EVENT_CERTIFICATE_SUSPENDED:
	case EVENT_CERTIFICATE_RESUMED:
		return change_status(s, r, serial_number, c, e);
	case EVENT_CERTIFICATE_DEACTIVATED:
		if (c != NULL && c->use == WF_USE_DEACTIVATED)
			return true; /* DeactivationRequested said so */
		break;
	case EVENT_EVENT_REFUSED:
		if (c == NULL || c->use != WF_USE_ACTIVATING)
			return true;
		which = WF_CASE_TOO_LATE;
		break;
	default:
		break;
	}
	if (c == NULL)
		return ERR_SET(e, ERR_FATAL, "workflow", 0,
			       "the log does not fit: no certificate %s",
			       serial_number);
	if (!apply_step(WF_USE, c->use, r, which, &next, e))
		return false;
	c->use = (enum wf_use_state)next;
	return true;
}
