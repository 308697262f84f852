/*
 * admin_internal.h - inside shared/kafka only: struct kafka_admin.
 */
#ifndef CERTFLOW_KAFKA_ADMIN_INTERNAL_H
#define CERTFLOW_KAFKA_ADMIN_INTERNAL_H

#include "kafka/admin.h"
#include "kafka/client.h"

struct kafka_admin {
	rd_kafka_t *rk;
};

/* What a finding calls the number of copies of a topic. */
#define KAFKA_REPLICAS "replicas"

/** Number of brokers alive. */
bool kafka_admin_brokers(struct kafka_admin *a, int timeout_ms, int *count,
			 struct err *e) MUST_CHECK;

/** Does a row of configs apply to a cluster of so many brokers? */
bool kafka_config_applies(const struct kafka_topic_config *c, int brokers);

/** Wait for the answer to an admin request. Release with AUTO(rd_event). */
bool kafka_admin_wait(rd_kafka_queue_t *q, int timeout_ms, const char *what,
		      rd_kafka_event_t **out, struct err *e) MUST_CHECK;

#endif
