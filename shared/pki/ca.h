/*
 * ca.h - what is known of a CA from its certificate.
 *
 * Immutable after loading: may be shared between threads.
 */
#ifndef CERTFLOW_PKI_CA_H
#define CERTFLOW_PKI_CA_H

#include "pki/key.h"

#define CA_FILE_MAX (64u * 1024)

struct pki_ca {
	struct buffer der;          /* the whole certificate             */
	uint8_t sha256[SHA256_LEN]; /* of der                            */
	struct bytes subject;       /* Name, inside der                  */
	struct bytes spki;          /* inside der                        */
	struct bytes key_id;        /* subjectKeyIdentifier, inside der  */
	struct pki_key key;
	enum pki_signature signature; /* what this CA signs CRLs with; for
					 certificates the profile says so  */
	int64_t not_before;           /* microseconds, whole seconds       */
	int64_t not_after;
	struct pki_verifier *verifier; /* with spki */
};

/**
 * @param path  PEM (first certificate) or DER
 * @param out   release with pki_ca_free()
 * @param e     ERR_FATAL: unreadable, not a CA (basicConstraints, keyUsage
 *              keyCertSign), no key identifier, key not allowed
 */
bool pki_ca_load(const char *path, struct pki_ca **out, struct err *e)
	MUST_CHECK;

/** The same from DER (borrowed). */
bool pki_ca_parse(struct bytes der, struct pki_ca **out, struct err *e)
	MUST_CHECK;

/** NULL is fine. */
void pki_ca_free(struct pki_ca *ca);
DEFINE_AUTO(pki_ca, struct pki_ca *, pki_ca_free);

#endif
