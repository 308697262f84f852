#include "registrar/cache.h"

#include <string.h>

#define BUCKETS_FIRST 1024u
#define DIRTY_MAX ((size_t)8 << 20) /* octets above the limit */

struct cache {
	struct cached **buckets;
	size_t bucket_count; /* a power of two */
	size_t count;
	size_t bytes;
	size_t max_bytes;
	struct cached *newest, *oldest;
};

/* FNV-1a: keys are short, canonical and already checked. */
static size_t
hash(const char *text)
{
	uint64_t h = UINT64_C(14695981039346656037);

	for (; *text != '\0'; text++) {
		h ^= (uint8_t)*text;
		h *= UINT64_C(1099511628211);
	}
	return (size_t)(h ^ (h >> 32));
}

static struct cached **
bucket(const struct cache *c, const char *tax_code)
{
	return &c->buckets[hash(tax_code) & (c->bucket_count - 1)];
}

bool
cache_new(size_t max_bytes, struct cache **out, struct err *e)
{
	AUTO(cache) struct cache *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return ERR_NO_MEMORY(e);
	c->max_bytes = max_bytes;
	c->bucket_count = BUCKETS_FIRST;
	c->buckets = calloc(c->bucket_count, sizeof(struct cached *));
	if (c->buckets == NULL)
		return ERR_NO_MEMORY(e);
	*out = TAKE(c);
	return true;
}

static void
order_remove(struct cache *c, struct cached *it)
{
	*(it->newer != NULL ? &it->newer->older : &c->newest) = it->older;
	*(it->older != NULL ? &it->older->newer : &c->oldest) = it->newer;
	it->newer = it->older = NULL;
}

static void
order_first(struct cache *c, struct cached *it)
{
	it->older = c->newest;
	it->newer = NULL;
	*(c->newest != NULL ? &c->newest->newer : &c->oldest) = it;
	c->newest = it;
}

static void
forget(struct cache *c, struct cached *it)
{
	struct cached **at = bucket(c, subject_tax_code(it->subject));

	while (*at != it)
		at = &(*at)->chain;
	*at = it->chain;
	order_remove(c, it);
	c->count--;
	c->bytes -= it->size;
	subject_free(it->subject);
	free(it);
}

/* More buckets when chains grow; without memory they simply stay long. */
static void
grow(struct cache *c)
{
	size_t n = c->bucket_count * 2;
	struct cached **wider;

	if (c->count < c->bucket_count ||
	    (wider = calloc(n, sizeof(struct cached *))) == NULL)
		return;
	free(c->buckets);
	c->buckets = wider;
	c->bucket_count = n;
	for (struct cached *it = c->newest; it != NULL; it = it->older) {
		struct cached **at = bucket(c, subject_tax_code(it->subject));

		it->chain = *at;
		*at = it;
	}
}

struct cached *
cache_find(struct cache *c, const char *tax_code)
{
	struct cached *it = *bucket(c, tax_code);

	while (it != NULL &&
	       strcmp(subject_tax_code(it->subject), tax_code) != 0)
		it = it->chain;
	if (it != NULL && it != c->newest) {
		order_remove(c, it);
		order_first(c, it);
	}
	return it;
}

bool
cache_add(struct cache *c, struct subject *s, int32_t partition,
	  struct cached **out, struct err *e)
{
	AUTO(subject) struct subject *owned = s;
	struct cached *it = calloc(1, sizeof(*it));
	struct cached **at;

	if (it == NULL)
		return ERR_NO_MEMORY(e);
	grow(c);
	at = bucket(c, subject_tax_code(s));
	*it = (struct cached){ .subject = TAKE(owned),
			       .partition = partition,
			       .deadline = INT64_MAX,
			       .size = subject_size(s) + sizeof(*it),
			       .chain = *at };
	*at = it;
	order_first(c, it);
	c->count++;
	c->bytes += it->size;
	*out = it;
	return true;
}

static void
resize(struct cache *c, struct cached *it)
{
	c->bytes -= it->size;
	it->size = subject_size(it->subject) + sizeof(*it);
	c->bytes += it->size;
}

void
cache_changed(struct cache *c, struct cached *it, int64_t deadline)
{
	it->dirty = true;
	it->deadline = deadline;
	resize(c, it);
}

void
cache_replace(struct cache *c, struct cached *it, struct subject *s)
{
	subject_free(it->subject);
	it->subject = s;
	resize(c, it);
}

void
cache_trim(struct cache *c)
{
	struct cached *it = c->oldest;

	while (it != NULL && c->bytes > c->max_bytes) {
		struct cached *next = it->newer;

		if (!it->dirty)
			forget(c, it);
		it = next;
	}
}

void
cache_drop(struct cache *c, int32_t partition)
{
	struct cached *it = c->newest;

	while (it != NULL) {
		struct cached *next = it->older;

		if (partition < 0 || it->partition == partition)
			forget(c, it);
		it = next;
	}
}

struct cached *
cache_next(const struct cache *c, const struct cached *it)
{
	return it == NULL ? c->newest : it->older;
}

bool
cache_is_full(const struct cache *c)
{
	return c->bytes > c->max_bytes && c->bytes - c->max_bytes > DIRTY_MAX;
}

size_t
cache_bytes(const struct cache *c)
{
	return c->bytes;
}

size_t
cache_count(const struct cache *c)
{
	return c->count;
}

void
cache_free(struct cache *c)
{
	if (c == NULL)
		return;
	if (c->buckets != NULL)
		cache_drop(c, -1);
	free(c->buckets);
	free(c);
}
