#include "pki/certificate.h"

#include "pki/der.h"
#include "pki/view.h"

bool
pki_certificate_assemble(struct bytes tbs, enum pki_signature sig,
			 struct bytes signature, struct buffer *out,
			 struct err *e)
{
	struct der_out w = der_start(out, e);
	struct bytes identifier = pki_signature_identifier(sig);

	if (identifier.data == NULL)
		return ERR_SET(e, ERR_FATAL, "pki", sig,
			       "unknown signature algorithm");
	if (signature.len > PKI_SIGNATURE_MAX)
		return ERR_SET(e, ERR_REJECT, "pki", (long)signature.len,
			       "signature of %zu octets", signature.len);
	der_open(&w, DER_SEQUENCE);
	der_raw(&w, tbs);
	der_raw(&w, identifier);
	der_bits(&w, signature);
	der_close(&w);
	return der_done(&w);
}

static bool
reject(struct err *e, const char *where)
{
	return ERR_SET(e, ERR_REJECT, "pki", 0, "certificate: %s", where);
}

bool
pki_certificate_parse(struct bytes der, struct pki_certificate *out,
		      struct err *e)
{
	struct pki_certificate c = { 0 };
	struct bytes in = der, outer, algorithm;
	const char *where = NULL;
	struct view v;

	if (der.data == NULL || der.len > CERTIFICATE_DER_MAX)
		return reject(e, "absent or larger than 16 KiB");
	if (!der_is_canonical(der))
		return reject(e, "not DER");
	if (!der_take(&in, DER_SEQUENCE, &outer) ||
	    !der_take_all(&outer, DER_SEQUENCE, &c.tbs) ||
	    !der_take_all(&outer, DER_SEQUENCE, &algorithm) ||
	    !der_take_bits(&outer, &c.signature) || outer.len != 0)
		return reject(e, "not SEQUENCE{tbs, algorithm, signature}");
	if (!view_parse(c.tbs, &v, &where))
		return reject(e, where);
	if (!bytes_equal(algorithm, v.signature))
		return reject(e, "algorithms inside and outside differ");
	c.signature_algorithm = pki_signature_parse(algorithm);
	if (!view_serial_text(v.serial, c.serial_number))
		return reject(e, "serialNumber");
	c.issuer = v.issuer;
	c.subject = v.subject;
	c.spki = v.spki;
	sha256(v.spki, c.spki_sha256);
	c.not_before = v.not_before_us;
	c.not_after = v.not_after_us;
	*out = c;
	return true;
}

/* All but the signature's value. */
static bool
parse_issued(struct bytes der, const struct pki_ca *ca,
	     struct pki_certificate *c, struct err *e)
{
	if (!pki_certificate_parse(der, c, e))
		return false;
	if (!bytes_equal(c->issuer, ca->subject))
		return reject(e, "issued by another CA");
	return pki_signature_issues(c->signature_algorithm,
				    ca->key.algorithm) ||
	       reject(e, "not a signature algorithm of this CA's key");
}

bool
pki_certificate_carries(struct bytes der, struct bytes tbs,
			struct bytes signature, const struct pki_ca *ca,
			struct err *e)
{
	struct pki_certificate c = { 0 };

	return parse_issued(der, ca, &c, e) &&
	       ((bytes_equal(c.tbs, tbs) &&
		 bytes_equal(c.signature, signature)) ||
		reject(e, "not what was signed"));
}

bool
pki_certificate_verify(struct bytes der, const struct pki_ca *ca, struct err *e)
{
	struct pki_certificate c = { 0 };

	if (!parse_issued(der, ca, &c, e))
		return false;
	return pki_verifier_check(ca->verifier, c.signature_algorithm, c.tbs,
				  c.signature, e) ||
	       err_context(e, "certificate");
}

bool
pki_certificate_is_by(const void *ca, struct bytes der)
{
	struct err why = { 0 };

	return pki_certificate_verify(der, ca, &why);
}
