/*
 * ca_store.h - the CA's directory: certificates, requests and CRLs as files.
 *
 * Names are "root", "issuing", "issuing-2", ... <name>.pem and <name>.cer
 * hold the certificate, <name>.crl (DER, what is published) and
 * <name>.crl.pem the CRL; with a root outside, <name>.csr and <name>.csr.pem
 * hold the request and <name>.chain.pem what stands above.  <name>.pem is
 * written last: where it is, that CA is complete.
 */
#ifndef CERTFLOW_OPS_CA_STORE_H
#define CERTFLOW_OPS_CA_STORE_H

#include <limits.h>

#include "base/clock.h"
#include "pki/authority.h"
#include "place.h"

#define CA_NAME_MAX 16
#define CA_ISSUING_CRL_US (7 * US_PER_DAY)

/** Made if missing; locked against other certflow commands until close(). */
bool ca_store_open(const char *dir, int *lock, struct err *e) MUST_CHECK;

/** The name of a CA: 0 is "root", 1 "issuing", n "issuing-n". False: no
 * more; ask for all of them by counting from 0. */
bool ca_store_name(int number, char out[CA_NAME_MAX]);

/** The inverse; 0 if it is not the name of an issuing CA. */
int ca_store_number(const char *name);

/** The first issuing CA that is not complete. */
bool ca_store_next(const char *dir, char name[CA_NAME_MAX], struct err *e)
	MUST_CHECK;

/** Is there a complete issuing CA in dir? */
bool ca_store_exists(const char *dir);

/** Is there a file <name><suffix>? */
bool ca_store_has(const char *dir, const char *name, const char *suffix);

/** Its octets, appended to out. */
bool ca_store_read(const char *dir, const char *name, const char *suffix,
		   struct buffer *out, struct err *e) MUST_CHECK;

/** <name>.cer */
bool ca_store_der(const char *dir, const char *name, struct bytes der,
		  struct err *e) MUST_CHECK;

/** <name><suffix>, PEM with this label. */
bool ca_store_pem(const char *dir, const char *name, const char *suffix,
		  const char *label, struct bytes der, struct err *e)
	MUST_CHECK;

/** <name>.csr and <name>.csr.pem */
bool ca_store_csr(const char *dir, const char *name, struct bytes der,
		  struct err *e) MUST_CHECK;

/** <name>.chain.pem, as it came */
bool ca_store_chain(const char *dir, const char *name, struct bytes pem,
		    struct err *e) MUST_CHECK;

/** DER of a certificate in a file anywhere, DER or PEM; appended to out. */
bool ca_store_read_certificate(const char *path, struct buffer *out,
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
bool ca_store_new_crl(const char *dir, const char *name,
		      const struct place *place, const struct pki_ca *ca,
		      const struct pki_crl *crl, struct err *e) MUST_CHECK;

#endif
