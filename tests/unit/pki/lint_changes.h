/*
 * lint_changes.h - ways to break a good TBSCertificate, each against one
 * rule.
 */
#ifndef TESTS_UNIT_PKI_LINT_CHANGES_H
#define TESTS_UNIT_PKI_LINT_CHANGES_H

#include "pki/view.h"
#include "support.h"

/* A TBSCertificate taken apart. */
struct parts {
	struct view v;
	struct buffer subject; /* replaces v.subject if it has octets */
	bool no_critical[VIEW_EXTENSIONS_MAX];
	int64_t not_before, not_after;
	bool generalized;
};

struct lint_change {
	const char *rule;
	void (*breaks)(struct parts *p);
	const char *also; /* rules that cannot but break with it, each after a
			     blank */
};

/** Row i of the changes; NULL past the end. */
const struct lint_change *lint_change(size_t i);

/** id-kp-OCSPSigning becomes a purpose. */
void lint_change_ocsp_signing(struct parts *p);

/** keyEncipherment is added; which rule that breaks is up to the profile. */
void lint_change_encipherment(struct parts *p);

/* lint_changes_access.c: addresses of issuer and responder. */
void lint_change_aia_other(struct parts *p);
void lint_change_ocsp_other(struct parts *p);
void lint_change_ocsp_missing(struct parts *p);
void lint_change_access_more(struct parts *p);

/** Other octets in an extension that is there. */
void lint_set_value(struct parts *p, struct bytes oid, struct bytes value);

/** Put together again. */
void lint_assemble(const struct parts *p, struct buffer *out);

#endif
