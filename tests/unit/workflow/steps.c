/* Whole steps of the journey, for tests that need to get somewhere. */
#include <string.h>

#include "world.h"

static const struct ev_dossier_document documents[] = {
	{ .type = "SERVICE_CONTRACT", .size = 1, .uploaded_by = OFFICER },
	{ .type = "REQUEST_FORM", .size = 1, .uploaded_by = OFFICER },
	{ .type = "BUSINESS_LICENCE", .size = 1, .uploaded_by = OFFICER },
	{ .type = "LEGAL_REP_ID", .size = 1, .uploaded_by = OFFICER },
	{ .type = "BRANCH_LICENCE", .size = 1, .uploaded_by = OFFICER },
};

static const struct ev_legal_representative representative = {
	.personal_ref = "99999999-9999-4999-8999-999999999999",
};

enum wf_verdict
key_requested(struct world *w, const char *enrolment_id)
{
	struct event *ev = world_event(w, EVENT_KEY_PAIR_REQUESTED, CUSTOMER);
	bool branch = strlen(w->tax_code) > 10;

	ev->key_pair_requested.enrolment_id = enrolment_id;
	ev->key_pair_requested.certificate_type =
		EV_CERTIFICATE_TYPE_SERVER_SIGNATURE;
	ev->key_pair_requested.unit_kind =
		branch ? EV_UNIT_KIND_BRANCH : EV_UNIT_KIND_ENTERPRISE;
	ev->key_pair_requested.key_algorithm = EV_KEY_ALGORITHM_RSA_2048;
	return world_say(w, ev);
}

/* The key of an enrolment is named like it. */
enum wf_verdict
csr_generated(struct world *w, const char *enrolment_id)
{
	struct event *ev = world_event(w, EVENT_CSR_GENERATED, "keygen-1");
	struct ev_csr_generated *c = &ev->csr_generated;

	c->enrolment_id = enrolment_id;
	c->key_ref.token = "customer-1";
	c->key_algorithm = EV_KEY_ALGORITHM_RSA_2048;
	c->csr_der = world_csr(w, w->tax_code, enrolment_id, enrolment_id);
	c->spki_sha256 = world_spki(w, enrolment_id);
	c->attributes =
		(struct ev_key_attributes){ true, false, true, true, true };
	return world_say(w, ev);
}

enum wf_verdict
enrolment_saved(struct world *w, const char *enrolment_id)
{
	struct event *ev = world_event(w, EVENT_ENROLMENT_SAVED, CUSTOMER);

	ev->enrolment_saved.enrolment_id = enrolment_id;
	return world_say(w, ev);
}

void
enrol(struct world *w, const char *enrolment_id)
{
	cr_assert_eq(key_requested(w, enrolment_id), WF_ADMITTED);
	cr_assert_eq(csr_generated(w, enrolment_id), WF_ADMITTED, "%s",
		     ev_refusal_code_name(world_code(w)));
	cr_assert_eq(enrolment_saved(w, enrolment_id), WF_ADMITTED);
}

struct ev_submission *
submission(struct event *ev)
{
	return &ev->request_submitted.submission;
}

struct event *
submit_event(struct world *w, const char *request_id, int32_t revision)
{
	struct event *ev = world_event(w, EVENT_REQUEST_SUBMITTED, OFFICER);
	bool branch = strlen(w->tax_code) > 10;

	ev->request_submitted.submission = (struct ev_submission){
		.request_id = request_id,
		.revision = revision,
		.request_type = EV_REQUEST_TYPE_NEW,
		.customer = {
			.source = w->s->st.customer == NULL ?
					  EV_CUSTOMER_SOURCE_NEW :
					  EV_CUSTOMER_SOURCE_EXISTING,
			.legal_name = "CÔNG TY TNHH ƯỚC NGUYỆN ĐƯỜNG MẪU",
			.certificate_name = "CÔNG TY TNHH ƯỚC NGUYỆN ĐƯỜNG MẪU",
			.province = "Đà Nẵng",
			.locality = "Phường Mẫu Bốn",
			.address = "Số 4 đường Ví Dụ",
			.country = "VN",
			.legal_representative = &representative,
		},
		.device_type = EV_DEVICE_TYPE_HSM,
		.product_package = "ORG_HSM_CA4",
		.validity_months = 12,
		.subscription_scheme_code = "CA4_HD_MP",
		.contract = { "HD-1", 20000, 12, 12 },
		.dossier = { documents, branch ? 5 : 4 },
		.csr_source = EV_CSR_SOURCE_EINVOICE,
	};
	return ev;
}

enum wf_verdict
submit(struct world *w, const char *request_id, int32_t revision)
{
	return world_say(w, submit_event(w, request_id, revision));
}

struct event *
approve_event(struct world *w, const char *request_id, const char *key)
{
	struct event *ev = world_event(w, EVENT_REQUEST_APPROVED, MANAGER);
	const struct wf_request *rq = subject_request(w->s, request_id);

	ev->request_approved.request_id = request_id;
	ev->request_approved.revision =
		rq == NULL ? 1 : rq->submission.revision;
	if (rq != NULL)
		ev->request_approved.submission_sha256 = rq->submission_sha256;
	ev->request_approved.spki_sha256 = world_spki(w, key);
	return ev;
}

enum wf_verdict
approve(struct world *w, const char *request_id, const char *key)
{
	return world_say(w, approve_event(w, request_id, key));
}

struct event *
issue_event(struct world *w, const char *request_id)
{
	struct event *ev = world_event(w, EVENT_ISSUANCE_REQUESTED, OFFICER);
	const struct wf_request *rq = subject_request(w->s, request_id);

	ev->issuance_requested.request_id = request_id;
	ev->issuance_requested.revision =
		rq == NULL ? 1 : rq->submission.revision;
	ev->issuance_requested.csr_source = EV_CSR_SOURCE_EINVOICE;
	return ev;
}

enum wf_verdict
issue(struct world *w, const char *request_id)
{
	return world_say(w, issue_event(w, request_id));
}

struct event *
issued_event(struct world *w, uint8_t signature, uint8_t salt)
{
	const struct event *order = world_find(w, EVENT_ISSUANCE_ORDERED);
	struct event *ev = world_event(w, EVENT_CERTIFICATE_ISSUED, "issuer-1");
	struct ev_certificate_issued *c = &ev->certificate_issued;

	cr_assert(order != NULL);
	c->order_id = order->meta.event_id;
	c->request_id = order->issuance_ordered.request_id;
	c->serial_number = order->issuance_ordered.serial_number;
	c->certificate_der = world_certificate(
		w, order->issuance_ordered.tbs_certificate, signature, salt);
	c->signed_at = w->env.now;
	return ev;
}

enum wf_verdict
issued(struct world *w)
{
	return world_say(w, issued_event(w, 1, 0));
}

struct event *
serial_event(struct world *w, enum event_type type, const char *actor)
{
	const struct event *order = world_find(w, EVENT_ISSUANCE_ORDERED);
	const char *serial = order->issuance_ordered.serial_number;
	const char *enrolment = order->issuance_ordered.enrolment_id;
	struct event *ev = world_event(w, type, actor);

	switch (type) {
	case EVENT_ACTIVATION_REQUESTED:
		ev->activation_requested.serial_number = serial;
		break;
	case EVENT_DEACTIVATION_REQUESTED:
		ev->deactivation_requested.serial_number = serial;
		break;
	case EVENT_ACTIVATION_FAILED:
		ev->activation_failed.serial_number = serial;
		ev->activation_failed.detail = "";
		break;
	default:
		ev->certificate_activated.serial_number = serial;
		ev->certificate_activated.enrolment_id = enrolment;
		ev->certificate_activated.key_ref.token = "customer-1";
		break;
	}
	return ev;
}

void
certified(struct world *w, const char *enrolment_id, const char *request_id)
{
	enrol(w, enrolment_id);
	cr_assert_eq(submit(w, request_id, 1), WF_ADMITTED, "%s %s",
		     ev_refusal_code_name(world_code(w)),
		     w->last.refusal.field);
	cr_assert_eq(approve(w, request_id, enrolment_id), WF_ADMITTED, "%s",
		     ev_refusal_code_name(world_code(w)));
	cr_assert_eq(issue(w, request_id), WF_ADMITTED, "%s",
		     ev_refusal_code_name(world_code(w)));
	cr_assert_eq(issued(w), WF_ADMITTED, "%s",
		     ev_refusal_code_name(world_code(w)));
}
