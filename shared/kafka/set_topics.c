/* kafka_admin_set_topics() */
#include "kafka/admin_internal.h"

#include <string.h>

#define TOPICS_MAX 32

/* Topics whose settings differ from the table. */
struct changes {
	rd_kafka_ConfigResource_t *items[TOPICS_MAX];
	size_t count;
};

static void
changes_free(struct changes *c)
{
	rd_kafka_ConfigResource_destroy_array(c->items, c->count);
}
DEFINE_AUTO_VALUE(changes, struct changes, changes_free);

static bool
is_named(const struct changes *c, const char *topic)
{
	for (size_t i = 0; i < c->count; i++)
		if (strcmp(rd_kafka_ConfigResource_name(c->items[i]), topic) ==
		    0)
			return true;
	return false;
}

static void
on_deviation(void *self, const struct kafka_finding *f)
{
	struct changes *c = self;

	if (f->topic == NULL || strcmp(f->setting, "topic") == 0 ||
	    strcmp(f->setting, "partitions") == 0 ||
	    strcmp(f->setting, KAFKA_REPLICAS) == 0 || c->count == TOPICS_MAX ||
	    is_named(c, f->topic))
		return;
	c->items[c->count++] =
		rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, f->topic);
}

/* The request replaces all settings of a topic: the whole row goes in. */
static bool
fill(rd_kafka_ConfigResource_t *r, const struct kafka_topic *t, int brokers,
     struct err *e)
{
	for (size_t i = 0;
	     i < KAFKA_TOPIC_CONFIGS_MAX && t->configs[i].key != NULL; i++) {
		const struct kafka_topic_config *c = &t->configs[i];
		rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;

		if (kafka_config_applies(c, brokers))
			code = rd_kafka_ConfigResource_set_config(r, c->key,
								  c->value);
		if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
			return kafka_failed(e, code, "%s: %s", t->name, c->key);
	}
	return true;
}

static bool
fill_all(struct changes *c, int brokers, struct err *e)
{
	size_t count;
	const struct kafka_topic *t = kafka_topics(&count);

	for (size_t k = 0; k < c->count; k++)
		for (size_t i = 0; i < count; i++)
			if (strcmp(rd_kafka_ConfigResource_name(c->items[k]),
				   t[i].name) == 0 &&
			    !fill(c->items[k], &t[i], brokers, e))
				return false;
	return true;
}

static bool
check_answer(rd_kafka_event_t *ev, struct err *e)
{
	size_t n = 0;
	const rd_kafka_ConfigResource_t **answer =
		rd_kafka_AlterConfigs_result_resources(
			rd_kafka_event_AlterConfigs_result(ev), &n);

	for (size_t i = 0; i < n; i++) {
		rd_kafka_resp_err_t code =
			rd_kafka_ConfigResource_error(answer[i]);

		if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
			return kafka_failed(
				e, code, "set %s",
				rd_kafka_ConfigResource_name(answer[i]));
	}
	return true;
}

bool
kafka_admin_set_topics(struct kafka_admin *a, int timeout_ms, size_t *changed,
		       struct err *e)
{
	AUTO(changes) struct changes c = { 0 };
	AUTO(rd_queue) rd_kafka_queue_t *q = rd_kafka_queue_new(a->rk);
	AUTO(rd_event) rd_kafka_event_t *ev = NULL;
	size_t deviations;
	int brokers;

	*changed = 0;
	if (!kafka_admin_brokers(a, timeout_ms, &brokers, e) ||
	    !kafka_admin_check_topics(a, 0, timeout_ms, on_deviation, &c,
				      &deviations, e))
		return false;
	if (c.count == 0)
		return true;
	if (!fill_all(&c, brokers, e))
		return false;
	rd_kafka_AlterConfigs(a->rk, c.items, c.count, NULL, q);
	if (!kafka_admin_wait(q, timeout_ms, "set topics", &ev, e) ||
	    !check_answer(ev, e))
		return false;
	*changed = c.count;
	return true;
}
