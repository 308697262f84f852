#include <criterion/criterion.h>
#include <stdio.h>

#include "registrar/cache.h"

/* A subject in the cache; returns its entry. */
static struct cached *
add(struct cache *c, int number, int32_t partition)
{
	struct subject *s = NULL;
	struct cached *it = NULL;
	struct err e = { 0 };
	char tax_code[16];

	snprintf(tax_code, sizeof(tax_code), "%010d", number);
	cr_assert(subject_new(tax_code, &s, &e), "%s", e.text);
	cr_assert(cache_add(c, s, partition, &it, &e), "%s", e.text);
	return it;
}

static struct cached *
find(struct cache *c, int number)
{
	char tax_code[16];

	snprintf(tax_code, sizeof(tax_code), "%010d", number);
	return cache_find(c, tax_code);
}

Test(cache, finds_what_was_added_also_after_growing)
{
	AUTO(cache) struct cache *c = NULL;
	struct err e = { 0 };

	cr_assert(cache_new(1u << 30, &c, &e));
	for (int i = 0; i < 5000; i++)
		add(c, i, i % 12);
	cr_assert_eq(cache_count(c), 5000);
	for (int i = 0; i < 5000; i++)
		cr_assert_not_null(find(c, i), "%d", i);
	cr_assert_null(find(c, 5000));
}

Test(cache, least_recently_used_leaves_first)
{
	AUTO(cache) struct cache *c = NULL;
	struct err e = { 0 };
	size_t one;

	cr_assert(cache_new(0, &c, &e));
	one = add(c, 1, 0)->size;
	cache_free(TAKE(c));
	cr_assert(cache_new(2 * one, &c, &e));
	add(c, 1, 0);
	add(c, 2, 0);
	add(c, 3, 0);
	cr_assert_not_null(find(c, 1)); /* used again: 2 is the oldest */
	cache_trim(c);
	cr_expect_not_null(find(c, 1));
	cr_expect_null(find(c, 2));
	cr_expect_not_null(find(c, 3));
	cr_expect_eq(cache_bytes(c), 2 * one);
}

Test(cache, what_the_checkpoint_lacks_stays)
{
	AUTO(cache) struct cache *c = NULL;
	struct err e = { 0 };

	cr_assert(cache_new(0, &c, &e));
	cache_changed(c, add(c, 1, 0), INT64_MAX);
	add(c, 2, 0);
	cache_trim(c);
	cr_expect_not_null(find(c, 1));
	cr_expect_null(find(c, 2));
}

/* A fold must not hold more; and not stop at each record when it cannot get
 * below the limit. */
Test(cache, is_full_some_way_above_its_limit)
{
	AUTO(cache) struct cache *c = NULL;
	struct err e = { 0 };
	size_t most = 0;

	cr_assert(cache_new(1u << 20, &c, &e));
	for (int i = 0; !cache_is_full(c); i++) {
		most = cache_bytes(c);
		cache_changed(c, add(c, i, 0), INT64_MAX);
	}
	cr_expect_gt(most, 2u << 20);
	cr_expect_lt(most, 32u << 20);
	cache_trim(c);
	cr_expect(cache_is_full(c), "nothing of it is written down");
	cache_drop(c, -1);
	cr_expect_not(cache_is_full(c));
}

Test(cache, a_partition_leaves_alone)
{
	AUTO(cache) struct cache *c = NULL;
	struct err e = { 0 };

	cr_assert(cache_new(1u << 20, &c, &e));
	cache_changed(c, add(c, 1, 3), INT64_MAX);
	add(c, 2, 4);
	cache_drop(c, 3);
	cr_expect_null(find(c, 1));
	cr_expect_not_null(find(c, 2));
	cache_drop(c, -1);
	cr_expect_eq(cache_count(c), 0);
	cr_expect_eq(cache_bytes(c), 0);
	cr_expect_null(cache_next(c, NULL));
}
