/*
 * client.h - inside shared/kafka only: clients, errors, lists of partitions.
 */
#ifndef CERTFLOW_KAFKA_CLIENT_H
#define CERTFLOW_KAFKA_CLIENT_H

#include <librdkafka/rdkafka.h>

#include "kafka/kafka.h"

#define KAFKA_ORIGIN "kafka"
#define KAFKA_REQUEST_MS 10000 /* one question to the cluster */

DEFINE_AUTO(rd_conf, rd_kafka_conf_t *, rd_kafka_conf_destroy);
DEFINE_AUTO(rd_list, rd_kafka_topic_partition_list_t *,
	    rd_kafka_topic_partition_list_destroy);
DEFINE_AUTO(rd_message, rd_kafka_message_t *, rd_kafka_message_destroy);
DEFINE_AUTO(rd_queue, rd_kafka_queue_t *, rd_kafka_queue_destroy);
DEFINE_AUTO(rd_event, rd_kafka_event_t *, rd_kafka_event_destroy);

struct kafka_group;

struct kafka_property {
	const char *name;
	const char *value;
};

/* What a consumer keeps ready, in memory. */
#define KAFKA_QUEUE_KBYTES "8192"

/** After how many milliseconds librdkafka is to look whether a queue that was
 * full has room again; NULL: before 2.2.0 it cannot be told, see
 * kafka_fetch_on(). */
const char *kafka_queue_backoff(void);

/** Common settings, then list (ended by name NULL; a value NULL: left as it
 * is), then the file. */
bool kafka_conf_new(const struct kafka_settings *kafka,
		    const struct kafka_property *list, rd_kafka_conf_t **out,
		    struct err *e) MUST_CHECK;

/** The error callback of every client: only says it. */
void kafka_client_error(rd_kafka_t *rk, int code, const char *reason,
			void *self);

/** Takes conf over, also on failure. */
bool kafka_client_new(rd_kafka_type_t type, rd_kafka_conf_t *conf,
		      rd_kafka_t **out, struct err *e) MUST_CHECK;

/** ERR_RETRY, _REJECT or _FATAL: what a code of librdkafka means to us. */
enum err_kind kafka_err_kind(rd_kafka_resp_err_t code);

/** Set e from a code. Always returns false. */
bool kafka_failed(struct err *e, rd_kafka_resp_err_t code, const char *fmt, ...)
	PRINTF_LIKE(3, 4);

/** Set e if the client has raised a fatal error. @return true if so */
bool kafka_is_dead(rd_kafka_t *rk, struct err *e);

/** NULL: out of memory. Release with AUTO(rd_list). */
rd_kafka_topic_partition_list_t *
kafka_list_new(const struct kafka_partition *list, size_t count);

/** First per-partition error of a list becomes e. @return false if any */
bool kafka_list_check(const rd_kafka_topic_partition_list_t *l,
		      const char *what, struct err *e) MUST_CHECK;

/** Copy offsets back by position; both lists have the same order. */
void kafka_list_offsets(const rd_kafka_topic_partition_list_t *l,
			struct kafka_partition *list, size_t count);

/** Partitions of a topic; 0 if it does not exist. */
bool kafka_topic_partitions(rd_kafka_t *rk, const char *topic, int timeout_ms,
			    int32_t *count, struct err *e) MUST_CHECK;

/** Contract: kafka_admin_offsets(). */
bool kafka_offsets(rd_kafka_t *rk, struct kafka_partition *list, size_t count,
		   int64_t which, int timeout_ms, struct err *e) MUST_CHECK;

/** Contract: kafka_admin_watermarks(). */
bool kafka_watermarks(rd_kafka_t *rk, const char *topic, int32_t partition,
		      int timeout_ms, int64_t *low, int64_t *high,
		      struct err *e) MUST_CHECK;

/** Contract: kafka_admin_equal_partitions(). */
bool kafka_equal_partitions(rd_kafka_t *rk, const char *const *topics,
			    size_t count, int timeout_ms, int32_t *partitions,
			    struct err *e) MUST_CHECK;

/**
 * A message was taken from a consumer's queue. librdkafka before 2.2.0 looks
 * whether a queue that was full has room again once a second only (its issue
 * 2879), unless it has something else to do at that broker. So it is given
 * something, now and then: a question for offsets, whose answer nobody waits
 * for. Later ones need nothing: see kafka_queue_backoff().
 * @param taken  counts, from 0
 */
void kafka_fetch_on(rd_kafka_t *rk, unsigned *taken);

/** Collects messages for a batch of at most max. */
bool kafka_batch_new(size_t max, struct kafka_batch **out, struct err *e)
	MUST_CHECK;

/** Takes m over. */
void kafka_batch_add(struct kafka_batch *b, rd_kafka_message_t *m);

/** Drop all messages. */
void kafka_batch_clear(struct kafka_batch *b);

/** Make the messages readable; call once, after the last add. */
bool kafka_batch_seal(struct kafka_batch *b, struct err *e) MUST_CHECK;

/** Enqueue a copy; opaque goes to the delivery callback. */
bool kafka_produce(rd_kafka_t *rk, const struct kafka_record *r, void *opaque,
		   struct err *e) MUST_CHECK;

/** librdkafka's metadata of an assignment, behind struct kafka_group. */
const rd_kafka_consumer_group_metadata_t *
kafka_group_get(const struct kafka_group *g);

#endif
