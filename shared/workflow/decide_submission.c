/* RequestSubmitted: the submission guards, in the documented order. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "workflow/catalogue.h"
#include "workflow/dossier.h"
#include "workflow/judge.h"
#include "workflow/tax_code.h"

#define MONTHS_MAX 36

typedef bool guard(struct judge *j, const struct ev_submission *sub);

static bool
check_months(struct judge *j, const struct ev_submission *sub)
{
	if (sub->validity_months < 1 || sub->validity_months > MONTHS_MAX)
		refuse(j, MONTHS_RANGE, "submission.validity_months");
	return true;
}

static bool
check_contract(struct judge *j, const struct ev_submission *sub,
	       const struct catalogue_row *row)
{
	const struct ev_contract *c = &sub->contract;

	if (*c->number == '\0')
		return refuse(j, CONTRACT_MISMATCH,
			      "submission.contract.number");
	if (c->months != sub->validity_months)
		return refuse(j, CONTRACT_MISMATCH,
			      "submission.contract.months");
	if (c->months_free != row->months_free)
		return refuse(j, CONTRACT_MISMATCH,
			      "submission.contract.months_free");
	return true;
}

/* The product row in force today, and the contract with it. */
static bool
check_product(struct judge *j, const struct ev_submission *sub)
{
	const struct catalogue_row *row = NULL;
	int32_t day = clock_day_in_vietnam(j->env->now);

	switch (catalogue_find(j->env->catalogue, sub, day, &row)) {
	case CATALOGUE_NO_ROW:
		return refuse(j, PRODUCT_UNKNOWN, "submission.product_package");
	case CATALOGUE_NOT_IN_FORCE:
		return refuse(j, PRODUCT_NOT_IN_FORCE,
			      "submission.subscription_scheme_code");
	case CATALOGUE_FOUND:
		break;
	}
	return check_contract(j, sub, row);
}

static bool
check_dossier(struct judge *j, const struct ev_submission *sub)
{
	bool branch = tax_code_is_branch(subject_tax_code(j->s));
	int unknown = dossier_unknown(j->env->dossier, sub);
	char missing[WF_PARAM_MAX], field[64];

	if (unknown >= 0) {
		snprintf(field, sizeof(field), "submission.dossier[%d].type",
			 unknown);
		return refuse(j, DOSSIER_TYPE, field);
	}
	if (dossier_missing(j->env->dossier, sub, branch, missing,
			    sizeof(missing)))
		judge_refuse_with(j, EV_REFUSAL_CODE_DOSSIER_INCOMPLETE,
				  "submission.dossier", "missing", missing);
	return true;
}

static bool
check_previous(struct judge *j, const struct ev_submission *sub)
{
	const char *serial = sub->previous_serial_number;
	bool is_new = sub->request_type == EV_REQUEST_TYPE_NEW;

	if (is_new != (serial == NULL) ||
	    (!is_new && subject_certificate(j->s, serial) == NULL))
		refuse(j, PREVIOUS_CERTIFICATE,
		       "submission.previous_serial_number");
	return true;
}

bool
judge_validity(struct judge *j, const struct ev_submission *sub,
	       struct wf_validity *out)
{
	const struct wf_pki *pki = &j->env->pki;
	char text[CLOCK_TEXT_MAX];

	if (!pki->validity(pki->self, j->env->now, sub->validity_months, out,
			   j->e))
		return false;
	if (!out->ca_valid)
		return refuse(j, CA_NOT_VALID, NULL);
	if (out->shortened && !sub->accept_shortened_validity)
		judge_refuse_with(j, EV_REFUSAL_CODE_VALIDITY_SHORTENED,
				  "submission.accept_shortened_validity",
				  "not_after",
				  clock_format(out->not_after, text));
	return true;
}

/* The certificate as if it were issued now, with any key. */
static bool
check_certificate(struct judge *j, const struct ev_submission *sub)
{
	const struct wf_pki *pki = &j->env->pki;
	struct wf_certificate_plan plan = { .tax_code = subject_tax_code(j->s),
					    .submission = sub };
	struct wf_tbs tbs;

	if (!judge_validity(j, sub, &plan.validity))
		return false;
	if (judge_refused(j))
		return true;
	return pki->tbs_build(pki->self, j->a, &plan, &tbs, j->refusal, j->e);
}

static bool
check_uploaded(struct judge *j, const struct ev_submission *sub)
{
	const struct wf_request *self = subject_request(j->s, sub->request_id);
	const char *field = "submission.csr_der";
	struct wf_csr csr = { 0 };

	if (sub->device_type == EV_DEVICE_TYPE_HSM)
		return refuse(j, KEY_NOT_LOCAL, "submission.csr_source");
	if (sub->csr_der.data == NULL) {
		j->never_waits = true;
		return refuse(j, CSR_NONE, field);
	}
	if (sub->enrolment_id != NULL)
		return judge_refuse_with(j, EV_REFUSAL_CODE_BODY_INVALID,
					 "submission.enrolment_id", "reason",
					 "not with an uploaded CSR");
	if (!judge_csr(j, sub->csr_der, field, &csr))
		return false;
	if (judge_refused(j))
		return true;
	if (subject_enrolment_by_key(j->s, &csr.spki_sha256) != NULL)
		return refuse(j, KEY_USED, field);
	return judge_key_free(j, &csr.spki_sha256, self, field);
}

/* The CSR of a named enrolment may still come; it must not be taken. */
static bool
check_named(struct judge *j, const struct ev_submission *sub)
{
	const struct wf_request *self = subject_request(j->s, sub->request_id);
	const char *field = "submission.enrolment_id";
	const struct wf_enrolment *en;

	if (sub->enrolment_id == NULL)
		return true;
	en = subject_enrolment(j->s, sub->enrolment_id);
	if (en == NULL)
		return refuse(j, ENROLMENT_UNKNOWN, field);
	if (en->state == WF_ENROLMENT_CERTIFIED ||
	    subject_holder(j->s, en->id, self) != NULL)
		return refuse(j, KEY_USED, field);
	if (en->state != WF_ENROLMENT_REQUESTED &&
	    en->state != WF_ENROLMENT_CSR_GENERATED &&
	    en->state != WF_ENROLMENT_SAVED)
		return judge_refuse_with(
			j, EV_REFUSAL_CODE_STATE, field, "state",
			wf_state_name(WF_ENROLMENT, en->state));
	return true;
}

static bool
check_csr(struct judge *j, const struct ev_submission *sub)
{
	if (sub->csr_source == EV_CSR_SOURCE_UPLOADED)
		return check_uploaded(j, sub);
	if (sub->device_type != EV_DEVICE_TYPE_HSM) {
		j->never_waits = true;
		return refuse(j, CSR_NONE, "submission.csr_source");
	}
	if (sub->csr_der.data != NULL)
		return judge_refuse_with(j, EV_REFUSAL_CODE_BODY_INVALID,
					 "submission.csr_der", "reason",
					 "only with csr_source UPLOADED");
	return check_named(j, sub);
}

/* Tax code and, for a submission, unit kind were judged with the event. */
static guard *const guards[] = {
	judge_customer, check_months,      check_product, check_dossier,
	check_previous, check_certificate, check_csr,
};

static size_t
open_requests(const struct subject *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->st.requests.count; i++)
		n += wf_request_is_open(s->st.requests.items[i].state);
	return n;
}

static size_t
live_certificates(const struct subject *s, int64_t now)
{
	size_t n = 0;

	for (size_t i = 0; i < s->st.certificates.count; i++)
		n += s->st.certificates.items[i].ca != WF_CA_REVOKED &&
		     s->st.certificates.items[i].not_after >= now;
	return n;
}

static bool
check_first(struct judge *j, const struct ev_submission *sub)
{
	const struct wf_limits *limits = &j->env->limits;

	if (sub->revision > 1)
		return refuse(j, REQUEST_UNKNOWN, "submission.request_id");
	if (sub->revision < 1)
		return refuse(j, REVISION_STALE, "submission.revision");
	if (open_requests(j->s) >= (size_t)limits->open_requests_max ||
	    live_certificates(j->s, j->env->now) >=
		    (size_t)limits->certificates_max)
		refuse(j, LIMIT, NULL);
	return true;
}

static bool
check_revision(struct judge *j, const struct ev_submission *sub,
	       const struct wf_request *rq)
{
	const char *actor = j->in->event->meta.actor.id;
	char current[16];

	if (sub->revision == 1)
		return refuse(j, DUPLICATE_ID, "submission.request_id");
	if (!judge_state(j, WF_REQUEST, (int)rq->state, WF_CASE_REVISION))
		return true;
	if (strcmp(actor, rq->creator) != 0)
		return refuse(j, NOT_CREATOR, "meta.actor.id");
	if (rq->editors.count >= EVENT_ITEMS_MAX &&
	    !wf_names_hold(&rq->editors, actor))
		return refuse(j, LIMIT, NULL); /* an order names them all */
	snprintf(current, sizeof(current), "%d", rq->submission.revision);
	if (sub->revision != rq->submission.revision + 1)
		judge_refuse_with(j, EV_REFUSAL_CODE_REVISION_STALE,
				  "submission.revision", "revision", current);
	return true;
}

bool
judge_submission(struct judge *j)
{
	const struct ev_submission *sub =
		&j->in->event->request_submitted.submission;
	const struct wf_request *rq = subject_request(j->s, sub->request_id);

	if (!(rq == NULL ? check_first(j, sub) : check_revision(j, sub, rq)))
		return false;
	for (size_t i = 0; i < sizeof(guards) / sizeof(guards[0]); i++) {
		if (judge_refused(j))
			return true;
		if (!guards[i](j, sub))
			return false;
	}
	if (judge_refused(j) || rq != NULL)
		return true;
	return judge_id_free(j, WF_ID_REQUEST, sub->request_id,
			     "submission.request_id");
}
