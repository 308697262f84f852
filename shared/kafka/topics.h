/*
 * topics.h - the one table of all topics.
 *
 * `certflow topics` creates and checks the cluster by it; programs take
 * names from here.
 */
#ifndef CERTFLOW_KAFKA_TOPICS_H
#define CERTFLOW_KAFKA_TOPICS_H

#include <stddef.h>
#include <stdint.h>

#define KAFKA_TOPIC_INBOX_PREFIX "certflow.inbox."
#define KAFKA_TOPIC_INBOX_EINVOICE "certflow.inbox.einvoice"
#define KAFKA_TOPIC_INBOX_OFFICER "certflow.inbox.officer"
#define KAFKA_TOPIC_INBOX_MANAGER "certflow.inbox.manager"
#define KAFKA_TOPIC_INBOX_KEYGEN "certflow.inbox.keygen"
#define KAFKA_TOPIC_INBOX_ISSUER "certflow.inbox.issuer"
#define KAFKA_TOPIC_INBOX_ACTIVATOR "certflow.inbox.activator"
#define KAFKA_TOPIC_INBOX_MISROUTED "certflow.inbox.misrouted"
#define KAFKA_TOPIC_EVENTS "certflow.events" /* the log */
#define KAFKA_TOPIC_OUTCOMES "certflow.outcomes"
#define KAFKA_TOPIC_DEAD_LETTERS "certflow.dead-letters"
#define KAFKA_TOPIC_PERSONAL "certflow.personal"
#define KAFKA_TOPIC_SCHEMAS "certflow.schemas"
#define KAFKA_TOPIC_OPERATIONS "certflow.operations"

#define KAFKA_PARTITIONS_DEFAULT 12
#define KAFKA_TOPIC_CONFIGS_MAX 8

struct kafka_topic_config {
	const char *key; /* broker's name, "retention.ms" */
	const char *value;
	int brokers; /* 0: always; 1: only with one broker; -1: with several */
};

struct kafka_topic {
	const char *name;
	int32_t partitions; /* 0: the common count, equal for all those */
	struct kafka_topic_config configs[KAFKA_TOPIC_CONFIGS_MAX];
	const char *carries; /* one line for people */
};

/** The table; *count rows, in the order in which people should read it. */
const struct kafka_topic *kafka_topics(size_t *count);

/** Settings that each broker should have. */
const struct kafka_topic_config *kafka_broker_configs(size_t *count);

#endif
