/*
 * Input: one octet, then
 *   0  a modulus with its length in front, and a public exponent
 *   1  CKA_EC_POINT of a P-256 key     2  the same of a P-384 key
 *   3  CKA_EC_PARAMS with its length in front, and CKA_EC_POINT
 *   4  DER of a SubjectPublicKeyInfo
 * as a token or a certificate may give them. What is taken for a key must
 * come out of DER again as the same key.
 */
#include <string.h>

#include "fuzz.h"
#include "hsm/p11_public.h"
#include "hsm/p11_template.h"

static void
fill(uint8_t *to, size_t *len, size_t max, const uint8_t *from, size_t n)
{
	*len = n < max ? n : max;
	if (*len > 0)
		memcpy(to, from, *len);
}

static void
rsa(const uint8_t *data, size_t size, struct p11_public *key)
{
	size_t n = size == 0 ? 0 : (size_t)data[0] * 4;

	if (size == 0)
		return;
	data++;
	size--;
	n = n < size ? n : size;
	fill(key->modulus, &key->modulus_len, sizeof(key->modulus), data, n);
	fill(key->exponent, &key->exponent_len, sizeof(key->exponent), data + n,
	     size - n);
	key->type = CKK_RSA;
}

static void
ec(enum ev_key_algorithm algorithm, const uint8_t *data, size_t size,
   struct p11_public *key)
{
	const struct p11_algorithm *a = p11_algorithm(algorithm);

	fill(key->params, &key->params_len, sizeof(key->params), a->ec_params,
	     a->ec_params_len);
	fill(key->point, &key->point_len, sizeof(key->point), data, size);
	key->type = CKK_EC;
}

/* A bare point and the same as an OCTET STRING are the same key. */
static void
bare_or_wrapped(const struct p11_public *bare)
{
	uint8_t one[PKI_SPKI_MAX], other[PKI_SPKI_MAX];
	struct p11_public wrapped = *bare;
	size_t len;

	if (bare->point_len != 65 && bare->point_len != 97)
		return;
	wrapped.point[0] = 0x04;
	wrapped.point[1] = (uint8_t)bare->point_len;
	memcpy(wrapped.point + 2, bare->point, bare->point_len);
	wrapped.point_len = bare->point_len + 2;
	len = p11_public_to_spki(&wrapped, other);
	require(p11_public_to_spki(bare, one) == len);
	require(memcmp(one, other, len) == 0);
}

static void
any_curve(const uint8_t *data, size_t size, struct p11_public *key)
{
	struct feed in = { data, size };
	size_t len;
	const uint8_t *params = feed_some(&in, &len);

	fill(key->params, &key->params_len, sizeof(key->params), params, len);
	fill(key->point, &key->point_len, sizeof(key->point), in.at, in.left);
	key->type = CKK_EC;
}

static void
to_der_and_back(const struct p11_public *key)
{
	uint8_t spki[PKI_SPKI_MAX], again[PKI_SPKI_MAX];
	struct p11_public parsed;
	size_t len = p11_public_to_spki(key, spki);

	if (len == 0)
		return;
	require(len <= PKI_SPKI_MAX);
	/* A token's key may be one that OpenSSL will not read back, such as
	 * an RSA modulus of one octet; then it is no key of ours. */
	if (!p11_public_from_spki(bytes_of(spki, len), &parsed))
		return;
	require(parsed.type == key->type);
	require(p11_public_to_spki(&parsed, again) == len);
	require(memcmp(spki, again, len) == 0);
}

static void
from_der(const uint8_t *data, size_t size)
{
	struct p11_public key;
	uint8_t spki[PKI_SPKI_MAX];
	size_t len;

	if (!p11_public_from_spki(bytes_of(data, size), &key))
		return;
	require(key.type == CKK_RSA || key.type == CKK_EC);
	len = p11_public_to_spki(&key, spki);
	require(len > 0 || key.type == CKK_RSA);
	if (len > 0)
		to_der_and_back(&key);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct p11_public key = { 0 };

	if (size == 0)
		return 0;
	if (data[0] == 0)
		rsa(data + 1, size - 1, &key);
	else if (data[0] == 1)
		ec(EV_KEY_ALGORITHM_EC_P256, data + 1, size - 1, &key);
	else if (data[0] == 2)
		ec(EV_KEY_ALGORITHM_EC_P384, data + 1, size - 1, &key);
	else if (data[0] == 3)
		any_curve(data + 1, size - 1, &key);
	else if (data[0] == 4)
		from_der(data + 1, size - 1);
	if (data[0] == 1 || data[0] == 2)
		bare_or_wrapped(&key);
	if (data[0] < 4)
		to_der_and_back(&key);
	return 0;
}
