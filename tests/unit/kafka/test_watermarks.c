#include <criterion/criterion.h>

#include "base/clock.h"
#include "kafka/admin.h"
#include "mock.h"

#define TOPIC "log"

/* A broker that this client never reached leads the partition. */
Test(watermarks, do_not_wait_for_a_dead_broker, .timeout = 60)
{
	struct mock mock;
	rd_kafka_mock_cluster_t *three;
	struct kafka_settings s;
	struct err e = { 0 };
	struct kafka_admin *a;
	int64_t begin = clock_monotonic_us();
	int64_t low;
	int64_t high;

	mock_open(&mock);
	three = rd_kafka_mock_cluster_new(mock.rk, 3);
	s = mock.settings;
	s.bootstrap = rd_kafka_mock_cluster_bootstraps(three);
	rd_kafka_mock_topic_create(three, TOPIC, 1, 3);
	rd_kafka_mock_partition_set_leader(three, TOPIC, 0, 2);
	rd_kafka_mock_broker_set_down(three, 2);
	cr_assert(kafka_admin_open(&s, &a, &e), "%s", e.text);
	cr_expect_not(
		kafka_admin_watermarks(a, TOPIC, 0, 2500, &low, &high, &e));
	cr_expect_eq(e.kind, ERR_RETRY, "%s", e.text);
	cr_expect_lt(clock_monotonic_us() - begin, 20000000);

	rd_kafka_mock_partition_set_leader(three, TOPIC, 0, 1);
	cr_expect(kafka_admin_watermarks(a, TOPIC, 0, 20000, &low, &high, &e),
		  "%s", e.text);
	cr_expect_eq(high, 0);
	kafka_admin_close(a);
	rd_kafka_mock_cluster_destroy(three);
	mock_close(&mock);
}
