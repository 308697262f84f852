/* Planted factors among sound moduli, found by products and remainders. */
#include <criterion/criterion.h>
#include <openssl/bn.h>
#include <string.h>

#include "pki/shared_factor.h"

#define MODULUS_LEN 64

/* n = p q from two primes of 256 bits. */
static void
put(const BIGNUM *p, const BIGNUM *q, uint8_t out[MODULUS_LEN])
{
	BN_CTX *ctx = BN_CTX_new();
	BIGNUM *n = BN_new();

	cr_assert(BN_mul(n, p, q, ctx));
	cr_assert_eq(BN_bn2binpad(n, out, MODULUS_LEN), MODULUS_LEN);
	BN_free(n);
	BN_CTX_free(ctx);
}

static BIGNUM *
prime(void)
{
	BIGNUM *p = BN_new();

	cr_assert(BN_generate_prime_ex(p, 256, 0, NULL, NULL, NULL));
	return p;
}

#define COUNT_MAX 70

static uint8_t octets[COUNT_MAX][MODULUS_LEN];
static struct bytes moduli[COUNT_MAX];
static size_t with[COUNT_MAX];

/* Sound moduli; every count of them, so that trees of any shape are tried. */
static void
fill(size_t count)
{
	for (size_t i = 0; i < count; i++) {
		BIGNUM *p = prime(), *q = prime();

		put(p, q, octets[i]);
		moduli[i] = bytes_of(octets[i], MODULUS_LEN);
		BN_free(p);
		BN_free(q);
	}
}

Test(pki_shared_factor, nothing_is_found_among_sound_ones)
{
	struct err e = { 0 };

	cr_assert(pki_shared_factors(NULL, 0, NULL, &e));
	fill(COUNT_MAX);
	for (size_t count = 1; count <= COUNT_MAX; count++) {
		cr_assert(pki_shared_factors(moduli, count, with, &e), "%s",
			  e.text);
		for (size_t i = 0; i < count; i++)
			cr_assert_eq(with[i], SHARED_FACTOR_NONE, "%zu of %zu",
				     i, count);
	}
}

/* Anywhere in a tree of any shape; also three that share both factors. */
Test(pki_shared_factor, planted_ones_are_found)
{
	BIGNUM *p = prime(), *q = prime(), *r = prime();
	struct err e = { 0 };

	fill(COUNT_MAX);
	put(p, q, octets[3]);
	put(p, r, octets[COUNT_MAX - 1]);
	cr_assert(pki_shared_factors(moduli, COUNT_MAX, with, &e));
	for (size_t i = 0; i < COUNT_MAX; i++)
		cr_expect_eq(with[i],
			     i == 3               ? COUNT_MAX - 1
			     : i == COUNT_MAX - 1 ? 3
						  : SHARED_FACTOR_NONE,
			     "%zu: %zu", i, with[i]);
	put(q, r, octets[40]);
	cr_assert(pki_shared_factors(moduli, COUNT_MAX, with, &e));
	for (size_t i = 0; i < COUNT_MAX; i++)
		cr_expect_eq(with[i] != SHARED_FACTOR_NONE,
			     i == 3 || i == 40 || i == COUNT_MAX - 1, "%zu", i);
	for (size_t count = 2; count < 14; count++) {
		fill(count);
		put(p, q, octets[0]);
		put(p, r, octets[count - 1]);
		cr_assert(pki_shared_factors(moduli, count, with, &e));
		cr_expect_eq(with[0], count - 1, "%zu", count);
		cr_expect_eq(with[count - 1], 0, "%zu", count);
	}
	BN_free(p);
	BN_free(q);
	BN_free(r);
}

Test(pki_shared_factor, what_is_no_modulus)
{
	static const uint8_t even[] = { 4 }, one[] = { 0, 1 };
	struct bytes bad[] = { bytes_of(even, 1), bytes_of(one, 2) };
	struct err e = { 0 };

	cr_expect_not(pki_shared_factors(&bad[0], 1, with, &e));
	cr_expect_eq(e.kind, ERR_REJECT);
	cr_expect_not(pki_shared_factors(&bad[1], 1, with, &e));
}
