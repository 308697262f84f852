/*
 * address.h - do the addresses of profiles belong to the CA that signs?
 */
#ifndef CERTFLOW_PKI_ADDRESS_H
#define CERTFLOW_PKI_ADDRESS_H

#include "pki/profile_list.h"

/**
 * A certificate that names another CA's CRL could not be revoked. The files
 * of a CA have one name: issuing-2.pem, issuing-2.crl, issuing-2.cer.
 * @param other_cas  files of our other CAs: none of them may have the name
 *                   that a profile gives for CRL or CA certificate
 * @param e          ERR_FATAL: names both
 */
bool pki_address_check(const struct pki_profile_list *profiles,
		       const char *const *other_cas, size_t count,
		       struct err *e) MUST_CHECK;

#endif
