/*
 * reader.h - read given ranges of partitions, without a group.
 *
 * read_committed.  Knows its position also across transaction markers,
 * aborted records and compacted gaps, so that "read up to this high
 * watermark" ends even if the last offsets hold no record.
 */
#ifndef CERTFLOW_KAFKA_READER_H
#define CERTFLOW_KAFKA_READER_H

#include "kafka/kafka.h"

struct kafka_reader;
struct kafka_admin;

/* from <= offset < to of one partition */
struct kafka_range {
	const char *topic;
	int32_t partition;
	int64_t from; /* or KAFKA_OFFSET_BEGINNING */
	int64_t to;   /* a high watermark, see kafka_admin_watermarks() */
};

/** Called for each message; borrowed for the call. false stops with e. */
typedef bool (*kafka_each)(void *self, const struct kafka_message *m,
			   struct err *e);

/** Release with kafka_reader_close(). No I/O yet. */
bool kafka_reader_open(const struct kafka_settings *kafka,
		       struct kafka_reader **out, struct err *e) MUST_CHECK;

/**
 * Read all ranges to their ends, each partition in order. An open
 * transaction below `to` is waited for.
 * @param idle_ms  no progress for so long is ERR_RETRY (above the writers'
 *                 transaction time-out, 10 s, if there are any), for which
 *                 kafka_err_is_held() is true
 * ERR_FATAL       an offset is no longer there; or what each says
 */
bool kafka_reader_run(struct kafka_reader *r, const struct kafka_range *ranges,
		      size_t count, int idle_ms, kafka_each each, void *self,
		      struct err *e) MUST_CHECK;

/** How far a partition can be read now, its last stable offset: before it
 * stands nothing of an open transaction. Asked as kafka_admin_watermarks(). */
bool kafka_reader_end(struct kafka_reader *r, const char *topic,
		      int32_t partition, int timeout_ms, int64_t *offset,
		      struct err *e) MUST_CHECK;

/** Read on from the given offsets until kafka_reader_run() or close. */
bool kafka_reader_follow(struct kafka_reader *r,
			 const struct kafka_partition *list, size_t count,
			 struct err *e) MUST_CHECK;

/**
 * kafka_reader_follow() of all partitions of a topic from where they end
 * now: what is sent after this is seen.
 * @param partitions  how many they are
 * ERR_FATAL          there is no such topic
 */
bool kafka_reader_follow_end(struct kafka_reader *r, struct kafka_admin *a,
			     const char *topic, int timeout_ms,
			     int32_t *partitions, struct err *e) MUST_CHECK;

/** What kafka_reader_follow() started: as kafka_consumer_poll(). */
bool kafka_reader_poll(struct kafka_reader *r, size_t max, int timeout_ms,
		       struct kafka_batch **out, struct err *e) MUST_CHECK;

/** NULL is fine. */
void kafka_reader_close(struct kafka_reader *r);
DEFINE_AUTO(kafka_reader, struct kafka_reader *, kafka_reader_close);

#endif
