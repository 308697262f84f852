/*
 * lint_rules.h - the functions behind the rows of lint's table (inside
 * shared/pki).  Each returns NULL if the rule holds, else what is wrong
 * (a literal).
 */
#ifndef CERTFLOW_PKI_LINT_RULES_H
#define CERTFLOW_PKI_LINT_RULES_H

#include "pki/lint.h"
#include "pki/view.h"

struct lint {
	const struct pki_lint_context *context;
	struct view view;
	struct view_attribute subject[VIEW_ATTRIBUTES_MAX];
	size_t subject_count;
	struct pki_key key;         /* of the view, if key_why is none */
	struct pki_refusal key_why; /* else what is wrong with it      */
};

/* lint_fields.c */
const char *lint_version(const struct lint *l);
const char *lint_serial_range(const struct lint *l);
const char *lint_serial_random(const struct lint *l);
const char *lint_signature(const struct lint *l);
const char *lint_issuer(const struct lint *l);
const char *lint_date_encoding(const struct lint *l);
const char *lint_date_order(const struct lint *l);
const char *lint_date_term(const struct lint *l);
const char *lint_date_ca(const struct lint *l);
const char *lint_key_same(const struct lint *l);
const char *lint_key_allowed(const struct lint *l);

/* lint_names.c */
const char *lint_subject_order(const struct lint *l);
const char *lint_subject_empty(const struct lint *l);
const char *lint_subject_type(const struct lint *l);
const char *lint_subject_nfc(const struct lint *l);
const char *lint_subject_characters(const struct lint *l);
const char *lint_subject_length(const struct lint *l);
const char *lint_subject_country(const struct lint *l);
const char *lint_subject_cn(const struct lint *l);
const char *lint_subject_uid(const struct lint *l);

/* lint_extensions.c */
const char *lint_extension_unique(const struct lint *l);
const char *lint_extension_set(const struct lint *l);
const char *lint_extension_critical(const struct lint *l);
const char *lint_basic_constraints(const struct lint *l);
const char *lint_key_usage(const struct lint *l);
const char *lint_key_usage_fits(const struct lint *l);
const char *lint_eku(const struct lint *l);
const char *lint_eku_limits(const struct lint *l);
const char *lint_policies(const struct lint *l);
const char *lint_ski(const struct lint *l);
const char *lint_aki(const struct lint *l);
const char *lint_crl_address(const struct lint *l);
const char *lint_ca_address(const struct lint *l);
const char *lint_ocsp_address(const struct lint *l);

#endif
