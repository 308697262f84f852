/*
 * csr.h - customers' keys on P-256, and the CSRs that officers upload.
 *
 * The private key is forgotten at once: nobody signs with these.
 */
#ifndef CERTFLOW_LOAD_CSR_H
#define CERTFLOW_LOAD_CSR_H

#include "base/bytes.h"

/* Makes keys one after the other. */
struct csr_maker;

/** Release with csr_maker_free(). */
bool csr_maker_new(struct csr_maker **out, struct err *e) MUST_CHECK;

/**
 * A new key, and its CSR.
 * @param der          emptied first
 * @param spki_sha256  of the key
 */
bool csr_make(struct csr_maker *m, const char *tax_code, const char *id,
	      struct buffer *der, uint8_t spki_sha256[SHA256_LEN],
	      struct err *e) MUST_CHECK;

/** NULL is fine. */
void csr_maker_free(struct csr_maker *m);
DEFINE_AUTO(csr_maker, struct csr_maker *, csr_maker_free);

#endif
