#include "registrar/pki_facts.h"

#include <string.h>

#include "pki/address.h"
#include "pki/approval.h"
#include "pki/ca_watch.h"
#include "pki/certificate.h"
#include "pki/csr.h"
#include "pki/lint.h"
#include "pki/profile_list.h"
#include "workflow/catalogue.h"
#include "workflow/refusal.h"

struct pki_facts {
	struct pki_ca *ca;
	struct pki_ca *others[GUARD_CAS_MAX]; /* ours, too: see issuer_of() */
	size_t other_count;
	struct pki_ca_watch watch;
	struct pki_profile_list profiles;
	const struct catalogue *catalogue;
	struct pki_approvers *approvers; /* NULL: none configured */
	struct pki_guard *guard;
	/* By profile: a key of a kind that it allows. Stands in for one that
	 * is not known yet, so that names and dates can be judged at
	 * submission. */
	struct buffer any_key[PROFILE_LIST_MAX];
};

static bool
load_profiles(struct pki_facts *f, const struct pki_facts_config *cfg,
	      struct err *e)
{
	if (!pki_profile_list_load(&f->profiles, cfg->profiles,
				   cfg->profile_count, &cfg->places,
				   f->ca->key.algorithm, e))
		return err_context(e, "profile.files");
	for (size_t i = 0; i < f->profiles.count; i++) {
		const struct pki_profile *p = f->profiles.items[i];
		int key = 0;

		if (pki_profile_list_find(&f->profiles, p->name, NULL) != p)
			return ERR_SET(e, ERR_FATAL, "config", 0,
				       "profile.files: two profiles are called "
				       "%s",
				       p->name);
		while (!p->keys[key]) /* loading saw that there is one */
			key++;
		if (!pki_key_stand_in((enum ev_key_algorithm)key,
				      &f->any_key[i], e))
			return false;
	}
	return true;
}

/* Each product can be ordered by a profile that allows its months. */
static bool
check_products(const struct pki_facts *f, struct err *e)
{
	const struct catalogue_row *row;

	for (size_t i = 0; (row = catalogue_row(f->catalogue, i)) != NULL;
	     i++) {
		const struct pki_profile *p =
			pki_profile_list_find(&f->profiles, row->profile, NULL);

		if (p == NULL)
			return ERR_SET(e, ERR_FATAL, "config", 0,
				       "catalogue.file: profiles: %s: no "
				       "profile of profile.files is called %s",
				       row->product_package, row->profile);
		if (row->validity_months > p->max_months)
			return ERR_SET(e, ERR_FATAL, "config", 0,
				       "catalogue.file: row %zu: "
				       "validity_months: profile %s allows %d",
				       i + 1, p->name, (int)p->max_months);
	}
	return true;
}

static bool
load_others(struct pki_facts *f, const struct pki_facts_config *cfg,
	    struct err *e)
{
	if (!pki_address_check(&f->profiles, cfg->other_cas,
			       cfg->other_ca_count, e))
		return false;
	for (size_t i = 0; i < cfg->other_ca_count; i++) {
		if (!pki_ca_load(cfg->other_cas[i], &f->others[i], e))
			return err_context(e, "ca.others");
		f->other_count++;
	}
	return true;
}

bool
pki_facts_new(const struct pki_facts_config *cfg, struct pki_facts **out,
	      struct err *e)
{
	AUTO(pki_facts) struct pki_facts *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return ERR_NO_MEMORY(e);
	f->catalogue = cfg->catalogue;
	if (!pki_ca_load(cfg->ca_certificate, &f->ca, e) ||
	    !load_profiles(f, cfg, e) || !check_products(f, e))
		return false;
	if (*cfg->approvers != '\0' &&
	    !pki_approvers_load(cfg->approvers, &f->approvers, e))
		return err_context(e, "approval.certificates");
	if (!pki_guard_new(
		    &(struct pki_guard_config){ .ca = f->ca,
						.other_cas = cfg->other_cas,
						.other_count =
							cfg->other_ca_count,
						.blocklist = cfg->blocklist },
		    &f->guard, e) ||
	    !load_others(f, cfg, e))
		return false;
	f->watch = pki_ca_watch_new(f->ca, &f->profiles, cfg->ca_warn_us,
				    cfg->ca_alarm_us);
	*out = TAKE(f);
	return true;
}

void
pki_facts_free(struct pki_facts *f)
{
	if (f == NULL)
		return;
	pki_guard_free(f->guard);
	pki_approvers_free(f->approvers);
	pki_profile_list_free(&f->profiles);
	for (size_t i = 0; i < PROFILE_LIST_MAX; i++)
		buffer_free(&f->any_key[i]);
	for (size_t i = 0; i < f->other_count; i++)
		pki_ca_free(f->others[i]);
	pki_ca_free(f->ca);
	free(f);
}

struct pki_guard *
pki_facts_guard(struct pki_facts *f)
{
	return f->guard;
}

struct pki_ca_watch *
pki_facts_watch(struct pki_facts *f)
{
	return &f->watch;
}

static bool
csr_check(void *self, struct arena *a, struct bytes der, const char *tax_code,
	  struct wf_csr *csr, struct wf_refusal *refusal, struct err *e)
{
	const struct pki_facts *f = self;
	const struct pki_csr_policy policy = { .tax_code = tax_code,
					       .guard = f->guard };
	AUTO(pki_csr) struct pki_csr *found = NULL;
	struct pki_refusal why = { 0 };

	if (!pki_csr_check(der, &policy, &found, &why, e))
		return false;
	if (found == NULL) {
		wf_refuse(refusal, why.code, "csr_der");
		if (why.reason != NULL)
			wf_refusal_param(refusal, "reason", why.reason);
		return true;
	}
	*csr = (struct wf_csr){ .spki = arena_bytes(a, found->spki),
				.key_algorithm = found->key.algorithm };
	memcpy(csr->spki_sha256.b, found->key.spki_sha256, SHA256_LEN);
	if (csr->spki.data == NULL)
		return ERR_NO_MEMORY(e);
	if (found->enrolment_id[0] == '\0')
		return true;
	csr->enrolment_id =
		arena_text(a, found->enrolment_id, strlen(found->enrolment_id));
	return csr->enrolment_id != NULL || ERR_NO_MEMORY(e);
}

static bool
csr_key(void *self, struct bytes der, struct ev_sha256 *out)
{
	struct bytes spki;

	(void)self;
	if (!pki_csr_key(der, &spki))
		return false;
	sha256(spki, out->b);
	return true;
}

static bool
validity(void *self, int64_t now, int32_t months, struct wf_validity *out,
	 struct err *e)
{
	const struct pki_facts *f = self;
	struct pki_validity v;

	(void)e;
	v = pki_validity(now, months, f->ca);
	*out = (struct wf_validity){ .not_before = v.not_before,
				     .not_after = v.not_after,
				     .shortened = v.shortened,
				     .ca_valid = v.ca_valid };
	return true;
}

/* The profile of a submission's package; false: the catalogue has no such
 * package (any more). */
static bool
profile_of(const struct pki_facts *f, const struct ev_submission *submission,
	   size_t *index)
{
	const char *name =
		catalogue_profile(f->catalogue, submission->product_package);

	for (size_t i = 0; name != NULL && i < f->profiles.count; i++)
		if (strcmp(f->profiles.items[i]->name, name) == 0) {
			*index = i;
			return true;
		}
	return false;
}

static struct pki_order
order_of(const struct wf_certificate_plan *plan, struct bytes any_key,
	 const char *serial)
{
	const struct ev_customer *c = &plan->submission->customer;

	return (struct pki_order){
		.subject = { .tax_code = plan->tax_code,
			     .certificate_name = c->certificate_name,
			     .province = c->province,
			     .locality = c->locality,
			     .country = c->country },
		.spki = plan->spki.data != NULL ? plan->spki : any_key,
		.serial_number = serial,
		.not_before = plan->validity.not_before,
		.not_after = plan->validity.not_after,
	};
}

static bool
refuse_lint(struct wf_refusal *refusal, const char *rule)
{
	wf_refuse(refusal, EV_REFUSAL_CODE_LINT, "submission.customer");
	wf_refusal_param(refusal, "rule", rule);
	return true;
}

static bool
fill_tbs(const struct pki_facts *f, const struct pki_profile *profile,
	 struct arena *a, struct bytes der, const char *serial,
	 struct wf_tbs *out, struct err *e)
{
	*out = (struct wf_tbs){
		.tbs = arena_bytes(a, der),
		.serial_number = arena_text(a, serial, strlen(serial)),
		.profile_name = profile->name,
	};
	if (out->tbs.data == NULL || out->serial_number == NULL)
		return ERR_NO_MEMORY(e);
	memcpy(out->profile_sha256.b, profile->sha256, SHA256_LEN);
	memcpy(out->issuer_certificate_sha256.b, f->ca->sha256, SHA256_LEN);
	return true;
}

static bool
tbs_build(void *self, struct arena *a, const struct wf_certificate_plan *plan,
	  struct wf_tbs *out, struct wf_refusal *refusal, struct err *e)
{
	const struct pki_facts *f = self;
	AUTO(buffer) struct buffer der = { 0 };
	struct pki_lint_context context = { .ca = f->ca };
	char serial[PKI_SERIAL_TEXT_MAX];
	const char *rule = "encoding";
	struct pki_order order;
	struct err why = { 0 };
	size_t i;

	if (!profile_of(f, plan->submission, &i)) {
		wf_refuse(refusal, EV_REFUSAL_CODE_PRODUCT_UNKNOWN,
			  "submission.product_package");
		return true;
	}
	if (!pki_serial_draw(serial, e))
		return false;
	order = order_of(plan, buffer_view(&f->any_key[i]), serial);
	context.profile = f->profiles.items[i];
	context.spki = order.spki;
	if (!pki_tbs_build(context.profile, f->ca, &order, &der, &why) ||
	    !pki_lint(buffer_view(&der), &context, &rule, &why)) {
		if (why.kind == ERR_REJECT)
			return refuse_lint(refusal, rule);
		*e = why;
		return false;
	}
	return fill_tbs(f, context.profile, a, buffer_view(&der), serial, out,
			e);
}

/* An order for the CA before this one may have been signed by it before the
 * rollover, and its certificate come in after: that is what was ordered. */
static const struct pki_ca *
issuer_of(const struct pki_facts *f, struct bytes name)
{
	for (size_t i = 0; i < f->other_count; i++)
		if (bytes_equal(f->others[i]->subject, name))
			return f->others[i];
	return f->ca;
}

static bool
certificate_parse(void *self, struct arena *a, struct bytes der,
		  struct wf_certificate *out, bool *parsed, struct err *e)
{
	const struct pki_facts *f = self;
	struct pki_certificate c;
	struct err why = { 0 };

	*parsed = false;
	if (!pki_certificate_parse(der, &c, &why)) {
		if (why.kind == ERR_REJECT)
			return true;
		*e = why;
		return false;
	}
	*out = (struct wf_certificate){
		.tbs = c.tbs,
		.signature_verifies = pki_certificate_verify(
			der, issuer_of(f, c.issuer), &why),
		.serial_number =
			arena_text(a, c.serial_number, strlen(c.serial_number)),
	};
	*parsed = true;
	return out->serial_number != NULL || ERR_NO_MEMORY(e);
}

static bool
approval_check(void *self, const struct ev_request_approved *approval,
	       int64_t now, struct wf_refusal *refusal, struct err *e)
{
	const struct pki_facts *f = self;
	const struct pki_approval what = {
		.tax_code = approval->meta.tax_code,
		.request_id = approval->request_id,
		.revision = approval->revision,
		.submission_sha256 = approval->submission_sha256.b,
		.spki_sha256 = approval->spki_sha256.b,
		.approver_id = approval->meta.actor.id,
	};
	const char *why;

	if (f->approvers == NULL)
		return true;
	if (!pki_approval_check(f->approvers, &what, approval->signature_cms,
				now, &why, e))
		return false;
	if (why == NULL)
		return true;
	wf_refuse(refusal, EV_REFUSAL_CODE_APPROVAL_SIGNATURE, "signature_cms");
	wf_refusal_param(refusal, "reason", why);
	return true;
}

struct wf_pki
pki_facts_lend(struct pki_facts *f)
{
	return (struct wf_pki){ .self = f,
				.csr_check = csr_check,
				.csr_key = csr_key,
				.validity = validity,
				.tbs_build = tbs_build,
				.certificate_parse = certificate_parse,
				.approval_check = approval_check };
}
