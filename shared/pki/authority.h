/*
 * authority.h - CA certificates and CRLs, to be signed by a CA's own key.
 *
 * These functions make the octets; the signature comes from the token
 * (hsm/libp11/token.h) and pki_certificate_assemble() joins the two.
 */
#ifndef CERTFLOW_PKI_AUTHORITY_H
#define CERTFLOW_PKI_AUTHORITY_H

#include "pki/ca.h"
#include "pki/tbs.h"

struct pki_authority {
	const char *country;      /* "VN"                                  */
	const char *organisation; /* O                                     */
	const char *name;         /* CN                                    */
	struct bytes spki;
	const char *serial_number; /* lower-case hex                       */
	int64_t not_before;        /* microseconds, whole seconds          */
	int64_t not_after;
	int path_length;     /* -1: none                             */
	const char *crl_url; /* NULL: no address                     */
	const char *ca_issuers_url;
};

/**
 * TBSCertificate of a CA, appended to out: critical basicConstraints CA,
 * critical keyCertSign + cRLSign, SKI, AKI unless self-issued.
 * @param issuer  NULL: self-signed (root)
 */
bool pki_authority_tbs(const struct pki_authority *self,
		       const struct pki_ca *issuer, struct buffer *out,
		       struct err *e) MUST_CHECK;

/**
 * CertificationRequestInfo (RFC 2986) with which an issuing CA asks a root
 * outside for its certificate, appended to out: name, key, and, as requested
 * extensions (RFC 2985 5.4.2), critical basicConstraints and keyUsage, and
 * the SKI.  Serial number, dates and addresses are the root's to choose;
 * those of self are not looked at.  pki_csr_assemble() joins it with the
 * signature.
 */
bool pki_authority_request(const struct pki_authority *self, struct buffer *out,
			   struct err *e) MUST_CHECK;

struct pki_revoked {
	char serial_number[PKI_SERIAL_TEXT_MAX]; /* lower-case hex          */
	int64_t revoked_at; /* microseconds; in a CRL whole seconds */
	int reason;         /* RFC 5280 5.3.1; 0: no reason extension */
	bool has_invalidity;
	int64_t invalidity_at; /* RFC 5280 5.3.2; likewise */
};

struct pki_crl {
	int64_t number; /* monotonic, from 1 */
	int64_t this_update;
	int64_t next_update;
	const struct pki_revoked *revoked;
	size_t revoked_count;
};

/** TBSCertList v2 (RFC 5280 5.1) of this CA, appended to out. */
bool pki_crl_tbs(const struct pki_ca *ca, const struct pki_crl *crl,
		 struct buffer *out, struct err *e) MUST_CHECK;

/**
 * Number and dates of a CRL (DER), verified with the CA's key.
 * @param entries  array of struct pki_revoked, appended; NULL: not wanted.
 *                 out->revoked stays NULL, out->revoked_count is set
 */
bool pki_crl_parse(struct bytes der, const struct pki_ca *ca,
		   struct pki_crl *out, struct buffer *entries, struct err *e)
	MUST_CHECK;

#endif
