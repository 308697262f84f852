/*
 * extension.h - writers of extensions (inside shared/pki).
 *
 * Each writes a whole Extension: SEQUENCE{id, critical, OCTET STRING}.
 */
#ifndef CERTFLOW_PKI_EXTENSION_H
#define CERTFLOW_PKI_EXTENSION_H

#include "pki/der.h"
#include "pki/profile.h"

/** @param path_length  -1: none; only for a CA */
void extension_basic_constraints(struct der_out *w, bool ca, int path_length);
void extension_key_usage(struct der_out *w, uint16_t bits);
void extension_eku(struct der_out *w, const struct pki_oid *oids, size_t count);
void extension_policies(struct der_out *w, const struct pki_oid *oids,
			size_t count);
void extension_ski(struct der_out *w, struct bytes key_id);
void extension_aki(struct der_out *w, struct bytes key_id);

/** Nothing is written for "" or NULL. */
void extension_crl_dp(struct der_out *w, const char *url);

/** AuthorityInfoAccess; an address that is "" or NULL is left out. */
void extension_access(struct der_out *w, const char *ocsp_url,
		      const char *ca_issuers_url);

void extension_crl_number(struct der_out *w, int64_t number);
void extension_reason(struct der_out *w, int reason);
void extension_invalidity(struct der_out *w, int64_t us);

/** RFC 6960 4.2.2.2.1, RFC 9654 2.1. */
void extension_ocsp_nocheck(struct der_out *w);
void extension_ocsp_nonce(struct der_out *w, struct bytes nonce);

#endif
