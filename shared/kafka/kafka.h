/*
 * kafka.h - what every part of shared/kafka speaks of.
 *
 * The folder is the one door to librdkafka: no other folder includes it.
 *
 *   consumer.h     member of a group: batches, offsets, rebalances
 *   reader.h       reads given ranges without a group
 *   producer.h     idempotent producer, acknowledged by all replicas
 *   transaction.h  exactly once: records and input offsets together
 *   admin.h        partition counts, watermarks, creating and checking topics
 *   topics.h       the table of certflow's topics
 *   dead_letter.h  the record made of a message that cannot be read
 *   murmur2.h      the partition of a key
 *
 * Errors: ERR_RETRY when the cluster is away or asks to come again,
 * ERR_FATAL when going on would be unsafe (fenced, offsets lost, topics with
 * unequal partition counts) or a setting is wrong.  err.code is librdkafka's
 * code (rd_kafka_resp_err_t).
 *
 * One object is used by one thread at a time, if its header says no more.
 */
#ifndef CERTFLOW_KAFKA_KAFKA_H
#define CERTFLOW_KAFKA_KAFKA_H

#include "base/auto.h"
#include "base/bytes.h"
#include "base/err.h"

/* As librdkafka's logical offsets. */
#define KAFKA_OFFSET_BEGINNING INT64_C(-2)
#define KAFKA_OFFSET_END INT64_C(-1)       /* after the last message */
#define KAFKA_OFFSET_NONE INT64_C(-1001)   /* nothing committed yet  */
#define KAFKA_PARTITION_BY_KEY INT32_C(-1) /* murmur2_random decides */
#define KAFKA_HEADERS_MAX 32               /* more are not handed out        */
/* Largest record that any client of ours may send or receive, octets. A
 * portal's message of 5 MB must reach the registrar to be answered with
 * TOO_LARGE, and travel on as a dead letter with its headers. */
#define KAFKA_MESSAGE_MAX (9u * 1024 * 1024)
#define KAFKA_BATCH_OCTETS (2u * 1024 * 1024) /* of values in one batch */

/* How to reach the cluster. Texts are borrowed for the call only. */
struct kafka_settings {
	const char *bootstrap; /* "host:9092,host2:9092"                   */
	const char *client_id; /* "issuer-0"; also names us in broker logs */
	/* File of further librdkafka properties, one key=value a line (TLS,
	 * SASL; it may hold secrets and is never printed); NULL or "": none */
	const char *properties_file;
};

struct kafka_header {
	const char *name;
	struct bytes value; /* .data NULL: null */
};

/* Where a record stands, or where to go on reading. */
struct kafka_partition {
	const char *topic;
	int32_t partition;
	int64_t offset;
};

/* One record read. All of it is borrowed from its batch. */
struct kafka_message {
	const char *topic;
	int32_t partition;
	int64_t offset;
	int64_t timestamp_us; /* 0: none       */
	struct bytes key;     /* .data NULL: no key */
	struct bytes value;   /* .data NULL: null, a tombstone */
	const struct kafka_header *headers;
	size_t header_count;
};

/* One record to send. Copied by the call that takes it. */
struct kafka_record {
	const char *topic;
	int32_t partition; /* or KAFKA_PARTITION_BY_KEY */
	struct bytes key;
	struct bytes value; /* .data NULL: a tombstone */
	const struct kafka_header *headers;
	size_t header_count;
};

/* Several messages read together; they live until kafka_batch_free(). */
struct kafka_batch;

size_t kafka_batch_count(const struct kafka_batch *b);
/** Did a bound end it? Then more may be there already. */
bool kafka_batch_full(const struct kafka_batch *b);
/** @return borrowed; valid until kafka_batch_free(b); i < count */
const struct kafka_message *kafka_batch_at(const struct kafka_batch *b,
					   size_t i);
/** NULL is fine. Free every batch before its consumer or reader is closed. */
void kafka_batch_free(struct kafka_batch *b);
DEFINE_AUTO(kafka_batch, struct kafka_batch *, kafka_batch_free);

/** The last header of that name, or NULL. Borrowed from the message. */
const struct kafka_header *kafka_header_find(const struct kafka_message *m,
					     const char *name);

/** Is the header there with exactly this text? */
bool kafka_header_is(const struct kafka_message *m, const char *name,
		     const char *text);

/**
 * Copy a header's value as text into out (size octets, terminated).
 * @return false if it is absent, null, too long or holds a NUL
 */
bool kafka_header_text(const struct kafka_message *m, const char *name,
		       char *out, size_t size) MUST_CHECK;

#define KAFKA_SOURCE_TEXT_MAX 288 /* topic (249) / partition / offset */

/** "certflow.events/3/1234", the value of certflow-source. @return buf */
const char *kafka_source_format(const char *topic, int32_t partition,
				int64_t offset,
				char buf[KAFKA_SOURCE_TEXT_MAX]);

/**
 * The inverse. topic receives at most size - 1 characters.
 * @return false if text is not topic/partition/offset
 */
bool kafka_source_parse(const char *text, char *topic, size_t size,
			int32_t *partition, int64_t *offset) MUST_CHECK;

#endif
