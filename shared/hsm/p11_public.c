#include "hsm/p11_public.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>
#include <string.h>

#include "hsm/p11_template.h"

DEFINE_AUTO(pkey, EVP_PKEY *, EVP_PKEY_free);
DEFINE_AUTO(pctx, EVP_PKEY_CTX *, EVP_PKEY_CTX_free);
DEFINE_AUTO(bld, OSSL_PARAM_BLD *, OSSL_PARAM_BLD_free);
DEFINE_AUTO(param, OSSL_PARAM *, OSSL_PARAM_free);
DEFINE_AUTO(bn, BIGNUM *, BN_free);

static EVP_PKEY *
key_from(const char *name, OSSL_PARAM *params)
{
	AUTO(pctx)
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, name, NULL);
	EVP_PKEY *key = NULL;

	if (ctx == NULL || EVP_PKEY_fromdata_init(ctx) <= 0 ||
	    EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) <= 0)
		return NULL;
	return key;
}

static EVP_PKEY *
rsa_key(const struct p11_public *k)
{
	AUTO(bn) BIGNUM *n = BN_bin2bn(k->modulus, (int)k->modulus_len, NULL);
	AUTO(bn)
	BIGNUM *x = BN_bin2bn(k->exponent, (int)k->exponent_len, NULL);
	AUTO(bld) OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	AUTO(param) OSSL_PARAM *params = NULL;

	if (n == NULL || x == NULL || bld == NULL ||
	    !OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, n) ||
	    !OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, x))
		return NULL;
	params = OSSL_PARAM_BLD_to_param(bld);
	return params != NULL ? key_from("RSA", params) : NULL;
}

struct curve {
	enum ev_key_algorithm algorithm;
	int nid;
	const char *name;
	size_t point_len; /* uncompressed */
};

#define CURVES 2
static const struct curve curves[CURVES] = {
	{ EV_KEY_ALGORITHM_EC_P256, NID_X9_62_prime256v1, "P-256", 65 },
	{ EV_KEY_ALGORITHM_EC_P384, NID_secp384r1, "P-384", 97 },
};

/* NULL: not one that certflow knows. */
static const struct curve *
curve_of(const struct p11_public *k)
{
	for (size_t i = 0; i < CURVES; i++) {
		const struct p11_algorithm *a =
			p11_algorithm(curves[i].algorithm);

		if (bytes_equal(bytes_of(k->params, k->params_len),
				bytes_of(a->ec_params, a->ec_params_len)))
			return &curves[i];
	}
	return NULL;
}

/*
 * CKA_EC_POINT is a DER OCTET STRING (PKCS#11 2.40, 2.3.3); some modules
 * give the bare point, which begins with 0x04 too and may go on like an
 * OCTET STRING: only the curve's own length tells.
 */
static struct bytes
bare_point(const struct curve *curve, const struct p11_public *k)
{
	if (k->point_len != curve->point_len && k->point_len > 2 &&
	    k->point[0] == 0x04 && k->point[1] == k->point_len - 2)
		return bytes_of(k->point + 2, k->point_len - 2);
	return bytes_of(k->point, k->point_len);
}

static EVP_PKEY *
ec_key(const struct p11_public *k)
{
	const struct curve *curve = curve_of(k);
	AUTO(bld) OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	AUTO(param) OSSL_PARAM *params = NULL;
	struct bytes point;

	if (curve == NULL || bld == NULL)
		return NULL;
	point = bare_point(curve, k);
	if (!OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME,
					     curve->name, 0) ||
	    !OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY,
					      point.data, point.len))
		return NULL;
	params = OSSL_PARAM_BLD_to_param(bld);
	return params != NULL ? key_from("EC", params) : NULL;
}

size_t
p11_public_to_spki(const struct p11_public *key, uint8_t out[PKI_SPKI_MAX])
{
	AUTO(pkey) EVP_PKEY *pkey = NULL;
	int len;

	pkey = key->type == CKK_RSA  ? rsa_key(key)
	       : key->type == CKK_EC ? ec_key(key)
				     : NULL;
	if (pkey == NULL)
		return 0;
	len = i2d_PUBKEY(pkey, NULL);
	if (len <= 0 || len > PKI_SPKI_MAX)
		return 0;
	(void)i2d_PUBKEY(pkey, &out);
	return (size_t)len;
}

static size_t
bn_param(const EVP_PKEY *pkey, const char *name, uint8_t *out, size_t max)
{
	AUTO(bn) BIGNUM *n = NULL;

	if (!EVP_PKEY_get_bn_param(pkey, name, &n) ||
	    (size_t)BN_num_bytes(n) > max)
		return 0;
	return (size_t)BN_bn2bin(n, out);
}

static bool
rsa_parts(const EVP_PKEY *pkey, struct p11_public *out)
{
	out->type = CKK_RSA;
	out->modulus_len = bn_param(pkey, OSSL_PKEY_PARAM_RSA_N, out->modulus,
				    sizeof(out->modulus));
	out->exponent_len = bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, out->exponent,
				     sizeof(out->exponent));
	return out->modulus_len > 0 && out->exponent_len > 0;
}

/* NULL: another curve, or one that is spelt out. */
static const struct curve *
named_curve(const EVP_PKEY *pkey)
{
	char name[64];
	size_t len;

	if (!EVP_PKEY_get_group_name(pkey, name, sizeof(name), &len))
		return NULL;
	for (size_t i = 0; i < CURVES; i++)
		if (OBJ_txt2nid(name) == curves[i].nid)
			return &curves[i];
	return NULL;
}

static bool
ec_parts(const EVP_PKEY *pkey, struct p11_public *out)
{
	const struct curve *curve = named_curve(pkey);
	const struct p11_algorithm *a;
	size_t len = 0;

	if (curve == NULL)
		return false;
	a = p11_algorithm(curve->algorithm);
	/* Up to P-384 the point is shorter than 128: a short DER length. */
	if (!EVP_PKEY_get_octet_string_param(pkey, OSSL_PKEY_PARAM_PUB_KEY,
					     out->point + 2, 125, &len))
		return false;
	out->type = CKK_EC;
	out->point[0] = 0x04;
	out->point[1] = (uint8_t)len;
	out->point_len = len + 2;
	memcpy(out->params, a->ec_params, a->ec_params_len);
	out->params_len = a->ec_params_len;
	return true;
}

bool
p11_public_from_spki(struct bytes spki, struct p11_public *out)
{
	const unsigned char *at = spki.data;
	AUTO(pkey) EVP_PKEY *pkey = d2i_PUBKEY(NULL, &at, (long)spki.len);

	memset(out, 0, sizeof(*out));
	if (pkey == NULL)
		return false;
	if (EVP_PKEY_get_base_id(pkey) == EVP_PKEY_RSA)
		return rsa_parts(pkey, out);
	return EVP_PKEY_get_base_id(pkey) == EVP_PKEY_EC && ec_parts(pkey, out);
}
