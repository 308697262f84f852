/*
 * intake.h - messages of the log and of certflow.personal into the store.
 *
 * Takes what one poll returned, cuts it into batches of bounded size,
 * decodes, folds and writes them.  A message that cannot be read, or does
 * not fit the tables, becomes a row of dead_letter and an alarm; what
 * follows it is processed.
 */
#ifndef CERTFLOW_PROJECTOR_INTAKE_H
#define CERTFLOW_PROJECTOR_INTAKE_H

#include "kafka/kafka.h"
#include "projector/store.h"
#include "registry/schemas.h"

struct intake;

struct intake_counts {
	int64_t events;       /* records of the log written          */
	int64_t persons;      /* records of certflow.personal        */
	int64_t dead_letters; /* messages that could not be read     */
	int64_t batches;      /* SQL transactions                    */
};

/** store and schemas are borrowed until intake_free(). */
bool intake_new(struct store *store, struct schemas *schemas,
		struct intake **out, struct err *e) MUST_CHECK;

/**
 * A partition is ours; ask the store where to go on.
 * @param next  what to read first
 */
bool intake_assign(struct intake *in, const char *topic, int32_t partition,
		   int64_t *next, struct err *e) MUST_CHECK;

/** No partition is ours any more. */
void intake_revoke(struct intake *in);

/**
 * Process messages, in order of each partition.
 * ERR_RETRY  some may have been written: intake_positions() after
 *            intake_reload() says where to go on
 */
bool intake_take(struct intake *in, const struct kafka_batch *batch,
		 struct err *e) MUST_CHECK;

/** Ask the store again for the position of each partition. */
bool intake_reload(struct intake *in, struct err *e) MUST_CHECK;

/** Where each of our partitions goes on. Borrowed until the next call. */
const struct kafka_partition *intake_positions(const struct intake *in,
					       size_t *count);

/** Since intake_new(). */
const struct intake_counts *intake_counts(const struct intake *in);

/** NULL is fine. */
void intake_free(struct intake *in);
DEFINE_AUTO(intake, struct intake *, intake_free);

#endif
