/*
 * admin.h - questions to the cluster, and its set-up.
 *
 * The client behind it is read_uncommitted: a watermark from here is the
 * true end of a partition, not the last stable offset.
 */
#ifndef CERTFLOW_KAFKA_ADMIN_H
#define CERTFLOW_KAFKA_ADMIN_H

#include "kafka/kafka.h"
#include "kafka/topics.h"

struct kafka_admin;

/** Release with kafka_admin_close(). No I/O yet. */
bool kafka_admin_open(const struct kafka_settings *kafka,
		      struct kafka_admin **out, struct err *e) MUST_CHECK;

/** Does any broker answer? ERR_RETRY if not. */
bool kafka_admin_ping(struct kafka_admin *a, int timeout_ms, struct err *e)
	MUST_CHECK;

/** Partitions of a topic; 0 if it does not exist. */
bool kafka_admin_partitions(struct kafka_admin *a, const char *topic,
			    int timeout_ms, int32_t *count, struct err *e)
	MUST_CHECK;

/**
 * All topics must have the same number of partitions: a topic with fewer
 * would break co-location silently.
 * ERR_RETRY  one does not exist or the cluster is away
 * ERR_FATAL  they differ; the text names each topic with its count
 */
bool kafka_admin_equal_partitions(struct kafka_admin *a,
				  const char *const *topics, size_t count,
				  int timeout_ms, int32_t *partitions,
				  struct err *e) MUST_CHECK;

/** First offsets still there, or high watermarks (next offsets), of partitions
 * of one topic, asked now and with one request for each broker. While a
 * partition has no leader that answers, it is asked again for until timeout_ms
 * is over.
 * @param list   .offset is set
 * @param which  KAFKA_OFFSET_BEGINNING or KAFKA_OFFSET_END */
bool kafka_admin_offsets(struct kafka_admin *a, struct kafka_partition *list,
			 size_t count, int64_t which, int timeout_ms,
			 struct err *e) MUST_CHECK;

/** Both of one partition, each for at most timeout_ms. Either may be NULL. */
bool kafka_admin_watermarks(struct kafka_admin *a, const char *topic,
			    int32_t partition, int timeout_ms, int64_t *low,
			    int64_t *high, struct err *e) MUST_CHECK;

/* What `certflow topics` reports: one finding per topic and setting. */
struct kafka_finding {
	const char *topic;   /* or NULL: the broker               */
	int32_t broker;      /* -1: the topic                     */
	const char *setting; /* "partitions", "retention.ms", ... */
	const char *want;    /* as the table says                 */
	const char *have;    /* as the broker says                */
};

/** Called for each deviation; borrowed for the call. */
typedef void (*kafka_report)(void *self, const struct kafka_finding *f);

/**
 * Create what is missing of topics.h; what exists is left as it
 * is (see kafka_admin_set_topics()).
 * @param partitions   common count for rows that do not fix one
 * @param replication  replication factor; -1: the broker's default
 * @param created      number of topics created
 */
bool kafka_admin_create_topics(struct kafka_admin *a, int32_t partitions,
			       int replication, int timeout_ms, size_t *created,
			       struct err *e) MUST_CHECK;

/**
 * Bring the settings of existing topics to what topics.h says (partition
 * counts cannot be changed without losing co-location and are left).
 * @param changed  number of topics whose settings were replaced
 */
bool kafka_admin_set_topics(struct kafka_admin *a, int timeout_ms,
			    size_t *changed, struct err *e) MUST_CHECK;

/**
 * Compare the cluster with topics.h and call report for each deviation.
 * @param partitions  wanted common count; 0: any, but equal
 * @param deviations  number of calls of report
 */
bool kafka_admin_check_topics(struct kafka_admin *a, int32_t partitions,
			      int timeout_ms, kafka_report report, void *self,
			      size_t *deviations, struct err *e) MUST_CHECK;

/** NULL is fine. */
void kafka_admin_close(struct kafka_admin *a);
DEFINE_AUTO(kafka_admin, struct kafka_admin *, kafka_admin_close);

#endif
