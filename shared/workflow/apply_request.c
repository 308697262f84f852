/* Folding: requests. */
#include <string.h>

#include "workflow/der.h"
#include "workflow/layout.h"
#include "workflow/subject_state.h"

static bool
keep_submission(struct subject *s, const struct wf_record *r,
		struct wf_request *rq, struct err *e)
{
	const struct ev_submission *sub =
		&r->event->request_submitted.submission;
	struct bytes spki;

	if (r->submission.data == NULL)
		return ERR_SET(e, ERR_FATAL, "workflow", 0,
			       "RequestSubmitted without the octets of its "
			       "submission");
	rq->submission_schema_id = r->schema_id;
	sha256(r->submission, rq->submission_sha256.b);
	memset(&rq->uploaded_spki, 0, sizeof(rq->uploaded_spki));
	memset(&rq->submission, 0, sizeof(rq->submission));
	if (sub->csr_source == EV_CSR_SOURCE_UPLOADED) {
		if (!der_csr_spki(sub->csr_der, &spki))
			return ERR_SET(e, ERR_FATAL, "workflow", 0,
				       "admitted CSR is not readable");
		sha256(spki, rq->uploaded_spki.b);
	}
	return subject_bytes(s, r->submission, &rq->submission_bytes, e) &&
	       subject_copy(s, &ev_record_submission, sub, &rq->submission, e);
}

static bool
submitted(struct subject *s, const struct wf_record *r, struct err *e)
{
	const struct ev_submission *sub =
		&r->event->request_submitted.submission;
	const char *actor = r->event->meta.actor.id;
	struct wf_request *rq = subject_request(s, sub->request_id);
	int state = rq == NULL ? EV_REQUEST_STATE_UNKNOWN : (int)rq->state;
	int next;

	if (!apply_step(WF_REQUEST, state, r,
			rq == NULL ? WF_CASE_PLAIN : WF_CASE_REVISION, &next,
			e))
		return false;
	if (rq == NULL) {
		rq = subject_push(s, &s->st.requests, sizeof(*rq), e);
		if (rq == NULL ||
		    !subject_text(s, sub->request_id, &rq->id, e) ||
		    !subject_text(s, actor, &rq->creator, e))
			return false;
	}
	rq->state = (enum ev_request_state)next;
	rq->progressed_at = recorded(r);
	return subject_push_name(s, &rq->editors, actor, e) &&
	       keep_submission(s, r, rq, e);
}

/* The record of the last approved submission is what EXISTING must equal. */
static bool
keep_customer(struct subject *s, const struct wf_request *rq, struct err *e)
{
	struct ev_customer *copy = subject_alloc(s, sizeof(*copy));

	if (copy == NULL)
		return ERR_NO_MEMORY(e);
	s->st.customer = copy;
	s->st.customer_request = rq->id;
	return subject_copy(s, &ev_record_customer, &rq->submission.customer,
			    copy, e);
}

static bool
approved(struct subject *s, const struct ev_request_approved *ev,
	 struct wf_request *rq, struct err *e)
{
	struct wf_approval *ap = subject_alloc(s, sizeof(*ap));
	const struct wf_enrolment *en = NULL;

	if (ap == NULL)
		return ERR_NO_MEMORY(e);
	if (rq->submission.csr_source == EV_CSR_SOURCE_EINVOICE) {
		en = subject_enrolment_by_key(s, &ev->spki_sha256);
		if (en == NULL)
			return ERR_SET(e, ERR_FATAL, "workflow", 0,
				       "no enrolment has the approved key");
		ap->enrolment_id = en->id;
	}
	ap->spki_sha256 = ev->spki_sha256;
	rq->approval = ap;
	return subject_text(s, ev->meta.event_id, &ap->event_id, e) &&
	       subject_text(s, ev->meta.actor.id, &ap->approver_id, e) &&
	       subject_bytes(s, ev->signature_cms, &ap->cms, e) &&
	       keep_customer(s, rq, e);
}

static const char *
request_id(const struct event *ev)
{
	switch (ev->type) {
	case EVENT_REQUEST_APPROVED:
		return ev->request_approved.request_id;
	case EVENT_REQUEST_RETURNED:
		return ev->request_returned.request_id;
	case EVENT_REQUEST_REJECTED:
		return ev->request_rejected.request_id;
	case EVENT_REQUEST_WITHDRAWN:
		return ev->request_withdrawn.request_id;
	case EVENT_REQUEST_REASSIGNED:
		return ev->request_reassigned.request_id;
	case EVENT_REQUEST_LAPSED:
		return ev->request_lapsed.request_id;
	default:
		return ev->issuance_requested.request_id;
	}
}

bool
apply_request(struct subject *s, const struct wf_record *r, struct err *e)
{
	const struct event *ev = r->event;
	struct wf_request *rq;
	int next;

	if (ev->type == EVENT_REQUEST_SUBMITTED)
		return submitted(s, r, e);
	rq = subject_request(s, request_id(ev));
	if (rq == NULL)
		return ERR_SET(e, ERR_FATAL, "workflow", 0,
			       "the log does not fit: no request %s",
			       request_id(ev));
	if (!apply_step(WF_REQUEST, (int)rq->state, r, WF_CASE_PLAIN, &next, e))
		return false;
	rq->state = (enum ev_request_state)next;
	rq->progressed_at = recorded(r);
	if (ev->type == EVENT_REQUEST_RETURNED)
		rq->approval = NULL; /* another content needs another one */
	if (ev->type == EVENT_REQUEST_APPROVED)
		return approved(s, &ev->request_approved, rq, e);
	if (ev->type == EVENT_REQUEST_REASSIGNED)
		return subject_text(s, ev->request_reassigned.new_officer_id,
				    &rq->creator, e);
	return true;
}
