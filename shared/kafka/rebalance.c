#include <string.h>

#include "base/log.h"
#include "kafka/consumer_internal.h"

void
kafka_consumer_forget(struct kafka_consumer *c)
{
	for (size_t i = 0; i < c->assigned_count; i++)
		free((char *)(uintptr_t)c->assignment[i].topic);
	free(c->assignment);
	free(c->standing);
	c->assignment = NULL;
	c->standing = NULL;
	c->assigned_count = 0;
}

static bool
remember(struct kafka_consumer *c, const rd_kafka_topic_partition_list_t *l,
	 struct err *e)
{
	kafka_consumer_forget(c);
	c->assignment = calloc((size_t)l->cnt + 1, sizeof(c->assignment[0]));
	c->standing = calloc((size_t)l->cnt + 1, sizeof(c->standing[0]));
	if (c->assignment == NULL || c->standing == NULL)
		return ERR_NO_MEMORY(e);
	for (int i = 0; i < l->cnt; i++) {
		struct kafka_partition *p = &c->assignment[i];

		p->topic = strdup(l->elems[i].topic);
		if (p->topic == NULL)
			return ERR_NO_MEMORY(e);
		p->partition = l->elems[i].partition;
		p->offset = l->elems[i].offset;
		c->standing[i] = (struct kafka_standing){ KAFKA_OFFSET_NONE,
							  KAFKA_OFFSET_NONE };
		c->assigned_count++;
	}
	return true;
}

/* Committed offset, or the first one there is: absolute, because librdkafka
 * forgets a logical start offset when a partition is paused before it was
 * read (its issue 2105). */
static bool
start_offset(rd_kafka_t *rk, rd_kafka_topic_partition_t *p, struct err *e)
{
	return p->offset >= 0 ||
	       kafka_watermarks(rk, p->topic, p->partition, KAFKA_REQUEST_MS,
				&p->offset, NULL, e);
}

static bool
start_offsets(struct kafka_consumer *c, rd_kafka_topic_partition_list_t *l,
	      struct err *e)
{
	rd_kafka_resp_err_t code;

	if (l->cnt == 0)
		return true;
	rd_kafka_topic_partition_list_sort(l, NULL, NULL);
	code = rd_kafka_committed(c->rk, l, KAFKA_REQUEST_MS);
	if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
		return kafka_failed(e, code, "committed offsets");
	if (!kafka_list_check(l, "committed offset", e))
		return false;
	for (int i = 0; i < l->cnt; i++)
		if (!start_offset(c->rk, &l->elems[i], e))
			return false;
	return true;
}

static bool
ask_program(struct kafka_consumer *c, rd_kafka_topic_partition_list_t *l,
	    struct err *e)
{
	if (!remember(c, l, e))
		return false;
	if (c->events.assigned != NULL &&
	    !c->events.assigned(c->self, c->assignment, c->assigned_count, e))
		return false;
	for (int i = 0; i < l->cnt; i++)
		l->elems[i].offset = c->assignment[i].offset;
	return true;
}

bool
kafka_consumer_take_up(struct kafka_consumer *c, struct err *e)
{
	int32_t n;
	rd_kafka_resp_err_t code;

	if (!kafka_equal_partitions(c->rk, (const char *const *)c->equal_topics,
				    c->equal_count, KAFKA_REQUEST_MS, &n, e) ||
	    !start_offsets(c, c->waiting, e) || !ask_program(c, c->waiting, e))
		return err_context(e, "assignment of %d partitions",
				   c->waiting->cnt);
	code = rd_kafka_assign(c->rk, c->waiting);
	if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
		return kafka_failed(e, code, "assign");
	rd_kafka_topic_partition_list_destroy(c->waiting);
	c->waiting = NULL;
	c->epoch++;
	return true;
}

static void
drop_waiting(struct kafka_consumer *c)
{
	if (c->waiting != NULL)
		rd_kafka_topic_partition_list_destroy(c->waiting);
	c->waiting = NULL;
}

static void
on_assign(struct kafka_consumer *c, const rd_kafka_topic_partition_list_t *list)
{
	char n[24];

	log_line(LOG_INFO, rd_kafka_name(c->rk), "partitions assigned", "count",
		 log_int(n, list->cnt), NULL);
	drop_waiting(c);
	c->waiting = rd_kafka_topic_partition_list_copy(list);
	if (kafka_consumer_take_up(c, &c->failure))
		return;
	c->failed = true;
	kafka_consumer_forget(c);
}

/* A pause outlives the assignment it was made in: take it back. */
static void
unassign(rd_kafka_t *rk)
{
	AUTO(rd_list) rd_kafka_topic_partition_list_t *l = NULL;

	if (rd_kafka_assignment(rk, &l) == RD_KAFKA_RESP_ERR_NO_ERROR)
		(void)rd_kafka_resume_partitions(rk, l);
	(void)rd_kafka_assign(rk, NULL);
}

static void
on_revoke(struct kafka_consumer *c)
{
	bool lost = rd_kafka_assignment_lost(c->rk) != 0;
	char n[24];

	log_line(lost ? LOG_WARN : LOG_INFO, rd_kafka_name(c->rk),
		 lost ? "partitions lost" : "partitions revoked", "count",
		 log_int(n, (long long)c->assigned_count), NULL);
	drop_waiting(c);
	c->epoch++;
	if (c->events.revoked != NULL && c->assigned_count > 0)
		c->events.revoked(c->self, c->assignment, c->assigned_count,
				  lost);
	kafka_consumer_forget(c);
	unassign(c->rk);
}

void
kafka_consumer_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t code,
			 rd_kafka_topic_partition_list_t *list, void *opaque)
{
	struct kafka_consumer *c = opaque;

	if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS && !c->closing) {
		on_assign(c, list);
		return;
	}
	if (code == RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS) {
		on_revoke(c);
		return;
	}
	(void)rd_kafka_assign(rk, NULL);
	if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS)
		return;
	(void)kafka_failed(&c->failure, code, "rebalance");
	c->failed = true;
}
