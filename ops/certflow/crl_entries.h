/*
 * crl_entries.h - what stands on a CRL: arrays of struct pki_revoked.
 */
#ifndef CERTFLOW_OPS_CRL_ENTRIES_H
#define CERTFLOW_OPS_CRL_ENTRIES_H

#include "base/bytes.h"

/**
 * Append what the read model's view revoked_serial says.
 * @param conninfo  libpq key=value pairs or URI
 * @param e         ERR_RETRY: the read model cannot be reached now
 */
bool crl_entries_ask(const char *conninfo, struct buffer *entries,
		     struct err *e) MUST_CHECK;

/** In order of serial numbers; of several for one, the first one added. */
bool crl_entries_sort(struct buffer *entries, struct err *e) MUST_CHECK;

#endif
