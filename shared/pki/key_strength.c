/*
 * Weak RSA moduli.  One pass takes n modulo all small primes: 64 bits' worth
 * of primes at a time by the library, each prime of those by the processor.
 */
#include "pki/key_strength.h"

#include <openssl/err.h>
#include <pthread.h>

#define SMALL_GROUPS_MAX 64

/* Primes whose product fits a word. */
struct group {
	BN_ULONG product;
	size_t first;
	size_t count;
};

static struct {
	uint16_t prime[RSA_FACTOR_PRIMES];
	struct group group[SMALL_GROUPS_MAX];
	size_t groups;
} small;

static pthread_once_t small_made = PTHREAD_ONCE_INIT;

static bool
is_prime(unsigned n)
{
	for (unsigned d = 3; d * d <= n; d += 2)
		if (n % d == 0)
			return false;
	return true;
}

static void
make_small(void)
{
	struct group *g = small.group;
	size_t n = 0;

	*g = (struct group){ .product = 1 };
	for (unsigned p = 3; p < RSA_FACTOR_BOUND; p += 2) {
		if (!is_prime(p))
			continue;
		if (g->product > (BN_ULONG)-1 / p)
			*++g = (struct group){ .product = 1, .first = n };
		g->product *= p;
		g->count++;
		small.prime[n++] = (uint16_t)p;
	}
	small.groups = (size_t)(g - small.group) + 1;
}

unsigned
rsa_prime(size_t i)
{
	(void)pthread_once(&small_made, make_small);
	return small.prime[i];
}

bool
rsa_residues(const BIGNUM *n, uint16_t out[RSA_FACTOR_PRIMES])
{
	(void)pthread_once(&small_made, make_small);
	for (size_t i = 0; i < small.groups; i++) {
		const struct group *g = &small.group[i];
		BN_ULONG r = BN_mod_word(n, g->product);

		if (r == (BN_ULONG)-1)
			return false;
		for (size_t j = g->first; j < g->first + g->count; j++)
			out[j] = (uint16_t)(r % small.prime[j]);
	}
	return true;
}

/* ---- CVE-2017-15361 ------------------------------------------------------ */

#define ROCA_GENERATOR 65537u
#define ROCA_PRIMES 38 /* odd primes up to 167 */

/* What is known of the exponent x in 65537^x = n: x = rest modulo order. */
struct exponent {
	uint64_t rest;
	uint64_t order;
};

static uint64_t
gcd(uint64_t a, uint64_t b)
{
	while (b != 0) {
		uint64_t r = a % b;

		a = b;
		b = r;
	}
	return a;
}

/* Exponent modulo p by trying all: at most 166. false: there is none. */
static bool
small_log(unsigned p, unsigned residue, struct exponent *out)
{
	const unsigned base = ROCA_GENERATOR % p;
	unsigned power = 1, order = 0;
	bool found = false;

	do {
		if (power == residue) {
			found = true;
			out->rest = order;
		}
		power = power * base % p;
		order++;
	} while (power != 1);
	out->order = order;
	return found;
}

/* Both hold at once? The orders' least common multiple stays below 2^63. */
static bool
join(struct exponent *all, const struct exponent *one)
{
	const uint64_t common = gcd(all->order, one->order);
	const uint64_t step = all->order;

	if (all->rest % common != one->rest % common)
		return false;
	while (all->rest % one->order != one->rest)
		all->rest += step;
	all->order = step / common * one->order;
	return true;
}

bool
rsa_is_roca(const uint16_t residues[RSA_FACTOR_PRIMES])
{
	struct exponent all = { 0, 1 }, one = { 0 };

	for (size_t i = 0; i < ROCA_PRIMES; i++)
		if (!small_log(rsa_prime(i), residues[i], &one) ||
		    !join(&all, &one))
			return false;
	return true;
}

/* ---- Fermat -------------------------------------------------------------- */

/* Floor of the square root by Newton's method, from above. */
static bool
square_root(BIGNUM *root, const BIGNUM *n, BN_CTX *ctx)
{
	AUTO(bn) BIGNUM *next = BN_new();

	if (next == NULL || !BN_set_word(root, 1) ||
	    !BN_lshift(root, root, (BN_num_bits(n) + 1) / 2))
		return false;
	for (;;) {
		if (!BN_div(next, NULL, n, root, ctx) ||
		    !BN_add(next, next, root) || !BN_rshift1(next, next))
			return false;
		if (BN_cmp(next, root) >= 0)
			return true;
		if (BN_copy(root, next) == NULL)
			return false;
	}
}

/* Squares are rare among remainders; each number here keeps about half, and
 * all of them one candidate in six hundred. */
static bool
may_be_square(const BIGNUM *n)
{
	static const unsigned modulus[] = { 63, 65, 11, 17, 19, 23 };
	BN_ULONG rest;

	/* Odd squares are 1 modulo 8; even ones 0 or 4 modulo 16, or 0. */
	if (BN_is_bit_set(n, 0) ? BN_is_bit_set(n, 1) || BN_is_bit_set(n, 2)
				: BN_is_bit_set(n, 1))
		return false;
	rest = BN_mod_word(n, 63u * 65 * 11 * 17 * 19 * 23);
	for (size_t i = 0; i < sizeof(modulus) / sizeof(modulus[0]); i++) {
		const unsigned m = modulus[i], r = (unsigned)(rest % m);
		unsigned x = 0;

		while (x < m && x * x % m != r)
			x++;
		if (x == m)
			return false;
	}
	return true;
}

static bool
is_square(const BIGNUM *n, bool *square, BN_CTX *ctx)
{
	AUTO(bn) BIGNUM *root = BN_new();

	*square = false;
	if (BN_is_zero(n))
		return *square = true;
	if (!may_be_square(n))
		return true;
	if (root == NULL || !square_root(root, n, ctx) ||
	    !BN_sqr(root, root, ctx))
		return false;
	*square = BN_cmp(root, n) == 0;
	return true;
}

/* n = a^2 - b^2 = (a - b)(a + b), a from the square root upwards. */
static bool
fermat(const BIGNUM *n, BIGNUM *a, BIGNUM *bb, BIGNUM *step, BN_CTX *ctx,
       bool *close)
{
	if (!square_root(a, n, ctx) || !BN_sqr(bb, a, ctx))
		return false;
	if (BN_cmp(bb, n) < 0 && (!BN_add_word(a, 1) || !BN_sqr(bb, a, ctx)))
		return false;
	if (!BN_sub(bb, bb, n) || !BN_lshift1(step, a) || !BN_add_word(step, 1))
		return false;
	for (int i = 0; i < RSA_FERMAT_ROUNDS && !*close; i++)
		/* (a + 1)^2 = a^2 + 2a + 1, and 2(a + 1) + 1 = 2a + 1 + 2 */
		if (!is_square(bb, close, ctx) || !BN_add(bb, bb, step) ||
		    !BN_add_word(step, 2))
			return false;
	return true;
}

bool
rsa_has_close_primes(const BIGNUM *n, bool *close)
{
	AUTO(bn_ctx) BN_CTX *ctx = BN_CTX_new();
	AUTO(bn) BIGNUM *a = BN_new(), *bb = BN_new(), *step = BN_new();
	bool ok;

	*close = false;
	ok = ctx != NULL && a != NULL && bb != NULL && step != NULL &&
	     fermat(n, a, bb, step, ctx, close);
	if (!ok)
		ERR_clear_error();
	return ok;
}
