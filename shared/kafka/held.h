/*
 * held.h - records of a transaction, kept until several go off together.
 *
 * librdkafka sends a record as soon as the connection is free (linger.ms 0),
 * and a broker that flushes the log does so for each request: records that
 * come one by one, as events are decided, cost a request and a flush each.
 */
#ifndef CERTFLOW_KAFKA_HELD_H
#define CERTFLOW_KAFKA_HELD_H

#include "kafka/client.h"

struct held_record;

/* All zero: empty. */
struct held {
	struct held_record *first, **last;
	size_t count;
};

/** Keep a copy. */
bool held_add(struct held *h, const struct kafka_record *r, struct err *e)
	MUST_CHECK;

/** Enqueue all, in order; empty afterwards, also on failure. */
bool held_send(struct held *h, rd_kafka_t *rk, struct err *e) MUST_CHECK;

void held_drop(struct held *h);

#endif
