#include "pki/ca.h"

#include <string.h>

#include "pki/certificate.h"
#include "pki/oid.h"
#include "pki/pem.h"
#include "pki/view.h"

#define KEY_CERT_SIGN_AND_CRL_SIGN 0x06 /* bits 5 and 6 of the first octet */

static bool
fail(struct err *e, const char *what)
{
	return ERR_SET(e, ERR_FATAL, "pki", 0, "CA certificate: %s", what);
}

static bool
is_ca(const struct view *v)
{
	const struct view_extension *x =
		view_extension(v, OID_BASIC_CONSTRAINTS);
	struct bytes in, seq, flag;

	if (x == NULL || !x->critical)
		return false;
	in = x->value;
	return der_take(&in, DER_SEQUENCE, &seq) &&
	       der_take(&seq, DER_BOOLEAN, &flag) && flag.data[0] == 0xff;
}

static bool
may_sign(const struct view *v)
{
	const struct view_extension *x = view_extension(v, OID_KEY_USAGE);
	struct bytes in, bits;

	if (x == NULL)
		return false;
	in = x->value;
	return der_take(&in, DER_BIT_STRING, &bits) && bits.len >= 2 &&
	       (bits.data[1] & KEY_CERT_SIGN_AND_CRL_SIGN) ==
		       KEY_CERT_SIGN_AND_CRL_SIGN;
}

static bool
key_id(const struct view *v, struct bytes *out)
{
	const struct view_extension *x = view_extension(v, OID_SKI);
	struct bytes in;

	if (x == NULL)
		return false;
	in = x->value;
	return der_take(&in, DER_OCTET_STRING, out) && out->len > 0;
}

static bool
fill(struct pki_ca *ca, struct err *e)
{
	struct bytes der = buffer_view(&ca->der);
	struct pki_certificate c;
	struct pki_refusal why;
	const char *where = NULL;
	struct view v;

	if (!pki_certificate_parse(der, &c, e)) {
		e->kind = ERR_FATAL;
		return err_context(e, "CA certificate");
	}
	if (!view_parse(c.tbs, &v, &where))
		return fail(e, where);
	if (!is_ca(&v) || !may_sign(&v))
		return fail(e, "may not sign certificates and CRLs");
	if (!key_id(&v, &ca->key_id))
		return fail(e, "no subject key identifier");
	if (!pki_key_check(c.spki, &ca->key, &why))
		return fail(e, why.reason);
	sha256(der, ca->sha256);
	ca->subject = c.subject;
	ca->spki = c.spki;
	ca->signature = pki_signature_default(ca->key.algorithm);
	ca->not_before = c.not_before;
	ca->not_after = c.not_after;
	return pki_verifier_new(ca->spki, &ca->verifier, e);
}

bool
pki_ca_parse(struct bytes der, struct pki_ca **out, struct err *e)
{
	AUTO(pki_ca) struct pki_ca *ca = calloc(1, sizeof(*ca));

	if (ca == NULL)
		return ERR_NO_MEMORY(e);
	if (!buffer_add(&ca->der, der.data, der.len, e) || !fill(ca, e))
		return false;
	*out = TAKE(ca);
	return true;
}

bool
pki_ca_load(const char *path, struct pki_ca **out, struct err *e)
{
	AUTO(buffer) struct buffer der = { 0 };

	if (!pem_load(path, CA_FILE_MAX, &der, e))
		return false;
	return pki_ca_parse(buffer_view(&der), out, e) ||
	       err_context(e, "%s", path);
}

void
pki_ca_free(struct pki_ca *ca)
{
	if (ca == NULL)
		return;
	pki_verifier_free(ca->verifier);
	buffer_free(&ca->der);
	free(ca);
}
