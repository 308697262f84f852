/*
 * read_model.h - how far the read model is.
 *
 * The projector moves read_model.log_position in the transaction that
 * writes the rows of those events: who sees the position behind a record
 * sees its rows.  So one small question, asked again and again by a thread
 * of its own, tells for every certificate when it became visible, to the
 * interval between two questions.
 */
#ifndef CERTFLOW_LOAD_READ_MODEL_H
#define CERTFLOW_LOAD_READ_MODEL_H

#include <stdint.h>

#include "base/auto.h"
#include "base/err.h"
#include "customers.h"
#include "ids.h"

struct read_model;

/**
 * Connects, and begins to ask.
 * @param conninfo     of PostgreSQL; may read the schema read_model
 * @param interval_us  between an answer and the next question
 */
bool read_model_open(const char *conninfo, int32_t partitions,
		     int64_t interval_us, struct read_model **out,
		     struct err *e) MUST_CHECK;

/** When this record of the log was first seen to be folded; 0: not yet. */
int64_t read_model_visible(struct read_model *r, int32_t partition,
			   int64_t offset);

/** Is the thread still asking? false: e says why not. */
bool read_model_works(struct read_model *r, struct err *e) MUST_CHECK;

/** Certificates of this run that are there: what the positions promise. */
bool read_model_count(struct read_model *r, const struct load_ids *ids,
		      const struct customers *customers, int64_t *certificates,
		      struct err *e) MUST_CHECK;

/** Ends the thread. NULL is fine. */
void read_model_close(struct read_model *r);
DEFINE_AUTO(read_model, struct read_model *, read_model_close);

#endif
