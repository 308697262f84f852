#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "kafka/admin.h"
#include "kafka/consumer.h"
#include "kafka/producer.h"
#include "kafka/reader.h"
#include "kafka/transaction.h"
#include "mock.h"

#define TOPIC "log"

static struct mock mock;
static struct err e;

static void
set_up(void)
{
	mock_open(&mock);
}

static void
tear_down(void)
{
	mock_close(&mock);
}

TestSuite(clients, .init = set_up, .fini = tear_down, .timeout = 60);

static struct kafka_consumer_config
config(const char *const *topics, size_t count)
{
	return (struct kafka_consumer_config){ .kafka = mock.settings,
					       .group = "group",
					       .instance_id = "group-0",
					       .topics = topics,
					       .topic_count = count };
}

/* Messages until n are there; their values joined. */
static void
read_values(struct kafka_consumer *c, size_t n, char *out)
{
	*out = '\0';
	for (int i = 0; n > 0 && i < 200; i++) {
		AUTO(kafka_batch) struct kafka_batch *b = NULL;

		if (!kafka_consumer_poll(c, 10, 100, &b, &e)) {
			cr_assert_eq(e.kind, ERR_RETRY, "%s", e.text);
			continue;
		}
		for (size_t k = 0; k < kafka_batch_count(b); k++) {
			const struct kafka_message *m = kafka_batch_at(b, k);

			strncat(out, (const char *)m->value.data, m->value.len);
			n--;
		}
	}
	cr_assert_eq(n, 0, "got \"%s\", %zu missing", out, n);
}

Test(clients, group_goes_on_at_the_committed_offset)
{
	const char *const topics[] = { TOPIC };
	struct kafka_consumer_config cfg = config(topics, 1);
	struct kafka_partition upto = { TOPIC, 0, 2 };
	struct kafka_partition at = { TOPIC, 0, 0 };
	struct kafka_consumer *c;
	char got[64];

	mock_topic(&mock, TOPIC, 1);
	mock_put(&mock, TOPIC, 0, "a");
	mock_put(&mock, TOPIC, 0, "b");
	mock_put(&mock, TOPIC, 0, "c");
	cr_assert(kafka_consumer_open(&cfg, &c, &e), "%s", e.text);
	read_values(c, 3, got); /* nothing committed: from the beginning */
	cr_expect_str_eq(got, "abc");
	cr_expect(kafka_consumer_position(c, &at, 1, &e), "%s", e.text);
	cr_expect_eq(at.offset, 3);
	cr_expect(kafka_consumer_commit(c, &upto, 1, true, &e), "%s", e.text);
	cr_expect(kafka_consumer_committed(c, &at, 1, 5000, &e), "%s", e.text);
	cr_expect_eq(at.offset, 2);
	kafka_consumer_close(c);
	cr_assert(kafka_consumer_open(&cfg, &c, &e), "%s", e.text);
	read_values(c, 1, got);
	cr_expect_str_eq(got, "c");
	kafka_consumer_close(c);
}

struct seen {
	int assigned;
	int revoked;
	size_t count;
	int64_t start;
	bool fail_once;
};

static bool
on_assigned(void *self, struct kafka_partition *list, size_t count,
	    struct err *why)
{
	struct seen *s = self;

	s->assigned++;
	s->count = count;
	if (s->fail_once) {
		s->fail_once = false;
		return ERR_SET(why, ERR_RETRY, "test", 0, "not yet");
	}
	if (count > 0)
		list[0].offset = s->start;
	return true;
}

static void
on_revoked(void *self, const struct kafka_partition *list, size_t count,
	   bool lost)
{
	struct seen *s = self;

	(void)list;
	(void)count;
	(void)lost;
	s->revoked++;
}

static const struct kafka_consumer_events events = { on_assigned, on_revoked };

Test(clients, program_chooses_where_to_start)
{
	const char *const topics[] = { TOPIC };
	struct kafka_consumer_config cfg = config(topics, 1);
	struct seen s = { .start = 1, .fail_once = true };
	struct kafka_consumer *c;
	char got[64];

	mock_topic(&mock, TOPIC, 1);
	mock_put(&mock, TOPIC, 0, "a");
	mock_put(&mock, TOPIC, 0, "b");
	cfg.events = &events;
	cfg.self = &s;
	cr_assert(kafka_consumer_open(&cfg, &c, &e), "%s", e.text);
	read_values(c, 1, got);
	cr_expect_str_eq(got, "b");
	/* the first try failed with ERR_RETRY and was made again */
	cr_expect_eq(s.assigned, 2);
	cr_expect_eq(s.count, 1);
	kafka_consumer_close(c);
	cr_expect_eq(s.revoked, 1);
}

Test(clients, paused_partitions_wait_and_lose_nothing)
{
	const char *const topics[] = { TOPIC };
	struct kafka_consumer_config cfg = config(topics, 1);
	const struct kafka_partition *list;
	struct kafka_partition first = { TOPIC, 0, 0 };
	struct kafka_consumer *c;
	AUTO(kafka_batch) struct kafka_batch *b = NULL;
	size_t n;
	char got[64];

	mock_topic(&mock, TOPIC, 1);
	mock_put(&mock, TOPIC, 0, "a");
	cr_assert(kafka_consumer_open(&cfg, &c, &e), "%s", e.text);
	read_values(c, 1, got);
	list = kafka_consumer_assignment(c, &n);
	cr_assert_eq(n, 1);
	cr_assert(kafka_consumer_pause(c, list, n, true, &e), "%s", e.text);
	mock_put(&mock, TOPIC, 0, "b");
	cr_assert(kafka_consumer_poll(c, 10, 500, &b, &e), "%s", e.text);
	cr_expect_eq(kafka_batch_count(b), 0);
	cr_assert(kafka_consumer_pause(c, list, n, false, &e), "%s", e.text);
	read_values(c, 1, got);
	cr_expect_str_eq(got, "b");
	cr_assert(kafka_consumer_seek(c, &first, 1, &e), "%s", e.text);
	read_values(c, 2, got);
	cr_expect_str_eq(got, "ab");
	kafka_batch_free(TAKE(b));
	kafka_consumer_close(c);
}

Test(clients, unequal_partition_counts_are_fatal_and_named)
{
	const char *const topics[] = { "eight", "four" };
	struct kafka_consumer_config cfg = config(topics, 2);
	struct kafka_consumer *c;

	mock_topic(&mock, "eight", 8);
	mock_topic(&mock, "four", 4);
	cr_assert_not(kafka_consumer_open(&cfg, &c, &e));
	cr_expect_eq(e.kind, ERR_FATAL);
	cr_expect_not_null(strstr(e.text, "eight 8, four 4"), "%s", e.text);
}

static bool
append(void *self, const struct kafka_message *m, struct err *why)
{
	(void)why;
	strncat(self, (const char *)m->value.data, m->value.len);
	return true;
}

static bool
refuse(void *self, const struct kafka_message *m, struct err *why)
{
	++*(int *)self;
	return ERR_SET(why, ERR_RETRY, "kafka", 0, "%s: not now", m->topic);
}

Test(clients, reader_reads_ranges_and_no_more)
{
	struct kafka_reader *r;
	struct kafka_range ranges[] = { { TOPIC, 0, 1, 3 },
					{ TOPIC, 1, 0, 0 } };
	char got[64] = "";
	int calls = 0;

	mock_topic(&mock, TOPIC, 2);
	for (const char *v = "abcd"; *v != '\0'; v++)
		mock_put(&mock, TOPIC, 0, (char[]){ *v, '\0' });
	cr_assert(kafka_reader_open(&mock.settings, &r, &e), "%s", e.text);
	cr_expect(kafka_reader_run(r, ranges, 2, 5000, append, got, &e), "%s",
		  e.text);
	cr_expect_str_eq(got, "bc");
	/* what each says is final, whatever its kind */
	cr_expect_not(kafka_reader_run(r, ranges, 2, 5000, refuse, &calls, &e));
	cr_expect_eq(calls, 1);
	kafka_reader_close(r);
}

Test(clients, reader_gives_up_when_nothing_moves)
{
	struct kafka_reader *r;
	struct kafka_range range = { TOPIC, 0, 0, 5 };
	char got[64] = "";

	mock_topic(&mock, TOPIC, 1);
	mock_put(&mock, TOPIC, 0, "a");
	cr_assert(kafka_reader_open(&mock.settings, &r, &e), "%s", e.text);
	cr_expect_not(kafka_reader_run(r, &range, 1, 1500, append, got, &e));
	cr_expect_eq(e.kind, ERR_RETRY);
	cr_expect_not_null(strstr(e.text, "at 1 of 5"), "%s", e.text);
	cr_expect_str_eq(got, "a");
	kafka_reader_close(r);
}

Test(clients, headers_key_and_tombstone_arrive)
{
	static const struct kafka_header headers[] = {
		{ "one", { (const uint8_t *)"1", 1 } },
		{ "null", { NULL, 0 } },
	};
	const struct kafka_record record = {
		.topic = TOPIC,
		.partition = KAFKA_PARTITION_BY_KEY,
		.key = bytes_of_str("21"),
		.value = { NULL, 0 },
		.headers = headers,
		.header_count = 2,
	};
	struct kafka_partition at;
	struct kafka_producer *p;
	struct kafka_reader *r;
	AUTO(kafka_batch) struct kafka_batch *b = NULL;

	mock_topic(&mock, TOPIC, 12);
	cr_assert(kafka_producer_open(&mock.settings, 10000, &p, &e), "%s",
		  e.text);
	cr_assert(kafka_producer_send_wait(p, &record, 10000, &at, &e), "%s",
		  e.text);
	kafka_producer_close(p);
	cr_expect_eq(at.partition, 1173551340 % 12, "as Java clients place it");
	cr_assert(kafka_reader_open(&mock.settings, &r, &e), "%s", e.text);
	cr_assert(kafka_reader_follow(r, &at, 1, &e), "%s", e.text);
	cr_assert(kafka_reader_poll(r, 1, 10000, &b, &e), "%s", e.text);
	cr_assert_eq(kafka_batch_count(b), 1);
	cr_expect_null(kafka_batch_at(b, 0)->value.data);
	cr_expect(bytes_equal(kafka_batch_at(b, 0)->key, record.key));
	cr_expect(kafka_header_is(kafka_batch_at(b, 0), "one", "1"));
	cr_expect_not_null(kafka_header_find(kafka_batch_at(b, 0), "null"));
	kafka_batch_free(TAKE(b));
	kafka_reader_close(r);
}

/* Whatever waits, a batch ends with the message that fills it. */
Test(clients, batch_is_bounded_in_octets)
{
	const size_t size = 600000;
	const size_t most = KAFKA_BATCH_OCTETS + size;
	const char *const topics[] = { TOPIC };
	struct kafka_consumer_config cfg = config(topics, 1);
	struct kafka_consumer *c;
	char *big = calloc(1, size + 1);

	memset(big, 'x', size);
	mock_topic(&mock, TOPIC, 1);
	for (int i = 0; i < 8; i++)
		mock_put(&mock, TOPIC, 0, big);
	cr_assert(kafka_consumer_open(&cfg, &c, &e), "%s", e.text);
	for (size_t n = 0; n < 8;) {
		AUTO(kafka_batch) struct kafka_batch *b = NULL;

		cr_assert(kafka_consumer_poll(c, 100, 1000, &b, &e));
		n += kafka_batch_count(b);
		cr_expect_leq(kafka_batch_count(b), most / size);
		cr_expect_eq(kafka_batch_full(b),
			     kafka_batch_count(b) == most / size);
		sleep(1); /* more arrives than one batch may hold */
	}
	kafka_consumer_close(c);
	free(big);
}

Test(clients, commit_without_input_offsets_is_fatal)
{
	const char *const topics[] = { TOPIC };
	struct kafka_consumer_config cfg = config(topics, 1);
	struct kafka_partition none = { TOPIC, 0, KAFKA_OFFSET_NONE };
	struct kafka_consumer *c;
	struct kafka_group *g;
	struct kafka_txn *t;

	mock_topic(&mock, TOPIC, 1);
	cr_assert(kafka_consumer_open(&cfg, &c, &e), "%s", e.text);
	cr_assert(kafka_consumer_group(c, &g, &e), "%s", e.text);
	cr_assert(
		kafka_txn_open(&mock.settings, "id", topics, 1, 10000, &t, &e),
		"%s", e.text);
	cr_assert(kafka_txn_begin(t, &e), "%s", e.text);
	cr_expect_not(kafka_txn_commit(t, NULL, 0, g, 5000, &e));
	cr_expect_eq(e.kind, ERR_FATAL);
	cr_expect_not(kafka_txn_commit(t, &none, 1, g, 5000, &e));
	cr_expect_eq(e.kind, ERR_FATAL);
	cr_expect(kafka_txn_abort(t, 5000, &e), "%s", e.text);
	kafka_txn_close(t);
	kafka_group_free(g);
	kafka_consumer_close(c);
}

Test(clients, dead_cluster_is_told_as_retry)
{
	struct kafka_settings nobody = { .bootstrap = "127.0.0.1:1",
					 .client_id = "test" };
	struct kafka_admin *a;
	int64_t start = clock_monotonic_us();

	cr_assert(kafka_admin_open(&nobody, &a, &e), "%s", e.text);
	cr_expect_not(kafka_admin_ping(a, 500, &e));
	cr_expect_eq(e.kind, ERR_RETRY);
	cr_expect_lt(clock_monotonic_us() - start, 5 * US_PER_S);
	kafka_admin_close(a);
}

Test(clients, properties_file_is_read_and_its_values_stay_secret)
{
	char path[] = "/tmp/certflow-properties-XXXXXX";
	int fd = mkstemp(path);
	struct kafka_settings s = mock.settings;
	struct kafka_admin *a;

	cr_assert_gt(fd, -1);
	close(fd);
	s.properties_file = path;
	cr_assert(file_write(path, bytes_of_str("# c\n\n retries = many \n"),
			     0600, &e));
	cr_assert_not(kafka_admin_open(&s, &a, &e));
	cr_expect_eq(e.kind, ERR_FATAL);
	cr_expect_not_null(strstr(e.text, "retries"), "%s", e.text);
	cr_expect_null(strstr(e.text, "many"), "%s", e.text);
	cr_assert(file_write(path, bytes_of_str("socket.nagle.disable=true\n"),
			     0600, &e));
	cr_expect(kafka_admin_open(&s, &a, &e), "%s", e.text);
	kafka_admin_close(a);
	unlink(path);
}
