/*
 * stage.h - what stands around a load in its tests: a mock cluster with the
 * topics, schemas from a cache alone, and one who plays the registrar.
 */
#ifndef CERTFLOW_TESTS_LOAD_STAGE_H
#define CERTFLOW_TESTS_LOAD_STAGE_H

#include "kafka/producer.h"
#include "kafka/reader.h"
#include "load/load_internal.h"
#include "mock.h"

struct stage {
	struct mock mock;
	char cache[64]; /* folder of schemas */
	struct registry *registry;
	struct schemas *schemas;
	struct kafka_reader *inboxes;
	struct kafka_producer *log;
	struct err e;
};

void stage_open(struct stage *s);
void stage_close(struct stage *s);

/** The next message of any inbox; NULL: none comes. */
struct kafka_batch *stage_take(struct stage *s, int timeout_ms);

/** To the log: this value, under this key and name, perhaps with an id. */
void stage_log(struct stage *s, struct bytes key, enum event_type type,
	       const char *id, struct bytes value);

/** Admit a message: its record on the log, as the registrar would. */
void stage_admit(struct stage *s, const struct kafka_message *m);

#endif
