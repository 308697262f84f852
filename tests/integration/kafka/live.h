/*
 * live.h - cases against a real broker: transactions, markers, fencing,
 * static members, large messages.  CERTFLOW_KAFKA is a broker with all
 * topics of its own; each case has a partition to itself.
 */
#ifndef CERTFLOW_TESTS_KAFKA_LIVE_H
#define CERTFLOW_TESTS_KAFKA_LIVE_H

#include <criterion/criterion.h>

#include "kafka/admin.h"
#include "kafka/consumer.h"
#include "kafka/producer.h"
#include "kafka/transaction.h"

#define INBOX KAFKA_TOPIC_INBOX_OFFICER
#define LOG KAFKA_TOPIC_EVENTS
#define MS 20000
#define SECONDS 90

extern struct err e; /* of the last call */

#define OK(call) cr_assert(call, "%s", e.text)

/* A consumer of the inbox that starts at given offsets, one partition. */
struct member {
	struct kafka_consumer *c;
	struct kafka_group *group;
	char name[64];
	int32_t partition;
	int64_t start;
};

/** The broker of CERTFLOW_KAFKA. */
struct kafka_settings settings(void);
/** High watermark. */
int64_t end_of(const char *topic, int32_t partition);
void put(const char *topic, int32_t partition, const char *value);
/** Join, and wait for the assignment. A name that is empty is made up. */
void join_as(struct member *m, const char *instance, int32_t partition,
	     int64_t start);
void leave(struct member *m);
/** Values of a range of the log, joined; out holds 64 octets. */
bool read_log(int32_t partition, int64_t from, int64_t to, int idle_ms,
	      char *out);
struct kafka_txn *open_txn(const char *id);
/** Begin a transaction and send one record to the log. */
void send_log(struct kafka_txn *t, int32_t partition, const char *value);
/** Sent does not mean written yet: an abort would purge it from the queue. */
void wait_beyond(int32_t partition, int64_t end);
/** Committed offset of the member's partition of the inbox. */
int64_t committed(struct member *m);

#endif
