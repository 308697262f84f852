#include "live.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "kafka/dead_letter.h"
#include "kafka/reader.h"

TestSuite(clients, .timeout = SECONDS);

Test(clients, second_static_member_fences_the_first)
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

Test(clients, lost_offset_is_fatal_not_a_silent_reset)
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

Test(clients, position_reaches_the_end_behind_markers)
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

Test(clients, five_megabytes_arrive_and_become_a_dead_letter)
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

Test(clients, topics_are_as_the_table_says)
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
