/*
 * ids.h - ids that say which journey of this run they belong to.
 *
 * An id must lead back to its journey without a table of them all, and yet
 * be as random as a portal's: ids that go up would please the indices of
 * the database.  So journey and kind are scrambled into 60 bits by a cipher
 * of this run; the other 62 bits are the run's own.  The form is UUIDv8
 * (RFC 9562 5.8).
 */
#ifndef CERTFLOW_LOAD_IDS_H
#define CERTFLOW_LOAD_IDS_H

#include "base/uuid.h"

#define LOAD_JOURNEYS_MAX 10000000u

/* What the id is of; below LOAD_ID_REQUEST: the event of that act. */
enum load_id_kind {
	LOAD_ID_REQUEST = 8,
	LOAD_ID_ENROLMENT,
	LOAD_ID_PERSON,
	LOAD_ID_KIND__COUNT
};

struct load_ids {
	uint64_t run; /* 62 bits */
	uint64_t key;
};

/** Random: two runs share no id. */
bool load_ids_new(struct load_ids *out, struct err *e) MUST_CHECK;

/** @return out */
const char *load_id(const struct load_ids *ids, unsigned kind, uint32_t journey,
		    char out[UUID_TEXT_MAX]);

/** @return false: not an id of this run */
bool load_id_read(const struct load_ids *ids, const char *text, unsigned *kind,
		  uint32_t *journey) MUST_CHECK;

/** The last 17 characters of all ids of this run, and terminator. */
#define LOAD_ID_TAIL_MAX 18
void load_id_tail(const struct load_ids *ids, char out[LOAD_ID_TAIL_MAX]);

/** A step of splitmix64 (Steele, Lea, Flood 2014): random numbers that one
 * seed gives again. */
uint64_t load_random(uint64_t *state);

#endif
