#include "order_check.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "base/uuid.h"
#include "pki/csr.h"
#include "pki/tbs.h"

/* Everything a rule looks at; found once. */
struct view {
	const struct ev_issuance_ordered *order;
	const struct ev_submission *submission;
	const struct order_policy *policy;
	const struct pki_profile *profile;
	struct pki_csr *csr;
	int64_t now;
	struct order_verdict *out;
};

/* Returns false, so that a rule can end with it. */
static bool
broken(struct view *v, enum ev_issuance_failure_code code, const char *rule,
       const char *detail)
{
	v->out->code = code;
	v->out->rule = rule;
	snprintf(v->out->detail, sizeof(v->out->detail), "%s", detail);
	/* A text cut in the middle of a character would not be encodable. */
	if (!text_is_utf8(v->out->detail, strlen(v->out->detail)))
		snprintf(v->out->detail, sizeof(v->out->detail), "%s",
			 rule != NULL ? rule : "see the order");
	return false;
}

static bool
invalid(struct view *v, const char *rule, const char *detail)
{
	return broken(v, EV_ISSUANCE_FAILURE_CODE_ORDER_INVALID, rule, detail);
}

static bool
unapproved(struct view *v, const char *rule, const char *detail)
{
	return broken(v, EV_ISSUANCE_FAILURE_CODE_APPROVAL_INVALID, rule,
		      detail);
}

static bool
check_time(struct view *v)
{
	if (v->now < v->order->sign_before)
		return true;
	return broken(v, EV_ISSUANCE_FAILURE_CODE_ORDER_EXPIRED, "sign_before",
		      "the order is too old to be carried out");
}

/* Four eyes: somebody else than those who wrote the submission. */
static bool
check_approval(struct view *v)
{
	const struct ev_issuance_ordered *o = v->order;
	uint8_t ignored[UUID_LEN];

	if (!uuid_parse(o->approval_event_id, ignored))
		return unapproved(v, "approval_event_id",
				  "the order names no approval");
	if (o->approver_id[0] == '\0' || o->creator_id[0] == '\0')
		return unapproved(v, "approver_id",
				  "approver or creator is not named");
	if (strcmp(o->approver_id, o->creator_id) == 0)
		return unapproved(v, "four_eyes",
				  "the creator approved the request");
	for (size_t i = 0; i < o->editor_ids.count; i++)
		if (strcmp(o->approver_id, o->editor_ids.items[i]) == 0)
			return unapproved(v, "four_eyes",
					  "an editor approved the request");
	return true;
}

/* As the registrar did, by the approvers that the issuer itself knows. */
static bool
check_signature(struct view *v, bool *technical, struct err *e)
{
	const struct ev_issuance_ordered *o = v->order;
	const struct pki_approval what = {
		.tax_code = o->meta.tax_code,
		.request_id = o->request_id,
		.revision = o->revision,
		.submission_sha256 = o->submission_sha256.b,
		.spki_sha256 = o->spki_sha256.b,
		.approver_id = o->approver_id,
	};
	const char *why;

	if (v->policy->approvers == NULL)
		return true;
	if (!pki_approval_check(v->policy->approvers, &what, o->approval_cms,
				v->now, &why, e)) {
		*technical = true;
		return false;
	}
	return why == NULL || unapproved(v, "approval_cms", why);
}

static bool
check_submission(struct view *v)
{
	const struct ev_issuance_ordered *o = v->order;
	const struct ev_submission *s = v->submission;
	uint8_t digest[SHA256_LEN];

	sha256(o->submission, digest);
	if (memcmp(digest, o->submission_sha256.b, SHA256_LEN) != 0)
		return invalid(v, "submission_sha256",
			       "not the submission that was approved");
	if (s == NULL)
		return invalid(v, "submission", "cannot be read");
	if (strcmp(s->request_id, o->request_id) != 0)
		return invalid(v, "request_id",
			       "submission of another request");
	if (s->revision != o->revision)
		return invalid(v, "revision", "submission of another revision");
	return true;
}

static bool
check_issuer(struct view *v)
{
	const struct pki_ca *ca = v->policy->ca;

	if (memcmp(v->order->issuer_certificate_sha256.b, ca->sha256,
		   SHA256_LEN) != 0)
		return broken(v, EV_ISSUANCE_FAILURE_CODE_ISSUER_UNKNOWN,
			      "issuer_certificate_sha256",
			      "the order is for another issuing CA");
	if (v->now < ca->not_before)
		return invalid(v, "issuer_validity",
			       "the issuing CA is not valid yet");
	return v->now <= ca->not_after ||
	       invalid(v, "issuer_validity", "the issuing CA has expired");
}

static bool
check_profile(struct view *v)
{
	const struct ev_issuance_ordered *o = v->order;

	v->profile = pki_profile_list_find(v->policy->profiles, o->profile_name,
					   o->profile_sha256.b);
	if (v->profile != NULL) {
		v->out->signature = pki_profile_signature(
			v->profile, v->policy->ca->key.algorithm);
		return true;
	}
	return broken(v, EV_ISSUANCE_FAILURE_CODE_PROFILE_UNKNOWN,
		      "profile_sha256",
		      "the profile is not on this issuer's list");
}

/* v->csr is set if it passes. */
static bool
check_csr(struct view *v, bool *technical, struct err *e)
{
	const struct pki_csr_policy policy = { .tax_code =
						       v->order->meta.tax_code,
					       .guard = v->policy->guard };
	struct pki_refusal why = { 0 };

	if (!pki_csr_check(v->order->csr_der, &policy, &v->csr, &why, e)) {
		*technical = true;
		return false;
	}
	if (v->csr == NULL)
		return invalid(v, ev_refusal_code_name(why.code), why.reason);
	if (memcmp(v->csr->key.spki_sha256, v->order->spki_sha256.b,
		   SHA256_LEN) != 0)
		return invalid(v, "spki_sha256",
			       "the CSR holds another key than was approved");
	return true;
}

static bool
check_term(struct view *v)
{
	const struct ev_issuance_ordered *o = v->order;
	int32_t months = v->submission->validity_months;
	struct pki_validity term;

	if (months < 1 || months > v->profile->max_months)
		return invalid(v, "validity_months", "out of range");
	term = pki_validity(o->not_before, months, v->policy->ca);
	if (!term.ca_valid)
		return invalid(v, "not_before", "outside the CA's own term");
	if (term.not_before != o->not_before || term.not_after != o->not_after)
		return invalid(v, "not_after", "not the submitted months");
	if (term.shortened != o->validity_shortened ||
	    (term.shortened && !v->submission->accept_shortened_validity))
		return invalid(v, "validity_shortened",
			       "the shorter term was not accepted");
	return true;
}

static bool
check_tbs(struct view *v)
{
	const struct ev_issuance_ordered *o = v->order;
	const struct ev_customer *c = &v->submission->customer;
	const struct pki_lint_context context = { .profile = v->profile,
						  .ca = v->policy->ca,
						  .spki = v->csr->spki };
	const struct pki_order want = {
		.subject = { .tax_code = o->meta.tax_code,
			     .certificate_name = c->certificate_name,
			     .province = c->province,
			     .locality = c->locality,
			     .country = c->country },
		.spki = v->csr->spki,
		.serial_number = o->serial_number,
		.not_before = o->not_before,
		.not_after = o->not_after,
	};
	const char *rule = "tbs_certificate", *field = "tbs_certificate";
	struct err why = { 0 };

	if (!pki_lint(o->tbs_certificate, &context, &rule, &why))
		return broken(v, EV_ISSUANCE_FAILURE_CODE_LINT, rule, why.text);
	if (!pki_tbs_matches(o->tbs_certificate, v->profile, &want, &field,
			     &why))
		return invalid(v, field, why.text);
	return true;
}

bool
order_check(const struct ev_issuance_ordered *order,
	    const struct ev_submission *submission,
	    const struct order_policy *policy, int64_t now,
	    struct order_verdict *out, struct err *e)
{
	struct view v = { .order = order,
			  .submission = submission,
			  .policy = policy,
			  .now = now,
			  .out = out };
	bool technical = false;

	*out = (struct order_verdict){ 0 };
	if (check_time(&v) && check_approval(&v) &&
	    check_signature(&v, &technical, e) && check_submission(&v) &&
	    check_issuer(&v) && check_profile(&v) &&
	    check_csr(&v, &technical, e) && check_term(&v))
		(void)check_tbs(&v);
	pki_csr_free(v.csr);
	return !technical;
}
