/*
 * store.h - the read model's database, as the projector writes it.
 *
 * One SQL transaction per batch holds the rows and the offsets, which move
 * by compare-and-set: whoever comes second, or comes again, changes nothing.
 */
#ifndef CERTFLOW_PROJECTOR_STORE_H
#define CERTFLOW_PROJECTOR_STORE_H

#include "projector/fold.h"

struct store;

/* A partition's way through one batch. */
struct store_move {
	const char *topic;
	int32_t partition;
	int64_t from; /* first offset of the batch = what the row must say */
	int64_t to;   /* first offset behind it */
};

/**
 * @param schema  "read_model"; becomes the search path
 * ERR_RETRY  the database is away
 */
bool store_open(const char *conninfo, const char *schema, struct store **out,
		struct err *e) MUST_CHECK;

/** Where to go on with a partition; 0 if it was never read. */
bool store_position(struct store *s, const char *topic, int32_t partition,
		    int64_t *next, struct err *e) MUST_CHECK;

/** Tell f what the database knows of the things f wants. */
bool store_look_up(struct store *s, struct fold *f, struct err *e) MUST_CHECK;

/**
 * Write everything that was folded, and the moves.
 * ERR_RETRY  nothing or everything was written: ask store_position() and go
 *            on from there; also when somebody else moved a partition
 * ERR_FATAL  schema and program disagree, or a row does not fit
 */
bool store_write(struct store *s, const struct fold *f,
		 const struct store_move *moves, size_t count, struct err *e)
	MUST_CHECK;

/** NULL is fine. */
void store_close(struct store *s);
DEFINE_AUTO(store, struct store *, store_close);

#endif
