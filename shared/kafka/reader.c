#include "kafka/reader.h"

#include <string.h>

#include "base/clock.h"
#include "kafka/client.h"

#define LOOK_EVERY 100 /* messages: whether there is progress */

struct kafka_reader {
	rd_kafka_t *rk;
	unsigned taken; /* of kafka_fetch_on() */
};

/* Progress of one kafka_reader_run(). */
struct run {
	const struct kafka_range *ranges;
	size_t count;
	int64_t *next; /* of each range */
	size_t open;   /* ranges not at their end */
	bool moved;    /* since moved_us */
	int64_t moved_us;
	kafka_each each;
	void *self;
	bool stopped; /* by each */
};

bool
kafka_reader_open(const struct kafka_settings *kafka, struct kafka_reader **out,
		  struct err *e)
{
	/* group.id is only there because rd_kafka_assign() demands one: nothing
	 * is joined, nothing committed. */
	const struct kafka_property list[] = {
		{ "group.id", "certflow-reader" },
		{ "isolation.level", "read_committed" },
		{ "enable.auto.commit", "false" },
		{ "enable.auto.offset.store", "false" },
		{ "auto.offset.reset", "error" },
		{ "enable.partition.eof", "true" },
		{ "queued.max.messages.kbytes", KAFKA_QUEUE_KBYTES },
		{ "queued.min.messages", "1000000" },
		{ "fetch.queue.backoff.ms", kafka_queue_backoff() },
		{ "fetch.message.max.bytes", "262144" },
		{ "fetch.max.bytes", "9437184" }, /* KAFKA_MESSAGE_MAX */
		{ "fetch.wait.max.ms", "20" },
		{ "fetch.error.backoff.ms", "100" },
		{ NULL, NULL },
	};
	AUTO(rd_conf) rd_kafka_conf_t *conf = NULL;
	AUTO(kafka_reader) struct kafka_reader *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return ERR_NO_MEMORY(e);
	if (!kafka_conf_new(kafka, list, &conf, e) ||
	    !kafka_client_new(RD_KAFKA_CONSUMER, TAKE(conf), &r->rk, e))
		return false;
	*out = TAKE(r);
	return true;
}

static bool
assign(struct kafka_reader *r, rd_kafka_topic_partition_list_t *l,
       struct err *e)
{
	rd_kafka_resp_err_t code;

	if (l == NULL)
		return ERR_NO_MEMORY(e);
	code = rd_kafka_assign(r->rk, l);
	if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
		return kafka_failed(e, code, "assign");
	return true;
}

static bool
run_start(struct kafka_reader *r, struct run *run, struct err *e)
{
	AUTO(rd_list)
	rd_kafka_topic_partition_list_t *l = kafka_list_new(NULL, 0);

	if (l == NULL)
		return ERR_NO_MEMORY(e);
	for (size_t i = 0; i < run->count; i++) {
		const struct kafka_range *g = &run->ranges[i];

		run->next[i] = g->from;
		if (g->to <= 0 || g->from >= g->to)
			continue;
		rd_kafka_topic_partition_list_add(l, g->topic, g->partition)
			->offset = g->from;
		run->open++;
	}
	return run->open == 0 || assign(r, l, e);
}

static size_t
range_of(const struct run *run, const rd_kafka_message_t *m)
{
	const char *topic = rd_kafka_topic_name(m->rkt);
	size_t i;

	for (i = 0; i < run->count; i++)
		if (run->ranges[i].partition == m->partition &&
		    run->ranges[i].from < run->ranges[i].to &&
		    strcmp(run->ranges[i].topic, topic) == 0)
			break;
	return i;
}

/* Position of range i is now next; at its end the partition is paused, so
 * that it takes no more room in the queue. */
static void
advance(struct kafka_reader *r, struct run *run, size_t i, int64_t next)
{
	const struct kafka_range *g = &run->ranges[i];
	struct kafka_partition p = { g->topic, g->partition, 0 };
	AUTO(rd_list) rd_kafka_topic_partition_list_t *l = NULL;
	bool was_open = run->next[i] < g->to;

	if (next <= run->next[i])
		return;
	run->next[i] = next;
	run->moved = true;
	if (!was_open || next < g->to)
		return;
	run->open--;
	l = kafka_list_new(&p, 1);
	if (l != NULL)
		(void)rd_kafka_pause_partitions(r->rk, l);
}

static bool
hand_out(struct run *run, rd_kafka_message_t *raw, struct err *e)
{
	AUTO(rd_message) rd_kafka_message_t *m = raw;
	AUTO(kafka_batch) struct kafka_batch *b = NULL;

	run->stopped = !kafka_batch_new(1, &b, e);
	if (run->stopped)
		return false;
	kafka_batch_add(b, TAKE(m));
	run->stopped = !kafka_batch_seal(b, e) ||
		       !run->each(run->self, kafka_batch_at(b, 0), e);
	return !run->stopped;
}

static bool
run_message(struct kafka_reader *r, struct run *run, rd_kafka_message_t *raw,
	    struct err *e)
{
	AUTO(rd_message) rd_kafka_message_t *m = raw;
	size_t i = m->rkt == NULL ? run->count : range_of(run, m);
	int64_t next = m->offset;

	if (m->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
		if (i == run->count || m->offset >= run->ranges[i].to) {
			if (i < run->count)
				advance(r, run, i, m->offset);
			return true;
		}
		next++;
		kafka_fetch_on(r->rk, &r->taken);
		if (!hand_out(run, TAKE(m), e))
			return false;
	} else if (m->err != RD_KAFKA_RESP_ERR__PARTITION_EOF) {
		return kafka_failed(e, m->err, "read %s/%d",
				    i == run->count ? "?"
						    : run->ranges[i].topic,
				    (int)m->partition);
	}
	if (i < run->count)
		advance(r, run, i, next);
	return true;
}

static bool
run_stalled(const struct run *run, struct err *e)
{
	for (size_t i = 0; i < run->count; i++) {
		const struct kafka_range *g = &run->ranges[i];

		if (run->next[i] < g->to && g->to > 0)
			return ERR_SET(
				e, ERR_RETRY, KAFKA_ORIGIN,
				RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS,
				"no progress in %s/%d at %lld of %lld: "
				"perhaps a transaction that never ends, "
				"see ops/docs/stack.md",
				g->topic, (int)g->partition,
				(long long)run->next[i], (long long)g->to);
	}
	return true;
}

static bool
is_idle(struct run *run, int idle_ms)
{
	int64_t now = clock_monotonic_us();

	if (run->moved)
		run->moved_us = now;
	run->moved = false;
	return now - run->moved_us > INT64_C(1000) * idle_ms;
}

/* The clock is not looked at for each of a million messages. */
static bool
run_all(struct kafka_reader *r, struct run *run, int idle_ms, struct err *e)
{
	run->moved_us = clock_monotonic_us();
	for (unsigned n = 1; run->open > 0; n++) {
		rd_kafka_message_t *m = rd_kafka_consumer_poll(r->rk, 100);

		if (m != NULL && !run_message(r, run, m, e) &&
		    (run->stopped || e->kind != ERR_RETRY))
			return false;
		if ((m == NULL || n % LOOK_EVERY == 0) && is_idle(run, idle_ms))
			return run_stalled(run, e);
	}
	return true;
}

/* A pause outlives the assignment it was made in: take it back. */
static void
run_end(struct kafka_reader *r)
{
	AUTO(rd_list) rd_kafka_topic_partition_list_t *l = NULL;

	if (rd_kafka_assignment(r->rk, &l) == RD_KAFKA_RESP_ERR_NO_ERROR)
		(void)rd_kafka_resume_partitions(r->rk, l);
	(void)rd_kafka_assign(r->rk, NULL);
}

bool
kafka_reader_run(struct kafka_reader *r, const struct kafka_range *ranges,
		 size_t count, int idle_ms, kafka_each each, void *self,
		 struct err *e)
{
	struct run run = {
		.ranges = ranges, .count = count, .each = each, .self = self
	};
	bool ok;

	run.next = calloc(count + 1, sizeof(run.next[0]));
	if (run.next == NULL)
		return ERR_NO_MEMORY(e);
	ok = run_start(r, &run, e) && run_all(r, &run, idle_ms, e);
	run_end(r);
	free(run.next);
	return ok;
}

bool
kafka_reader_end(struct kafka_reader *r, const char *topic, int32_t partition,
		 int timeout_ms, int64_t *offset, struct err *e)
{
	return kafka_watermarks(r->rk, topic, partition, timeout_ms, NULL,
				offset, e);
}

bool
kafka_reader_follow(struct kafka_reader *r, const struct kafka_partition *list,
		    size_t count, struct err *e)
{
	AUTO(rd_list)
	rd_kafka_topic_partition_list_t *l = kafka_list_new(list, count);

	return assign(r, l, e);
}

bool
kafka_reader_poll(struct kafka_reader *r, size_t max, int timeout_ms,
		  struct kafka_batch **out, struct err *e)
{
	AUTO(kafka_batch) struct kafka_batch *b = NULL;

	if (!kafka_batch_new(max, &b, e))
		return false;
	while (!kafka_batch_full(b)) {
		bool first = kafka_batch_count(b) == 0;
		AUTO(rd_message)
		rd_kafka_message_t *m =
			rd_kafka_consumer_poll(r->rk, first ? timeout_ms : 0);

		if (m == NULL)
			break;
		if (m->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
			kafka_batch_add(b, TAKE(m));
			kafka_fetch_on(r->rk, &r->taken);
		} else if (m->err != RD_KAFKA_RESP_ERR__PARTITION_EOF &&
			   kafka_batch_count(b) == 0)
			return kafka_failed(e, m->err, "read");
	}
	if (!kafka_batch_seal(b, e))
		return false;
	*out = TAKE(b);
	return true;
}

void
kafka_reader_close(struct kafka_reader *r)
{
	if (r == NULL)
		return;
	if (r->rk != NULL)
		rd_kafka_destroy_flags(r->rk,
				       RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
	free(r);
}
