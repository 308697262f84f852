#include "pki/shared_factor.h"

#include <gmp.h>

#define LEVELS_MAX 40

struct level {
	mpz_t *items;
	size_t count;
};

/* From the moduli (level 0) to the product of all of them. */
struct tree {
	struct level levels[LEVELS_MAX];
	size_t height;
};

static void
level_free(struct level *l)
{
	for (size_t i = 0; i < l->count; i++)
		mpz_clear(l->items[i]);
	free(l->items);
	*l = (struct level){ 0 };
}

static void
tree_free(struct tree *t)
{
	for (size_t i = 0; i < t->height; i++)
		level_free(&t->levels[i]);
}
DEFINE_AUTO_VALUE(tree, struct tree, tree_free);

static bool
level_new(struct level *l, size_t count, struct err *e)
{
	l->items = calloc(count, sizeof(l->items[0]));
	if (l->items == NULL)
		return ERR_NO_MEMORY(e);
	for (; l->count < count; l->count++)
		mpz_init(l->items[l->count]);
	return true;
}

static bool
plant(struct tree *t, const struct bytes *moduli, size_t count, struct err *e)
{
	if (!level_new(&t->levels[t->height++], count, e))
		return false;
	for (size_t i = 0; i < count; i++) {
		mpz_t *n = &t->levels[0].items[i];

		mpz_import(*n, moduli[i].len, 1, 1, 1, 0, moduli[i].data);
		if (mpz_even_p(*n) || mpz_cmp_ui(*n, 1) <= 0)
			return ERR_SET(e, ERR_REJECT, "pki", (long)i,
				       "modulus %zu is even or below 3", i);
	}
	return true;
}

static bool
grow(struct tree *t, struct err *e)
{
	while (t->levels[t->height - 1].count > 1) {
		const struct level *below = &t->levels[t->height - 1];
		struct level *l = &t->levels[t->height];

		if (!level_new(l, (below->count + 1) / 2, e))
			return false;
		t->height++;
		for (size_t i = 0; i < l->count; i++)
			if (2 * i + 1 < below->count)
				mpz_mul(l->items[i], below->items[2 * i],
					below->items[2 * i + 1]);
			else
				mpz_set(l->items[i], below->items[2 * i]);
	}
	return true;
}

/* Down again: each product becomes the whole product modulo its square. */
static void
reduce(struct tree *t)
{
	mpz_t square;

	mpz_init(square);
	for (size_t h = t->height - 1; h-- > 0;) {
		const struct level *above = &t->levels[h + 1];
		struct level *l = &t->levels[h];

		for (size_t i = 0; h > 0 && i < l->count; i++) {
			mpz_mul(square, l->items[i], l->items[i]);
			mpz_mod(l->items[i], above->items[i / 2], square);
		}
		if (h > 0)
			level_free(&t->levels[h + 1]);
	}
	mpz_clear(square);
}

/* gcd(n, (P mod n^2) / n): what n has in common with all the others. */
static bool
is_shared(const struct tree *t, size_t i)
{
	const struct level *above = &t->levels[t->height > 1 ? 1 : 0];
	mpz_t rest, square;
	bool shared;

	if (t->height == 1)
		return false;
	mpz_inits(rest, square, NULL);
	mpz_mul(square, t->levels[0].items[i], t->levels[0].items[i]);
	mpz_mod(rest, above->items[i / 2], square);
	mpz_divexact(rest, rest, t->levels[0].items[i]);
	mpz_gcd(rest, rest, t->levels[0].items[i]);
	shared = mpz_cmp_ui(rest, 1) != 0;
	mpz_clears(rest, square, NULL);
	return shared;
}

/* Few: compared one by one. */
static void
pair_up(const struct tree *t, size_t *with)
{
	const struct level *n = &t->levels[0];
	mpz_t common;

	mpz_init(common);
	for (size_t i = 0; i < n->count; i++)
		for (size_t k = 0; with[i] == i && k < n->count; k++) {
			if (k == i || with[k] == SHARED_FACTOR_NONE)
				continue;
			mpz_gcd(common, n->items[i], n->items[k]);
			if (mpz_cmp_ui(common, 1) != 0)
				with[i] = k;
		}
	mpz_clear(common);
}

bool
pki_shared_factors(const struct bytes *moduli, size_t count, size_t *with,
		   struct err *e)
{
	AUTO(tree) struct tree t = { 0 };

	if (count == 0)
		return true;
	if (!plant(&t, moduli, count, e) || !grow(&t, e))
		return false;
	reduce(&t);
	for (size_t i = 0; i < count; i++)
		with[i] = is_shared(&t, i) ? i : SHARED_FACTOR_NONE;
	pair_up(&t, with);
	return true;
}
