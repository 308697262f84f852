#include "pki/lint.h"

#include "pki/lint_rules.h"

static const char *
structure(const struct lint *l)
{
	(void)l; /* judged while reading, before any row is asked */
	return NULL;
}

/*
 * Order matters only for which rule is named first; no rule relies on an
 * earlier one except on "structure".
 */
static const struct {
	const char *rule;
	const char *source;
	const char *(*check)(const struct lint *l);
} rows[] = {
	{ "structure", "X.690 10, RFC 5280 4.1", structure },
	{ "version", "RFC 5280 4.1.2.1", lint_version },
	{ "serial_range", "RFC 5280 4.1.2.2", lint_serial_range },
	{ "serial_random", "CA/B Forum BR 7.1; profile", lint_serial_random },
	{ "signature", "RFC 5280 4.1.2.3, RFC 4055, RFC 5758; profile",
	  lint_signature },
	{ "issuer", "RFC 5280 4.1.2.4, 6.1.3(a)(4)", lint_issuer },
	{ "date_encoding", "RFC 5280 4.1.2.5", lint_date_encoding },
	{ "date_order", "RFC 5280 4.1.2.5", lint_date_order },
	{ "date_term", "profile: max_months", lint_date_term },
	{ "date_ca", "the issuing CA's own dates", lint_date_ca },
	{ "subject_order", "profile: order", lint_subject_order },
	{ "subject_empty", "RFC 5280 4.1.2.6, X.520", lint_subject_empty },
	{ "subject_type", "RFC 5280 4.1.2.4", lint_subject_type },
	{ "subject_nfc", "RFC 5280 7.1, UAX #15", lint_subject_nfc },
	{ "subject_characters", "UTS #39 3", lint_subject_characters },
	{ "subject_length", "RFC 5280 A.1 (X.520)", lint_subject_length },
	{ "subject_country", "ISO 3166-1, X.520 6.3.1", lint_subject_country },
	{ "subject_cn", "profile: CN = O", lint_subject_cn },
	{ "subject_uid", "profile: UID=MST:<tax code>", lint_subject_uid },
	{ "key_same", "the key of the order", lint_key_same },
	{ "key_allowed", "profile: keys", lint_key_allowed },
	{ "extension_unique", "RFC 5280 4.2", lint_extension_unique },
	{ "extension_set", "profile: exactly these", lint_extension_set },
	{ "extension_critical", "RFC 5280 4.2.1", lint_extension_critical },
	{ "basic_constraints", "RFC 5280 4.2.1.9", lint_basic_constraints },
	{ "key_usage", "RFC 5280 4.2.1.3; profile", lint_key_usage },
	{ "key_usage_fits", "RFC 3279 2.3, RFC 8813 3", lint_key_usage_fits },
	{ "extended_key_usage", "RFC 5280 4.2.1.12; profile", lint_eku },
	{ "purpose_limits", "RFC 5280 4.2.1.12, RFC 9336", lint_eku_limits },
	{ "policies", "RFC 5280 4.2.1.4; profile", lint_policies },
	{ "subject_key_id", "RFC 7093 2, method 1", lint_ski },
	{ "authority_key_id", "RFC 5280 4.2.1.1", lint_aki },
	{ "crl_address", "RFC 5280 4.2.1.13; profile", lint_crl_address },
	{ "ca_address", "RFC 5280 4.2.2.1; profile", lint_ca_address },
	{ "ocsp_address", "RFC 5280 4.2.2.1; profile", lint_ocsp_address },
};

#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

/* NULL, or what is wrong with the structure. */
static const char *
open_tbs(struct bytes tbs, const struct pki_lint_context *context,
	 struct lint *l)
{
	const char *what = NULL;

	*l = (struct lint){ .context = context };
	if (!view_parse(tbs, &l->view, &what))
		return what;
	if (!view_name(l->view.subject, l->subject, &l->subject_count))
		return "subject";
	(void)!pki_key_check(l->view.spki, &l->key, &l->key_why);
	return NULL;
}

static bool
broken(const char **rule, const char *name, const char *what, struct err *e)
{
	*rule = name;
	return ERR_SET(e, ERR_REJECT, "lint", 0, "rule %s: %s", name, what);
}

bool
pki_lint(struct bytes tbs, const struct pki_lint_context *context,
	 const char **rule, struct err *e)
{
	struct lint l;
	const char *what = open_tbs(tbs, context, &l);

	*rule = NULL;
	if (what != NULL)
		return broken(rule, "structure", what, e);
	for (size_t i = 0; i < ROW_COUNT; i++) {
		what = rows[i].check(&l);
		if (what != NULL)
			return broken(rule, rows[i].rule, what, e);
	}
	return true;
}

size_t
pki_lint_all(struct bytes tbs, const struct pki_lint_context *context,
	     pki_lint_report *report, void *self)
{
	struct lint l;
	const char *what = open_tbs(tbs, context, &l);
	size_t count = 0;

	if (what != NULL) {
		report(self, rows[0].rule, rows[0].source, what);
		return 1;
	}
	for (size_t i = 0; i < ROW_COUNT; i++) {
		what = rows[i].check(&l);
		report(self, rows[i].rule, rows[i].source, what);
		count += what != NULL;
	}
	return count;
}

bool
pki_lint_row(size_t i, const char **rule, const char **source)
{
	if (i >= ROW_COUNT)
		return false;
	*rule = rows[i].rule;
	*source = rows[i].source;
	return true;
}
