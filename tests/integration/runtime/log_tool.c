/*
 * log_tool - writes the log as a registrar would, for tests of workers.
 *
 *   log_tool order ENROLMENT     KeyPairRequested
 *   log_tool outcome ENROLMENT   KeyPairFailed
 *   log_tool other N             N events that a worker skips by header
 *   log_tool garbage             octets that are no event
 *   log_tool rewind GROUP MEMBER the group's offsets back to 0
 *
 * CERTFLOW_KAFKA and CERTFLOW_REGISTRY say where.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/uuid.h"
#include "kafka/consumer.h"
#include "kafka/producer.h"
#include "kafka/topics.h"
#include "registry/schemas.h"
#include "runtime/cloudevents.h"

#define TAX_CODE "0100109106"
#define TRACE "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
#define MS 20000

struct tool {
	struct kafka_settings kafka;
	struct kafka_producer *producer;
	struct registry *registry;
	struct schemas *schemas;
};

static bool
open_tool(struct tool *t, struct err *e)
{
	const struct registry_config registry = {
		.url = getenv("CERTFLOW_REGISTRY"), .timeout_ms = 5000
	};

	t->kafka.bootstrap = getenv("CERTFLOW_KAFKA");
	t->kafka.client_id = "log-tool";
	if (registry.url == NULL || t->kafka.bootstrap == NULL)
		return ERR_SET(e, ERR_FATAL, "tool", 0, "no environment");
	return kafka_producer_open(&t->kafka, MS, &t->producer, e) &&
	       registry_open(&registry, &t->registry, e) &&
	       schemas_open(t->registry, &t->schemas, e);
}

static bool
put(struct tool *t, struct event *ev, struct err *e)
{
	AUTO(buffer) struct buffer value = { 0 };
	char id[UUID_TEXT_MAX];
	struct cloudevents ce;
	struct kafka_record r = { .topic = KAFKA_TOPIC_EVENTS,
				  .partition = KAFKA_PARTITION_BY_KEY,
				  .key = bytes_of_str(TAX_CODE) };

	if (!uuid_v4(id, e))
		return false;
	ev->meta = (struct ev_meta){
		.event_id = id,
		.tax_code = TAX_CODE,
		.occurred_at = clock_now_us(),
		.actor = { .id = "test", .role = EV_ACTOR_ROLE_REGISTRAR },
	};
	if (!schemas_encode(t->schemas, ev, &value, e))
		return false;
	cloudevents_fill(&ce, ev, "/test", TRACE);
	r.value = buffer_view(&value);
	r.headers = ce.headers;
	r.header_count = ce.count;
	return kafka_producer_send_wait(t->producer, &r, MS, NULL, e);
}

static bool
order(struct tool *t, const char *enrolment, struct err *e)
{
	struct event ev = {
		.type = EVENT_KEY_PAIR_REQUESTED,
		.key_pair_requested = {
			.enrolment_id = enrolment,
			.certificate_type =
				EV_CERTIFICATE_TYPE_SERVER_SIGNATURE,
			.unit_kind = EV_UNIT_KIND_ENTERPRISE,
			.key_algorithm = EV_KEY_ALGORITHM_RSA_2048,
		},
	};

	return put(t, &ev, e);
}

static bool
outcome(struct tool *t, const char *enrolment, struct err *e)
{
	struct event ev = {
		.type = EVENT_KEY_PAIR_FAILED,
		.key_pair_failed = {
			.enrolment_id = enrolment,
			.code = EV_KEY_PAIR_FAILURE_CODE_TOKEN_FULL,
			.detail = "of an earlier life",
		},
	};

	return put(t, &ev, e);
}

/* Orders, and then their outcomes. */
static bool
done(struct tool *t, const char *count, struct err *e)
{
	static char ids[1000][UUID_TEXT_MAX];
	size_t n = strtoul(count, NULL, 10);

	if (n > sizeof(ids) / sizeof(ids[0]))
		return ERR_SET(e, ERR_FATAL, "tool", 0, "too many");
	for (size_t i = 0; i < n; i++)
		if (!uuid_v4(ids[i], e) || !order(t, ids[i], e))
			return false;
	for (size_t i = 0; i < n; i++)
		if (!outcome(t, ids[i], e))
			return false;
	return true;
}

static bool
other(struct tool *t, const char *count, struct err *e)
{
	for (long n = strtol(count, NULL, 10); n > 0; n--) {
		struct event ev = {
			.type = EVENT_ENROLMENT_SAVED,
			.enrolment_saved = { .enrolment_id =
						     "11111111-2222-4333-8444-"
						     "555555555555" },
		};

		if (!put(t, &ev, e))
			return false;
	}
	return true;
}

static bool
garbage(struct tool *t, struct err *e)
{
	const struct kafka_record r = { .topic = KAFKA_TOPIC_EVENTS,
					.partition = KAFKA_PARTITION_BY_KEY,
					.key = bytes_of_str(TAX_CODE),
					.value = bytes_of_str("no event") };

	return kafka_producer_send_wait(t->producer, &r, MS, NULL, e);
}

static bool
rewind_group(struct tool *t, const char *group, const char *member,
	     struct err *e)
{
	static const char *const topics[] = { KAFKA_TOPIC_EVENTS };
	const struct kafka_consumer_config cfg = { .kafka = t->kafka,
						   .group = group,
						   .instance_id = member,
						   .topics = topics,
						   .topic_count = 1 };
	AUTO(kafka_consumer) struct kafka_consumer *c = NULL;
	struct kafka_partition zero[64];
	size_t n = 0;

	if (!kafka_consumer_open(&cfg, &c, e))
		return false;
	while (n == 0) {
		AUTO(kafka_batch) struct kafka_batch *b = NULL;
		const struct kafka_partition *list;

		if (!kafka_consumer_poll(c, 1, 100, &b, e))
			return false;
		list = kafka_consumer_assignment(c, &n);
		for (size_t i = 0; i < n && i < 64; i++)
			zero[i] = (struct kafka_partition){ KAFKA_TOPIC_EVENTS,
							    list[i].partition,
							    0 };
	}
	return kafka_consumer_commit(c, zero, n, true, e);
}

static bool
run(struct tool *t, int argc, char **argv, struct err *e)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (!open_tool(t, e))
		return false;
	if (strcmp(what, "garbage") == 0)
		return garbage(t, e);
	if (argc > 2 && strcmp(what, "order") == 0)
		return order(t, argv[2], e);
	if (argc > 2 && strcmp(what, "outcome") == 0)
		return outcome(t, argv[2], e);
	if (argc > 2 && strcmp(what, "done") == 0)
		return done(t, argv[2], e);
	if (argc > 2 && strcmp(what, "other") == 0)
		return other(t, argv[2], e);
	if (argc > 3 && strcmp(what, "rewind") == 0)
		return rewind_group(t, argv[2], argv[3], e);
	return ERR_SET(e, ERR_FATAL, "tool", 0, "usage: see the source");
}

int
main(int argc, char *argv[])
{
	struct tool t = { 0 };
	struct err e = { 0 };
	bool ok = run(&t, argc, argv, &e);

	if (!ok)
		fprintf(stderr, "log_tool: %s\n", e.text);
	schemas_close(t.schemas);
	registry_close(t.registry);
	kafka_producer_close(t.producer);
	return ok ? 0 : 1;
}
