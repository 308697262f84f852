/*
 * consumer_internal.h - inside shared/kafka only: struct kafka_consumer,
 * shared by consumer.c (life, polling), rebalance.c and offsets.c.
 */
#ifndef CERTFLOW_KAFKA_CONSUMER_INTERNAL_H
#define CERTFLOW_KAFKA_CONSUMER_INTERNAL_H

#include "kafka/client.h"
#include "kafka/consumer.h"

/* Where reading of a partition stands, beyond what librdkafka says. */
struct kafka_standing {
	int64_t reached; /* last end of the partition seen */
	/* what rd_kafka_position() said before a seek: it says so until the
	 * next message */
	int64_t stale;
};

struct kafka_consumer {
	rd_kafka_t *rk;
	struct kafka_consumer_events events;
	void *self;
	char **topics; /* own copies; the first equal_count must be equal */
	size_t topic_count;
	char **equal_topics;
	size_t equal_count;
	struct kafka_partition *assignment; /* own array and topic names */
	struct kafka_standing *standing;    /* beside assignment */
	size_t assigned_count;
	/* Assigned by the group, not yet by us: taking it up has failed with
	 * ERR_RETRY and is tried again by the next poll. */
	rd_kafka_topic_partition_list_t *waiting;
	unsigned epoch;
	unsigned taken; /* of kafka_fetch_on() */
	bool closing;
	bool failed; /* failure is to be returned by the next poll */
	struct err failure;
};

/** librdkafka's rebalance callback; opaque is the consumer. */
void kafka_consumer_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t code,
			      rd_kafka_topic_partition_list_t *list,
			      void *opaque);

/** Take up what the group has assigned: start offsets, callback, assign. */
bool kafka_consumer_take_up(struct kafka_consumer *c, struct err *e) MUST_CHECK;

/** End of the partition was reached at this offset. */
void kafka_consumer_reached(struct kafka_consumer *c,
			    const rd_kafka_message_t *eof);

/** Forget the assignment. */
void kafka_consumer_forget(struct kafka_consumer *c);

#endif
