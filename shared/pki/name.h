/*
 * name.h - names and numbers of certificates as the profile wants them (inside
 * shared/pki).
 */
#ifndef CERTFLOW_PKI_NAME_H
#define CERTFLOW_PKI_NAME_H

#include "pki/der.h"
#include "pki/tbs.h"

#define NAME_TEXT_MAX 1024

/** OID content of an attribute. */
struct bytes name_oid(enum pki_attribute a);

/** PrintableString for C, else UTF8String (RFC 5280 4.1.2.4). */
uint8_t name_tag(enum pki_attribute a);

/** Upper bound in characters (X.520 annex, RFC 5280 A.1). */
size_t name_upper_bound(enum pki_attribute a);

/** One RDN with one attribute. */
void name_put_rdn(struct der_out *w, struct bytes oid, uint8_t tag,
		  const char *value);
void name_put(struct der_out *w, enum pki_attribute a, const char *value);

/** The subject: attributes in the profile's order, L only if given. */
void name_put_subject(struct der_out *w, const struct pki_profile *profile,
		      const struct pki_subject *subject);

/** INTEGER from the hex text of a serial number. */
void name_put_serial(struct der_out *w, const char *serial_number);

#endif
