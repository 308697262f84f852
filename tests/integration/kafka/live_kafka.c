/*
 * What only a real broker can show: transactions, markers, fencing, static
 * members, large messages.  CERTFLOW_KAFKA is a broker with all topics of
 * its own; each case has a partition to itself.
 */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "kafka/admin.h"
#include "kafka/consumer.h"
#include "kafka/dead_letter.h"
#include "kafka/producer.h"
#include "kafka/reader.h"
#include "kafka/transaction.h"

#define INBOX KAFKA_TOPIC_INBOX_OFFICER
#define LOG KAFKA_TOPIC_EVENTS
#define MS 20000

TestSuite(live, .timeout = 90);

static struct err e;

#define OK(call) cr_assert(call, "%s", e.text)

static struct kafka_settings
settings(void)
{
	const char *bootstrap = getenv("CERTFLOW_KAFKA");

	cr_assert_not_null(bootstrap);
	return (struct kafka_settings){ .bootstrap = bootstrap,
					.client_id = "live" };
}

static int64_t
end_of(const char *topic, int32_t partition)
{
	const struct kafka_settings s = settings();
	struct kafka_admin *a;
	int64_t low, high;

	OK(kafka_admin_open(&s, &a, &e));
	OK(kafka_admin_watermarks(a, topic, partition, MS, &low, &high, &e));
	kafka_admin_close(a);
	return high;
}

static void
put(const char *topic, int32_t partition, const char *value)
{
	const struct kafka_settings s = settings();
	const struct kafka_record r = { .topic = topic,
					.partition = partition,
					.key = bytes_of_str("k"),
					.value = bytes_of_str(value) };
	struct kafka_producer *p;

	OK(kafka_producer_open(&s, MS, &p, &e));
	OK(kafka_producer_send_wait(p, &r, MS, NULL, &e));
	kafka_producer_close(p);
}

/* A consumer of the inbox that starts at given offsets, one partition. */
struct member {
	struct kafka_consumer *c;
	struct kafka_group *group;
	char name[64];
	int32_t partition;
	int64_t start;
};

static bool
on_assigned(void *self, struct kafka_partition *list, size_t count,
	    struct err *why)
{
	struct member *m = self;

	(void)why;
	for (size_t i = 0; i < count; i++)
		if (list[i].partition == m->partition && m->start >= 0)
			list[i].offset = m->start;
	return true;
}

static const struct kafka_consumer_events events = { on_assigned, NULL };

static void
join_as(struct member *m, const char *instance, int32_t partition,
	int64_t start)
{
	const char *const topics[] = { INBOX };
	struct kafka_consumer_config cfg = { .kafka = settings(),
					     .group = m->name,
					     .instance_id = instance,
					     .topics = topics,
					     .topic_count = 1,
					     .events = &events,
					     .self = m };
	size_t n = 0;

	if (m->name[0] == '\0')
		snprintf(m->name, sizeof(m->name), "live-%d-%lld",
			 (int)getpid(), (long long)clock_now_us());
	m->partition = partition;
	m->start = start;
	OK(kafka_consumer_open(&cfg, &m->c, &e));
	while (n == 0) {
		AUTO(kafka_batch) struct kafka_batch *b = NULL;

		OK(kafka_consumer_poll(m->c, 1, 100, &b, &e));
		(void)kafka_consumer_assignment(m->c, &n);
	}
	OK(kafka_consumer_group(m->c, &m->group, &e));
}

static void
leave(struct member *m)
{
	kafka_group_free(m->group);
	kafka_consumer_close(m->c);
}

static bool
append(void *self, const struct kafka_message *m, struct err *why)
{
	(void)why;
	strncat(self, (const char *)m->value.data, m->value.len);
	return true;
}

static bool
read_log(int32_t partition, int64_t from, int64_t to, int idle_ms, char *out)
{
	const struct kafka_settings s = settings();
	struct kafka_range range = { LOG, partition, from, to };
	struct kafka_reader *r;
	bool ok;

	*out = '\0';
	OK(kafka_reader_open(&s, &r, &e));
	ok = kafka_reader_run(r, &range, 1, idle_ms, append, out, &e);
	kafka_reader_close(r);
	return ok;
}

static struct kafka_txn *
open_txn(const char *id)
{
	const struct kafka_settings s = settings();
	const char *const topics[] = { LOG };
	struct kafka_txn *t;

	OK(kafka_txn_open(&s, id, topics, 1, MS, &t, &e));
	return t;
}

static void
send_log(struct kafka_txn *t, int32_t partition, const char *value)
{
	const struct kafka_record r = { .topic = LOG,
					.partition = partition,
					.key = bytes_of_str("k"),
					.value = bytes_of_str(value) };

	OK(kafka_txn_begin(t, &e));
	OK(kafka_txn_send(t, &r, &e));
}

/* Sent does not mean written yet: an abort would purge it from the queue. */
static void
wait_beyond(int32_t partition, int64_t end)
{
	while (end_of(LOG, partition) <= end)
		usleep(10000);
}

static int64_t
committed(struct member *m)
{
	struct kafka_partition p = { INBOX, m->partition, 0 };

	OK(kafka_consumer_committed(m->c, &p, 1, MS, &e));
	return p.offset;
}

Test(live, committed_is_read_aborted_is_not_and_markers_are_passed)
{
	struct member m = { 0 };
	struct kafka_partition in = { INBOX, 0, 0 };
	struct kafka_txn *t = open_txn("live-markers");
	int64_t from = end_of(LOG, 0);
	char got[64];

	put(INBOX, 0, "x");
	join_as(&m, NULL, 0, 0);
	in.offset = end_of(INBOX, 0);
	send_log(t, 0, "A");
	wait_beyond(0, from);
	OK(kafka_txn_abort(t, MS, &e));
	send_log(t, 0, "B");
	OK(kafka_txn_commit(t, &in, 1, m.group, MS, &e));
	cr_expect_eq(committed(&m), in.offset, "offset went with it");
	send_log(t, 0, "C");
	wait_beyond(0, from + 4);
	OK(kafka_txn_abort(t, MS, &e));
	/* the last offsets are an aborted record and its marker */
	cr_expect_eq(end_of(LOG, 0), from + 6);
	OK(read_log(0, from, end_of(LOG, 0), MS, got));
	cr_expect_str_eq(got, "B");
	kafka_txn_close(t);
	leave(&m);
}

Test(live, open_transaction_is_waited_for)
{
	struct kafka_txn *t = open_txn("live-open");
	const struct kafka_record r = { .topic = LOG,
					.partition = 1,
					.value = bytes_of_str("open") };
	int64_t from = end_of(LOG, 1);
	char got[64];

	OK(kafka_txn_begin(t, &e));
	OK(kafka_txn_send(t, &r, &e));
	wait_beyond(1, from);
	cr_expect_not(read_log(1, from, end_of(LOG, 1), 1500, got));
	cr_expect_eq(e.kind, ERR_RETRY);
	/* a successor with the same id ends it at once */
	kafka_txn_close(open_txn("live-open"));
	OK(read_log(1, from, end_of(LOG, 1), MS, got));
	cr_expect_str_eq(got, "");
	kafka_txn_close(t);
}

Test(live, zombie_producer_is_fenced_for_good)
{
	struct member m = { 0 };
	struct kafka_partition in = { INBOX, 2, 0 };
	struct kafka_txn *zombie = open_txn("live-zombie");
	struct kafka_txn *heir;
	int64_t from = end_of(LOG, 2);
	char got[64];

	join_as(&m, NULL, 2, 0);
	send_log(zombie, 2, "zombie");
	heir = open_txn("live-zombie");
	send_log(heir, 2, "heir");
	OK(kafka_txn_commit(heir, &in, 1, m.group, MS, &e));
	cr_expect_not(kafka_txn_commit(zombie, &in, 1, m.group, MS, &e));
	cr_expect_eq(e.kind, ERR_FATAL, "%s", e.text);
	cr_expect(kafka_err_is_fenced(&e), "%s", e.text);
	OK(read_log(2, from, end_of(LOG, 2), MS, got));
	cr_expect_str_eq(got, "heir");
	kafka_txn_close(zombie);
	kafka_txn_close(heir);
	leave(&m);
}

Test(live, two_producers_in_turn_and_both_are_fenced)
{
	struct member m = { 0 };
	struct kafka_partition in = { INBOX, 3, 0 };
	struct kafka_txn *t[] = { open_txn("live-turn-a"),
				  open_txn("live-turn-b") };
	struct kafka_txn *heir[2];
	int64_t from = end_of(LOG, 3);
	char got[64];

	join_as(&m, NULL, 3, 0);
	for (int i = 0; i < 10; i++) {
		send_log(t[i % 2], 3, (char[]){ (char)('0' + i), '\0' });
		in.offset = i + 1;
		OK(kafka_txn_commit(t[i % 2], &in, 1, m.group, MS, &e));
	}
	OK(read_log(3, from, end_of(LOG, 3), MS, got));
	cr_expect_str_eq(got, "0123456789");
	cr_expect_eq(committed(&m), 10);
	heir[0] = open_txn("live-turn-a");
	heir[1] = open_txn("live-turn-b");
	for (int i = 0; i < 2; i++) {
		OK(kafka_txn_begin(t[i], &e));
		cr_expect_not(kafka_txn_commit(t[i], &in, 1, m.group, MS, &e));
		cr_expect(kafka_err_is_fenced(&e), "%s", e.text);
		kafka_txn_close(t[i]);
		kafka_txn_close(heir[i]);
	}
	leave(&m);
}

static void *
join_later(void *other)
{
	join_as(other, NULL, 4, 0);
	return NULL;
}

Test(live, metadata_of_a_former_assignment_cannot_commit)
{
	struct member m = { 0 };
	struct member other = { 0 };
	struct kafka_partition in = { INBOX, 4, 1 };
	struct kafka_txn *t = open_txn("live-former");
	AUTO(kafka_batch) struct kafka_batch *b = NULL;
	pthread_t thread;
	unsigned epoch;

	join_as(&m, NULL, 4, 0);
	strcpy(other.name, m.name);
	epoch = kafka_consumer_epoch(m.c);
	/* a second member joins while the first one polls: new generation */
	cr_assert_eq(pthread_create(&thread, NULL, join_later, &other), 0);
	while (kafka_consumer_epoch(m.c) < epoch + 2) {
		OK(kafka_consumer_poll(m.c, 10, 100, &b, &e));
		kafka_batch_free(TAKE(b));
	}
	send_log(t, 4, "late");
	cr_expect_not(kafka_txn_commit(t, &in, 1, m.group, 5000, &e));
	cr_expect_eq(e.kind, ERR_RETRY, "%s", e.text);
	OK(kafka_txn_abort(t, MS, &e));
	kafka_txn_close(t);
	(void)pthread_join(thread, NULL);
	leave(&other);
	leave(&m);
}

Test(live, second_static_member_fences_the_first)
{
	struct member first = { 0 };
	struct member second = { 0 };
	bool ok = true;

	join_as(&first, "live-static", 5, 0);
	strcpy(second.name, first.name);
	join_as(&second, "live-static", 5, 0);
	for (int i = 0; ok && i < 200; i++) {
		AUTO(kafka_batch) struct kafka_batch *b = NULL;

		ok = kafka_consumer_poll(first.c, 1, 100, &b, &e) ||
		     e.kind == ERR_RETRY;
	}
	cr_expect_not(ok);
	cr_expect_eq(e.kind, ERR_FATAL);
	cr_expect(kafka_err_is_fenced(&e), "%s", e.text);
	leave(&second);
	leave(&first);
}

Test(live, lost_offset_is_fatal_not_a_silent_reset)
{
	struct member m = { 0 };
	bool ok = true;

	put(INBOX, 6, "x");
	join_as(&m, NULL, 6, end_of(INBOX, 6) + 1000);
	for (int i = 0; ok && i < 100; i++) {
		AUTO(kafka_batch) struct kafka_batch *b = NULL;

		ok = kafka_consumer_poll(m.c, 1, 100, &b, &e) ||
		     e.kind == ERR_RETRY;
	}
	cr_expect_not(ok);
	cr_expect_eq(e.kind, ERR_FATAL, "%s", e.text);
	leave(&m);
}

Test(live, position_reaches_the_end_behind_markers)
{
	struct member m = { 0 };
	struct kafka_partition in = { INBOX, 7, 0 };
	const struct kafka_settings s = settings();
	struct kafka_record r = { .topic = INBOX,
				  .partition = 7,
				  .value = bytes_of_str("v") };
	struct kafka_txn *t = open_txn("live-position");
	struct member reader = { 0 };
	int64_t until = clock_monotonic_us() + 20 * US_PER_S;

	(void)s;
	join_as(&m, NULL, 7, 0);
	OK(kafka_txn_begin(t, &e));
	OK(kafka_txn_send(t, &r, &e));
	OK(kafka_txn_commit(t, &in, 1, m.group, MS, &e));
	join_as(&reader, NULL, 7, 0);
	do {
		AUTO(kafka_batch) struct kafka_batch *b = NULL;

		OK(kafka_consumer_poll(reader.c, 100, 100, &b, &e));
		OK(kafka_consumer_position(reader.c, &in, 1, &e));
	} while (in.offset < end_of(INBOX, 7) && clock_monotonic_us() < until);
	cr_expect_eq(in.offset, end_of(INBOX, 7));
	kafka_txn_close(t);
	leave(&reader);
	leave(&m);
}

Test(live, five_megabytes_arrive_and_become_a_dead_letter)
{
	const struct kafka_settings s = settings();
	const size_t len = 5u * 1024 * 1024;
	AUTO(u8) uint8_t *big = malloc(len);
	struct kafka_record r = { .topic = INBOX, .partition = 8 };
	struct kafka_partition at;
	struct kafka_producer *p;
	struct kafka_reader *reader;
	AUTO(kafka_batch) struct kafka_batch *b = NULL;
	struct kafka_dead_letter d;

	memset(big, 'x', len);
	r.value = bytes_of(big, len);
	OK(kafka_producer_open(&s, MS, &p, &e));
	OK(kafka_producer_send_wait(p, &r, MS, &at, &e));
	OK(kafka_reader_open(&s, &reader, &e));
	OK(kafka_reader_follow(reader, &at, 1, &e));
	OK(kafka_reader_poll(reader, 1, MS, &b, &e));
	cr_assert_eq(kafka_batch_count(b), 1);
	cr_expect_eq(kafka_batch_at(b, 0)->value.len, len);
	kafka_dead_letter_fill(&d, kafka_batch_at(b, 0), "TOO_LARGE", "5 MB");
	OK(kafka_producer_send_wait(p, &d.record, MS, NULL, &e));
	/* what not even a dead letter may be is the message's fault */
	r.value = bytes_of(big, len);
	r.topic = LOG;
	cr_expect_not(kafka_producer_send_wait(p, &r, MS, NULL, &e));
	cr_expect_eq(e.kind, ERR_REJECT, "%s", e.text);
	kafka_batch_free(TAKE(b));
	kafka_reader_close(reader);
	kafka_producer_close(p);
}

struct heard {
	size_t count;
	char first[256];
};

static void
on_finding(void *self, const struct kafka_finding *f)
{
	struct heard *h = self;

	if (h->count++ == 0)
		snprintf(h->first, sizeof(h->first), "%s %s %s %s",
			 f->topic == NULL ? "broker" : f->topic, f->setting,
			 f->want, f->have);
}

Test(live, topics_are_as_the_table_says)
{
	const struct kafka_settings s = settings();
	struct kafka_admin *a;
	struct heard h = { 0 };
	size_t n;

	OK(kafka_admin_open(&s, &a, &e));
	OK(kafka_admin_create_topics(a, 12, -1, MS, &n, &e));
	cr_expect_eq(n, 0, "all are there");
	OK(kafka_admin_set_topics(a, MS, &n, &e));
	OK(kafka_admin_check_topics(a, 12, MS, on_finding, &h, &n, &e));
	cr_expect_eq(n, 0, "%s", h.first);
	OK(kafka_admin_check_topics(a, 13, MS, on_finding, &h, &n, &e));
	cr_expect_eq(n, 11, "the topics with the common count");
	cr_expect_str_eq(h.first, "certflow.inbox.einvoice partitions 13 12");
	kafka_admin_close(a);
}
