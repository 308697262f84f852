#include "live.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "kafka/reader.h"

struct err e;

struct kafka_settings
settings(void)
{
	const char *bootstrap = getenv("CERTFLOW_KAFKA");

	cr_assert_not_null(bootstrap);
	return (struct kafka_settings){ .bootstrap = bootstrap,
					.client_id = "live" };
}

int64_t
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

void
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

void
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

void
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

bool
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

struct kafka_txn *
open_txn(const char *id)
{
	const struct kafka_settings s = settings();
	const char *const topics[] = { LOG };
	struct kafka_txn *t;

	OK(kafka_txn_open(&s, id, topics, 1, MS, &t, &e));
	return t;
}

void
send_log(struct kafka_txn *t, int32_t partition, const char *value)
{
	const struct kafka_record r = { .topic = LOG,
					.partition = partition,
					.key = bytes_of_str("k"),
					.value = bytes_of_str(value) };

	OK(kafka_txn_begin(t, &e));
	OK(kafka_txn_send(t, &r, &e));
	OK(kafka_txn_push(t, &e));
}

void
wait_beyond(int32_t partition, int64_t end)
{
	while (end_of(LOG, partition) <= end)
		usleep(10000);
}

int64_t
committed(struct member *m)
{
	struct kafka_partition p = { INBOX, m->partition, 0 };

	OK(kafka_consumer_committed(m->c, &p, 1, MS, &e));
	return p.offset;
}
