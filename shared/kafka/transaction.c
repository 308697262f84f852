#include "kafka/transaction.h"

#include <string.h>

#include "base/clock.h"
#include "kafka/client.h"
#include "kafka/held.h"

/* Enough for each partition to get several, few enough that the broker works
 * while the next ones are decided. */
#define HELD_MAX 256

DEFINE_AUTO(rd_error, rd_kafka_error_t *, rd_kafka_error_destroy);
DEFINE_AUTO(rd_group, rd_kafka_consumer_group_metadata_t *,
	    rd_kafka_consumer_group_metadata_destroy);

struct kafka_txn {
	rd_kafka_t *rk;
	bool open;
	struct held held; /* of the open transaction */
};

/* What to do about an error of the transactional calls, see rdkafka.h,
 * "Transactional producer API". Neither flag set: treated as fatal, as its
 * authors recommend. */
static bool
txn_failed(struct kafka_txn *t, const rd_kafka_error_t *error, const char *what,
	   struct err *e)
{
	rd_kafka_resp_err_t code = rd_kafka_error_code(error);
	bool again = rd_kafka_error_is_retriable(error) ||
		     rd_kafka_error_txn_requires_abort(error);
	enum err_kind kind = again ? ERR_RETRY : ERR_FATAL;

	if (rd_kafka_error_is_fatal(error) && kafka_is_dead(t->rk, e))
		return err_context(e, "%s", what);
	/* The consumer's place was taken: its inputs are somebody else's. */
	if (code == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID)
		kind = ERR_FATAL;
	return ERR_SET(e, kind, KAFKA_ORIGIN, (long)code, "%s: %s (%s)", what,
		       rd_kafka_error_string(error),
		       rd_kafka_error_name(error));
}

bool
kafka_err_is_fenced(const struct err *e)
{
	switch ((int)e->code) {
	case RD_KAFKA_RESP_ERR__FENCED:
	case RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH:
	case RD_KAFKA_RESP_ERR_PRODUCER_FENCED:
	case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
		return true;
	default:
		return false;
	}
}

static bool
is(const struct err *e, rd_kafka_resp_err_t code)
{
	return e->code == code && e->origin != NULL &&
	       strcmp(e->origin, KAFKA_ORIGIN) == 0;
}

bool
kafka_err_is_held(const struct err *e)
{
	return is(e, RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS);
}

bool
kafka_err_is_timeout(const struct err *e)
{
	return is(e, RD_KAFKA_RESP_ERR__TIMED_OUT);
}

static bool
new_client(const struct kafka_settings *kafka, const char *id, rd_kafka_t **out,
	   struct err *e)
{
	const struct kafka_property list[] = {
		{ "transactional.id", id },
		{ "transaction.timeout.ms", "10000" },
		{ "enable.idempotence", "true" },
		{ "acks", "all" },
		{ "linger.ms", "0" },
		{ "retry.backoff.ms", "5" },
		{ "partitioner", "murmur2_random" },
		{ NULL, NULL },
	};
	AUTO(rd_conf) rd_kafka_conf_t *conf = NULL;

	return kafka_conf_new(kafka, list, &conf, e) &&
	       kafka_client_new(RD_KAFKA_PRODUCER, TAKE(conf), out, e);
}

/* One step of a transaction, again while it is retriable and time is left. */
typedef rd_kafka_error_t *(*txn_step)(struct kafka_txn *t, const void *arg,
				      int left_ms);

static bool
txn_try(struct kafka_txn *t, txn_step step, const void *arg, int timeout_ms,
	const char *what, struct err *e)
{
	int64_t end = clock_monotonic_us() + INT64_C(1000) * timeout_ms;

	for (;;) {
		int64_t left = (end - clock_monotonic_us()) / 1000;
		AUTO(rd_error)
		rd_kafka_error_t *error =
			step(t, arg, left > 1 ? (int)left : 1);

		if (error == NULL)
			return true;
		if (!rd_kafka_error_is_retriable(error) ||
		    rd_kafka_error_txn_requires_abort(error) ||
		    clock_monotonic_us() >= end)
			return txn_failed(t, error, what, e);
	}
}

static rd_kafka_error_t *
step_init(struct kafka_txn *t, const void *arg, int left_ms)
{
	(void)arg;
	return rd_kafka_init_transactions(t->rk, left_ms);
}

bool
kafka_txn_open(const struct kafka_settings *kafka, const char *transactional_id,
	       const char *const *topics, size_t topic_count, int timeout_ms,
	       struct kafka_txn **out, struct err *e)
{
	AUTO(kafka_txn) struct kafka_txn *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return ERR_NO_MEMORY(e);
	if (!new_client(kafka, transactional_id, &t->rk, e) ||
	    !txn_try(t, step_init, NULL, timeout_ms, "init transactions", e))
		return err_context(e, "%s", transactional_id);
	for (size_t i = 0; i < topic_count; i++) {
		int32_t n;

		if (!kafka_topic_partitions(t->rk, topics[i], timeout_ms, &n,
					    e))
			return false;
	}
	*out = TAKE(t);
	return true;
}

bool
kafka_txn_begin(struct kafka_txn *t, struct err *e)
{
	AUTO(rd_error) rd_kafka_error_t *error = NULL;

	if (t->open)
		return ERR_SET(e, ERR_FATAL, KAFKA_ORIGIN,
			       RD_KAFKA_RESP_ERR__STATE,
			       "begin: a transaction is open");
	(void)rd_kafka_poll(t->rk, 0); /* serves the error callback */
	error = rd_kafka_begin_transaction(t->rk);
	if (error != NULL)
		return txn_failed(t, error, "begin", e);
	t->open = true;
	return true;
}

bool
kafka_txn_send(struct kafka_txn *t, const struct kafka_record *r, struct err *e)
{
	return held_add(&t->held, r, e) &&
	       (t->held.count < HELD_MAX || held_send(&t->held, t->rk, e));
}

bool
kafka_txn_push(struct kafka_txn *t, struct err *e)
{
	return held_send(&t->held, t->rk, e);
}

struct inputs {
	const rd_kafka_topic_partition_list_t *list;
	const rd_kafka_consumer_group_metadata_t *group;
};

static rd_kafka_error_t *
step_offsets(struct kafka_txn *t, const void *arg, int left_ms)
{
	const struct inputs *in = arg;

	return rd_kafka_send_offsets_to_transaction(t->rk, in->list, in->group,
						    left_ms);
}

/* -1, the remaining transaction time, is what librdkafka asks for. */
static rd_kafka_error_t *
step_commit(struct kafka_txn *t, const void *arg, int left_ms)
{
	(void)arg;
	(void)left_ms;
	return rd_kafka_commit_transaction(t->rk, -1);
}

static rd_kafka_error_t *
step_abort(struct kafka_txn *t, const void *arg, int left_ms)
{
	(void)arg;
	(void)left_ms;
	return rd_kafka_abort_transaction(t->rk, -1);
}

/* librdkafka drops an empty list, and offsets that are not numbers, without
 * a word: such a transaction would not be fenced by the group. */
static bool
check_offsets(const struct kafka_partition *offsets, size_t count,
	      struct err *e)
{
	if (count == 0)
		return ERR_SET(e, ERR_FATAL, KAFKA_ORIGIN, 0,
			       "commit without input offsets is not fenced");
	for (size_t i = 0; i < count; i++)
		if (offsets[i].offset < 0)
			return ERR_SET(e, ERR_FATAL, KAFKA_ORIGIN, 0,
				       "commit: no input offset of %s/%d",
				       offsets[i].topic,
				       (int)offsets[i].partition);
	return true;
}

bool
kafka_txn_commit(struct kafka_txn *t, const struct kafka_partition *offsets,
		 size_t count, const struct kafka_group *group, int timeout_ms,
		 struct err *e)
{
	AUTO(rd_list) rd_kafka_topic_partition_list_t *l = NULL;
	struct inputs in;

	if (!check_offsets(offsets, count, e))
		return false;
	l = kafka_list_new(offsets, count);
	if (l == NULL)
		return ERR_NO_MEMORY(e);
	in = (struct inputs){ l, kafka_group_get(group) };
	/* The first request of a transaction is told to come again while the
	 * one before it is being marked: this one does after 5 ms, but the
	 * one that records need (AddPartitionsToTxn) only after 20. */
	if (!txn_try(t, step_offsets, &in, timeout_ms, "send offsets", e) ||
	    !kafka_txn_push(t, e) ||
	    !txn_try(t, step_commit, NULL, timeout_ms, "commit", e))
		return false;
	t->open = false;
	return true;
}

bool
kafka_txn_abort(struct kafka_txn *t, int timeout_ms, struct err *e)
{
	held_drop(&t->held);
	if (!t->open)
		return true;
	if (!txn_try(t, step_abort, NULL, timeout_ms, "abort", e))
		return false;
	t->open = false;
	return true;
}

static rd_kafka_error_t *
step_drop(struct kafka_txn *t, const void *arg, int left_ms)
{
	(void)arg;
	return rd_kafka_abort_transaction(t->rk, left_ms);
}

/* An abort would purge what is still queued. */
static bool
send_empty(struct kafka_txn *t, const struct kafka_partition *list,
	   size_t count, int timeout_ms, struct err *e)
{
	rd_kafka_resp_err_t code;

	for (size_t i = 0; i < count; i++) {
		const struct kafka_record r = { .topic = list[i].topic,
						.partition = list[i].partition,
						.value = bytes_of("", 0) };

		if (!kafka_produce(t->rk, &r, NULL, e))
			return false;
	}
	code = rd_kafka_flush(t->rk, timeout_ms);
	return code == RD_KAFKA_RESP_ERR_NO_ERROR ||
	       kafka_failed(e, code, "empty records");
}

bool
kafka_txn_end_former(struct kafka_txn *t, const char *group,
		     const struct kafka_partition *at,
		     const struct kafka_partition *partitions, size_t count,
		     int timeout_ms, struct err *e)
{
	AUTO(rd_list) rd_kafka_topic_partition_list_t *l = NULL;
	AUTO(rd_group)
	rd_kafka_consumer_group_metadata_t *whole =
		rd_kafka_consumer_group_metadata_new(group);
	struct inputs in;

	l = kafka_list_new(at, 1);
	if (l == NULL || whole == NULL)
		return ERR_NO_MEMORY(e);
	in = (struct inputs){ l, whole };
	if (!kafka_txn_begin(t, e) ||
	    !send_empty(t, partitions, count, timeout_ms, e) ||
	    !txn_try(t, step_offsets, &in, timeout_ms, "send offsets", e) ||
	    !txn_try(t, step_drop, NULL, timeout_ms, "abort", e))
		return err_context(e, "end a former transaction of %s", group);
	t->open = false;
	return true;
}

void
kafka_txn_close(struct kafka_txn *t)
{
	if (t == NULL)
		return;
	held_drop(&t->held);
	if (t->rk != NULL) {
		(void)rd_kafka_purge(t->rk, RD_KAFKA_PURGE_F_QUEUE |
						    RD_KAFKA_PURGE_F_INFLIGHT);
		rd_kafka_destroy(t->rk);
	}
	free(t);
}
