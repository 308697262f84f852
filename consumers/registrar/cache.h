/*
 * cache.h - subjects in memory, least recently used ones leave first.
 *
 * A changed subject ("dirty") stays until the checkpoint has written it: the
 * database then holds all that was dropped. One thread.
 */
#ifndef CERTFLOW_REGISTRAR_CACHE_H
#define CERTFLOW_REGISTRAR_CACHE_H

#include "workflow/subject.h"

struct cache;

struct cached {
	struct subject *subject;
	int32_t partition;
	bool dirty;       /* newer than the checkpoint                    */
	int64_t deadline; /* when the clock next demands something, in µs  */
	size_t size;
	struct cached *newer, *older; /* order of use */
	struct cached *chain;         /* same bucket  */
};

/** @param max_bytes of clean subjects; release with cache_free() */
bool cache_new(size_t max_bytes, struct cache **out, struct err *e) MUST_CHECK;
void cache_free(struct cache *c);
DEFINE_AUTO(cache, struct cache *, cache_free);

/** NULL if it is not in memory. Counts as use. */
struct cached *cache_find(struct cache *c, const char *tax_code);

/**
 * Add a subject that is not in memory; the cache owns it from here on, also
 * on failure. *out is valid until the next cache_trim() or cache_drop().
 */
bool cache_add(struct cache *c, struct subject *s, int32_t partition,
	       struct cached **out, struct err *e) MUST_CHECK;

/** The subject has changed: note size and deadline, mark it dirty. */
void cache_changed(struct cache *c, struct cached *it, int64_t deadline);

/** Replace a subject by its rebuilt self; the cache owns s. */
void cache_replace(struct cache *c, struct cached *it, struct subject *s);

/** Forget the least recently used clean subjects above the limit. */
void cache_trim(struct cache *c);

/** Forget every subject of a partition, dirty ones too; -1: of all. */
void cache_drop(struct cache *c, int32_t partition);

/** All subjects, most recently used first: start with NULL. */
struct cached *cache_next(const struct cache *c, const struct cached *it);

size_t cache_bytes(const struct cache *c);
/** So much above the limit that a checkpoint and cache_trim() are due. */
bool cache_is_full(const struct cache *c);
size_t cache_count(const struct cache *c);

#endif
