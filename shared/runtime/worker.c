#include "runtime/worker.h"

#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "runtime/worker_internal.h"

#define IDLE_MS 100 /* a turn with nothing to do */
#define PING_MS 1000
#define BUSY_MS 2 /* a turn while the pool or the broker has work of ours */

bool
run_fail(struct run *r, const struct err *e)
{
	if (!r->failed)
		r->failure = *e;
	r->failed = true;
	return false;
}

static void
make_metrics(struct run *r)
{
	struct metrics *m = runtime_metrics(r->rt);

	r->m = (struct worker_metrics){
		.messages = metrics_add(m, METRIC_COUNTER,
					"certflow_messages_total", NULL,
					"messages of the log seen"),
		.skipped = metrics_add(m, METRIC_COUNTER,
				       "certflow_messages_skipped_total", NULL,
				       "messages not wanted, not decoded"),
		.open_orders =
			metrics_add(m, METRIC_GAUGE, "certflow_orders_open",
				    NULL, "orders without outcome"),
		.done = metrics_add(m, METRIC_COUNTER,
				    "certflow_orders_done_total", NULL,
				    "orders finished"),
		.retries = metrics_add(m, METRIC_COUNTER,
				       "certflow_order_retries_total", NULL,
				       "tries of orders that must be repeated"),
		.outcomes = metrics_add(m, METRIC_COUNTER,
					"certflow_outcomes_total", NULL,
					"outcomes acknowledged by the broker"),
		.dead_letters = metrics_add(m, METRIC_COUNTER,
					    "certflow_dead_letters_total", NULL,
					    "messages that cannot be read"),
		.lag = metrics_add(m, METRIC_GAUGE, "certflow_lag", NULL,
				   "messages of the log not yet seen"),
	};
}

static bool
open_consumer(struct run *r, struct err *e)
{
	const char *const topics[] = { KAFKA_TOPIC_EVENTS };
	const char *const equal[] = { KAFKA_TOPIC_EVENTS, r->inbox_topic };
	const struct kafka_consumer_config cfg = {
		.kafka = *runtime_kafka(r->rt),
		.group = r->group,
		.instance_id = runtime_instance(r->rt),
		.topics = topics,
		.topic_count = 1,
		.equal_topics = equal,
		.equal_topic_count = 2,
		.events = &run_events,
		.self = r,
	};

	health_set(runtime_health(r->rt), HEALTH_START,
		   "waiting for partitions of its group");
	return kafka_consumer_open(&cfg, &r->consumer, e);
}

/* The worker's own opening, again while it says ERR_RETRY. */
static bool
open_self(struct run *r, struct err *e)
{
	struct backoff b = { .first_ms = 200, .max_ms = 5000 };

	while (!r->w->open(r->rt, &r->self, e)) {
		if (e->kind != ERR_RETRY) {
			r->unusable = e->kind != ERR_NONE;
			return false;
		}
		health_set(runtime_health(r->rt), HEALTH_WORK, e->text);
		if (process_sleep_ms(backoff_fail(&b))) {
			e->kind = ERR_NONE;
			return false;
		}
	}
	return true;
}

static bool
open_all(struct run *r, struct err *e)
{
	const char *const topics[] = { KAFKA_TOPIC_EVENTS, r->inbox_topic };

	snprintf(r->group, sizeof(r->group), "certflow-%s", r->w->name);
	snprintf(r->inbox_topic, sizeof(r->inbox_topic),
		 KAFKA_TOPIC_INBOX_PREFIX "%s", event_inbox_name(r->w->inbox));
	snprintf(r->source, sizeof(r->source), "/certflow/%s", r->w->name);
	r->intake_backoff =
		(struct backoff){ .first_ms = 200, .max_ms = 10000 };
	make_metrics(r);
	r->orders_max = (size_t)config_int(runtime_config(r->rt), "orders.max");
	return runtime_wait(r->rt, topics, 2, e) && open_self(r, e) &&
	       ledger_new(r->orders_max, &r->ledger, e) &&
	       kafka_producer_open(runtime_kafka(r->rt), 0, &r->producer, e) &&
	       run_open_pool(r, e) && open_consumer(r, e);
}

static void
ask_ready(struct run *r)
{
	struct err why = { 0 };
	bool was = r->ready;

	r->ready = r->w->ready == NULL || r->w->ready(r->self, &why);
	if (r->ready && !was)
		ledger_hasten(r->ledger);
	health_set(runtime_health(r->rt), HEALTH_HSM,
		   r->ready ? NULL : why.text);
}

/* The cluster's trouble: say it once, wait a little, go on. */
static bool
cluster_away(struct run *r, const struct err *e)
{
	if (e->kind != ERR_RETRY)
		return run_fail(r, e);
	r->away = true;
	health_set(runtime_health(r->rt), HEALTH_KAFKA, e->text);
	(void)process_sleep_ms(IDLE_MS);
	return true;
}

static bool
turn(struct run *r)
{
	bool busy = r->in_hand + r->unsent > 0;
	struct err e = { 0 };

	ask_ready(r);
	if (!run_go_back(r, &e) || !run_steer(r, &e) ||
	    !run_read(r, busy ? BUSY_MS : IDLE_MS, &e))
		return cluster_away(r, &e);
	if (r->away && !kafka_admin_ping(runtime_admin(r->rt), PING_MS, &e))
		return cluster_away(r, &e);
	if (kafka_producer_is_dead(r->producer, &e))
		return run_fail(r, &e);
	r->away = false;
	health_set(runtime_health(r->rt), HEALTH_KAFKA, NULL);
	if (!run_begin_orders(r, &e) || !run_end_orders(r, &e))
		return run_fail(r, &e);
	run_commit(r, false);
	return !r->failed;
}

/* Closing the consumer drains what is in hand, see on_revoked(). */
static void
close_all(struct run *r)
{
	kafka_consumer_close(r->consumer);
	kafka_batch_free(r->batch);
	if (r->pool != NULL && r->in_hand > 0 && !run_drain(r))
		_exit(PROCESS_EXIT_HUNG);
	pool_close(r->pool);
	kafka_producer_close(r->producer);
	ledger_free(r->ledger);
	if (r->self != NULL && r->w->close != NULL)
		r->w->close(r->self);
	free(r->places);
}

static void
run_all(struct run *r)
{
	struct err e = { 0 };

	if (!open_all(r, &e)) {
		if (e.kind != ERR_NONE)
			(void)run_fail(r, &e);
		return;
	}
	while (!process_stopping() && turn(r))
		continue;
}

static const struct config_option worker_options[] = {
	{ "orders.max", CONFIG_INT, "2500", 1, 1000000, false,
	  "orders in memory at a time; more of them wait on the log" },
	{ NULL, CONFIG_TEXT, NULL, 0, 0, false, NULL },
};

int
worker_main(const struct worker *w, int argc, char *argv[])
{
	const struct runtime_spec spec = {
		.program = w->name,
		.options = w->options,
		.more_options = worker_options,
		.holds_keys = w->holds_keys,
		.writes = w->writes,
		.write_count = w->write_count,
	};
	AUTO(runtime) struct runtime *rt = NULL;
	struct run r = { .w = w };
	int code;

	if (!runtime_open(&spec, argc, argv, &rt, &code))
		return code;
	r.rt = rt;
	run_all(&r);
	close_all(&r);
	if (r.failed)
		log_err(LOG_ERROR, runtime_instance(rt), "ends", &r.failure);
	else
		log_line(LOG_INFO, runtime_instance(rt), "stopped", NULL);
	if (r.unusable)
		return PROCESS_EXIT_USAGE;
	return r.failed ? PROCESS_EXIT_FAULT : 0;
}
