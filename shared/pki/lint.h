/*
 * lint.h - rules on structure, names and dates, checked before signing.
 *
 * One table: one row = name of the rule, its source, one function.  Both
 * the registrar (before it orders) and the issuer (before it signs) run it.
 * Pure; thread-safe.
 */
#ifndef CERTFLOW_PKI_LINT_H
#define CERTFLOW_PKI_LINT_H

#include "pki/tbs.h"

struct pki_lint_context {
	const struct pki_profile *profile;
	const struct pki_ca *ca;
	struct bytes spki; /* the key that is to be certified */
};

/**
 * Check every rule on a TBSCertificate (hostile input is fine).
 * @param rule  name of the first broken rule (literal)
 * @return false: ERR_REJECT, e says what is wrong
 */
bool pki_lint(struct bytes tbs, const struct pki_lint_context *context,
	      const char **rule, struct err *e) MUST_CHECK;

/** One row's answer. @param what  NULL: the rule holds; else a literal */
typedef void pki_lint_report(void *self, const char *rule, const char *source,
			     const char *what);

/**
 * The same without stopping: report is called for every row, in order; only
 * for "structure" if that is broken, because nothing else can be asked then.
 * @return broken rules
 */
size_t pki_lint_all(struct bytes tbs, const struct pki_lint_context *context,
		    pki_lint_report *report, void *self);

/** Row i of the table, for documentation and tests; false past the end. */
bool pki_lint_row(size_t i, const char **rule, const char **source);

#endif
