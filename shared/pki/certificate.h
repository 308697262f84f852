/*
 * certificate.h - assembling, taking apart and verifying certificates.
 *
 * Pure and thread-safe.
 */
#ifndef CERTFLOW_PKI_CERTIFICATE_H
#define CERTFLOW_PKI_CERTIFICATE_H

#include "pki/ca.h"
#include "pki/tbs.h"

#define CERTIFICATE_DER_MAX (16u * 1024)

/* Spans point into the DER that was parsed. */
struct pki_certificate {
	struct bytes tbs;
	enum pki_signature signature_algorithm;
	struct bytes signature;
	struct bytes issuer;
	struct bytes subject;
	struct bytes spki;
	uint8_t spki_sha256[SHA256_LEN];
	char serial_number[PKI_SERIAL_TEXT_MAX];
	int64_t not_before; /* microseconds */
	int64_t not_after;
};

/**
 * SEQUENCE{tbs, algorithm, signature}, appended to out; also for CRLs,
 * whose TBSCertList is wrapped the same way.
 * @param signature  ECDSA: DER, see pki_ecdsa_to_der()
 */
bool pki_certificate_assemble(struct bytes tbs, enum pki_signature sig,
			      struct bytes signature, struct buffer *out,
			      struct err *e) MUST_CHECK;

/**
 * Take a certificate apart; strict DER, no trailing octets, at most
 * CERTIFICATE_DER_MAX.  Verifies nothing.
 * @param e  ERR_REJECT: not a certificate; the text says where
 */
bool pki_certificate_parse(struct bytes der, struct pki_certificate *out,
			   struct err *e) MUST_CHECK;

/**
 * A certificate as this CA issues them, of exactly this TBSCertificate and
 * with exactly this signature: for who has verified the signature over tbs
 * already (hsm_sign_own() does).  ERR_REJECT if it is not.
 */
bool pki_certificate_carries(struct bytes der, struct bytes tbs,
			     struct bytes signature, const struct pki_ca *ca,
			     struct err *e) MUST_CHECK;

/**
 * Issuer name and signature by this CA.  Dates and extensions are not
 * looked at: that is lint's part.  ERR_REJECT if it does not verify.
 */
bool pki_certificate_verify(struct bytes der, const struct pki_ca *ca,
			    struct err *e) MUST_CHECK;

/** The same as an answer, for who has many CAs' books: ca is a const struct
 * pki_ca *, void so that it can be a callback (status_book_verify()). */
bool pki_certificate_is_by(const void *ca, struct bytes der);

/**
 * The first attribute of this kind in a Name (with tag), as text.
 * @param cap  of out, terminator included
 * @return false: none, not UTF8String or PrintableString, or too long
 */
bool pki_name_value(struct bytes name, enum pki_attribute a, char *out,
		    size_t cap) MUST_CHECK;

/** A Name for people, "C=VN, O=..., CN=...", cut to fit. @return out */
const char *pki_name_text(struct bytes name, char *out, size_t cap);

/** PEM text (RFC 7468) of a certificate or CRL, appended to out. */
bool pki_pem(const char *label, struct bytes der, struct buffer *out,
	     struct err *e) MUST_CHECK;

#endif
