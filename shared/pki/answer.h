/*
 * answer.h - the certificate with which a CA outside answers our request
 * for an issuing CA: judged before any of it is used.
 *
 * Pure and thread-safe.
 */
#ifndef CERTFLOW_PKI_ANSWER_H
#define CERTFLOW_PKI_ANSWER_H

#include "pki/authority.h"

struct pki_answer {
	struct bytes request; /* DER of what pki_authority_request() began   */
	struct bytes chain;   /* PEM: the root, and what stands between      */
	int64_t now;          /* microseconds                                */
	bool any_path_length; /* false: pathLenConstraint must be 0          */
};

/**
 * All rules, the first broken one wins: strict DER of version 3; key and
 * subject octet for octet those of the request; not self-issued; a signature
 * algorithm that we allow; critical basicConstraints CA:TRUE with path
 * length 0; critical keyUsage of keyCertSign and cRLSign (digitalSignature
 * is let pass); no name, policy or purpose constraints; subject and
 * authority key identifier; valid now; a path to a self-signed certificate
 * of the chain whose signatures verify (RFC 5280 6.1; 112 bits of security
 * at least).
 *
 * @param der   the certificate
 * @param rule  the broken rule, a literal; NULL: none
 * @param e     ERR_REJECT with *rule set: what is wrong. ERR_FATAL with
 *              *rule NULL: request or chain cannot be read
 */
bool pki_answer_check(struct bytes der, const struct pki_answer *answer,
		      const char **rule, struct err *e) MUST_CHECK;

/**
 * The self-signed certificate of a PEM chain, DER, appended to out.
 * @param e  ERR_FATAL: unreadable, none, or several
 */
bool pki_answer_root(struct bytes chain, struct buffer *out, struct err *e)
	MUST_CHECK;

#endif
