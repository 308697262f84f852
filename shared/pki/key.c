#include "pki/key.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/x509.h>

#include "pki/der.h"
#include "pki/oid.h"
#include "pki/ossl.h"

static bool
refuse(struct pki_refusal *why, enum ev_refusal_code code, const char *reason)
{
	*why = (struct pki_refusal){ code, "subjectPublicKeyInfo", reason };
	return false;
}

static bool
malformed(struct pki_refusal *why, const char *reason)
{
	return refuse(why, EV_REFUSAL_CODE_CSR_MALFORMED, reason);
}

/* RFC 8017 A.1.1 inside RFC 3279 2.3.1; n and e are positive. */
static bool
check_rsa(struct bytes params, struct bytes key, struct pki_key *out,
	  struct pki_refusal *why)
{
	static const uint8_t f4[] = { 0x01, 0x00, 0x01 };
	struct bytes seq, n, exponent;

	if (params.len != 2 || params.data[0] != DER_NULL)
		return malformed(why, "RSA parameters are not NULL");
	if (!der_is_canonical(key) || !der_take(&key, DER_SEQUENCE, &seq) ||
	    !der_take(&seq, DER_INTEGER, &n) ||
	    !der_take(&seq, DER_INTEGER, &exponent) || seq.len != 0)
		return malformed(why, "not an RSAPublicKey");
	if ((n.data[0] & 0x80) != 0 || (n.data[n.len - 1] & 1) == 0)
		return refuse(why, EV_REFUSAL_CODE_KEY_MODULUS,
			      "modulus is negative or even");
	if (!bytes_equal(exponent, bytes_of(f4, sizeof(f4))))
		return refuse(why, EV_REFUSAL_CODE_KEY_EXPONENT,
			      "public exponent is not 65537");
	/* With the top bit of a size set, DER adds one zero octet. */
	if (n.data[0] == 0 && n.len == 2048 / 8 + 1)
		out->algorithm = EV_KEY_ALGORITHM_RSA_2048;
	else if (n.data[0] == 0 && n.len == 3072 / 8 + 1)
		out->algorithm = EV_KEY_ALGORITHM_RSA_3072;
	else if (n.data[0] == 0 && n.len == 4096 / 8 + 1)
		out->algorithm = EV_KEY_ALGORITHM_RSA_4096;
	else
		return refuse(why, EV_REFUSAL_CODE_KEY_SIZE,
			      "modulus has not 2048, 3072 or 4096 bits");
	return true;
}

/* NIST SP 800-56A 5.6.2.3.3 over OpenSSL: on the curve, not infinity. */
static bool
point_is_good(struct bytes spki)
{
	const unsigned char *at = spki.data;
	AUTO(evp_pkey) EVP_PKEY *key = d2i_PUBKEY(NULL, &at, (long)spki.len);
	AUTO(evp_pkey_ctx) EVP_PKEY_CTX *ctx = NULL;
	bool good = false;

	if (key != NULL)
		ctx = EVP_PKEY_CTX_new(key, NULL);
	if (ctx != NULL)
		good = EVP_PKEY_public_check(ctx) == 1;
	ERR_clear_error();
	return good;
}

static bool
check_ec(struct bytes params, struct bytes point, struct bytes spki,
	 struct pki_key *out, struct pki_refusal *why)
{
	struct bytes curve;
	size_t len;

	if (!der_take(&params, DER_OID, &curve) || params.len != 0)
		return refuse(why, EV_REFUSAL_CODE_KEY_CURVE,
			      "curve is not given by name");
	if (bytes_equal(curve, OID_P256)) {
		out->algorithm = EV_KEY_ALGORITHM_EC_P256;
		len = 32;
	} else if (bytes_equal(curve, OID_P384)) {
		out->algorithm = EV_KEY_ALGORITHM_EC_P384;
		len = 48;
	} else {
		return refuse(why, EV_REFUSAL_CODE_KEY_CURVE,
			      "curve is neither P-256 nor P-384");
	}
	if (point.len != 1 + 2 * len || point.data[0] != 0x04)
		return refuse(why, EV_REFUSAL_CODE_KEY_POINT,
			      "not an uncompressed point of this curve");
	if (!point_is_good(spki))
		return refuse(why, EV_REFUSAL_CODE_KEY_POINT,
			      "point is not on the curve");
	return true;
}

bool
pki_key_check(struct bytes spki, struct pki_key *out, struct pki_refusal *why)
{
	struct bytes in = spki, seq, algorithm, oid, bits;
	struct pki_key key = { 0 };
	uint8_t digest[SHA256_LEN];
	bool ok;

	*why = (struct pki_refusal){ 0 };
	if (spki.len > PKI_SPKI_MAX)
		return refuse(why, EV_REFUSAL_CODE_KEY_SIZE, "key too large");
	if (!der_is_canonical(spki) || !der_take(&in, DER_SEQUENCE, &seq) ||
	    !der_take(&seq, DER_SEQUENCE, &algorithm) ||
	    !der_take(&algorithm, DER_OID, &oid) ||
	    !der_take_bits(&seq, &bits) || seq.len != 0)
		return malformed(why, "not a SubjectPublicKeyInfo");
	if (bytes_equal(oid, OID_RSA))
		ok = check_rsa(algorithm, bits, &key, why);
	else if (bytes_equal(oid, OID_EC))
		ok = check_ec(algorithm, bits, spki, &key, why);
	else
		ok = refuse(why, EV_REFUSAL_CODE_CSR_ALGORITHM,
			    "key is neither RSA nor of a named curve");
	if (!ok)
		return false;
	sha256(spki, key.spki_sha256);
	sha256(bits, digest);
	for (size_t i = 0; i < sizeof(key.key_id); i++)
		key.key_id[i] = digest[i];
	*out = key;
	return true;
}
