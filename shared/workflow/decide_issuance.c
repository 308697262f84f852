/* IssuanceRequested: the last guards, and the order with its exact octets. */
#include <stdio.h>
#include <string.h>

#include "workflow/judge.h"

/* Octets of an order besides those that vary much. */
#define ORDER_REST_MAX 4096

struct plan {
	const struct wf_request *rq;
	struct bytes csr_der;
	struct wf_csr csr;
	struct wf_validity validity;
	struct wf_tbs tbs;
};

/* The CSR that the officer means; its key is compared afterwards. */
static bool
find_csr(struct judge *j, const struct ev_issuance_requested *ev,
	 struct plan *p)
{
	const struct ev_submission *sub = &p->rq->submission;
	const char *id = p->rq->approval->enrolment_id;
	const struct wf_enrolment *en =
		id == NULL ? NULL : subject_enrolment(j->s, id);

	if (ev->csr_source == EV_CSR_SOURCE_UPLOADED) {
		p->csr_der =
			ev->csr_der.data != NULL ? ev->csr_der : sub->csr_der;
		j->never_waits = true;
		if (p->csr_der.data == NULL)
			return refuse(j, CSR_NONE, "csr_der");
		return true;
	}
	if (ev->csr_der.data != NULL)
		return judge_refuse_with(j, EV_REFUSAL_CODE_BODY_INVALID,
					 "csr_der", "reason",
					 "only with csr_source UPLOADED");
	if (en == NULL)
		return refuse(j, KEY_NOT_APPROVED, "csr_source");
	if (en->state != WF_ENROLMENT_SAVED)
		return refuse(j, KEY_USED, NULL);
	p->csr_der = en->csr_der;
	return true;
}

/* Proof of possession once more, right before the order. */
static bool
check_key(struct judge *j, struct plan *p)
{
	const struct ev_sha256 *approved = &p->rq->approval->spki_sha256;

	if (!judge_csr(j, p->csr_der, "csr_der", &p->csr))
		return false;
	if (judge_refused(j))
		return true;
	if (!sha256_equal(&p->csr.spki_sha256, approved))
		return refuse(j, KEY_NOT_APPROVED, "csr_der");
	return judge_key_free(j, approved, p->rq, NULL);
}

static bool
build(struct judge *j, struct plan *p)
{
	const struct wf_pki *pki = &j->env->pki;
	const struct wf_certificate_plan plan = {
		.tax_code = subject_tax_code(j->s),
		.submission = &p->rq->submission,
		.spki = p->csr.spki,
		.validity = p->validity,
	};

	return pki->tbs_build(pki->self, j->a, &plan, &p->tbs, j->refusal,
			      j->e);
}

/* The order must fit into one record of the log. */
static bool
check_size(struct judge *j, const struct plan *p)
{
	const struct wf_request *rq = p->rq;
	size_t size = rq->submission_bytes.len + rq->approval->cms.len +
		      p->csr_der.len + p->tbs.tbs.len + ORDER_REST_MAX;

	for (size_t i = 0; i < rq->editors.count; i++)
		size += strlen(rq->editors.items[i]) + 2;
	if (size > EVENT_LOG_MAX)
		refuse(j, TOO_LARGE, NULL);
	return true;
}

static bool
order(struct judge *j, const struct plan *p)
{
	const struct wf_request *rq = p->rq;
	struct event *ev = judge_emit(j, EVENT_ISSUANCE_ORDERED);
	struct ev_issuance_ordered *to;

	if (ev == NULL)
		return false;
	to = &ev->issuance_ordered;
	to->request_id = rq->id;
	to->revision = rq->submission.revision;
	to->enrolment_id = rq->approval->enrolment_id;
	to->submission = rq->submission_bytes;
	to->submission_schema_id = rq->submission_schema_id;
	to->submission_sha256 = rq->submission_sha256;
	to->creator_id = rq->creator;
	to->editor_ids.items = rq->editors.items;
	to->editor_ids.count = rq->editors.count;
	to->approval_event_id = rq->approval->event_id;
	to->approver_id = rq->approval->approver_id;
	to->approval_cms = rq->approval->cms;
	to->profile_name = p->tbs.profile_name;
	to->profile_sha256 = p->tbs.profile_sha256;
	to->issuer_certificate_sha256 = p->tbs.issuer_certificate_sha256;
	to->csr_der = p->csr_der;
	to->spki_sha256 = rq->approval->spki_sha256;
	to->serial_number = p->tbs.serial_number;
	to->not_before = p->validity.not_before;
	to->not_after = p->validity.not_after;
	to->validity_shortened = p->validity.shortened;
	to->tbs_certificate = p->tbs.tbs;
	to->sign_before = j->env->now + j->env->limits.sign_ttl_us;
	return true;
}

static bool
check_request(struct judge *j, const struct ev_issuance_requested *ev,
	      const struct wf_request *rq)
{
	char current[16];

	if (!judge_state(j, WF_REQUEST, (int)rq->state, WF_CASE_PLAIN))
		return true;
	if (strcmp(ev->meta.actor.id, rq->creator) != 0)
		return refuse(j, NOT_CREATOR, "meta.actor.id");
	if (ev->revision == rq->submission.revision)
		return true;
	snprintf(current, sizeof(current), "%d", rq->submission.revision);
	return judge_refuse_with(j, EV_REFUSAL_CODE_REVISION_STALE, "revision",
				 "revision", current);
}

bool
judge_issuance(struct judge *j)
{
	const struct ev_issuance_requested *ev =
		&j->in->event->issuance_requested;
	struct plan p = { .rq = subject_request(j->s, ev->request_id) };

	if (p.rq == NULL)
		return refuse(j, REQUEST_UNKNOWN, "request_id");
	if (!check_request(j, ev, p.rq))
		return false;
	if (judge_refused(j))
		return true;
	if (!find_csr(j, ev, &p))
		return false;
	if (!judge_refused(j) && !check_key(j, &p))
		return false;
	if (!judge_refused(j) &&
	    !judge_validity(j, &p.rq->submission, &p.validity))
		return false;
	if (!judge_refused(j) && !(build(j, &p) && check_size(j, &p)))
		return false;
	return judge_refused(j) || order(j, &p);
}
