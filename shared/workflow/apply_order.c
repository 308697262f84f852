/*
 * Folding: orders and what the issuer answered.
 *
 * From IssuanceOrdered on a serial counts as issued: whatever leaves it
 * without an admitted certificate, and may have left a signature somewhere,
 * records it as revoked.
 */
#include <string.h>

#include "workflow/der.h"
#include "workflow/subject_state.h"

static bool
no_order(const char *id, struct err *e)
{
	return ERR_SET(e, ERR_FATAL, "workflow", 0,
		       "the log does not fit: no order %s", id);
}

static bool
revoke(struct subject *s, const char *serial, struct err *e)
{
	return subject_push_name(s, &s->st.revoked, serial, e);
}

static bool
step_request(struct subject *s, const struct wf_record *r,
	     const struct wf_order *order, enum wf_case which, struct err *e)
{
	struct wf_request *rq = subject_request(s, order->request_id);
	int next;

	if (rq == NULL)
		return no_order(order->id, e);
	if (!apply_step(WF_REQUEST, (int)rq->state, r, which, &next, e))
		return false;
	if (next != (int)rq->state)
		rq->progressed_at = recorded(r);
	rq->state = (enum ev_request_state)next;
	return true;
}

static bool
ordered(struct subject *s, const struct ev_issuance_ordered *ev, struct err *e)
{
	struct wf_request *rq = subject_request(s, ev->request_id);
	struct wf_order *order;

	if (rq == NULL)
		return no_order(ev->meta.event_id, e);
	order = subject_push(s, &s->st.orders, sizeof(*order), e);
	if (order == NULL)
		return false;
	order->state = WF_ORDER_OPEN;
	order->spki_sha256 = ev->spki_sha256;
	order->not_before = ev->not_before;
	order->not_after = ev->not_after;
	sha256(ev->tbs_certificate, order->tbs_sha256.b);
	return subject_text(s, ev->meta.event_id, &order->id, e) &&
	       subject_text(s, ev->request_id, &order->request_id, e) &&
	       subject_text(s, ev->enrolment_id, &order->enrolment_id, e) &&
	       subject_text(s, ev->serial_number, &order->serial_number, e) &&
	       subject_text(s, ev->meta.event_id, &rq->order_id, e);
}

static bool
add_certificate(struct subject *s, const struct wf_record *r,
		const struct wf_order *order, bool given_up, struct err *e)
{
	const struct ev_certificate_issued *ev = &r->event->certificate_issued;
	struct wf_certificate_state *c;
	int ca, use = WF_USE_NONE;

	if (!apply_step(WF_CA, WF_CA_NONE, r,
			given_up ? WF_CASE_GIVEN_UP : WF_CASE_PLAIN, &ca, e))
		return false;
	if (order->enrolment_id != NULL &&
	    !apply_step(WF_USE, WF_USE_NONE, r, WF_CASE_PLAIN, &use, e))
		return false;
	c = subject_push(s, &s->st.certificates, sizeof(*c), e);
	if (c == NULL)
		return false;
	c->ca = subject_serial_revoked(s, order->serial_number)
			? WF_CA_REVOKED
			: (enum wf_ca_state)ca;
	c->use = (enum wf_use_state)use;
	c->given_up = given_up;
	c->spki_sha256 = order->spki_sha256;
	c->not_before = order->not_before;
	c->not_after = order->not_after;
	c->serial_number = order->serial_number;
	c->order_id = order->id;
	c->enrolment_id = order->enrolment_id;
	return subject_bytes(s, ev->certificate_der, &c->certificate_der, e);
}

static bool
certify(struct subject *s, const struct wf_record *r,
	const struct wf_order *order, struct err *e)
{
	struct wf_enrolment *en;
	int next;

	if (order->enrolment_id == NULL)
		return true;
	en = subject_enrolment(s, order->enrolment_id);
	if (en == NULL)
		return no_order(order->id, e);
	if (!apply_step(WF_ENROLMENT, en->state, r, WF_CASE_PLAIN, &next, e))
		return false;
	en->state = (enum wf_enrolment_state)next;
	return true;
}

static bool
issued(struct subject *s, const struct wf_record *r, struct err *e)
{
	const char *id = r->event->certificate_issued.order_id;
	struct wf_order *order = subject_order(s, id);
	bool given_up;

	if (order == NULL)
		return no_order(id, e);
	given_up = order->state != WF_ORDER_OPEN;
	if (!step_request(s, r, order,
			  given_up ? WF_CASE_GIVEN_UP : WF_CASE_PLAIN, e) ||
	    (!given_up && !certify(s, r, order, e)))
		return false;
	if (!given_up)
		order->state = WF_ORDER_ISSUED;
	return add_certificate(s, r, order, given_up, e);
}

static bool
rejected(struct subject *s, const struct wf_record *r, struct err *e)
{
	const struct ev_certificate_rejected *ev =
		&r->event->certificate_rejected;
	struct wf_order *order =
		ev->order_id == NULL ? NULL : subject_order(s, ev->order_id);
	char serial[41];

	if (ev->code == EV_REFUSAL_CODE_EVENT_ID_CONFLICT)
		return true; /* the same bytes, signed once more */
	if (der_certificate_serial(ev->certificate_der, serial) &&
	    !revoke(s, serial, e))
		return false;
	if (order == NULL)
		return true;
	if (order->state != WF_ORDER_OPEN)
		return step_request(s, r, order, WF_CASE_OTHER_ORDER, e);
	order->state = WF_ORDER_REJECTED;
	return revoke(s, order->serial_number, e) &&
	       step_request(s, r, order, WF_CASE_OPEN_ORDER, e);
}

static bool
failed(struct subject *s, const struct wf_record *r, struct err *e)
{
	const struct ev_issuance_failed *ev = &r->event->issuance_failed;
	struct wf_order *order = subject_order(s, ev->order_id);

	if (order == NULL)
		return no_order(ev->order_id, e);
	order->state = WF_ORDER_FAILED;
	if (ev->code == EV_ISSUANCE_FAILURE_CODE_ORDER_EXPIRED) {
		order->state = WF_ORDER_GIVEN_UP;
		if (!revoke(s, order->serial_number, e))
			return false;
	}
	return step_request(s, r, order, WF_CASE_PLAIN, e);
}

bool
apply_order(struct subject *s, const struct wf_record *r, struct err *e)
{
	const struct event *ev = r->event;
	struct wf_order *order;

	switch (ev->type) {
	case EVENT_ISSUANCE_ORDERED:
		return ordered(s, &ev->issuance_ordered, e);
	case EVENT_CERTIFICATE_ISSUED:
		return issued(s, r, e);
	case EVENT_CERTIFICATE_REJECTED:
		return rejected(s, r, e);
	case EVENT_ISSUANCE_FAILED:
		return failed(s, r, e);
	case EVENT_ORDER_VOID_REQUESTED:
		order = subject_order(s, ev->order_void_requested.order_id);
		if (order == NULL)
			return no_order(ev->order_void_requested.order_id, e);
		return step_request(s, r, order, WF_CASE_PLAIN, e);
	default: /* OrderVoided */
		order = subject_order(s, ev->order_voided.order_id);
		if (order == NULL)
			return no_order(ev->order_voided.order_id, e);
		order->state = WF_ORDER_GIVEN_UP;
		return revoke(s, order->serial_number, e);
	}
}
