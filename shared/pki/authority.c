#include "pki/authority.h"

#include "pki/certificate.h"
#include "pki/extension.h"
#include "pki/name.h"
#include "pki/oid.h"
#include "pki/view.h"

#define CA_KEY_USAGE (1u << 5 | 1u << 6) /* keyCertSign, cRLSign */

static void
put_name(struct der_out *w, const struct pki_authority *self)
{
	der_open(w, DER_SEQUENCE);
	name_put(w, PKI_ATTR_C, self->country);
	name_put(w, PKI_ATTR_O, self->organisation);
	name_put(w, PKI_ATTR_CN, self->name);
	der_close(w);
}

static void
put_extensions(struct der_out *w, const struct pki_authority *self,
	       const struct pki_ca *issuer, const struct pki_key *key)
{
	der_open(w, DER_CONTEXT_OPEN(3));
	der_open(w, DER_SEQUENCE);
	extension_basic_constraints(w, true, self->path_length);
	extension_key_usage(w, CA_KEY_USAGE);
	if (issuer != NULL) /* anyPolicy, RFC 5280 4.2.1.4 */
		extension_policies(
			w, &(struct pki_oid){ { 0x55, 0x1d, 0x20, 0x00 }, 4 },
			1);
	extension_ski(w, bytes_of(key->key_id, sizeof(key->key_id)));
	if (issuer != NULL)
		extension_aki(w, issuer->key_id);
	extension_crl_dp(w, self->crl_url);
	extension_access(w, NULL, self->ca_issuers_url);
	der_close(w);
	der_close(w);
}

bool
pki_authority_tbs(const struct pki_authority *self, const struct pki_ca *issuer,
		  struct buffer *out, struct err *e)
{
	struct der_out w = der_start(out, e);
	struct pki_refusal why;
	enum pki_signature sig;
	struct pki_key key;

	if (!pki_key_check(self->spki, &key, &why))
		return ERR_SET(e, ERR_REJECT, "pki", (long)why.code,
			       "CA key: %s", why.reason);
	sig = issuer == NULL ? pki_signature_default(key.algorithm)
			     : issuer->signature;
	der_open(&w, DER_SEQUENCE);
	der_open(&w, DER_CONTEXT_OPEN(0));
	der_small(&w, 2);
	der_close(&w);
	name_put_serial(&w, self->serial_number);
	der_raw(&w, pki_signature_identifier(sig));
	if (issuer == NULL)
		put_name(&w, self);
	else
		der_raw(&w, issuer->subject);
	der_open(&w, DER_SEQUENCE);
	der_time(&w, self->not_before);
	der_time(&w, self->not_after);
	der_close(&w);
	put_name(&w, self);
	der_raw(&w, self->spki);
	put_extensions(&w, self, issuer, &key);
	der_close(&w);
	return der_done(&w);
}

bool
pki_authority_request(const struct pki_authority *self, struct buffer *out,
		      struct err *e)
{
	struct der_out w = der_start(out, e);
	struct pki_refusal why;
	struct pki_key key;

	if (!pki_key_check(self->spki, &key, &why))
		return ERR_SET(e, ERR_REJECT, "pki", (long)why.code,
			       "CA key: %s", why.reason);
	der_open(&w, DER_SEQUENCE);
	der_small(&w, 0);
	put_name(&w, self);
	der_raw(&w, self->spki);
	der_open(&w, DER_CONTEXT_OPEN(0));
	der_open(&w, DER_SEQUENCE);
	der_oid(&w, OID_EXTENSION_REQUEST);
	der_open(&w, DER_SET);
	der_open(&w, DER_SEQUENCE);
	extension_basic_constraints(&w, true, self->path_length);
	extension_key_usage(&w, CA_KEY_USAGE);
	extension_ski(&w, bytes_of(key.key_id, sizeof(key.key_id)));
	der_close(&w);
	der_close(&w);
	der_close(&w);
	der_close(&w);
	der_close(&w);
	return der_done(&w);
}
