#include "pki/responder.h"

#include <openssl/evp.h>
#include <string.h>

#include "pki/certificate.h"
#include "pki/extension.h"
#include "pki/name.h"
#include "pki/oid.h"
#include "pki/pem.h"
#include "pki/tbs.h"
#include "pki/view.h"

#define DIGITAL_SIGNATURE (1u << 0)
#define COMMON_NAME "OCSP Responder"

/* C and O as the CA has them. */
static void
put_subject(struct der_out *w, const struct pki_ca *ca)
{
	struct view_attribute of_ca[VIEW_ATTRIBUTES_MAX];
	size_t count = 0;

	if (!view_name(ca->subject, of_ca, &count)) {
		der_fail(w, "the CA's name cannot be read");
		return;
	}
	der_open(w, DER_SEQUENCE);
	for (size_t i = 0; i < count; i++) {
		if (!bytes_equal(of_ca[i].oid, OID_C) &&
		    !bytes_equal(of_ca[i].oid, OID_O))
			continue;
		der_open(w, DER_SET);
		der_open(w, DER_SEQUENCE);
		der_oid(w, of_ca[i].oid);
		der_put(w, of_ca[i].tag, of_ca[i].value);
		der_close(w);
		der_close(w);
	}
	name_put(w, PKI_ATTR_CN, COMMON_NAME);
	der_close(w);
}

static void
put_extensions(struct der_out *w, const struct pki_ca *ca,
	       const struct pki_key *key)
{
	struct pki_oid purpose = { .len = OID_OCSP_SIGNING.len };

	memcpy(purpose.der, OID_OCSP_SIGNING.data, purpose.len);
	der_open(w, DER_CONTEXT_OPEN(3));
	der_open(w, DER_SEQUENCE);
	extension_basic_constraints(w, false, -1);
	extension_key_usage(w, DIGITAL_SIGNATURE);
	extension_eku(w, &purpose, 1);
	extension_ski(w, bytes_of(key->key_id, sizeof(key->key_id)));
	extension_aki(w, ca->key_id);
	extension_ocsp_nocheck(w);
	der_close(w);
	der_close(w);
}

bool
pki_responder_tbs(const struct pki_ca *ca, struct bytes spki,
		  const char *serial_number, int64_t not_before,
		  int64_t not_after, struct buffer *out, struct err *e)
{
	struct der_out w = der_start(out, e);
	struct pki_refusal why;
	struct pki_key key;

	if (!pki_key_check(spki, &key, &why))
		return ERR_SET(e, ERR_REJECT, "pki", (long)why.code,
			       "responder's key: %s", why.reason);
	der_open(&w, DER_SEQUENCE);
	der_open(&w, DER_CONTEXT_OPEN(0));
	der_small(&w, 2);
	der_close(&w);
	name_put_serial(&w, serial_number);
	der_raw(&w, pki_signature_identifier(ca->signature));
	der_raw(&w, ca->subject);
	der_open(&w, DER_SEQUENCE);
	der_time(&w, not_before);
	der_time(&w, not_after);
	der_close(&w);
	put_subject(&w, ca);
	der_raw(&w, spki);
	put_extensions(&w, ca, &key);
	der_close(&w);
	return der_done(&w);
}

static bool
fail(struct err *e, const char *what)
{
	return ERR_SET(e, ERR_FATAL, "pki", 0, "responder certificate: %s",
		       what);
}

/* Exactly one purpose, and never to be asked about itself. */
static bool
is_responder(const struct view *v)
{
	const struct view_extension *eku = view_extension(v, OID_EKU);
	struct bytes in, list, purpose;

	if (eku == NULL || view_extension(v, OID_OCSP_NOCHECK) == NULL)
		return false;
	in = eku->value;
	return der_take(&in, DER_SEQUENCE, &list) &&
	       der_take(&list, DER_OID, &purpose) && list.len == 0 &&
	       bytes_equal(purpose, OID_OCSP_SIGNING);
}

static bool
hash_key(struct pki_responder *r, struct err *e)
{
	struct bytes in = r->spki, spki, algorithm, bits;

	if (!der_take(&in, DER_SEQUENCE, &spki) ||
	    !der_take(&spki, DER_SEQUENCE, &algorithm) ||
	    !der_take_bits(&spki, &bits) ||
	    EVP_Digest(bits.data, bits.len, r->key_hash, NULL, EVP_sha1(),
		       NULL) != 1)
		return fail(e, "key cannot be hashed");
	return true;
}

static bool
fill(struct pki_responder *r, const struct pki_ca *ca, struct err *e)
{
	struct bytes der = buffer_view(&r->der);
	struct pki_certificate c;
	struct pki_refusal why;
	const char *where = NULL;
	struct pki_key key;
	struct view v;

	if (!pki_certificate_verify(der, ca, e) ||
	    !pki_certificate_parse(der, &c, e)) {
		e->kind = ERR_FATAL;
		return err_context(e, "responder certificate");
	}
	if (!view_parse(c.tbs, &v, &where))
		return fail(e, where);
	if (!is_responder(&v))
		return fail(e, "not for OCSP signing alone, or without "
			       "ocsp-nocheck");
	if (!pki_key_check(c.spki, &key, &why))
		return fail(e, why.reason);
	sha256(der, r->sha256);
	r->spki = c.spki;
	r->signature = pki_signature_default(key.algorithm);
	r->not_before = c.not_before;
	r->not_after = c.not_after;
	return hash_key(r, e);
}

bool
pki_responder_parse(struct bytes der, const struct pki_ca *ca,
		    struct pki_responder **out, struct err *e)
{
	AUTO(pki_responder) struct pki_responder *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return ERR_NO_MEMORY(e);
	if (!buffer_add(&r->der, der.data, der.len, e) || !fill(r, ca, e))
		return false;
	*out = TAKE(r);
	return true;
}

bool
pki_responder_load(const char *path, const struct pki_ca *ca,
		   struct pki_responder **out, struct err *e)
{
	AUTO(buffer) struct buffer der = { 0 };

	if (!pem_load(path, CA_FILE_MAX, &der, e))
		return false;
	return pki_responder_parse(buffer_view(&der), ca, out, e) ||
	       err_context(e, "%s", path);
}

void
pki_responder_free(struct pki_responder *r)
{
	if (r == NULL)
		return;
	buffer_free(&r->der);
	free(r);
}
