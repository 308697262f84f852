/*
 * cache.h - inside shared/registry only: what has been learnt, in memory and
 * in files.
 *
 *   <dir>/<id>.avsc              a schema text, as the registry gave it
 *   <dir>/<subject>-<digest>.id  id of a text of ours; digest: SHA-256 of it
 */
#ifndef CERTFLOW_REGISTRY_CACHE_H
#define CERTFLOW_REGISTRY_CACHE_H

#include "base/bytes.h"

struct cache;

/** @param dir  NULL or "": memory only; else made if absent */
bool cache_open(const char *dir, struct cache **out, struct err *e) MUST_CHECK;

/** Text of an id, from memory or file. @return false if not there. Borrowed
 * until cache_close(). */
bool cache_get(struct cache *c, int32_t id, struct bytes *text) MUST_CHECK;

/** Keep a text (copied) in memory and, as far as that works, in a file. */
bool cache_put(struct cache *c, int32_t id, struct bytes text,
	       struct bytes *kept, struct err *e) MUST_CHECK;

/** Was this id not found a short while ago? */
bool cache_is_unknown(const struct cache *c, int32_t id);
void cache_put_unknown(struct cache *c, int32_t id);

/** Id of (subject, text), from its file. */
bool cache_get_id(struct cache *c, const char *subject, const char *text,
		  int32_t *id) MUST_CHECK;
void cache_put_id(struct cache *c, const char *subject, const char *text,
		  int32_t id);

/** NULL is fine. */
void cache_close(struct cache *c);
DEFINE_AUTO(cache, struct cache *, cache_close);

#endif
