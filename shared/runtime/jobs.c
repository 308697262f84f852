/* Orders out of the ledger: pool, outcomes, deliveries. */
#include <inttypes.h>
#include <string.h>

#include "base/log.h"
#include "runtime/worker_internal.h"

#define RETRY_FIRST_MS 100
#define RETRY_MAX_MS 10000
#define POOL_THREADS_MAX 32

/* One order in hand. */
struct job {
	struct pool_task task; /* first: a task is its job */
	struct run *run;
	struct ledger_order *order;
	void *data; /* the worker's */
	bool ok;    /* what work() said */
	struct err e;
	size_t undelivered;
	bool finished; /* finish() is done, all outcomes are sent */
};

static void
free_data(struct job *j)
{
	if (j->data != NULL && j->run->w->job_free != NULL)
		j->run->w->job_free(j->data);
	j->data = NULL;
}

static void
release(struct job *j)
{
	free_data(j);
	j->run->in_hand--;
	free(j);
}

static void
close_order(struct job *j)
{
	struct run *r = j->run;
	struct ledger_order *o = j->order;

	release(j);
	ledger_finish(r->ledger, o);
	metric_inc(r->m.done, 1);
}

/* Later again, the wait doubled each time. */
static void
put_back(struct job *j, const struct err *e)
{
	struct ledger_order *o = j->order;
	struct run *r = j->run;
	struct backoff b = { .first_ms = RETRY_FIRST_MS,
			     .max_ms = RETRY_MAX_MS };

	if (ledger_is_closed(o)) {
		close_order(j); /* another has done it meanwhile */
		return;
	}
	for (unsigned i = 0; i < o->attempts && b.now_ms < RETRY_MAX_MS; i++)
		(void)backoff_fail(&b);
	(void)backoff_fail(&b);
	o->attempts++;
	o->not_before_us = b.next_us;
	ledger_put_back(r->ledger, o);
	metric_inc(r->m.retries, 1);
	log_err(LOG_WARN, o->key, "order waits for another try", e);
	release(j);
}

/* An order that cannot be understood: said, kept as a dead letter, passed. */
static bool
give_up(struct job *j, const struct err *why, struct err *e)
{
	const struct ledger_order *o = j->order;
	struct kafka_message m = {
		.topic = KAFKA_TOPIC_EVENTS,
		.partition = o->partition,
		.offset = o->offset,
		.key = bytes_of_str(o->event->meta.tax_code),
		.value = bytes_of_str(""),
	};

	log_err(LOG_ERROR, o->key, "order cannot be carried out", why);
	if (!run_dead_letter(j->run, &m, why, e)) {
		release(j);
		return false;
	}
	close_order(j);
	return true;
}

static bool
job_failed(struct job *j, const struct err *why, struct err *e)
{
	struct err cause = *why;

	if (cause.kind == ERR_RETRY) {
		put_back(j, &cause);
		return true;
	}
	if (cause.kind == ERR_REJECT)
		return give_up(j, &cause, e);
	err_context(&cause, "order %s", j->order->key);
	*e = cause;
	release(j);
	return false;
}

static void
on_delivered(void *self, const struct kafka_partition *at,
	     const struct err *failure)
{
	struct job *j = self;
	char where[KAFKA_SOURCE_TEXT_MAX];

	j->undelivered--;
	if (failure != NULL) {
		/* There is no time-out: this is a broken producer or a refusal,
		 * and the order stays open for the next life. */
		(void)run_fail(j->run, failure);
		return;
	}
	metric_inc(j->run->m.outcomes, 1);
	log_line(LOG_INFO, j->order->event->meta.tax_code, "outcome published",
		 "order", j->order->key, "at",
		 kafka_source_format(at->topic, at->partition, at->offset,
				     where),
		 NULL);
	if (j->undelivered == 0 && j->finished)
		close_order(j);
}

/* Into the producer's queue; a full one is waited for. */
static bool
send_one(struct job *j, const struct kafka_record *record, struct err *e)
{
	while (!kafka_producer_send(j->run->producer, record, on_delivered, j,
				    e)) {
		if (e->kind != ERR_RETRY)
			return false;
		kafka_producer_poll(j->run->producer, 50);
	}
	j->undelivered++;
	return true;
}

/* No delivery closes the order before all are sent: finished is still false.
 * After a failure the order stays open for the next life of the program. */
static bool
send_all(struct job *j, const struct outbox *out, struct err *e)
{
	bool ok = true;

	for (size_t i = 0; ok && i < out->count; i++) {
		struct kafka_record record = outbox_record(out, i);

		ok = send_one(j, &record, e);
	}
	if (!ok)
		e->kind = ERR_FATAL; /* some may be out already */
	j->finished = true;
	if (j->undelivered > 0)
		return ok;
	if (ok)
		close_order(j);
	else
		release(j);
	return ok;
}

/* work() is done, or there is none: outcomes. */
static bool
finish(struct job *j, struct err *e)
{
	struct run *r = j->run;
	struct outbox out = {
		.schemas = runtime_schemas(r->rt),
		.topic = r->inbox_topic,
		.source = r->source,
		.instance = runtime_instance(r->rt),
		.inbox = r->w->inbox,
		.order = j->order,
	};
	bool ok = r->w->finish(r->self, j->order, j->data, &out, e);

	free_data(j);
	ok = ok ? send_all(j, &out, e) : job_failed(j, e, e);
	outbox_clear(&out);
	return ok;
}

static void
run_in_pool(void *self, unsigned thread, struct pool_task *t)
{
	struct job *j = (struct job *)t;

	j->ok = j->run->w->work(self, thread, j->order, &j->data, &j->e);
}

static bool
begin(struct run *r, struct ledger_order *o, struct err *e)
{
	struct job *j = calloc(1, sizeof(*j));

	if (j == NULL)
		return ERR_NO_MEMORY(e);
	j->run = r;
	j->order = o;
	r->in_hand++;
	if (r->w->prepare != NULL && !r->w->prepare(r->self, o, &j->data, e))
		return job_failed(j, e, e);
	if (r->pool == NULL)
		return finish(j, e);
	pool_give(r->pool, &j->task);
	return true;
}

bool
run_begin_orders(struct run *r, struct err *e)
{
	struct ledger_order *o;

	if (!r->ready || !r->caught_up)
		return true;
	while ((r->pool == NULL || pool_room(r->pool) > 0) &&
	       (o = ledger_take(r->ledger, clock_monotonic_us())) != NULL)
		if (!begin(r, o, e))
			return false;
	return true;
}

static bool
end_one(struct job *j, struct err *e)
{
	if (j->ok)
		return finish(j, e);
	return job_failed(j, &j->e, e);
}

bool
run_end_orders(struct run *r, struct err *e)
{
	struct pool_task *t;

	while (r->pool != NULL && (t = pool_take(r->pool)) != NULL)
		if (!end_one((struct job *)t, e))
			return false;
	kafka_producer_poll(r->producer, 0);
	metric_set(r->m.open_orders, (int64_t)ledger_count(r->ledger));
	return true;
}

/* Asked to stop, there are ten seconds in all. Otherwise the cluster may be
 * away and come back: then waiting costs nothing, ending would mean to sign
 * again. */
static int64_t
drain_limit_us(void)
{
	return process_stopping() ? 8 * US_PER_S : 240 * US_PER_S;
}

/* What was signed must reach the log: outcomes are published to the last,
 * also when the partition is already somebody else's. By a producer that is
 * broken nothing is: then the next life publishes them. */
bool
run_drain(struct run *r)
{
	int64_t begin_us = clock_monotonic_us();
	struct err e = { 0 };

	while (r->in_hand + r->unsent > 0 &&
	       !kafka_producer_is_dead(r->producer, &e) &&
	       clock_monotonic_us() - begin_us < drain_limit_us()) {
		struct pool_task *t =
			r->pool == NULL ? NULL : pool_wait(r->pool, 20);

		if (t != NULL && !end_one((struct job *)t, &e))
			(void)run_fail(r, &e);
		kafka_producer_poll(r->producer, r->pool == NULL ? 20 : 0);
	}
	return r->in_hand + r->unsent == 0;
}

bool
run_open_pool(struct run *r, struct err *e)
{
	int64_t threads = 1;
	struct pool_spec spec = {
		.self = r->self,
		.run = run_in_pool,
	};

	if (r->w->work == NULL)
		return true;
	if (r->w->threads_option != NULL)
		threads =
			config_int(runtime_config(r->rt), r->w->threads_option);
	if (threads < 1 || threads > POOL_THREADS_MAX)
		return ERR_SET(e, ERR_FATAL, "config", 0, "%s: 1 to %d",
			       r->w->threads_option, POOL_THREADS_MAX);
	spec.threads = (size_t)threads;
	return pool_open(&spec, &r->pool, e);
}
