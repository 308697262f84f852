/* Guards about the customer: names, representative, known or new. */
#include <string.h>

#include "workflow/judge.h"
#include "workflow/name.h"

#define CUSTOMER "submission.customer."

static bool
check_name(struct judge *j, const char *name, const char *field)
{
	if (name == NULL)
		return true;
	if (*name == '\0')
		return !judge_refuse_with(j, EV_REFUSAL_CODE_LINT, field,
					  "rule", "name_not_empty");
	return name_check(name, field, j->refusal);
}

/* CN and O: the legal name itself, or what we proposed for it. */
static bool
check_certificate_name(struct judge *j, const struct ev_customer *c)
{
	const char *field = CUSTOMER "certificate_name";
	const char *proposal = name_propose(j->a, c->legal_name);

	if (proposal == NULL)
		return ERR_NO_MEMORY(j->e);
	if (!name_fits(c->certificate_name)) {
		refuse(j, NAME_TOO_LONG, field);
		if (name_fits(proposal))
			wf_refusal_param(j->refusal, "proposal", proposal);
		return true;
	}
	if (strcmp(c->certificate_name, c->legal_name) == 0 ||
	    strcmp(c->certificate_name, proposal) == 0)
		return true;
	judge_refuse_with(j, EV_REFUSAL_CODE_LINT, field, "rule",
			  "certificate_name_is_legal_name_or_proposal");
	if (name_fits(proposal))
		wf_refusal_param(j->refusal, "proposal", proposal);
	return true;
}

static bool
check_names(struct judge *j, const struct ev_customer *c)
{
	if (!check_name(j, c->legal_name, CUSTOMER "legal_name") ||
	    !check_name(j, c->certificate_name, CUSTOMER "certificate_name") ||
	    !check_name(j, c->province, CUSTOMER "province") ||
	    !check_name(j, c->locality, CUSTOMER "locality") ||
	    !check_name(j, c->address, CUSTOMER "address"))
		return true;
	if (strcmp(c->country, "VN") != 0)
		return judge_refuse_with(j, EV_REFUSAL_CODE_LINT,
					 CUSTOMER "country", "rule",
					 "country_is_vn");
	return check_certificate_name(j, c);
}

static bool
same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* The first member that differs from the record, or NULL. */
static const char *
difference(const struct ev_customer *a, const struct ev_customer *b)
{
	const struct ev_legal_representative *x = a->legal_representative;
	const struct ev_legal_representative *y = b->legal_representative;

	if (!same_text(a->legal_name, b->legal_name))
		return CUSTOMER "legal_name";
	if (!same_text(a->certificate_name, b->certificate_name))
		return CUSTOMER "certificate_name";
	if (!same_text(a->province, b->province))
		return CUSTOMER "province";
	if (!same_text(a->locality, b->locality))
		return CUSTOMER "locality";
	if (!same_text(a->address, b->address))
		return CUSTOMER "address";
	if (!same_text(a->country, b->country))
		return CUSTOMER "country";
	if (x == NULL || y == NULL)
		return x == y ? NULL : CUSTOMER "legal_representative";
	if (!same_text(x->personal_ref, y->personal_ref) ||
	    !sha256_equal(&x->commitment, &y->commitment))
		return CUSTOMER "legal_representative";
	return NULL;
}

/*
 * Returned after its approval, a request may correct the record that this
 * approval made: no certificate names it, so that there is nothing that a
 * MODIFICATION could refer to, and the new revision is approved again.
 */
static bool
corrects_record(const struct judge *j, const struct ev_submission *sub)
{
	const char *by = j->s->st.customer_request;

	return by != NULL && strcmp(by, sub->request_id) == 0 &&
	       sub->revision > 1 && j->s->st.certificates.count == 0;
}

static bool
check_source(struct judge *j, const struct ev_submission *sub)
{
	const struct ev_customer *record = j->s->st.customer;
	const char *differs;

	if (corrects_record(j, sub))
		return true;
	if (sub->customer.source == EV_CUSTOMER_SOURCE_NEW) {
		if (record != NULL)
			refuse(j, CUSTOMER_EXISTS, CUSTOMER "source");
		return true;
	}
	if (record == NULL)
		return refuse(j, CUSTOMER_NOT_FOUND, CUSTOMER "source");
	if (sub->request_type == EV_REQUEST_TYPE_MODIFICATION)
		return true;
	differs = difference(&sub->customer, record);
	if (differs != NULL)
		refuse(j, CUSTOMER_DIFFERS, differs);
	return true;
}

bool
judge_customer(struct judge *j, const struct ev_submission *sub)
{
	if (!check_names(j, &sub->customer))
		return false;
	if (judge_refused(j))
		return true;
	if (sub->customer.legal_representative == NULL)
		return refuse(j, LEGAL_REPRESENTATIVE_MISSING,
			      CUSTOMER "legal_representative");
	return check_source(j, sub);
}
