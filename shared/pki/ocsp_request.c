/* Reading requests: OpenSSL's parser, behind a check that they are DER. */
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ocsp.h>
#include <string.h>

#include "pki/der.h"
#include "pki/ocsp.h"
#include "pki/ossl.h"
#include "pki/view.h"

DEFINE_AUTO(ocsp_request, OCSP_REQUEST *, OCSP_REQUEST_free);

static struct bytes
octets(const ASN1_STRING *s)
{
	return bytes_of(ASN1_STRING_get0_data(s),
			(size_t)ASN1_STRING_length(s));
}

/* Is it the hash of content? */
static bool
is_hash(const ASN1_OCTET_STRING *hash, const EVP_MD *md, struct bytes content)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	return EVP_Digest(content.data, content.len, digest, &len, md, NULL) ==
		       1 &&
	       bytes_equal(octets(hash), bytes_of(digest, len));
}

/* Content of the BIT STRING, without the count of unused bits (RFC 6960
 * 4.1.1, issuerKeyHash). */
static struct bytes
key_bits(const struct pki_ca *ca)
{
	struct bytes in = ca->spki, spki, algorithm, bits = { 0 };

	if (!der_take(&in, DER_SEQUENCE, &spki) ||
	    !der_take(&spki, DER_SEQUENCE, &algorithm) ||
	    !der_take_bits(&spki, &bits))
		return (struct bytes){ 0 };
	return bits;
}

static const EVP_MD *
known_hash(const ASN1_OBJECT *oid)
{
	switch (OBJ_obj2nid(oid)) {
	case NID_sha1:
		return EVP_sha1();
	case NID_sha256:
		return EVP_sha256();
	default:
		return NULL;
	}
}

/* A serial number that no certificate of ours can have stays "". */
static void
take_serial(const ASN1_INTEGER *serial, char out[PKI_SERIAL_TEXT_MAX])
{
	struct bytes in;
	AUTO(ptr) void *memory = NULL;
	uint8_t *der = NULL;
	int len = i2d_ASN1_INTEGER(serial, &der);

	memory = der;
	in = bytes_of(der, len > 0 ? (size_t)len : 0);
	if (len <= 0 || !der_take(&in, DER_INTEGER, &in) ||
	    !view_serial_text(in, out))
		out[0] = '\0';
}

static enum pki_ocsp_code
take_id(OCSP_CERTID *id, const struct pki_ca *ca, struct pki_ocsp_id *out)
{
	ASN1_OCTET_STRING *name = NULL, *key = NULL;
	ASN1_INTEGER *serial = NULL;
	ASN1_OBJECT *oid = NULL;
	uint8_t *at = out->der;
	const EVP_MD *md;
	int len = i2d_OCSP_CERTID(id, NULL);

	if (len <= 0 || (size_t)len > sizeof(out->der) ||
	    OCSP_id_get0_info(&name, &oid, &key, &serial, id) != 1)
		return PKI_OCSP_MALFORMED;
	md = known_hash(oid);
	if (md == NULL || !is_hash(name, md, ca->subject) ||
	    !is_hash(key, md, key_bits(ca)))
		return PKI_OCSP_UNAUTHORIZED;
	out->len = (size_t)i2d_OCSP_CERTID(id, &at);
	take_serial(serial, out->serial_number);
	return PKI_OCSP_SUCCESSFUL;
}

/* RFC 9654, 2.1: an OCTET STRING of 1 to 128 octets. */
static bool
take_nonce(X509_EXTENSION *x, struct pki_ocsp_request *out)
{
	struct bytes in = octets(X509_EXTENSION_get_data(x)), nonce;

	if (out->nonce_len > 0 || !der_take(&in, DER_OCTET_STRING, &nonce) ||
	    in.len != 0 || nonce.len == 0 || nonce.len > sizeof(out->nonce))
		return false;
	memcpy(out->nonce, nonce.data, nonce.len);
	out->nonce_len = nonce.len;
	return true;
}

static bool
take_extensions(OCSP_REQUEST *request, struct pki_ocsp_request *out)
{
	for (int i = 0; i < OCSP_REQUEST_get_ext_count(request); i++) {
		X509_EXTENSION *x = OCSP_REQUEST_get_ext(request, i);
		int nid = OBJ_obj2nid(X509_EXTENSION_get_object(x));

		if (nid == NID_id_pkix_OCSP_Nonce) {
			if (!take_nonce(x, out))
				return false;
		} else if (X509_EXTENSION_get_critical(x)) {
			return false;
		}
	}
	return true;
}

static bool
is_plain(OCSP_ONEREQ *one)
{
	for (int i = 0; i < OCSP_ONEREQ_get_ext_count(one); i++)
		if (X509_EXTENSION_get_critical(OCSP_ONEREQ_get_ext(one, i)))
			return false;
	return true;
}

static enum pki_ocsp_code
take_all(OCSP_REQUEST *request, const struct pki_ca *ca,
	 struct pki_ocsp_request *out)
{
	int count = OCSP_request_onereq_count(request);
	enum pki_ocsp_code code = PKI_OCSP_SUCCESSFUL;

	if (count < 1 || count > PKI_OCSP_IDS_MAX ||
	    !take_extensions(request, out))
		return PKI_OCSP_MALFORMED;
	for (int i = 0; i < count; i++) {
		OCSP_ONEREQ *one = OCSP_request_onereq_get0(request, i);
		enum pki_ocsp_code this =
			take_id(OCSP_onereq_get0_id(one), ca, &out->ids[i]);

		if (this == PKI_OCSP_MALFORMED || !is_plain(one))
			return PKI_OCSP_MALFORMED;
		if (this != PKI_OCSP_SUCCESSFUL)
			code = this;
	}
	out->id_count = (size_t)count;
	return code;
}

/* OpenSSL reads the version and forgets it: only v1 exists (4.1.1), which
 * DER leaves out. */
static bool
has_version(struct bytes der)
{
	struct bytes request, tbs;

	return !der_take(&der, DER_SEQUENCE, &request) ||
	       !der_take(&request, DER_SEQUENCE, &tbs) ||
	       der_peek(tbs, DER_CONTEXT_OPEN(0));
}

enum pki_ocsp_code
pki_ocsp_parse(struct bytes der, const struct pki_ca *ca,
	       struct pki_ocsp_request *out)
{
	const unsigned char *at = der.data;
	AUTO(ocsp_request) OCSP_REQUEST *request = NULL;

	*out = (struct pki_ocsp_request){ 0 };
	if (der.len == 0 || der.len > PKI_OCSP_REQUEST_MAX ||
	    !der_is_canonical(der) || has_version(der))
		return PKI_OCSP_MALFORMED;
	request = d2i_OCSP_REQUEST(NULL, &at, (long)der.len);
	ERR_clear_error();
	if (request == NULL || at != der.data + der.len)
		return PKI_OCSP_MALFORMED;
	return take_all(request, ca, out);
}

/* EVP_DecodeBlock() passes over blanks and takes '=' for zeros: neither gets
 * to it unseen. */
bool
pki_ocsp_from_path(const char *base64, struct buffer *out, struct err *e)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t len = strlen(base64), plain = strspn(base64, digits);
	size_t pad = strspn(base64 + plain, "=");

	if (len == 0 || len % 4 != 0 || plain + pad != len || pad > 2 ||
	    len / 4 * 3 > PKI_OCSP_REQUEST_MAX)
		return ERR_SET(e, ERR_REJECT, "ocsp", 0, "not base64");
	if (!buffer_reserve(out, len / 4 * 3, e))
		return false;
	if (EVP_DecodeBlock(out->data + out->len, (const uint8_t *)base64,
			    (int)len) != (int)(len / 4 * 3))
		return ossl_failed(e, ERR_REJECT, "base64");
	out->len += len / 4 * 3 - pad;
	return true;
}
