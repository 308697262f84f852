/*
 * der.h - where some things stand in DER that was checked before.
 *
 * Folding must not depend on X.509 code, but it needs the key of an uploaded
 * CSR, the serial number of a rejected certificate, and who issued one. This
 * walks lengths (X.690, 8.1.3 and 10.1) and judges nothing.
 */
#ifndef CERTFLOW_WORKFLOW_DER_H
#define CERTFLOW_WORKFLOW_DER_H

#include "base/bytes.h"

/** SubjectPublicKeyInfo of a PKCS#10 request (RFC 2986, 4.1). */
bool der_csr_spki(struct bytes csr, struct bytes *spki) MUST_CHECK;

/** Serial number as lower-case hexadecimal (RFC 5280, 4.1.2.2), at most 20
 * octets without the leading zero; out holds 41 characters. */
bool der_certificate_serial(struct bytes certificate, char out[41]) MUST_CHECK;

/** Issuer, a Name with its tag (RFC 5280, 4.1.2.4); borrowed. */
bool der_certificate_issuer(struct bytes certificate, struct bytes *issuer)
	MUST_CHECK;

/** The same of a TBSCertificate, with its tag. */
bool der_tbs_issuer(struct bytes tbs, struct bytes *issuer) MUST_CHECK;

#endif
