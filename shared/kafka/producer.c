#include "kafka/producer.h"

#include "base/clock.h"
#include "kafka/client.h"

struct kafka_producer {
	rd_kafka_t *rk;
	size_t pending;
};

/* One record under way; the opaque of its message. */
struct delivery {
	kafka_delivered done;
	void *self;
};

static void
on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
	struct kafka_producer *p = opaque;
	struct delivery *d = m->_private;
	struct err e = { 0 };
	struct kafka_partition at;

	(void)rk;
	p->pending--;
	if (d == NULL)
		return;
	at = (struct kafka_partition){ rd_kafka_topic_name(m->rkt),
				       m->partition, m->offset };
	if (m->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
		d->done(d->self, &at, NULL);
	} else {
		(void)kafka_failed(&e, m->err, "record for %s", at.topic);
		d->done(d->self, NULL, &e);
	}
	free(d);
}

bool
kafka_producer_open(const struct kafka_settings *kafka, int delivery_timeout_ms,
		    struct kafka_producer **out, struct err *e)
{
	char timeout[16];
	const struct kafka_property list[] = {
		{ "enable.idempotence", "true" },
		{ "acks", "all" },
		/* A request costs the broker more than the records in it. */
		{ "linger.ms", "5" },
		{ "retry.backoff.ms", "50" },
		{ "partitioner", "murmur2_random" },
		{ "message.timeout.ms", timeout },
		{ NULL, NULL },
	};
	AUTO(rd_conf) rd_kafka_conf_t *conf = NULL;
	AUTO(kafka_producer) struct kafka_producer *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return ERR_NO_MEMORY(e);
	snprintf(timeout, sizeof(timeout), "%d", delivery_timeout_ms);
	if (!kafka_conf_new(kafka, list, &conf, e))
		return false;
	rd_kafka_conf_set_opaque(conf, p);
	rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
	if (!kafka_client_new(RD_KAFKA_PRODUCER, TAKE(conf), &p->rk, e))
		return false;
	*out = TAKE(p);
	return true;
}

bool
kafka_producer_send(struct kafka_producer *p, const struct kafka_record *r,
		    kafka_delivered done, void *self, struct err *e)
{
	AUTO(ptr) void *slot = NULL;
	struct delivery *d = NULL;

	if (done != NULL) {
		d = slot = calloc(1, sizeof(*d));
		if (d == NULL)
			return ERR_NO_MEMORY(e);
		*d = (struct delivery){ done, self };
	}
	if (!kafka_produce(p->rk, r, d, e))
		return false;
	(void)TAKE(slot); /* on_delivery() frees it */
	p->pending++;
	return true;
}

/* What kafka_producer_send_wait() learns. Lives on the heap because the
 * record may outlive the wait. */
struct waiting {
	bool abandoned;
	bool known;
	bool failed;
	struct err failure;
	int32_t partition;
	int64_t offset;
};

static void
on_awaited(void *self, const struct kafka_partition *at,
	   const struct err *failure)
{
	struct waiting *w = self;

	if (w->abandoned) {
		free(w);
		return;
	}
	w->known = true;
	w->failed = failure != NULL;
	if (failure != NULL) {
		w->failure = *failure;
	} else {
		w->partition = at->partition;
		w->offset = at->offset;
	}
}

static bool
await(struct kafka_producer *p, struct waiting *w, int timeout_ms)
{
	int64_t end = clock_monotonic_us() + INT64_C(1000) * timeout_ms;

	do
		kafka_producer_poll(p, 50);
	while (!w->known && clock_monotonic_us() < end);
	return w->known;
}

bool
kafka_producer_send_wait(struct kafka_producer *p, const struct kafka_record *r,
			 int timeout_ms, struct kafka_partition *at,
			 struct err *e)
{
	AUTO(ptr) void *slot = calloc(1, sizeof(struct waiting));
	struct waiting *w = slot;

	if (w == NULL)
		return ERR_NO_MEMORY(e);
	if (!kafka_producer_send(p, r, on_awaited, w, e))
		return false;
	if (!await(p, w, timeout_ms)) {
		w->abandoned = true;
		(void)TAKE(slot); /* on_awaited() frees it */
		return kafka_is_dead(p->rk, e)
			       ? false
			       : kafka_failed(e, RD_KAFKA_RESP_ERR__TIMED_OUT,
					      "record for %s", r->topic);
	}
	if (w->failed) {
		*e = w->failure;
		return false;
	}
	if (at != NULL)
		*at = (struct kafka_partition){ r->topic, w->partition,
						w->offset };
	return true;
}

bool
kafka_producer_is_dead(const struct kafka_producer *p, struct err *e)
{
	return kafka_is_dead(p->rk, e);
}

void
kafka_producer_poll(struct kafka_producer *p, int timeout_ms)
{
	(void)rd_kafka_poll(p->rk, timeout_ms);
}

bool
kafka_producer_flush(struct kafka_producer *p, int timeout_ms, struct err *e)
{
	(void)rd_kafka_flush(p->rk, timeout_ms);
	if (kafka_is_dead(p->rk, e))
		return false;
	if (p->pending > 0)
		return ERR_SET(e, ERR_RETRY, KAFKA_ORIGIN,
			       RD_KAFKA_RESP_ERR__TIMED_OUT,
			       "%zu records not acknowledged in %d ms",
			       p->pending, timeout_ms);
	return true;
}

void
kafka_producer_close(struct kafka_producer *p)
{
	if (p == NULL)
		return;
	if (p->rk != NULL) {
		(void)rd_kafka_purge(p->rk, RD_KAFKA_PURGE_F_QUEUE |
						    RD_KAFKA_PURGE_F_INFLIGHT);
		(void)rd_kafka_flush(p->rk, 1000);
		rd_kafka_destroy(p->rk);
	}
	free(p);
}
