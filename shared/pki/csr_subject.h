/*
 * csr_subject.h - what a CSR's subject and attributes may say (inside
 * shared/pki).
 */
#ifndef CERTFLOW_PKI_CSR_SUBJECT_H
#define CERTFLOW_PKI_CSR_SUBJECT_H

#include "pki/csr.h"

/** Fill *why (literals). Always returns false. */
static inline bool
csr_refuse(struct pki_refusal *why, enum ev_refusal_code code,
	   const char *field, const char *reason)
{
	*why = (struct pki_refusal){ code, field, reason };
	return false;
}

/**
 * @param name  Name, DER with tag; canonical
 * @param id    set to the serialNumber attribute, or ""
 * @return false: *why says CSR_MALFORMED, CSR_PERSONAL_DATA or CSR_TAX_CODE
 */
bool csr_subject_check(struct bytes name, const char *tax_code,
		       char id[CSR_ENROLMENT_ID_MAX], struct pki_refusal *why)
	MUST_CHECK;

/** O and CN of a Name, DER with tag; what is not one has none. */
void csr_subject_names(struct bytes name, struct pki_csr_names *out);

/** Content of [0] attributes. Malformed, or a mail address asked for. */
bool csr_attributes_check(struct bytes attributes, struct pki_refusal *why)
	MUST_CHECK;

#endif
