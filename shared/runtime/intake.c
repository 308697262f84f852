/* Messages into the ledger; offsets. */
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "runtime/worker_internal.h"

#define ASK_MS 10000
#define COMMIT_EVERY_US (200 * INT64_C(1000))

static struct place *
place_of(struct run *r, int32_t partition)
{
	for (size_t i = 0; i < r->place_count; i++)
		if (r->places[i].partition == partition)
			return &r->places[i];
	return NULL;
}

static void
drop_batch(struct run *r)
{
	kafka_batch_free(r->batch);
	r->batch = NULL;
	r->next_in_batch = 0;
	r->stalled = false;
}

static bool
on_assigned(void *self, struct kafka_partition *list, size_t count,
	    struct err *e)
{
	struct run *r = self;
	struct kafka_partition *ends = calloc(count + 1, sizeof(*ends));
	AUTO(ptr) void *memory = ends;

	drop_batch(r);
	ledger_clear(r->ledger);
	free(r->places);
	r->place_count = 0;
	r->places = calloc(count + 1, sizeof(r->places[0]));
	if (r->places == NULL || ends == NULL)
		return ERR_NO_MEMORY(e);
	memcpy(ends, list, count * sizeof(*ends));
	if (!kafka_admin_offsets(runtime_admin(r->rt), ends, count,
				 KAFKA_OFFSET_END, ASK_MS, e))
		return false;
	for (size_t i = 0; i < count; i++) {
		struct place *p = &r->places[i];

		p->partition = list[i].partition;
		p->position = list[i].offset;
		p->committed = list[i].offset;
		p->target = ends[i].offset;
	}
	r->place_count = count;
	r->assigned = true;
	r->caught_up = false;
	r->again = false;
	r->paused = false;
	health_set(runtime_health(r->rt), HEALTH_WORK, "catching up");
	return true;
}

static void
on_revoked(void *self, const struct kafka_partition *list, size_t count,
	   bool lost)
{
	struct run *r = self;

	(void)list;
	(void)count;
	drop_batch(r);
	if (!process_stopping())
		health_set(runtime_health(r->rt), HEALTH_WORK, "no partitions");
	if (!run_drain(r)) {
		/* Threads cannot be cancelled and hold what we would free. */
		log_line(LOG_ERROR, runtime_instance(r->rt),
			 "orders still in hand, process ends", NULL);
		_exit(PROCESS_EXIT_HUNG);
	}
	if (!lost)
		run_commit(r, true);
	ledger_clear(r->ledger);
	r->place_count = 0;
	r->assigned = false;
	r->caught_up = false;
}

const struct kafka_consumer_events run_events = { on_assigned, on_revoked };

static void
on_dead_letter(void *self, const struct kafka_partition *at,
	       const struct err *failure)
{
	struct run *r = self;

	(void)at;
	r->unsent--;
	if (failure != NULL)
		(void)run_fail(r, failure);
}

bool
run_dead_letter(struct run *r, const struct kafka_message *m,
		const struct err *why, struct err *e)
{
	struct kafka_dead_letter d;
	char where[KAFKA_SOURCE_TEXT_MAX];

	log_err(LOG_ERROR,
		kafka_source_format(m->topic, m->partition, m->offset, where),
		"message becomes a dead letter", why);
	kafka_dead_letter_fill(
		&d, m,
		why->code > 0 && why->code < EV_REFUSAL_CODE__COUNT
			? ev_refusal_code_name((enum ev_refusal_code)why->code)
			: "BODY_INVALID",
		why->text);
	while (!kafka_producer_send(r->producer, &d.record, on_dead_letter, r,
				    e)) {
		if (e->kind != ERR_RETRY)
			return false;
		kafka_producer_poll(r->producer, 50);
	}
	r->unsent++;
	metric_inc(r->m.dead_letters, 1);
	return true;
}

static bool
is_wanted(const struct worker *w, enum event_type type)
{
	for (size_t i = 0; i < w->want_count; i++)
		if (w->wants[i] == type)
			return true;
	return false;
}

/* One event, decoded: into the ledger by way of the worker. */
static bool
present(struct run *r, const struct kafka_message *m, struct event *ev,
	struct err *e)
{
	const struct place *p = place_of(r, m->partition);
	char buf[CE_TRACEPARENT_MAX];
	bool ok;

	if (!ledger_present(r->ledger, ev, m->partition, m->offset,
			    cloudevents_traceparent(m, buf),
			    p == NULL || m->offset < p->target, e))
		return false;
	ok = r->w->observe(r->self, ev, r->ledger, e);
	ledger_settle(r->ledger);
	return ok;
}

static bool
observe(struct run *r, const struct kafka_message *m, struct err *e)
{
	AUTO(event) struct event *ev = NULL;
	enum event_type type = cloudevents_type(m);

	metric_inc(r->m.messages, 1);
	if (type != EVENT_NONE && !is_wanted(r->w, type)) {
		metric_inc(r->m.skipped, 1);
		return true;
	}
	if (!schemas_decode(runtime_schemas(r->rt), m->value, EVENT_LOG_MAX,
			    &ev, e))
		return false;
	if (!is_wanted(r->w, ev->type))
		return true;
	return present(r, m, TAKE(ev), e);
}

/* The registrar puts nothing on the log that it cannot read. What we cannot
 * place is of a newer version: it may matter, so nothing is passed. */
static bool
is_foreign(const struct kafka_message *m, struct err *why)
{
	char where[KAFKA_SOURCE_TEXT_MAX];

	if (why->code != EV_REFUSAL_CODE_SCHEMA_UNKNOWN)
		return false;
	why->kind = ERR_FATAL;
	err_context(
		why, "%s: an event that this version does not know",
		kafka_source_format(m->topic, m->partition, m->offset, where));
	return true;
}

/* @return false: e is ERR_RETRY (this message again, later) or ERR_FATAL */
static bool
take_in(struct run *r, const struct kafka_message *m, struct err *e)
{
	struct place *p = place_of(r, m->partition);
	struct err why = { 0 };

	if (p != NULL && m->offset < p->position)
		return true; /* seen */
	if (!observe(r, m, &why)) {
		if (why.kind != ERR_REJECT || is_foreign(m, &why)) {
			*e = why;
			return false;
		}
		if (!run_dead_letter(r, m, &why, e))
			return false;
	}
	if (p != NULL)
		p->position = m->offset + 1;
	return true;
}

static bool
take_batch(struct run *r, struct err *e)
{
	size_t count = kafka_batch_count(r->batch);

	while (r->next_in_batch < count) {
		if (!take_in(r, kafka_batch_at(r->batch, r->next_in_batch),
			     e)) {
			if (e->kind != ERR_RETRY)
				return false;
			r->stalled = true;
			health_set(runtime_health(r->rt), HEALTH_REGISTRY,
				   e->text);
			(void)backoff_fail(&r->intake_backoff);
			return true;
		}
		r->next_in_batch++;
	}
	if (r->stalled)
		health_set(runtime_health(r->rt), HEALTH_REGISTRY, NULL);
	backoff_reset(&r->intake_backoff);
	drop_batch(r);
	return true;
}

bool
run_read(struct run *r, int timeout_ms, struct err *e)
{
	AUTO(kafka_batch) struct kafka_batch *b = NULL;
	size_t max = r->pool != NULL && r->in_hand > 0 ? WORKER_BATCH_BUSY
						       : WORKER_BATCH_MAX;

	if (r->batch != NULL) {
		if (backoff_ready(&r->intake_backoff) && !take_batch(r, e))
			return false;
		timeout_ms = r->batch == NULL ? 0 : timeout_ms;
	}
	if (!kafka_consumer_poll(r->consumer, max, timeout_ms, &b, e))
		return false;
	if (r->batch != NULL && kafka_batch_count(b) > 0)
		return ERR_SET(e, ERR_FATAL, "worker", 0,
			       "messages from paused partitions");
	if (r->batch != NULL)
		return true;
	if (kafka_batch_count(b) > 0) {
		r->batch = TAKE(b);
		if (!take_batch(r, e))
			return false;
	}
	return r->batch != NULL || run_catch_up(r, e);
}

/* Before the end is reached the ledger keeps to the limit itself. A partition
 * that goes on is fetched anew: rarely, then. */
static bool
is_full(const struct run *r)
{
	size_t count = ledger_count(r->ledger);

	if (!r->caught_up)
		return false;
	return r->paused ? count > r->orders_max / 2 : count > r->orders_max;
}

bool
run_steer(struct run *r, struct err *e)
{
	const struct kafka_partition *list;
	size_t count;
	bool pause = r->stalled || !r->ready || r->again || is_full(r);

	list = kafka_consumer_assignment(r->consumer, &count);
	if (count == 0 || pause == r->paused)
		return true;
	if (!kafka_consumer_pause(r->consumer, list, count, pause, e))
		return false;
	r->paused = pause;
	return true;
}

void
run_commit(struct run *r, bool wait)
{
	struct kafka_partition list[WORKER_PARTITIONS_MAX];
	size_t n = 0;
	struct err e;

	if (r->unsent > 0 || !r->caught_up || r->failed ||
	    (!wait && clock_monotonic_us() < r->commit_us))
		return;
	r->commit_us = clock_monotonic_us() + COMMIT_EVERY_US;
	for (size_t i = 0; i < r->place_count && n < WORKER_PARTITIONS_MAX;
	     i++) {
		struct place *p = &r->places[i];
		int64_t upto =
			ledger_lowest(r->ledger, p->partition, p->position);

		if (upto <= p->committed)
			continue;
		p->committed = upto;
		list[n++] = (struct kafka_partition){ KAFKA_TOPIC_EVENTS,
						      p->partition, upto };
	}
	if (n > 0 && !kafka_consumer_commit(r->consumer, list, n, wait, &e))
		log_err(LOG_WARN, r->group, "offsets not committed", &e);
}
