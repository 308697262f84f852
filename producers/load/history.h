/*
 * history.h - when a position that only goes up passed each offset.
 *
 * Remembers the last changes alone.  Pure; one thread at a time.
 */
#ifndef CERTFLOW_LOAD_HISTORY_H
#define CERTFLOW_LOAD_HISTORY_H

#include <stdint.h>

#define HISTORY_MAX 4096 /* changes that are remembered */

struct history {
	struct {
		int64_t seen_us;
		int64_t next; /* the first offset not yet passed */
	} ring[HISTORY_MAX];
	uint64_t count; /* of all changes ever */
};

/** The position as it was seen now; nothing if it did not go up. */
void history_note(struct history *h, int64_t next, int64_t seen_us);

/**
 * When the position was first seen behind the offset, or, should that be
 * forgotten, the earliest moment that is not: never too early.
 * @return 0: not yet
 */
int64_t history_passed(const struct history *h, int64_t offset);

#endif
