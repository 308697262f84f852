/* kafka_admin_create_topics() */
#include "kafka/admin_internal.h"

#define TOPICS_MAX 32

DEFINE_AUTO(rd_new_topic, rd_kafka_NewTopic_t *, rd_kafka_NewTopic_destroy);

/* The topics to create; released one by one. */
struct wanted {
	rd_kafka_NewTopic_t *items[TOPICS_MAX];
	size_t count;
};

static void
wanted_free(struct wanted *w)
{
	rd_kafka_NewTopic_destroy_array(w->items, w->count);
}
DEFINE_AUTO_VALUE(wanted, struct wanted, wanted_free);

static bool
describe(const struct kafka_topic *t, int32_t partitions, int replication,
	 int brokers, rd_kafka_NewTopic_t **out, struct err *e)
{
	char why[256] = "";
	AUTO(rd_new_topic)
	rd_kafka_NewTopic_t *n = rd_kafka_NewTopic_new(
		t->name, t->partitions > 0 ? t->partitions : partitions,
		replication, why, sizeof(why));

	if (n == NULL)
		return ERR_SET(e, ERR_FATAL, KAFKA_ORIGIN, 0, "%s: %s", t->name,
			       why);
	for (size_t i = 0;
	     i < KAFKA_TOPIC_CONFIGS_MAX && t->configs[i].key != NULL; i++) {
		const struct kafka_topic_config *c = &t->configs[i];
		rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;

		if (kafka_config_applies(c, brokers))
			code = rd_kafka_NewTopic_set_config(n, c->key,
							    c->value);
		if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
			return kafka_failed(e, code, "%s: %s", t->name, c->key);
	}
	*out = TAKE(n);
	return true;
}

static bool
collect(struct kafka_admin *a, struct wanted *w, int32_t partitions,
	int replication, int timeout_ms, struct err *e)
{
	size_t count;
	const struct kafka_topic *table = kafka_topics(&count);
	int brokers;

	if (!kafka_admin_brokers(a, timeout_ms, &brokers, e))
		return false;
	for (size_t i = 0; i < count && w->count < TOPICS_MAX; i++) {
		int32_t have;

		if (!kafka_topic_partitions(a->rk, table[i].name, timeout_ms,
					    &have, e))
			return false;
		if (have > 0)
			continue;
		if (!describe(&table[i], partitions, replication, brokers,
			      &w->items[w->count], e))
			return false;
		w->count++;
	}
	return true;
}

static bool
check_results(rd_kafka_event_t *ev, size_t *created, struct err *e)
{
	size_t n = 0;
	const rd_kafka_topic_result_t **results =
		rd_kafka_CreateTopics_result_topics(
			rd_kafka_event_CreateTopics_result(ev), &n);

	for (size_t i = 0; i < n; i++) {
		rd_kafka_resp_err_t code =
			rd_kafka_topic_result_error(results[i]);
		const char *text =
			rd_kafka_topic_result_error_string(results[i]);

		if (code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
			continue; /* somebody was quicker */
		if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
			return ERR_SET(e, kafka_err_kind(code), KAFKA_ORIGIN,
				       (long)code, "create %s: %s",
				       rd_kafka_topic_result_name(results[i]),
				       text == NULL ? rd_kafka_err2str(code)
						    : text);
		(*created)++;
	}
	return true;
}

bool
kafka_admin_create_topics(struct kafka_admin *a, int32_t partitions,
			  int replication, int timeout_ms, size_t *created,
			  struct err *e)
{
	AUTO(wanted) struct wanted w = { 0 };
	AUTO(rd_queue) rd_kafka_queue_t *q = rd_kafka_queue_new(a->rk);
	AUTO(rd_event) rd_kafka_event_t *ev = NULL;

	*created = 0;
	if (!collect(a, &w, partitions, replication, timeout_ms, e))
		return false;
	if (w.count == 0)
		return true;
	rd_kafka_CreateTopics(a->rk, w.items, w.count, NULL, q);
	return kafka_admin_wait(q, timeout_ms, "create topics", &ev, e) &&
	       check_results(ev, created, e);
}
