/*
 * arena.h - many small allocations with one life and one cap.
 *
 * A decoded event lives in one arena and is released at once.  The cap is
 * what keeps hostile input from allocating without bound.  One thread.
 */
#ifndef CERTFLOW_BASE_ARENA_H
#define CERTFLOW_BASE_ARENA_H

#include "base/bytes.h"

struct arena;

/** @param max_bytes sum of all allocations; release with arena_free() */
bool arena_new(size_t max_bytes, struct arena **out, struct err *e) MUST_CHECK;

/** Zeroed, aligned for any type; NULL once the cap or memory is exhausted. */
void *arena_alloc(struct arena *a, size_t size) MUST_CHECK;

/** Terminated copy of len characters, or NULL. */
char *arena_text(struct arena *a, const char *text, size_t len) MUST_CHECK;

/** Copy of the octets; .data is non-NULL on success even for len 0. */
struct bytes arena_bytes(struct arena *a, struct bytes b) MUST_CHECK;

/** NULL is fine. */
void arena_free(struct arena *a);
DEFINE_AUTO(arena, struct arena *, arena_free);

#endif
