#include "kafka/consumer.h"

#include <string.h>

#include "base/log.h"
#include "kafka/consumer_internal.h"

#define NOT_THERE " (nothing is there, see ops/docs/operations.md)"

static void
on_commit(rd_kafka_t *rk, rd_kafka_resp_err_t code,
	  rd_kafka_topic_partition_list_t *list, void *opaque)
{
	(void)list;
	(void)opaque;
	if (code != RD_KAFKA_RESP_ERR_NO_ERROR &&
	    code != RD_KAFKA_RESP_ERR__NO_OFFSET)
		log_line(LOG_WARN, rd_kafka_name(rk), "offsets not committed",
			 "reason", rd_kafka_err2str(code), NULL);
}

/* A poll of an absent cluster is merely empty: make it say so. */
static void
on_error(rd_kafka_t *rk, int code, const char *reason, void *self)
{
	struct kafka_consumer *c = self;

	kafka_client_error(rk, code, reason, NULL);
	if (code != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || c->failed)
		return;
	c->failed = true;
	(void)kafka_failed(&c->failure, RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN,
			   "consumer");
}

static bool
new_client(struct kafka_consumer *c, const struct kafka_consumer_config *cfg,
	   struct err *e)
{
	const struct kafka_property list[] = {
		{ "group.id", cfg->group },
		{ "session.timeout.ms", "6000" },
		{ "heartbeat.interval.ms", "1500" },
		{ "max.poll.interval.ms", "300000" },
		{ "isolation.level", "read_committed" },
		{ "enable.auto.commit", "false" },
		{ "enable.auto.offset.store", "false" },
		{ "auto.offset.reset", "error" },
		{ "enable.partition.eof", "true" },
		{ "partition.assignment.strategy", "range" },
		{ "queued.max.messages.kbytes", KAFKA_QUEUE_KBYTES },
		{ "queued.min.messages", "1000000" },
		{ "fetch.queue.backoff.ms", kafka_queue_backoff() },
		{ "fetch.message.max.bytes", "262144" },
		{ "fetch.max.bytes", "9437184" }, /* KAFKA_MESSAGE_MAX */
		{ "fetch.wait.max.ms", "100" },
		{ "fetch.error.backoff.ms", "100" },
		{ "group.instance.id", cfg->instance_id },
		{ NULL, NULL },
	};
	AUTO(rd_conf) rd_kafka_conf_t *conf = NULL;

	if (!kafka_conf_new(&cfg->kafka, list, &conf, e))
		return false;
	rd_kafka_conf_set_opaque(conf, c);
	rd_kafka_conf_set_error_cb(conf, on_error);
	rd_kafka_conf_set_rebalance_cb(conf, kafka_consumer_rebalance);
	rd_kafka_conf_set_offset_commit_cb(conf, on_commit);
	return kafka_client_new(RD_KAFKA_CONSUMER, TAKE(conf), &c->rk, e);
}

static bool
copy_names(const char *const *from, size_t count, char ***to, size_t *copied,
	   struct err *e)
{
	*to = calloc(count + 1, sizeof((*to)[0]));
	if (*to == NULL)
		return ERR_NO_MEMORY(e);
	for (size_t i = 0; i < count; i++) {
		(*to)[i] = strdup(from[i]);
		if ((*to)[i] == NULL)
			return ERR_NO_MEMORY(e);
		*copied = i + 1;
	}
	return true;
}

static void
free_names(char **names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(names[i]);
	free(names);
}

static bool
subscribe(struct kafka_consumer *c, struct err *e)
{
	AUTO(rd_list)
	rd_kafka_topic_partition_list_t *l = kafka_list_new(NULL, 0);
	rd_kafka_resp_err_t code;

	if (l == NULL)
		return ERR_NO_MEMORY(e);
	for (size_t i = 0; i < c->topic_count; i++)
		rd_kafka_topic_partition_list_add(l, c->topics[i],
						  RD_KAFKA_PARTITION_UA);
	code = rd_kafka_subscribe(c->rk, l);
	if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
		return kafka_failed(e, code, "subscribe");
	return true;
}

bool
kafka_consumer_open(const struct kafka_consumer_config *cfg,
		    struct kafka_consumer **out, struct err *e)
{
	AUTO(kafka_consumer)
	struct kafka_consumer *c = calloc(1, sizeof(*c));
	bool all = cfg->equal_topics == NULL;
	int32_t n;

	if (c == NULL)
		return ERR_NO_MEMORY(e);
	if (cfg->events != NULL)
		c->events = *cfg->events;
	c->self = cfg->self;
	if (!copy_names(cfg->topics, cfg->topic_count, &c->topics,
			&c->topic_count, e) ||
	    !copy_names(all ? cfg->topics : cfg->equal_topics,
			all ? cfg->topic_count : cfg->equal_topic_count,
			&c->equal_topics, &c->equal_count, e) ||
	    !new_client(c, cfg, e))
		return false;
	if (!kafka_equal_partitions(c->rk, (const char *const *)c->equal_topics,
				    c->equal_count, KAFKA_REQUEST_MS, &n, e) ||
	    !subscribe(c, e))
		return err_context(e, "group %s", cfg->group);
	*out = TAKE(c);
	return true;
}

/* What a poll has to say before it may read. */
static bool
ready_to_poll(struct kafka_consumer *c, struct err *e)
{
	if (!c->failed && c->waiting != NULL &&
	    !kafka_consumer_take_up(c, &c->failure)) {
		c->failed = true;
		kafka_consumer_forget(c);
	}
	if (!c->failed)
		return !kafka_is_dead(c->rk, e);
	c->failed = false;
	*e = c->failure;
	return false;
}

static bool
gone(rd_kafka_resp_err_t code)
{
	return code == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
	       code == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE;
}

static void
note_error(struct kafka_consumer *c, const rd_kafka_message_t *m)
{
	const char *topic = m->rkt == NULL ? NULL : rd_kafka_topic_name(m->rkt);

	if (kafka_is_dead(c->rk, &c->failure) ||
	    m->err == RD_KAFKA_RESP_ERR_NO_ERROR)
		c->failed = true;
	else
		c->failed = !kafka_failed(
			&c->failure, m->err, "%s/%d at %lld%s",
			topic == NULL ? "group" : topic, (int)m->partition,
			(long long)m->offset, gone(m->err) ? NOT_THERE : "");
}

/* Fill b. Stops early at an error, which c->failure keeps. */
static void
collect(struct kafka_consumer *c, struct kafka_batch *b, int timeout_ms)
{
	while (!kafka_batch_full(b) && !c->failed) {
		bool first = kafka_batch_count(b) == 0;
		unsigned epoch = c->epoch;
		rd_kafka_message_t *m =
			rd_kafka_consumer_poll(c->rk, first ? timeout_ms : 0);

		if (epoch != c->epoch)
			kafka_batch_clear(b);
		if (m == NULL)
			return;
		if (m->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
			kafka_batch_add(b, m);
			kafka_fetch_on(c->rk, &c->taken);
			continue;
		}
		if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
			kafka_consumer_reached(c, m);
		else
			note_error(c, m);
		rd_kafka_message_destroy(m);
	}
}

bool
kafka_consumer_poll(struct kafka_consumer *c, size_t max, int timeout_ms,
		    struct kafka_batch **out, struct err *e)
{
	AUTO(kafka_batch) struct kafka_batch *b = NULL;

	if (!ready_to_poll(c, e) || !kafka_batch_new(max, &b, e))
		return false;
	collect(c, b, timeout_ms);
	if (kafka_batch_count(b) == 0 && !ready_to_poll(c, e))
		return false;
	if (!kafka_batch_seal(b, e))
		return false;
	*out = TAKE(b);
	return true;
}

unsigned
kafka_consumer_epoch(const struct kafka_consumer *c)
{
	return c->epoch;
}

const struct kafka_partition *
kafka_consumer_assignment(const struct kafka_consumer *c, size_t *count)
{
	*count = c->assigned_count;
	return c->assignment;
}

void
kafka_consumer_close(struct kafka_consumer *c)
{
	if (c == NULL)
		return;
	c->closing = true;
	if (c->rk != NULL) {
		(void)rd_kafka_consumer_close(c->rk);
		rd_kafka_destroy(c->rk);
	}
	kafka_consumer_forget(c);
	if (c->waiting != NULL)
		rd_kafka_topic_partition_list_destroy(c->waiting);
	free_names(c->topics, c->topic_count);
	free_names(c->equal_topics, c->equal_count);
	free(c);
}
