#include <openssl/err.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

#include "hsm/libp11/token_internal.h"
#include "pki/ossl.h"

DEFINE_AUTO(x509, X509 *, X509_free);

bool
token_key_spki(PKCS11_KEY *key, uint8_t spki[PKI_SPKI_MAX], size_t *len)
{
	AUTO(evp_pkey) EVP_PKEY *public = PKCS11_get_public_key(key);
	unsigned char *at = spki;
	int n = public == NULL ? 0 : i2d_PUBKEY(public, NULL);

	if (n <= 0 || n > PKI_SPKI_MAX) {
		ERR_clear_error();
		return false;
	}
	(void)i2d_PUBKEY(public, &at);
	*len = (size_t)n;
	return true;
}

PKCS11_KEY *
token_find(struct token *t, struct bytes spki, struct err *e)
{
	PKCS11_KEY *keys = NULL;
	unsigned count = 0;
	uint8_t own[PKI_SPKI_MAX];
	size_t len;

	if (PKCS11_enumerate_keys(t->slot->token, &keys, &count) != 0) {
		(void)token_failed(e, "list keys");
		return NULL;
	}
	for (unsigned i = 0; i < count; i++)
		if (token_key_spki(&keys[i], own, &len) &&
		    bytes_equal(bytes_of(own, len), spki))
			return &keys[i];
	(void)ERR_SET(e, ERR_FATAL, "libp11", 0,
		      "the token does not hold this private key");
	return NULL;
}

static void
copy_key(PKCS11_KEY *from, struct token_key *to)
{
	struct pki_refusal why;
	struct pki_key facts;

	*to = (struct token_key){ 0 };
	(void)snprintf(to->label, sizeof(to->label), "%s",
		       from->label == NULL ? "" : from->label);
	to->id_len = from->id_len < TOKEN_ID_MAX ? from->id_len : TOKEN_ID_MAX;
	if (to->id_len > 0)
		memcpy(to->id, from->id, to->id_len);
	if (token_key_spki(from, to->spki, &to->spki_len) &&
	    pki_key_check(bytes_of(to->spki, to->spki_len), &facts, &why))
		to->algorithm = facts.algorithm;
}

static void
copy_certificate(PKCS11_CERT *from, struct token_certificate *to)
{
	unsigned int len = 0;

	*to = (struct token_certificate){ 0 };
	(void)snprintf(to->label, sizeof(to->label), "%s",
		       from->label == NULL ? "" : from->label);
	if (from->x509 != NULL)
		(void)X509_digest(from->x509, EVP_sha256(), to->sha256, &len);
}

static void
copy_text(const char *from, char to[TOKEN_LABEL_MAX])
{
	(void)snprintf(to, TOKEN_LABEL_MAX, "%s", from == NULL ? "" : from);
}

void
token_describe(const struct token *t, struct token_info *out)
{
	const PKCS11_TOKEN *token = t->slot->token;

	copy_text(token->label, out->label);
	copy_text(token->serialnr, out->serial);
	copy_text(token->manufacturer, out->manufacturer);
	copy_text(token->model, out->model);
}

bool
token_enumerate(struct token *t, struct token_list *out, struct err *e)
{
	PKCS11_KEY *keys = NULL;
	PKCS11_CERT *certificates = NULL;
	unsigned key_count = 0, certificate_count = 0;

	*out = (struct token_list){ 0 };
	if (PKCS11_enumerate_keys(t->slot->token, &keys, &key_count) != 0)
		return token_failed(e, "list keys");
	if (PKCS11_enumerate_certs(t->slot->token, &certificates,
				   &certificate_count) != 0)
		return token_failed(e, "list certificates");
	for (unsigned i = 0; i < key_count && i < TOKEN_OBJECTS_MAX; i++)
		copy_key(&keys[i], &out->keys[out->key_count++]);
	for (unsigned i = 0; i < certificate_count && i < TOKEN_OBJECTS_MAX;
	     i++)
		copy_certificate(&certificates[i],
				 &out->certificates[out->certificate_count++]);
	out->more = key_count > TOKEN_OBJECTS_MAX ||
		    certificate_count > TOKEN_OBJECTS_MAX;
	return true;
}

bool
token_store_certificate(struct token *t, struct bytes der, struct err *e)
{
	const unsigned char *at = der.data;
	AUTO(x509) X509 *x = d2i_X509(NULL, &at, (long)der.len);
	uint8_t spki[PKI_SPKI_MAX];
	unsigned char *to = spki;
	PKCS11_KEY *key;
	int len;

	if (x == NULL)
		return token_failed(e, "decode certificate");
	len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), NULL);
	if (len <= 0 || len > PKI_SPKI_MAX)
		return token_failed(e, "encode public key");
	(void)i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &to);
	key = token_find(t, bytes_of(spki, (size_t)len), e);
	if (key == NULL)
		return false;
	if (PKCS11_store_certificate(t->slot->token, x, key->label, key->id,
				     key->id_len, NULL) != 0)
		return token_failed(e, "store certificate");
	return true;
}
