/* kafka_admin_check_topics() */
#include <string.h>

#include "kafka/admin_internal.h"

#define RESOURCES_MAX 32
#define REPLICAS 3 /* of each partition where there are several brokers */

DEFINE_AUTO(rd_metadata, const struct rd_kafka_metadata *,
	    rd_kafka_metadata_destroy);

/* Topics, or one broker, whose settings are asked for. */
struct resources {
	rd_kafka_ConfigResource_t *items[RESOURCES_MAX];
	size_t count;
};

static void
resources_free(struct resources *r)
{
	rd_kafka_ConfigResource_destroy_array(r->items, r->count);
}
DEFINE_AUTO_VALUE(resources, struct resources, resources_free);

struct check {
	struct kafka_admin *a;
	int timeout_ms;
	int brokers;
	int32_t broker; /* that is asked */
	kafka_report report;
	void *self;
	size_t deviations;
};

static void
tell(struct check *c, const char *topic, const char *setting, const char *want,
     const char *have)
{
	struct kafka_finding f = { topic, topic == NULL ? c->broker : -1,
				   setting, want, have };

	c->deviations++;
	c->report(c->self, &f);
}

/* partitions 0: the count of the first topic that shares it is the norm. */
static bool
check_counts(struct check *c, int32_t partitions, struct resources *found,
	     struct err *e)
{
	size_t count;
	const struct kafka_topic *t = kafka_topics(&count);

	for (size_t i = 0; i < count; i++) {
		int32_t want = t[i].partitions;
		int32_t have;
		char w[16];
		char h[16];

		if (!kafka_topic_partitions(c->a->rk, t[i].name, c->timeout_ms,
					    &have, e))
			return false;
		if (want == 0 && partitions == 0)
			partitions = have;
		want = want == 0 ? partitions : want;
		snprintf(w, sizeof(w), "%d", (int)want);
		snprintf(h, sizeof(h), "%d", (int)have);
		if (have == 0)
			tell(c, t[i].name, "topic", "exists", "missing");
		else if (have != want)
			tell(c, t[i].name, "partitions", w, h);
		if (have > 0 && found->count < RESOURCES_MAX - 1)
			found->items[found->count++] =
				rd_kafka_ConfigResource_new(
					RD_KAFKA_RESOURCE_TOPIC, t[i].name);
	}
	return true;
}

/* Kafka's own topics count: without offsets and transactions that survive
 * a broker, copies of the log are of no use. */
static bool
is_ours(const char *topic)
{
	size_t count;
	const struct kafka_topic *t = kafka_topics(&count);

	for (size_t i = 0; i < count; i++)
		if (strcmp(t[i].name, topic) == 0)
			return true;
	return strncmp(topic, "__", 2) == 0;
}

static void
check_replicas(struct check *c, const struct rd_kafka_metadata_topic *t)
{
	int fewest = REPLICAS;
	char want[16];
	char have[16];

	for (int i = 0; i < t->partition_cnt; i++)
		if (t->partitions[i].replica_cnt < fewest)
			fewest = t->partitions[i].replica_cnt;
	snprintf(want, sizeof(want), "%d", REPLICAS);
	snprintf(have, sizeof(have), "%d", fewest);
	if (fewest < REPLICAS && is_ours(t->topic))
		tell(c, t->topic, KAFKA_REPLICAS, want, have);
}

static const char *
value_of(const rd_kafka_ConfigResource_t *r, const char *key)
{
	size_t n = 0;
	const rd_kafka_ConfigEntry_t **entries =
		rd_kafka_ConfigResource_configs(r, &n);

	for (size_t i = 0; i < n; i++)
		if (strcmp(rd_kafka_ConfigEntry_name(entries[i]), key) == 0)
			return rd_kafka_ConfigEntry_value(entries[i]);
	return NULL;
}

static void
check_configs(struct check *c, const rd_kafka_ConfigResource_t *r,
	      const char *topic, const struct kafka_topic_config *want,
	      size_t count)
{
	for (size_t i = 0; i < count && want[i].key != NULL; i++) {
		const char *have;

		if (!kafka_config_applies(&want[i], c->brokers))
			continue;
		have = value_of(r, want[i].key);
		if (have == NULL || strcmp(have, want[i].value) != 0)
			tell(c, topic, want[i].key, want[i].value,
			     have == NULL ? "(not set)" : have);
	}
}

static void
check_topic(struct check *c, const rd_kafka_ConfigResource_t *r)
{
	size_t count;
	const struct kafka_topic *t = kafka_topics(&count);
	const char *name = rd_kafka_ConfigResource_name(r);

	for (size_t i = 0; i < count; i++)
		if (strcmp(t[i].name, name) == 0)
			check_configs(c, r, t[i].name, t[i].configs,
				      KAFKA_TOPIC_CONFIGS_MAX);
}

static bool
check_answer(struct check *c, rd_kafka_event_t *ev, struct err *e)
{
	size_t n = 0;
	size_t broker_count;
	const struct kafka_topic_config *broker =
		kafka_broker_configs(&broker_count);
	const rd_kafka_ConfigResource_t **answer =
		rd_kafka_DescribeConfigs_result_resources(
			rd_kafka_event_DescribeConfigs_result(ev), &n);

	for (size_t i = 0; i < n; i++) {
		rd_kafka_resp_err_t code =
			rd_kafka_ConfigResource_error(answer[i]);

		if (code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) {
			/* new: the broker that answers has not heard of it */
			tell(c, rd_kafka_ConfigResource_name(answer[i]),
			     "topic", "known to each broker", "not yet");
			continue;
		}
		if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
			return kafka_failed(
				e, code, "settings of %s",
				rd_kafka_ConfigResource_name(answer[i]));
		if (rd_kafka_ConfigResource_type(answer[i]) ==
		    RD_KAFKA_RESOURCE_TOPIC)
			check_topic(c, answer[i]);
		else
			check_configs(c, answer[i], NULL, broker, broker_count);
	}
	return true;
}

/* librdkafka takes one broker resource a request, so brokers go apart. */
static bool
ask(struct check *c, struct resources *r, struct err *e)
{
	AUTO(rd_queue) rd_kafka_queue_t *q = rd_kafka_queue_new(c->a->rk);
	AUTO(rd_event) rd_kafka_event_t *ev = NULL;

	if (r->count == 0)
		return true;
	rd_kafka_DescribeConfigs(c->a->rk, r->items, r->count, NULL, q);
	return kafka_admin_wait(q, c->timeout_ms, "ask for settings", &ev, e) &&
	       check_answer(c, ev, e);
}

/* Each broker has settings of its own, and may differ from the others. */
static bool
check_brokers(struct check *c, const struct rd_kafka_metadata *md,
	      struct err *e)
{
	for (int i = 0; i < md->broker_cnt; i++) {
		AUTO(resources) struct resources broker = { .count = 1 };
		char id[16];

		c->broker = md->brokers[i].id;
		snprintf(id, sizeof(id), "%d", (int)c->broker);
		broker.items[0] = rd_kafka_ConfigResource_new(
			RD_KAFKA_RESOURCE_BROKER, id);
		if (!ask(c, &broker, e))
			return false;
	}
	return true;
}

bool
kafka_admin_check_topics(struct kafka_admin *a, int32_t partitions,
			 int timeout_ms, kafka_report report, void *self,
			 size_t *deviations, struct err *e)
{
	AUTO(resources) struct resources topics = { 0 };
	AUTO(rd_metadata) const struct rd_kafka_metadata *md = NULL;
	struct check c = {
		.a = a, .timeout_ms = timeout_ms, .report = report, .self = self
	};
	rd_kafka_resp_err_t code =
		rd_kafka_metadata(a->rk, 1, NULL, &md, timeout_ms);

	if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
		return kafka_failed(e, code, "ask the cluster");
	c.brokers = md->broker_cnt;
	if (!check_counts(&c, partitions, &topics, e) || !ask(&c, &topics, e) ||
	    !check_brokers(&c, md, e))
		return false;
	for (int i = 0; c.brokers > 1 && i < md->topic_cnt; i++)
		check_replicas(&c, &md->topics[i]);
	*deviations = c.deviations;
	return true;
}
