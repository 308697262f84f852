#include "mock.h"

#include <criterion/criterion.h>

#include "kafka/producer.h"

void
mock_open(struct mock *m)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char why[200];

	m->rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
	cr_assert_not_null(m->rk, "%s", why);
	m->cluster = rd_kafka_mock_cluster_new(m->rk, 1);
	cr_assert_not_null(m->cluster);
	m->settings = (struct kafka_settings){
		.bootstrap = rd_kafka_mock_cluster_bootstraps(m->cluster),
		.client_id = "test",
	};
}

void
mock_topic(struct mock *m, const char *topic, int partitions)
{
	cr_assert_eq(
		rd_kafka_mock_topic_create(m->cluster, topic, partitions, 1),
		RD_KAFKA_RESP_ERR_NO_ERROR);
}

void
mock_put(struct mock *m, const char *topic, int32_t partition,
	 const char *value)
{
	struct kafka_producer *p;
	struct err e = { 0 };
	const struct kafka_record r = {
		.topic = topic,
		.partition = partition,
		.key = bytes_of_str("key"),
		.value = bytes_of_str(value),
	};

	cr_assert(kafka_producer_open(&m->settings, 10000, &p, &e), "%s",
		  e.text);
	cr_assert(kafka_producer_send_wait(p, &r, 10000, NULL, &e), "%s",
		  e.text);
	kafka_producer_close(p);
}

void
mock_close(struct mock *m)
{
	rd_kafka_mock_cluster_destroy(m->cluster);
	rd_kafka_destroy(m->rk);
}
