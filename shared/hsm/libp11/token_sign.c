#include "hsm/libp11/token_internal.h"
#include "pki/ossl.h"

static bool
prepare(EVP_MD_CTX *ctx, EVP_PKEY *key, enum pki_signature sig)
{
	EVP_PKEY_CTX *pctx = NULL; /* belongs to ctx */
	const EVP_MD *md = ossl_hash(sig);

	return md != NULL &&
	       EVP_DigestSignInit(ctx, &pctx, md, NULL, key) == 1 &&
	       ossl_set_padding(pctx, sig);
}

static bool
sign(EVP_PKEY *key, enum pki_signature sig, struct bytes data,
     struct buffer *out, struct err *e)
{
	AUTO(evp_md_ctx) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char octets[PKI_SIGNATURE_MAX];
	size_t len = sizeof(octets);

	if (ctx == NULL)
		return ERR_NO_MEMORY(e);
	if (!prepare(ctx, key, sig))
		return token_failed(e, "prepare to sign");
	if (EVP_DigestSign(ctx, octets, &len, data.data, data.len) != 1)
		return token_failed(e, "sign");
	return buffer_add(out, octets, len, e);
}

bool
token_sign(struct token *t, struct bytes spki, enum pki_signature sig,
	   struct bytes data, struct buffer *signature, struct err *e)
{
	PKCS11_KEY *found = token_find(t, spki, e);
	AUTO(evp_pkey) EVP_PKEY *key = NULL;
	size_t start = signature->len;

	if (found == NULL)
		return false;
	key = PKCS11_get_private_key(found);
	if (key == NULL)
		return token_failed(e, "private key");
	if (!sign(key, sig, data, signature, e))
		return false;
	if (pki_signature_verify(
		    spki, sig, data,
		    bytes_of(signature->data + start, signature->len - start),
		    e))
		return true;
	signature->len = start;
	e->kind = ERR_FATAL;
	return err_context(e, "token's signature");
}
