/*
 * csr.h - PKCS#10 requests (RFC 2986): judged as hostile input, and made.
 *
 * Nothing of a CSR but its key goes into a certificate.  Pure and
 * thread-safe.
 */
#ifndef CERTFLOW_PKI_CSR_H
#define CERTFLOW_PKI_CSR_H

#include "pki/guard.h"

#define CSR_DER_MAX (16u * 1024)
#define CSR_ENROLMENT_ID_MAX 64

struct pki_csr_policy {
	const char *tax_code;    /* canonical; must stand in UID=MST:... */
	struct pki_guard *guard; /* NULL: no key is known to be bad      */
};

/* An accepted CSR; owns its memory. */
struct pki_csr {
	struct pki_key key;
	enum pki_signature signature;
	struct bytes spki;                       /* inside der             */
	char enrolment_id[CSR_ENROLMENT_ID_MAX]; /* serialNumber, or ""    */
	struct buffer der;
};

/**
 * All CSR_* and KEY_* rules on der (borrowed; at most CSR_DER_MAX): strict
 * DER without trailing octets, no personal data, tax code, algorithms, form
 * and strength of the key, not a CA's own key nor a compromised one, proof
 * of possession.
 *
 * @param out  set if accepted; release with pki_csr_free()
 * @param why  why->code is EV_REFUSAL_CODE_UNKNOWN if accepted
 * @return false only for a technical failure (e is filled, nothing
 *         decided); true with *out == NULL is a refusal
 */
bool pki_csr_check(struct bytes der, const struct pki_csr_policy *policy,
		   struct pki_csr **out, struct pki_refusal *why, struct err *e)
	MUST_CHECK;

/** The SubjectPublicKeyInfo (inside der) of a CSR that was accepted before,
 * perhaps by other rules than today's. false: not a CSR at all. */
bool pki_csr_key(struct bytes der, struct bytes *spki) MUST_CHECK;

/* What the subject of a CSR says of the organisation; absent: nothing. */
struct pki_csr_names {
	struct bytes organization; /* O, octets of its text */
	struct bytes common_name;  /* CN */
};

/**
 * Names in a CSR that was accepted before, for people to compare with the
 * customer's record: they are never used.  Of several the first.
 * @param out  inside der
 * @return false: not a CSR at all
 */
bool pki_csr_names(struct bytes der, struct pki_csr_names *out) MUST_CHECK;

/** NULL is fine. */
void pki_csr_free(struct pki_csr *csr);
DEFINE_AUTO(pki_csr, struct pki_csr *, pki_csr_free);

/**
 * CertificationRequestInfo to be signed, appended to out: subject
 * UID=MST:<tax code>, serialNumber=<enrolment id>; no attributes.
 */
bool pki_csr_info_new(struct bytes spki, const char *tax_code,
		      const char *enrolment_id, struct buffer *out,
		      struct err *e) MUST_CHECK;

/**
 * CertificationRequest around a signature over info (ECDSA: DER, see
 * pki_ecdsa_to_der()), appended to out.
 */
bool pki_csr_assemble(struct bytes info, enum pki_signature sig,
		      struct bytes signature, struct buffer *out, struct err *e)
	MUST_CHECK;

#endif
