/* What ends an order: the issuer's answer, or a manager giving it up. */
#include <string.h>

#include "workflow/judge.h"

/* A signed certificate is never lost: refused, it is kept with its DER. */
static bool
reject(struct judge *j, const struct wf_order *order, enum ev_refusal_code code,
       const char *field)
{
	const struct ev_certificate_issued *in =
		&j->in->event->certificate_issued;
	struct event *ev;

	j->never_waits = true;
	wf_refuse(j->refusal, code, field);
	ev = judge_emit(j, EVENT_CERTIFICATE_REJECTED);
	if (ev == NULL)
		return false;
	ev->certificate_rejected.order_id = order == NULL ? NULL : order->id;
	ev->certificate_rejected.certificate_der = in->certificate_der;
	ev->certificate_rejected.code = code;
	return true;
}

#define REJECT(j, order, code, field)                                          \
	reject((j), (order), EV_REFUSAL_CODE_##code, (field))

static bool
matches(const struct ev_certificate_issued *in, const struct wf_order *order,
	const struct wf_certificate *cert)
{
	struct ev_sha256 tbs;

	sha256(cert->tbs, tbs.b);
	return sha256_equal(&tbs, &order->tbs_sha256) &&
	       strcmp(in->serial_number, order->serial_number) == 0 &&
	       strcmp(in->request_id, order->request_id) == 0;
}

/* The order has its certificate: is this it again, or another signature? */
static bool
second(struct judge *j, const struct wf_order *order)
{
	const struct ev_certificate_issued *in =
		&j->in->event->certificate_issued;
	const struct wf_certificate_state *c =
		subject_certificate(j->s, order->serial_number);

	if (c != NULL && bytes_equal(c->certificate_der, in->certificate_der)) {
		j->never_waits = true;
		return judge_refuse_with(j, EV_REFUSAL_CODE_STATE, NULL,
					 "state", "ISSUED");
	}
	return REJECT(j, order, EVENT_ID_CONFLICT, "certificate_der");
}

bool
judge_issued(struct judge *j)
{
	const struct ev_certificate_issued *in =
		&j->in->event->certificate_issued;
	const struct wf_order *order = subject_order(j->s, in->order_id);
	const struct wf_pki *pki = &j->env->pki;
	struct wf_certificate cert = { 0 };
	bool parsed = false;

	if (!pki->certificate_parse(pki->self, j->a, in->certificate_der, &cert,
				    &parsed, j->e))
		return false;
	if (order == NULL)
		return REJECT(j, NULL, ORDER_MISMATCH, "order_id");
	if (!parsed || !matches(in, order, &cert))
		return REJECT(j, order, ORDER_MISMATCH, "certificate_der");
	if (!cert.signature_verifies)
		return REJECT(j, order, SIGNATURE_WRONG, "certificate_der");
	if (order->state == WF_ORDER_OPEN)
		return judge_hold_compromised(j, order->serial_number);
	if (subject_certificate(j->s, order->serial_number) != NULL)
		return second(j, order);
	if (order->state == WF_ORDER_GIVEN_UP)
		return true; /* admitted, as REVOKED */
	return REJECT(j, order, ORDER_MISMATCH, "order_id");
}

static bool
check_open(struct judge *j, const struct wf_order *order)
{
	const struct wf_request *rq = subject_request(j->s, order->request_id);

	if (order->state != WF_ORDER_OPEN) {
		judge_refuse_with(j, EV_REFUSAL_CODE_STATE, "order_id", "state",
				  wf_state_name(WF_REQUEST, (int)rq->state));
		return false;
	}
	return judge_state(j, WF_REQUEST, (int)rq->state, WF_CASE_PLAIN);
}

static bool
failed(struct judge *j, const struct ev_issuance_failed *ev)
{
	const struct wf_order *order = subject_order(j->s, ev->order_id);

	if (order == NULL)
		return refuse(j, ORDER_MISMATCH, "order_id");
	if (strcmp(ev->request_id, order->request_id) != 0)
		return refuse(j, ORDER_MISMATCH, "request_id");
	if (strcmp(ev->serial_number, order->serial_number) != 0)
		return refuse(j, ORDER_MISMATCH, "serial_number");
	(void)check_open(j, order);
	return true;
}

static bool
void_order(struct judge *j, const struct ev_order_void_requested *ev)
{
	const struct wf_order *order = subject_order(j->s, ev->order_id);
	const struct wf_request *rq;
	struct event *own;

	if (order == NULL)
		return refuse(j, REQUEST_UNKNOWN, "order_id");
	if (!check_open(j, order))
		return true;
	rq = subject_request(j->s, order->request_id);
	if (strcmp(ev->meta.actor.id, rq->creator) == 0)
		return refuse(j, FOUR_EYES, "meta.actor.id");
	own = judge_emit(j, EVENT_ORDER_VOIDED);
	if (own == NULL)
		return false;
	own->order_voided.order_id = order->id;
	own->order_voided.serial_number = order->serial_number;
	own->order_voided.reason = ev->reason;
	return true;
}

bool
judge_order_end(struct judge *j)
{
	const struct event *ev = j->in->event;

	return ev->type == EVENT_ISSUANCE_FAILED
		       ? failed(j, &ev->issuance_failed)
		       : void_order(j, &ev->order_void_requested);
}
