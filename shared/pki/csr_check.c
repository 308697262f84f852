#include <string.h>

#include "pki/csr.h"
#include "pki/csr_subject.h"
#include "pki/der.h"

/* The parts of a CertificationRequest (RFC 2986 4.2); spans. */
struct request {
	struct bytes info; /* what is signed, with tag */
	struct bytes subject;
	struct bytes spki;
	struct bytes attributes;
	struct bytes algorithm;
	struct bytes signature;
};

static bool
malformed(struct pki_refusal *why, const char *reason)
{
	return csr_refuse(why, EV_REFUSAL_CODE_CSR_MALFORMED, "csr_der",
			  reason);
}

static bool
split(struct bytes der, struct request *r, struct pki_refusal *why)
{
	struct bytes in = der, outer, info, version;

	if (!der_take(&in, DER_SEQUENCE, &outer) ||
	    !der_take_all(&outer, DER_SEQUENCE, &r->info) ||
	    !der_take_all(&outer, DER_SEQUENCE, &r->algorithm) ||
	    !der_take_bits(&outer, &r->signature) || outer.len != 0)
		return malformed(why, "not a CertificationRequest");
	in = r->info;
	if (!der_take(&in, DER_SEQUENCE, &info) ||
	    !der_take(&info, DER_INTEGER, &version) ||
	    !der_take_all(&info, DER_SEQUENCE, &r->subject) ||
	    !der_take_all(&info, DER_SEQUENCE, &r->spki) ||
	    !der_take(&info, DER_CONTEXT_OPEN(0), &r->attributes) ||
	    info.len != 0)
		return malformed(why, "not a CertificationRequestInfo");
	if (version.len != 1 || version.data[0] != 0)
		return malformed(why, "version is not 0");
	return true;
}

static bool
check_form(struct bytes der, struct request *r, struct pki_refusal *why)
{
	size_t len;

	if (der.data == NULL || der.len == 0)
		return malformed(why, "empty");
	if (der.len > CSR_DER_MAX)
		return malformed(why, "larger than 16 KiB");
	len = der_first_len(der);
	if (der.data[0] == DER_SEQUENCE && len != 0 && len < der.len)
		return csr_refuse(why, EV_REFUSAL_CODE_CSR_TRAILING_BYTES,
				  "csr_der", "octets after the request");
	if (!der_is_canonical(der))
		return malformed(why, "not DER");
	return split(der, r, why);
}

static bool
check_key(const struct request *r, const struct pki_csr_policy *policy,
	  struct pki_csr *csr, struct pki_refusal *why)
{
	csr->signature = pki_signature_parse(r->algorithm);
	if (csr->signature == PKI_SIGNATURE_NONE)
		return csr_refuse(why, EV_REFUSAL_CODE_CSR_ALGORITHM,
				  "signatureAlgorithm", "not allowed");
	if (!pki_key_check(r->spki, &csr->key, why))
		return false;
	if (!pki_signature_fits(csr->signature, csr->key.algorithm))
		return csr_refuse(why, EV_REFUSAL_CODE_CSR_ALGORITHM,
				  "signatureAlgorithm", "does not fit the key");
	return policy->guard == NULL ||
	       pki_guard_check(policy->guard, r->spki, &csr->key, why);
}

/* @return false: technical failure; a wrong signature only fills *why */
static bool
check_proof(const struct request *r, const struct pki_csr *csr,
	    struct pki_refusal *why, struct err *e)
{
	if (pki_signature_verify(r->spki, csr->signature, r->info, r->signature,
				 e))
		return true;
	if (e->kind != ERR_REJECT)
		return err_context(e, "CSR");
	(void)csr_refuse(why, EV_REFUSAL_CODE_CSR_SIGNATURE, "signature",
			 "does not verify with the key in the request");
	return true;
}

static bool
keep(struct bytes der, const struct request *r, struct pki_csr *csr,
     struct err *e)
{
	if (!buffer_add(&csr->der, der.data, der.len, e))
		return false;
	csr->spki = bytes_of(csr->der.data + (r->spki.data - der.data),
			     r->spki.len);
	return true;
}

bool
pki_csr_check(struct bytes der, const struct pki_csr_policy *policy,
	      struct pki_csr **out, struct pki_refusal *why, struct err *e)
{
	AUTO(pki_csr) struct pki_csr *csr = calloc(1, sizeof(*csr));
	struct request r = { 0 };

	*out = NULL;
	*why = (struct pki_refusal){ 0 };
	if (csr == NULL)
		return ERR_NO_MEMORY(e);
	/* Personal data first: whatever else is wrong, it must be known. */
	if (!check_form(der, &r, why) ||
	    !csr_subject_check(r.subject, policy->tax_code, csr->enrolment_id,
			       why) ||
	    !csr_attributes_check(r.attributes, why) ||
	    !check_key(&r, policy, csr, why))
		return true;
	if (!pki_key_strength(r.spki, why, e))
		return err_context(e, "CSR");
	if (why->code != EV_REFUSAL_CODE_UNKNOWN)
		return true;
	if (!check_proof(&r, csr, why, e))
		return false;
	if (why->code != EV_REFUSAL_CODE_UNKNOWN)
		return true;
	if (!keep(der, &r, csr, e))
		return false;
	*out = TAKE(csr);
	return true;
}

bool
pki_csr_key(struct bytes der, struct bytes *spki)
{
	struct request r = { 0 };
	struct pki_refusal why;

	if (!check_form(der, &r, &why))
		return false;
	*spki = r.spki;
	return true;
}

bool
pki_csr_names(struct bytes der, struct pki_csr_names *out)
{
	struct request r = { 0 };
	struct pki_refusal why;

	if (!check_form(der, &r, &why))
		return false;
	csr_subject_names(r.subject, out);
	return true;
}

void
pki_csr_free(struct pki_csr *csr)
{
	if (csr == NULL)
		return;
	buffer_free(&csr->der);
	free(csr);
}
