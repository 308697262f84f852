/*
 * crl_entries.h - what stands on a CRL: arrays of struct pki_revoked.
 */
#ifndef CERTFLOW_OPS_CRL_ENTRIES_H
#define CERTFLOW_OPS_CRL_ENTRIES_H

#include "base/bytes.h"

/**
 * Append what the read model's view revoked_serial says of the orders that
 * were made for this CA; also of a serial number without any order.
 * @param conninfo   libpq key=value pairs or URI
 * @param ca_sha256  of the CA's certificate
 * @param e         ERR_RETRY: the read model cannot be reached now
 */
bool crl_entries_ask(const char *conninfo, const uint8_t ca_sha256[SHA256_LEN],
		     struct buffer *entries, struct err *e) MUST_CHECK;

/** In order of serial numbers; of several for one, the first one added. */
bool crl_entries_sort(struct buffer *entries, struct err *e) MUST_CHECK;

#endif
