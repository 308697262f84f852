/*
 * responder.h - the certificate by which a CA lets a key answer OCSP for it
 * (RFC 6960 4.2.2.2: a delegated responder).
 *
 * It is never asked about itself (id-pkix-ocsp-nocheck, 4.2.2.2.1), so it is
 * short-lived.  Immutable after loading: may be shared between threads.
 */
#ifndef CERTFLOW_PKI_RESPONDER_H
#define CERTFLOW_PKI_RESPONDER_H

#include "pki/ca.h"

#define SHA1_LEN 20

struct pki_responder {
	struct buffer der;            /* the whole certificate            */
	uint8_t sha256[SHA256_LEN];   /* of der                           */
	struct bytes spki;            /* inside der                       */
	enum pki_signature signature; /* what answers are signed with     */
	uint8_t key_hash[SHA1_LEN];   /* KeyHash of ResponderID           */
	int64_t not_before;           /* microseconds                     */
	int64_t not_after;
};

/**
 * TBSCertificate of a responder of this CA, appended to out: country and
 * organisation of the CA, critical digitalSignature, extended key usage
 * OCSPSigning, ocsp-nocheck.
 * @param serial_number  lower-case hex
 * @param not_before     microseconds, whole seconds; so is not_after
 */
bool pki_responder_tbs(const struct pki_ca *ca, struct bytes spki,
		       const char *serial_number, int64_t not_before,
		       int64_t not_after, struct buffer *out, struct err *e)
	MUST_CHECK;

/**
 * @param path  PEM (first certificate) or DER
 * @param out   release with pki_responder_free()
 * @param e     ERR_FATAL: unreadable, not signed by this CA, not a
 *              responder's, key not allowed.  Dates are not looked at
 */
bool pki_responder_load(const char *path, const struct pki_ca *ca,
			struct pki_responder **out, struct err *e) MUST_CHECK;

/** The same from DER (borrowed). */
bool pki_responder_parse(struct bytes der, const struct pki_ca *ca,
			 struct pki_responder **out, struct err *e) MUST_CHECK;

/** NULL is fine. */
void pki_responder_free(struct pki_responder *r);
DEFINE_AUTO(pki_responder, struct pki_responder *, pki_responder_free);

#endif
