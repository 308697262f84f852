/*
 * schema_topic.h - certflow.schemas: schema texts by id, without registry.
 *
 * Key: the id in decimal.  Value: {"id", "subject", "version", "schema"}.
 * Deployment writes it; programs read it when the registry has lost its
 * database or is away.
 */
#ifndef CERTFLOW_REGISTRY_SCHEMA_TOPIC_H
#define CERTFLOW_REGISTRY_SCHEMA_TOPIC_H

#include "kafka/kafka.h"

struct schema_topic;

/** settings are copied. No I/O. Release with schema_topic_close(). */
bool schema_topic_open(const struct kafka_settings *kafka,
		       struct schema_topic **out, struct err *e) MUST_CHECK;

/** A registry_fallback: self is the struct schema_topic. Reads the topic to
 * its end, at most once in ten seconds. */
bool schema_topic_find(void *self, int32_t id, struct buffer *text,
		       struct err *e) MUST_CHECK;

/** NULL is fine. */
void schema_topic_close(struct schema_topic *t);
DEFINE_AUTO(schema_topic, struct schema_topic *, schema_topic_close);

#endif
