/*
 * mock.h - librdkafka's mock cluster for tests: real clients, real protocol,
 * no broker.
 */
#ifndef CERTFLOW_TESTS_KAFKA_MOCK_H
#define CERTFLOW_TESTS_KAFKA_MOCK_H

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "kafka/kafka.h"

struct mock {
	rd_kafka_t *rk;
	rd_kafka_mock_cluster_t *cluster;
	struct kafka_settings settings;
};

/** Fails the test if there is no cluster. */
void mock_open(struct mock *m);
void mock_topic(struct mock *m, const char *topic, int partitions);
/** One record without headers, acknowledged. */
void mock_put(struct mock *m, const char *topic, int32_t partition,
	      const char *value);
void mock_close(struct mock *m);

#endif
