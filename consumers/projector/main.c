/*
 * projector - keeps the PostgreSQL read model current.
 *
 * in:  certflow.events, certflow.personal     out: schema read_model
 * Needs nothing but the topics: everything it writes can be rebuilt.
 */
#include "base/clock.h"
#include "base/log.h"
#include "kafka/consumer.h"
#include "kafka/topics.h"
#include "projector/intake.h"
#include "runtime/backoff.h"
#include "runtime/runtime.h"

#define POLL_MAX 2000
#define POLL_MS 250
#define COMMIT_EVERY_US US_PER_S

static const struct config_option options[] = {
	{ "db.conninfo", CONFIG_TEXT, NULL, 0, 0, false,
	  "PostgreSQL connection, e.g. postgresql://projector@db/certflow; "
	  "a password belongs into its passfile" },
	{ "db.schema", CONFIG_TEXT, "read_model", 0, 0, false,
	  "schema to write, e.g. read_model" },
	{ "projector.group", CONFIG_TEXT, "certflow-projector", 0, 0, false,
	  "consumer group, e.g. certflow-projector" },
	{ NULL, CONFIG_TEXT, NULL, 0, 0, false, NULL },
};

static const char *const topics[] = { KAFKA_TOPIC_EVENTS,
				      KAFKA_TOPIC_PERSONAL };

struct projector {
	struct runtime *runtime;
	struct store *store;
	struct intake *intake;
	struct kafka_consumer *consumer;
	struct backoff backoff;
	struct metric *events;
	struct metric *batches;
	struct metric *dead_letters;
	int64_t next_commit_us;
	bool ready;
};

/* The offsets in the database count, not those in Kafka. */
static bool
on_assigned(void *self, struct kafka_partition *list, size_t count,
	    struct err *e)
{
	struct projector *p = self;

	intake_revoke(p->intake);
	for (size_t i = 0; i < count; i++) {
		int64_t next;

		if (!intake_assign(p->intake, list[i].topic, list[i].partition,
				   &next, e)) {
			intake_revoke(p->intake);
			return false;
		}
		list[i].offset = next > 0 ? next : KAFKA_OFFSET_BEGINNING;
	}
	return true;
}

static void
on_revoked(void *self, const struct kafka_partition *list, size_t count,
	   bool lost)
{
	struct projector *p = self;

	(void)list;
	(void)count;
	(void)lost;
	intake_revoke(p->intake);
}

static bool
open_consumer(struct projector *p, struct err *e)
{
	static const struct kafka_consumer_events events = { on_assigned,
							     on_revoked };
	const struct config *cfg = runtime_config(p->runtime);
	const struct kafka_consumer_config consumer = {
		.kafka = *runtime_kafka(p->runtime),
		.group = config_text(cfg, "projector.group"),
		.instance_id = runtime_instance(p->runtime),
		.topics = topics,
		.topic_count = 2,
		.equal_topics =
			topics, /* certflow.personal has its own count */
		.equal_topic_count = 1,
		.events = &events,
		.self = p,
	};

	health_set(runtime_health(p->runtime), HEALTH_START,
		   "waiting for partitions of its group");
	return kafka_consumer_open(&consumer, &p->consumer, e);
}

static bool
open_all(struct projector *p, struct err *e)
{
	const struct config *cfg = runtime_config(p->runtime);

	if (p->store == NULL &&
	    !store_open(config_text(cfg, "db.conninfo"),
			config_text(cfg, "db.schema"), &p->store, e))
		return false;
	if (p->intake == NULL &&
	    !intake_new(p->store, runtime_schemas(p->runtime), &p->intake, e))
		return false;
	return p->consumer != NULL || open_consumer(p, e);
}

/* Wait after a failure that may pass. False: give up, or asked to stop. */
static bool
wait_again(struct projector *p, const struct err *e)
{
	struct health *health = runtime_health(p->runtime);

	if (e->kind != ERR_RETRY) {
		log_err(LOG_ERROR, runtime_instance(p->runtime), "cannot go on",
			e);
		return false;
	}
	health_set(health, HEALTH_WORK, e->text);
	return !process_sleep_ms(backoff_fail(&p->backoff));
}

static void
works_again(struct projector *p)
{
	if (p->backoff.failures > 0)
		log_line(LOG_INFO, runtime_instance(p->runtime), "works again",
			 NULL);
	backoff_reset(&p->backoff);
	health_set(runtime_health(p->runtime), HEALTH_WORK, NULL);
}

/* For lag tools only; a failure here harms nobody. */
static void
commit_to_kafka(struct projector *p)
{
	const struct kafka_partition *list;
	size_t count;
	struct err e;

	if (clock_monotonic_us() < p->next_commit_us)
		return;
	p->next_commit_us = clock_monotonic_us() + COMMIT_EVERY_US;
	list = intake_positions(p->intake, &count);
	if (count > 0 &&
	    !kafka_consumer_commit(p->consumer, list, count, false, &e))
		log_err(LOG_DEBUG, "kafka", "offsets for lag tools", &e);
}

static void
count_up(struct projector *p)
{
	const struct intake_counts *n = intake_counts(p->intake);

	metric_set(p->events, n->events);
	metric_set(p->batches, n->batches);
	metric_set(p->dead_letters, n->dead_letters);
}

/* No more than one poll brings is left to read, of all partitions. A queue
 * that is empty for a moment does not say so. */
static bool
caught_up(struct projector *p, bool *yes, struct err *e)
{
	size_t count;
	const struct kafka_partition *list =
		kafka_consumer_assignment(p->consumer, &count);
	AUTO(ptr) void *memory = calloc(count + 1, sizeof(*list));
	struct kafka_partition *at = memory;
	int64_t left = 0;

	if (at == NULL)
		return ERR_NO_MEMORY(e);
	*yes = count > 0;
	for (size_t i = 0; i < count; i++)
		at[i] = list[i];
	if (!kafka_consumer_position(p->consumer, at, count, e))
		return false;
	for (size_t i = 0; i < count && *yes; i++) {
		int64_t end = kafka_consumer_end(p->consumer, at[i].topic,
						 at[i].partition);

		left += end - at[i].offset;
		*yes = end >= 0 && at[i].offset >= 0 && left <= POLL_MAX;
	}
	return true;
}

static bool
say_ready(struct projector *p, struct err *e)
{
	bool yes = false;

	if (p->ready)
		return true;
	if (!caught_up(p, &yes, e))
		return false;
	if (yes)
		health_set(runtime_health(p->runtime), HEALTH_START, NULL);
	p->ready = yes;
	return true;
}

static bool
step(struct projector *p, struct err *e)
{
	AUTO(kafka_batch) struct kafka_batch *batch = NULL;

	if (!open_all(p, e) ||
	    !kafka_consumer_poll(p->consumer, POLL_MAX, POLL_MS, &batch, e) ||
	    !intake_take(p->intake, batch, e))
		return false;
	count_up(p);
	commit_to_kafka(p);
	return say_ready(p, e);
}

/* After a failure: nobody knows what was written, the database does. */
static bool
rewind_to_store(struct projector *p, struct err *e)
{
	const struct kafka_partition *list;
	size_t count;

	if (p->consumer == NULL)
		return true;
	if (!intake_reload(p->intake, e))
		return false;
	list = intake_positions(p->intake, &count);
	return count == 0 || kafka_consumer_seek(p->consumer, list, count, e);
}

static int
run(struct projector *p)
{
	struct err e = { 0 };
	bool rewound = true;

	if (!runtime_wait(p->runtime, topics, 1, &e))
		return e.kind == ERR_FATAL ? PROCESS_EXIT_FAULT : 0;
	while (!process_stopping()) {
		rewound = rewound || rewind_to_store(p, &e);
		if (rewound && step(p, &e)) {
			works_again(p);
			continue;
		}
		rewound = false;
		if (!wait_again(p, &e))
			return process_stopping() ? 0 : PROCESS_EXIT_FAULT;
	}
	return 0;
}

static void
add_metrics(struct projector *p)
{
	struct metrics *m = runtime_metrics(p->runtime);

	p->events = metrics_add(m, METRIC_COUNTER, "certflow_events_total",
				NULL, "Records of the log folded");
	p->batches = metrics_add(m, METRIC_COUNTER, "certflow_batches_total",
				 NULL, "SQL transactions");
	p->dead_letters =
		metrics_add(m, METRIC_COUNTER, "certflow_dead_letters_total",
			    NULL, "Messages that could not be read: an alarm");
}

int
main(int argc, char *argv[])
{
	static const struct runtime_spec spec = { .program = "projector",
						  .options = options };
	AUTO(runtime) struct runtime *rt = NULL;
	struct projector p = { .backoff = { .first_ms = 100,
					    .max_ms = 10000 } };
	int code;

	if (!runtime_open(&spec, argc, argv, &rt, &code))
		return code;
	p.runtime = rt;
	add_metrics(&p);
	code = run(&p);
	kafka_consumer_close(p.consumer);
	intake_free(p.intake);
	store_close(p.store);
	return code;
}
