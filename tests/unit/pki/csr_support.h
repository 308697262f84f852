/*
 * csr_support.h - CSRs as others make them: OpenSSL builds, we judge.
 */
#ifndef TESTS_UNIT_PKI_CSR_SUPPORT_H
#define TESTS_UNIT_PKI_CSR_SUPPORT_H

#include "support.h"

void csr_add(X509_NAME *name, const char *attribute, const char *value);

/** Unsigned: C=VN, UID=MST:<TAX_CODE>. */
X509_REQ *csr_request(EVP_PKEY *key);
void csr_sign(X509_REQ *req, EVP_PKEY *key, const EVP_MD *md, bool pss);
void csr_encode(X509_REQ *req, struct buffer *out);

/** A request by OpenSSL for this key and hash. */
void csr_make(const char *key_name, const EVP_MD *md, bool pss,
	      struct buffer *out);

/** Our answer; UNKNOWN: accepted. */
enum ev_refusal_code csr_judge(struct bytes der, struct pki_refusal *why);

#define REFUSED(der, expected)                                                 \
	do {                                                                   \
		struct pki_refusal why_;                                       \
		enum ev_refusal_code code_ = csr_judge((der), &why_);          \
		cr_assert_eq(code_, (expected), "%s, not %s (%s)",             \
			     ev_refusal_code_name(code_),                      \
			     ev_refusal_code_name(expected),                   \
			     why_.reason == NULL ? "" : why_.reason);          \
		cr_assert_not_null(why_.field);                                \
	} while (0)

#endif
