/*
 * journeys.h - what became of each journey, and when.
 *
 * About 250 octets a journey, all of them from the start.
 */
#ifndef CERTFLOW_LOAD_JOURNEYS_H
#define CERTFLOW_LOAD_JOURNEYS_H

#include "act.h"
#include "compose.h"

/* Moments of one act. */
enum load_moment {
	LOAD_SENT,   /* given to the producer                             */
	LOAD_ACK,    /* the broker has it                                 */
	LOAD_SEEN,   /* read from the log, committed: anybody can know it */
	LOAD_LOGGED, /* the broker's time stamp of that record, in ms     */
	LOAD_MOMENT__COUNT
};

/* Moments of a journey: first those of up to three acts. */
#define LOAD_SLOTS 3
enum load_mark {
	LOAD_MARK_ORDERED = LOAD_SLOTS * LOAD_MOMENT__COUNT,
	LOAD_MARK_ORDERED_LOGGED,
	LOAD_MARK_SIGNED, /* as the issuer says */
	LOAD_MARK_ISSUED,
	LOAD_MARK_ISSUED_LOGGED,
	LOAD_MARK_VISIBLE,
	LOAD_MARK__COUNT
};

#define LOAD_NO_JOURNEY UINT32_MAX

struct journey {
	int64_t due_us; /* when its first measured act was due; wall clock */
	int64_t at[LOAD_MARK__COUNT]; /* wall clock; 0: not (yet) */
	struct composed_digests digests;
	int64_t offset;   /* of its last record on the log */
	uint32_t waiting; /* the next one that waits for the read model */
	int32_t partition;
	const char *failed; /* why; a literal, or NULL */
	bool done;
};

struct journeys {
	struct journey *list;
	uint32_t count;
};

/* A column of the results. */
struct load_column {
	char name[32];
	int mark;
};
#define LOAD_COLUMNS_MAX LOAD_MARK__COUNT

/** Where the moments of an act stand. */
static inline int
load_mark(enum load_act act, enum load_moment moment)
{
	return (act < LOAD_SLOTS ? (int)act : 0) * LOAD_MOMENT__COUNT +
	       (int)moment;
}

/** What is measured of a step. @return how many */
size_t load_columns(const struct load_step *step,
		    struct load_column out[LOAD_COLUMNS_MAX]);

/** Release with journeys_free(). */
bool journeys_new(uint32_t count, struct journeys *out, struct err *e)
	MUST_CHECK;

/**
 * Sorted microseconds from due to a moment, of all journeys that have it.
 * @param out  room for count of them. @return how many
 */
size_t journeys_sort(const struct journeys *j, int mark, int64_t *out);

void journeys_free(struct journeys *j);
DEFINE_AUTO_VALUE(journeys, struct journeys, journeys_free);

#endif
