/*
 * consumer.h - a member of a consumer group.
 *
 * Fixed for all: static membership (KIP-345), session.timeout.ms 6000,
 * isolation.level read_committed, no automatic commits, strategy range (so
 * the protocol is eager: everything is revoked before anything is assigned,
 * and equal partition numbers of all topics meet in one member).
 *
 * Where reading starts: at the group's committed offset; at the beginning of
 * a partition for which the group never committed; the `assigned` callback
 * may say otherwise.  An offset that the broker no longer has is ERR_FATAL:
 * there is no silent reset.
 *
 * Callbacks run inside kafka_consumer_poll() and kafka_consumer_close(), on
 * the calling thread.  One thread per consumer.
 */
#ifndef CERTFLOW_KAFKA_CONSUMER_H
#define CERTFLOW_KAFKA_CONSUMER_H

#include "kafka/kafka.h"

struct kafka_consumer;
struct kafka_group; /* group metadata of one assignment, for transactions */

struct kafka_consumer_events {
	/**
	 * The whole new assignment, ordered by topic and partition; offsets
	 * are where reading will start (committed, or
	 * KAFKA_OFFSET_BEGINNING) and may be changed. Nothing is fetched
	 * before it returns. May be NULL. A failure is returned by poll.
	 */
	bool (*assigned)(void *self, struct kafka_partition *list, size_t count,
			 struct err *e);
	/**
	 * All partitions go away; commit what is finished, unless lost (then
	 * somebody else may own them already). May be NULL.
	 */
	void (*revoked)(void *self, const struct kafka_partition *list,
			size_t count, bool lost);
};

struct kafka_consumer_config {
	struct kafka_settings kafka;
	const char *group;       /* "certflow-issuer"                   */
	const char *instance_id; /* "issuer-0"; NULL: dynamic membership */
	const char *const *topics;
	size_t topic_count;
	/* Topics that must have equal partition counts, checked at start and
	 * at each assignment; the first n of this list. NULL: topics */
	const char *const *equal_topics;
	size_t equal_topic_count;
	const struct kafka_consumer_events *events; /* NULL: none; copied */
	void *self;                                 /* given to events    */
};

/**
 * Create the client and subscribe. Everything in cfg is borrowed for the
 * call, but self.
 * ERR_RETRY  the cluster does not answer, or a topic does not exist yet
 * ERR_FATAL  wrong setting; partition counts differ (each one is named)
 */
bool kafka_consumer_open(const struct kafka_consumer_config *cfg,
			 struct kafka_consumer **out, struct err *e) MUST_CHECK;

/**
 * Up to max messages: waits up to timeout_ms for the first one, then takes
 * what is there, but nothing more after KAFKA_BATCH_OCTETS. A batch never spans
 * a rebalance: what was collected before a revocation is dropped. Must be
 * called at least every five minutes.
 * @param out  set on success, perhaps empty; kafka_batch_free()
 * ERR_RETRY   the cluster is away, call again
 * ERR_FATAL   fenced; offset out of range; a callback said so
 */
bool kafka_consumer_poll(struct kafka_consumer *c, size_t max, int timeout_ms,
			 struct kafka_batch **out, struct err *e) MUST_CHECK;

/** How many times partitions were assigned or revoked: tells a stale batch
 * (or job) from a current one. */
unsigned kafka_consumer_epoch(const struct kafka_consumer *c);

/** The current assignment with its start offsets. Borrowed until the next
 * poll; NULL and 0 when there is none. */
const struct kafka_partition *
kafka_consumer_assignment(const struct kafka_consumer *c, size_t *count);

/** Stop or go on fetching assigned partitions; messages already returned
 * are the caller's. The position stays. Idempotent. */
bool kafka_consumer_pause(struct kafka_consumer *c,
			  const struct kafka_partition *list, size_t count,
			  bool paused, struct err *e) MUST_CHECK;

/** Go on at the given offsets (needed after an aborted transaction: that
 * does not rewind the consumer). ERR_RETRY: call again. */
bool kafka_consumer_seek(struct kafka_consumer *c,
			 const struct kafka_partition *list, size_t count,
			 struct err *e) MUST_CHECK;

/**
 * Commit offsets (of the next message to read).
 * @param wait  wait for the broker's answer; else failures are only logged
 * ERR_RETRY    not stored: rebalance under way, coordinator away
 * ERR_FATAL    fenced
 */
bool kafka_consumer_commit(struct kafka_consumer *c,
			   const struct kafka_partition *list, size_t count,
			   bool wait, struct err *e) MUST_CHECK;

/** Committed (stable, KIP-447) offsets of the group into list[i].offset,
 * KAFKA_OFFSET_NONE where there is none. Any topic. */
bool kafka_consumer_committed(struct kafka_consumer *c,
			      struct kafka_partition *list, size_t count,
			      int timeout_ms, struct err *e) MUST_CHECK;

/** Where reading stands, into list[i].offset: behind all messages returned,
 * and behind transaction markers and gaps once the end was reached, so that
 * "position >= high watermark" is certain to come true.
 * KAFKA_OFFSET_NONE before the first message, and before the first one after
 * a seek. No I/O. */
bool kafka_consumer_position(struct kafka_consumer *c,
			     struct kafka_partition *list, size_t count,
			     struct err *e) MUST_CHECK;

/** End of the partition as of the last fetch; -1 if not known. No I/O. */
int64_t kafka_consumer_end(struct kafka_consumer *c, const char *topic,
			   int32_t partition);

/** Metadata of the current assignment for kafka_txn_commit(); take it once
 * per assignment, release with kafka_group_free(). */
bool kafka_consumer_group(struct kafka_consumer *c, struct kafka_group **out,
			  struct err *e) MUST_CHECK;
void kafka_group_free(struct kafka_group *g);
DEFINE_AUTO(kafka_group, struct kafka_group *, kafka_group_free);

/** Calls `revoked` and stops. A static member keeps its place in the group
 * until session.timeout.ms. NULL is fine. */
void kafka_consumer_close(struct kafka_consumer *c);
DEFINE_AUTO(kafka_consumer, struct kafka_consumer *, kafka_consumer_close);

#endif
