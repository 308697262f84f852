#include "kafka/admin.h"

#include "kafka/admin_internal.h"

bool
kafka_admin_open(const struct kafka_settings *kafka, struct kafka_admin **out,
		 struct err *e)
{
	/* A consumer, because only consumers have an isolation level, and a
	 * group because every consumer has; it never joins. */
	static const struct kafka_property list[] = {
		{ "group.id", "certflow-reader" },
		{ "isolation.level", "read_uncommitted" },
		{ "enable.auto.commit", "false" },
		{ NULL, NULL },
	};
	AUTO(rd_conf) rd_kafka_conf_t *conf = NULL;
	AUTO(kafka_admin) struct kafka_admin *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return ERR_NO_MEMORY(e);
	if (!kafka_conf_new(kafka, list, &conf, e) ||
	    !kafka_client_new(RD_KAFKA_CONSUMER, TAKE(conf), &a->rk, e))
		return false;
	*out = TAKE(a);
	return true;
}

bool
kafka_admin_brokers(struct kafka_admin *a, int timeout_ms, int *count,
		    struct err *e)
{
	const struct rd_kafka_metadata *md = NULL;
	rd_kafka_resp_err_t code =
		rd_kafka_metadata(a->rk, 0, NULL, &md, timeout_ms);

	if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
		return kafka_failed(e, code, "ask the cluster");
	*count = md->broker_cnt;
	rd_kafka_metadata_destroy(md);
	return true;
}

bool
kafka_admin_ping(struct kafka_admin *a, int timeout_ms, struct err *e)
{
	int count;

	return kafka_admin_brokers(a, timeout_ms, &count, e);
}

bool
kafka_admin_partitions(struct kafka_admin *a, const char *topic, int timeout_ms,
		       int32_t *count, struct err *e)
{
	return kafka_topic_partitions(a->rk, topic, timeout_ms, count, e);
}

bool
kafka_admin_equal_partitions(struct kafka_admin *a, const char *const *topics,
			     size_t count, int timeout_ms, int32_t *partitions,
			     struct err *e)
{
	return kafka_equal_partitions(a->rk, topics, count, timeout_ms,
				      partitions, e);
}

bool
kafka_admin_offsets(struct kafka_admin *a, struct kafka_partition *list,
		    size_t count, int64_t which, int timeout_ms, struct err *e)
{
	return kafka_offsets(a->rk, list, count, which, timeout_ms, e);
}

bool
kafka_admin_watermarks(struct kafka_admin *a, const char *topic,
		       int32_t partition, int timeout_ms, int64_t *low,
		       int64_t *high, struct err *e)
{
	return kafka_watermarks(a->rk, topic, partition, timeout_ms, low, high,
				e);
}

bool
kafka_config_applies(const struct kafka_topic_config *c, int brokers)
{
	return c->brokers == 0 || (c->brokers == 1) == (brokers <= 1);
}

bool
kafka_admin_wait(rd_kafka_queue_t *q, int timeout_ms, const char *what,
		 rd_kafka_event_t **out, struct err *e)
{
	AUTO(rd_event)
	rd_kafka_event_t *ev = rd_kafka_queue_poll(q, timeout_ms);
	rd_kafka_resp_err_t code = ev == NULL ? RD_KAFKA_RESP_ERR__TIMED_OUT
					      : rd_kafka_event_error(ev);

	if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
		return kafka_failed(e, code, "%s", what);
	*out = TAKE(ev);
	return true;
}

void
kafka_admin_close(struct kafka_admin *a)
{
	if (a == NULL)
		return;
	if (a->rk != NULL)
		rd_kafka_destroy_flags(a->rk,
				       RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
	free(a);
}
