/*
 * ca_store.h - the CA's directory: certificates and CRLs as files.
 *
 * <name>.pem and <name>.cer hold the certificate, <name>.crl (DER, what is
 * published) and <name>.crl.pem the CRL; name is "root" or "issuing".
 * issuing.pem is written last: where it is, the CA is complete.
 */
#ifndef CERTFLOW_OPS_CA_STORE_H
#define CERTFLOW_OPS_CA_STORE_H

#include <limits.h>

#include "pki/authority.h"
#include "place.h"

/** Made if missing; locked against other certflow commands until close(). */
bool ca_store_open(const char *dir, int *lock, struct err *e) MUST_CHECK;

/** Is there a complete CA in dir? */
bool ca_store_exists(const char *dir);

bool ca_store_certificate(const char *dir, const char *name, struct bytes der,
			  struct err *e) MUST_CHECK;
bool ca_store_crl(const char *dir, const char *name, struct bytes der,
		  struct err *e) MUST_CHECK;

bool ca_store_load(const char *dir, const char *name, struct pki_ca **out,
		   struct err *e) MUST_CHECK;

/**
 * The last CRL of this CA; its signature is checked.
 * @param entries  array of struct pki_revoked, appended
 */
bool ca_store_last_crl(const char *dir, const char *name,
		       const struct pki_ca *ca, struct pki_crl *out,
		       struct buffer *entries, struct err *e) MUST_CHECK;

/**
 * Make, sign in the token and store a CRL.
 * @param crl  number, dates, entries
 */
bool ca_store_new_crl(const char *dir, const struct place *place,
		      const struct pki_ca *ca, const struct pki_crl *crl,
		      struct err *e) MUST_CHECK;

#endif
