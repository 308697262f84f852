/* Each guard of a submission, by breaking exactly one thing. */
#include <string.h>

#include "world.h"

typedef void change(struct world *w, struct event *ev);

#define CHANGE(name) static void name(struct world *w, struct event *ev)
#define SUB submission(ev)
#define LONG_NAME                                                              \
	"CÔNG TY TRÁCH NHIỆM HỮU HẠN THƯƠNG MẠI VÀ DỊCH VỤ BÌNH MINH MẪU 1"

CHANGE(nothing)
{
	(void)w;
	(void)ev;
}

CHANGE(name_of_65)
{
	(void)w;
	SUB->customer.legal_name = SUB->customer.certificate_name = LONG_NAME;
}

CHANGE(name_not_nfc)
{
	(void)w;
	SUB->customer.legal_name = SUB->customer.certificate_name =
		"CO\u0302NG TY";
}

CHANGE(name_with_cyrillic)
{
	(void)w;
	SUB->customer.certificate_name = "CÔNG TY \u0410";
}

CHANGE(name_of_another)
{
	(void)w;
	SUB->customer.certificate_name = "CÔNG TY KHÁC";
}

CHANGE(name_empty)
{
	(void)w;
	SUB->customer.province = "";
}

CHANGE(locality_hidden)
{
	(void)w;
	SUB->customer.locality = "A\u200bB";
}

CHANGE(country_other)
{
	(void)w;
	SUB->customer.country = "US";
}

CHANGE(no_representative)
{
	(void)w;
	SUB->customer.legal_representative = NULL;
}

CHANGE(says_existing)
{
	(void)w;
	SUB->customer.source = EV_CUSTOMER_SOURCE_EXISTING;
}

CHANGE(no_months)
{
	(void)w;
	SUB->validity_months = 0;
}

CHANGE(months_48)
{
	(void)w;
	SUB->validity_months = SUB->contract.months = 48;
}

CHANGE(months_24)
{
	(void)w;
	SUB->validity_months = SUB->contract.months = 24;
}

CHANGE(old_scheme)
{
	(void)w;
	SUB->subscription_scheme_code = "CA4_GH_12T";
	SUB->contract.months_free = 0;
}

CHANGE(contract_months)
{
	(void)w;
	SUB->contract.months = 24;
}

CHANGE(contract_free)
{
	(void)w;
	SUB->contract.months_free = 0;
}

CHANGE(contract_number)
{
	(void)w;
	SUB->contract.number = "";
}

CHANGE(dossier_short)
{
	(void)w;
	SUB->dossier.count = 2;
}

CHANGE(dossier_strange)
{
	struct ev_dossier_document *d = arena_alloc(w->a, sizeof(*d));

	d->type = "LOVE_LETTER";
	SUB->dossier.items = d;
	SUB->dossier.count = 1;
}

CHANGE(previous_with_new)
{
	(void)w;
	SUB->previous_serial_number = "40";
}

CHANGE(renewal_without)
{
	(void)w;
	SUB->request_type = EV_REQUEST_TYPE_RENEWAL;
}

CHANGE(renewal_of_unknown)
{
	(void)w;
	SUB->request_type = EV_REQUEST_TYPE_REKEY;
	SUB->previous_serial_number = "40";
}

CHANGE(ca_expired)
{
	(void)ev;
	w->ca_invalid = true;
}

CHANGE(shortened)
{
	(void)ev;
	w->shortened = true;
}

CHANGE(lint)
{
	(void)ev;
	w->tbs_refuses = EV_REFUSAL_CODE_LINT;
}

CHANGE(uploaded_for_hsm)
{
	SUB->csr_source = EV_CSR_SOURCE_UPLOADED;
	SUB->csr_der = world_csr(w, TAX, "x", "k");
}

CHANGE(both_sources)
{
	SUB->csr_der = world_csr(w, TAX, "x", "k");
}

static void
to_token(struct event *ev)
{
	SUB->device_type = EV_DEVICE_TYPE_USB_TOKEN;
	SUB->product_package = "ORG_TOKEN_SAMPLE";
	SUB->subscription_scheme_code = "TK_12T";
	SUB->contract.months_free = 0;
	SUB->csr_source = EV_CSR_SOURCE_UPLOADED;
}

CHANGE(token)
{
	to_token(ev);
	SUB->csr_der = world_csr(w, TAX, "x", "k");
}

CHANGE(token_without_csr)
{
	(void)w;
	to_token(ev);
}

CHANGE(token_from_einvoice)
{
	(void)w;
	to_token(ev);
	SUB->csr_source = EV_CSR_SOURCE_EINVOICE;
}

CHANGE(token_of_another)
{
	to_token(ev);
	SUB->csr_der = world_csr(w, "0399001018", "x", "k");
}

CHANGE(token_with_person)
{
	token(w, ev);
	w->csr_refuses = EV_REFUSAL_CODE_CSR_PERSONAL_DATA;
}

CHANGE(token_known_elsewhere)
{
	token(w, ev);
	w->key_taken_elsewhere = true;
}

CHANGE(token_and_enrolment)
{
	token(w, ev);
	SUB->enrolment_id = E1;
}

CHANGE(revision_zero)
{
	(void)w;
	SUB->revision = 0;
}

CHANGE(too_many)
{
	(void)ev;
	w->env.limits.open_requests_max = 0;
}

static const struct {
	change *make;
	enum ev_refusal_code code;
	const char *field;
	const char *key;
	const char *value;
} cases[] = {
#define C(code) EV_REFUSAL_CODE_##code
#define CUSTOMER_FIELD "submission.customer."
	{ nothing, C(UNKNOWN), NULL, NULL, NULL },
	{ token, C(UNKNOWN), NULL, NULL, NULL },
	{ name_of_65, C(NAME_TOO_LONG), CUSTOMER_FIELD "certificate_name",
	  "proposal", "CÔNG TY TNHH THƯƠNG MẠI VÀ DỊCH VỤ BÌNH MINH MẪU 1" },
	{ name_not_nfc, C(NAME_NOT_NFC), CUSTOMER_FIELD "legal_name", NULL,
	  NULL },
	{ name_with_cyrillic, C(NAME_CHARACTER),
	  CUSTOMER_FIELD "certificate_name", "character", "U+0410" },
	{ name_of_another, C(LINT), CUSTOMER_FIELD "certificate_name", "rule",
	  "certificate_name_is_legal_name_or_proposal" },
	{ name_empty, C(LINT), CUSTOMER_FIELD "province", "rule",
	  "name_not_empty" },
	{ locality_hidden, C(NAME_CHARACTER), CUSTOMER_FIELD "locality",
	  "character", "U+200B" },
	{ country_other, C(LINT), CUSTOMER_FIELD "country", "rule",
	  "country_is_vn" },
	{ no_representative, C(LEGAL_REPRESENTATIVE_MISSING),
	  CUSTOMER_FIELD "legal_representative", NULL, NULL },
	{ says_existing, C(CUSTOMER_NOT_FOUND), CUSTOMER_FIELD "source", NULL,
	  NULL },
	{ no_months, C(MONTHS_RANGE), "submission.validity_months", NULL,
	  NULL },
	{ months_48, C(MONTHS_RANGE), "submission.validity_months", NULL,
	  NULL },
	{ months_24, C(PRODUCT_UNKNOWN), "submission.product_package", NULL,
	  NULL },
	{ old_scheme, C(PRODUCT_NOT_IN_FORCE),
	  "submission.subscription_scheme_code", NULL, NULL },
	{ contract_months, C(CONTRACT_MISMATCH), "submission.contract.months",
	  NULL, NULL },
	{ contract_free, C(CONTRACT_MISMATCH),
	  "submission.contract.months_free", NULL, NULL },
	{ contract_number, C(CONTRACT_MISMATCH), "submission.contract.number",
	  NULL, NULL },
	{ dossier_short, C(DOSSIER_INCOMPLETE), "submission.dossier", "missing",
	  "BUSINESS_LICENCE, LEGAL_REP_ID" },
	{ dossier_strange, C(DOSSIER_TYPE), "submission.dossier[0].type", NULL,
	  NULL },
	{ previous_with_new, C(PREVIOUS_CERTIFICATE),
	  "submission.previous_serial_number", NULL, NULL },
	{ renewal_without, C(PREVIOUS_CERTIFICATE),
	  "submission.previous_serial_number", NULL, NULL },
	{ renewal_of_unknown, C(PREVIOUS_CERTIFICATE),
	  "submission.previous_serial_number", NULL, NULL },
	{ ca_expired, C(CA_NOT_VALID), NULL, NULL, NULL },
	{ shortened, C(VALIDITY_SHORTENED),
	  "submission.accept_shortened_validity", NULL, NULL },
	{ lint, C(LINT), NULL, "rule", "made_up" },
	{ uploaded_for_hsm, C(KEY_NOT_LOCAL), "submission.csr_source", NULL,
	  NULL },
	{ both_sources, C(BODY_INVALID), "submission.csr_der", NULL, NULL },
	{ token_without_csr, C(CSR_NONE), "submission.csr_der", NULL, NULL },
	{ token_from_einvoice, C(CSR_NONE), "submission.csr_source", NULL,
	  NULL },
	{ token_of_another, C(CSR_TAX_CODE), "submission.csr_der", NULL, NULL },
	{ token_with_person, C(CSR_PERSONAL_DATA), "submission.csr_der", NULL,
	  NULL },
	{ token_known_elsewhere, C(KEY_USED), "submission.csr_der", NULL,
	  NULL },
	{ token_and_enrolment, C(BODY_INVALID), "submission.enrolment_id", NULL,
	  NULL },
	{ revision_zero, C(REVISION_STALE), "submission.revision", NULL, NULL },
	{ too_many, C(LIMIT), NULL, NULL, NULL },
};

static void
check(size_t i)
{
	AUTO(world) struct world *w = world_new(TAX);
	struct event *ev = submit_event(w, R1, 1);
	bool refused = cases[i].code != EV_REFUSAL_CODE_UNKNOWN;
	const struct event *on_log;

	cases[i].make(w, ev);
	cr_expect_eq(world_say(w, ev), refused ? WF_REFUSED : WF_ADMITTED,
		     "case %zu", i);
	cr_expect_eq(world_code(w), cases[i].code, "case %zu: %s", i,
		     ev_refusal_code_name(world_code(w)));
	cr_expect_eq(w->last.emit_count, 1, "case %zu", i);
	on_log = w->log[0].event;
	if (cases[i].field != NULL)
		cr_expect_str_eq(on_log->event_refused.field, cases[i].field,
				 "case %zu", i);
	if (cases[i].key != NULL)
		cr_expect_str_eq(world_param(w, cases[i].key), cases[i].value,
				 "case %zu", i);
	world_check_replay(w);
}

Test(submission, guards)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check(i);
}

/* Everything wrong at once: the documented order decides. */
Test(submission, first_guard_wins)
{
	AUTO(world) struct world *w = world_new(TAX);
	struct event *ev = submit_event(w, R1, 1);

	name_of_65(w, ev);
	no_representative(w, ev);
	months_48(w, ev);
	contract_free(w, ev);
	dossier_short(w, ev);
	previous_with_new(w, ev);
	cr_expect_eq(world_say(w, ev), WF_REFUSED);
	cr_expect_eq(world_code(w), EV_REFUSAL_CODE_NAME_TOO_LONG);
}

Test(submission, accepted_shortening_and_proposal)
{
	AUTO(world) struct world *w = world_new(TAX);
	struct event *ev = submit_event(w, R1, 1);

	shortened(w, ev);
	SUB->accept_shortened_validity = true;
	SUB->customer.legal_name = LONG_NAME;
	SUB->customer.certificate_name =
		"CÔNG TY TNHH THƯƠNG MẠI VÀ DỊCH VỤ BÌNH MINH MẪU 1";
	cr_expect_eq(world_say(w, ev), WF_ADMITTED);
}

Test(submission, branch_needs_its_licence)
{
	AUTO(world) struct world *w = world_new(BRANCH_TAX);
	struct event *ev = submit_event(w, R1, 1);

	SUB->dossier.count = 4;
	cr_expect_eq(world_say(w, ev), WF_REFUSED);
	cr_expect_str_eq(world_param(w, "missing"), "BRANCH_LICENCE");
	cr_expect_eq(submit(w, R1, 1), WF_ADMITTED);
}
