#include "pki/key.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/obj_mac.h>
#include <pthread.h>

#include "pki/der.h"
#include "pki/key_strength.h"
#include "pki/oid.h"

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

static EC_GROUP *p256, *p384;
static pthread_once_t curves_made = PTHREAD_ONCE_INIT;

static void
make_curves(void)
{
	p256 = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	p384 = EC_GROUP_new_by_curve_name(NID_secp384r1);
}

DEFINE_AUTO(ec_point, EC_POINT *, EC_POINT_free);

/*
 * NIST SP 800-56A 5.6.2.3.4: coordinates below the field's prime, on the
 * curve, not infinity. Both curves have cofactor 1, so that every such point
 * has the right order; it need not be multiplied out.
 */
static bool
point_is_good(const EC_GROUP *curve, struct bytes octets)
{
	AUTO(ec_point) EC_POINT *point = NULL;
	bool good;

	if (curve == NULL)
		return false;
	point = EC_POINT_new(curve);
	good = point != NULL &&
	       EC_POINT_oct2point(curve, point, octets.data, octets.len,
				  NULL) == 1 &&
	       EC_POINT_is_at_infinity(curve, point) == 0;
	ERR_clear_error();
	return good;
}

static bool
check_ec(struct bytes params, struct bytes point, struct pki_key *out,
	 struct pki_refusal *why)
{
	const EC_GROUP *group;
	struct bytes curve;
	size_t len;

	(void)pthread_once(&curves_made, make_curves);
	if (!der_take(&params, DER_OID, &curve) || params.len != 0)
		return refuse(why, EV_REFUSAL_CODE_KEY_CURVE,
			      "curve is not given by name");
	if (bytes_equal(curve, OID_P256)) {
		out->algorithm = EV_KEY_ALGORITHM_EC_P256;
		group = p256;
		len = 32;
	} else if (bytes_equal(curve, OID_P384)) {
		out->algorithm = EV_KEY_ALGORITHM_EC_P384;
		group = p384;
		len = 48;
	} else {
		return refuse(why, EV_REFUSAL_CODE_KEY_CURVE,
			      "curve is neither P-256 nor P-384");
	}
	if (point.len != 1 + 2 * len || point.data[0] != 0x04)
		return refuse(why, EV_REFUSAL_CODE_KEY_POINT,
			      "not an uncompressed point of this curve");
	if (!point_is_good(group, point))
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
		ok = check_ec(algorithm, bits, &key, why);
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

struct bytes
pki_key_modulus(struct bytes spki)
{
	const struct bytes none = { 0 };
	struct bytes seq, algorithm, oid, bits, key, n;

	if (!der_take(&spki, DER_SEQUENCE, &seq) ||
	    !der_take(&seq, DER_SEQUENCE, &algorithm) ||
	    !der_take(&algorithm, DER_OID, &oid) ||
	    !bytes_equal(oid, OID_RSA) || !der_take_bits(&seq, &bits) ||
	    !der_take(&bits, DER_SEQUENCE, &key) ||
	    !der_take(&key, DER_INTEGER, &n))
		return none;
	while (n.len > 0 && n.data[0] == 0)
		n = bytes_of(n.data + 1, n.len - 1);
	return n;
}

static bool
library_failed(struct err *e)
{
	return ERR_SET(e, ERR_FATAL, "openssl", 0,
		       "an RSA modulus cannot be examined");
}

bool
pki_key_strength(struct bytes spki, struct pki_refusal *why, struct err *e)
{
	struct bytes octets = pki_key_modulus(spki);
	uint16_t residues[RSA_FACTOR_PRIMES];
	AUTO(bn) BIGNUM *n = NULL;
	bool close = false;

	*why = (struct pki_refusal){ 0 };
	if (octets.data == NULL)
		return true;
	n = BN_bin2bn(octets.data, (int)octets.len, NULL);
	if (n == NULL || !rsa_residues(n, residues))
		return library_failed(e);
	for (size_t i = 0; i < RSA_FACTOR_PRIMES; i++)
		if (residues[i] == 0) {
			(void)refuse(why, EV_REFUSAL_CODE_KEY_MODULUS,
				     "modulus has a small prime factor");
			return true;
		}
	if (rsa_is_roca(residues)) {
		(void)refuse(why, EV_REFUSAL_CODE_KEY_ROCA,
			     "made by a broken generator (CVE-2017-15361)");
		return true;
	}
	if (!rsa_has_close_primes(n, &close))
		return library_failed(e);
	if (close)
		(void)refuse(why, EV_REFUSAL_CODE_KEY_MODULUS,
			     "prime factors are close to each other");
	return true;
}
