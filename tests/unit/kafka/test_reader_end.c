/* Following a topic from its end. */
#include <criterion/criterion.h>

#include "kafka/admin.h"
#include "kafka/reader.h"
#include "mock.h"

#define TOPIC "log"
#define MS 10000

Test(reader_end, what_comes_later_is_seen, .timeout = 60)
{
	struct mock mock;
	struct kafka_admin *a;
	struct kafka_reader *r;
	AUTO(kafka_batch) struct kafka_batch *b = NULL;
	int32_t partitions = 0;
	struct err e;

	mock_open(&mock);
	mock_topic(&mock, TOPIC, 3);
	mock_put(&mock, TOPIC, 1, "before");
	cr_assert(kafka_admin_open(&mock.settings, &a, &e), "%s", e.text);
	cr_assert(kafka_reader_open(&mock.settings, &r, &e), "%s", e.text);
	cr_assert(kafka_reader_follow_end(r, a, TOPIC, MS, &partitions, &e),
		  "%s", e.text);
	cr_expect_eq(partitions, 3);
	mock_put(&mock, TOPIC, 1, "after");
	cr_assert(kafka_reader_poll(r, 1, MS, &b, &e), "%s", e.text);
	cr_assert_eq(kafka_batch_count(b), 1);
	cr_expect(bytes_equal(kafka_batch_at(b, 0)->value,
			      bytes_of_str("after")));
	cr_expect_eq(kafka_batch_at(b, 0)->offset, 1);
	kafka_batch_free(TAKE(b));
	kafka_reader_close(r);
	kafka_admin_close(a);
	mock_close(&mock);
}
