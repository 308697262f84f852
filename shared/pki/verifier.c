#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <pthread.h>

#include "pki/der.h"
#include "pki/key.h"
#include "pki/ossl.h"

struct pki_verifier {
	EVP_PKEY *key;
	struct pki_key facts;
	/* For the kinds that this key issues with: to look up algorithms
	 * takes a sixth of a verification. Only copied from. */
	EVP_MD_CTX *begun[PKI_SIGNATURE__COUNT];
};

void
pki_verifier_free(struct pki_verifier *v)
{
	if (v == NULL)
		return;
	for (int s = 0; s < PKI_SIGNATURE__COUNT; s++)
		EVP_MD_CTX_free(v->begun[s]);
	EVP_PKEY_free(v->key);
	free(v);
}

/* Keys without a point, copied for each that is decoded. */
static EVP_PKEY *no_p256, *no_p384;
static pthread_once_t made = PTHREAD_ONCE_INIT;

static EVP_PKEY *
make_group(const char *name)
{
	AUTO(evp_pkey_ctx)
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *key = NULL;

	if (ctx != NULL && EVP_PKEY_paramgen_init(ctx) == 1 &&
	    EVP_PKEY_CTX_set_group_name(ctx, name) == 1)
		(void)EVP_PKEY_paramgen(ctx, &key);
	return key;
}

static void
make_groups(void)
{
	no_p256 = make_group("P-256");
	no_p384 = make_group("P-384");
}

/* Straight from the point: OpenSSL 3.0's decoder tries every kind of key that
 * there is, which takes longer than a verification. */
static EVP_PKEY *
decode_ec(struct bytes spki, const EVP_PKEY *group)
{
	AUTO(evp_pkey) EVP_PKEY *key = NULL;
	struct bytes seq, algorithm, point;

	if (group == NULL || !der_take(&spki, DER_SEQUENCE, &seq) ||
	    !der_take(&seq, DER_SEQUENCE, &algorithm) ||
	    !der_take_bits(&seq, &point))
		return NULL;
	key = EVP_PKEY_dup((EVP_PKEY *)(uintptr_t)group);
	if (key == NULL ||
	    EVP_PKEY_set1_encoded_public_key(key, point.data, point.len) != 1)
		return NULL;
	return TAKE(key);
}

static EVP_PKEY *
decode(struct bytes spki, enum ev_key_algorithm algorithm)
{
	const unsigned char *at = spki.data;

	(void)pthread_once(&made, make_groups);
	if (algorithm == EV_KEY_ALGORITHM_EC_P256)
		return decode_ec(spki, no_p256);
	if (algorithm == EV_KEY_ALGORITHM_EC_P384)
		return decode_ec(spki, no_p384);
	return d2i_PUBKEY(NULL, &at, (long)spki.len);
}

static bool
open_verifier(struct pki_verifier *v, struct bytes spki, struct err *e)
{
	struct pki_refusal why;

	if (!pki_key_check(spki, &v->facts, &why))
		return ERR_SET(e, ERR_REJECT, "pki", (long)why.code, "key: %s",
			       why.reason);
	v->key = decode(spki, v->facts.algorithm);
	return v->key != NULL || ossl_failed(e, ERR_FATAL, "prepare to verify");
}

static bool
begin(EVP_MD_CTX *md_ctx, EVP_PKEY *key, enum pki_signature sig)
{
	EVP_PKEY_CTX *ctx = NULL; /* belongs to md_ctx */

	return EVP_DigestVerifyInit(md_ctx, &ctx, ossl_hash(sig), NULL, key) ==
		       1 &&
	       ossl_set_padding(ctx, sig);
}

static bool
begin_all(struct pki_verifier *v, struct err *e)
{
	for (int s = PKI_SIGNATURE_NONE + 1; s < PKI_SIGNATURE__COUNT; s++) {
		if (!pki_signature_issues((enum pki_signature)s,
					  v->facts.algorithm))
			continue;
		v->begun[s] = EVP_MD_CTX_new();
		if (v->begun[s] == NULL ||
		    !begin(v->begun[s], v->key, (enum pki_signature)s))
			return ossl_failed(e, ERR_FATAL, "prepare to verify");
	}
	return true;
}

bool
pki_verifier_new(struct bytes spki, struct pki_verifier **out, struct err *e)
{
	AUTO(pki_verifier) struct pki_verifier *v = calloc(1, sizeof(*v));

	if (v == NULL)
		return ERR_NO_MEMORY(e);
	if (!open_verifier(v, spki, e) || !begin_all(v, e))
		return false;
	*out = TAKE(v);
	return true;
}

bool
pki_verifier_check(const struct pki_verifier *v, enum pki_signature sig,
		   struct bytes data, struct bytes signature, struct err *e)
{
	AUTO(evp_md_ctx) EVP_MD_CTX *md_ctx = EVP_MD_CTX_new();
	int rc;

	if (v == NULL)
		return ERR_SET(e, ERR_REJECT, "pki", 0,
			       "no key to verify with");
	if (!pki_signature_fits(sig, v->facts.algorithm))
		return ERR_SET(e, ERR_REJECT, "pki", sig,
			       "%s does not fit the key",
			       pki_signature_name(sig));
	if (md_ctx == NULL ||
	    (v->begun[sig] != NULL
		     ? EVP_MD_CTX_copy_ex(md_ctx, v->begun[sig]) != 1
		     : !begin(md_ctx, v->key, sig)))
		return ossl_failed(e, ERR_FATAL, "prepare to verify");
	rc = EVP_DigestVerify(md_ctx, signature.data, signature.len, data.data,
			      data.len);
	ERR_clear_error();
	if (rc != 1)
		return ERR_SET(e, ERR_REJECT, "pki", rc,
			       "signature does not verify");
	return true;
}

bool
pki_signature_verify(struct bytes spki, enum pki_signature sig,
		     struct bytes data, struct bytes signature, struct err *e)
{
	struct pki_verifier v = { 0 };
	bool ok = open_verifier(&v, spki, e) &&
		  pki_verifier_check(&v, sig, data, signature, e);

	EVP_PKEY_free(v.key);
	return ok;
}
