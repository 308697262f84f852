/* Offsets of a consumer: pause, seek, commit, position; group metadata. */
#include <string.h>

#include "kafka/consumer_internal.h"

struct kafka_group {
	rd_kafka_consumer_group_metadata_t *metadata;
};

static size_t
place_of(const struct kafka_consumer *c, const char *topic, int32_t partition)
{
	size_t i;

	for (i = 0; i < c->assigned_count; i++)
		if (c->assignment[i].partition == partition &&
		    strcmp(c->assignment[i].topic, topic) == 0)
			break;
	return i;
}

void
kafka_consumer_reached(struct kafka_consumer *c, const rd_kafka_message_t *eof)
{
	size_t i = place_of(c, rd_kafka_topic_name(eof->rkt), eof->partition);

	if (i < c->assigned_count)
		c->standing[i].reached = eof->offset;
}

bool
kafka_consumer_pause(struct kafka_consumer *c,
		     const struct kafka_partition *list, size_t count,
		     bool paused, struct err *e)
{
	AUTO(rd_list)
	rd_kafka_topic_partition_list_t *l = kafka_list_new(list, count);
	const char *what = paused ? "pause" : "resume";
	rd_kafka_resp_err_t code;

	if (l == NULL)
		return ERR_NO_MEMORY(e);
	code = paused ? rd_kafka_pause_partitions(c->rk, l)
		      : rd_kafka_resume_partitions(c->rk, l);
	if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
		return kafka_failed(e, code, "%s", what);
	return kafka_list_check(l, what, e);
}

/* Before 2.1.0 librdkafka took it for microseconds (its issue 4230): a busy
 * machine would never come to the end of a seek. */
static int
seek_timeout(void)
{
	return rd_kafka_version() < 0x02010000 ? KAFKA_REQUEST_MS * 1000
					       : KAFKA_REQUEST_MS;
}

/* Before a seek: where the list stands now is of no account any more. */
static bool
leave(struct kafka_consumer *c, const rd_kafka_topic_partition_list_t *list,
      struct err *e)
{
	AUTO(rd_list)
	rd_kafka_topic_partition_list_t *l =
		rd_kafka_topic_partition_list_copy(list);
	rd_kafka_resp_err_t code = rd_kafka_position(c->rk, l);

	if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
		return kafka_failed(e, code, "position");
	for (int i = 0; i < l->cnt; i++) {
		size_t k =
			place_of(c, l->elems[i].topic, l->elems[i].partition);

		if (k < c->assigned_count)
			c->standing[k] =
				(struct kafka_standing){ KAFKA_OFFSET_NONE,
							 l->elems[i].offset };
	}
	return true;
}

bool
kafka_consumer_seek(struct kafka_consumer *c,
		    const struct kafka_partition *list, size_t count,
		    struct err *e)
{
	AUTO(rd_list)
	rd_kafka_topic_partition_list_t *l = kafka_list_new(list, count);
	rd_kafka_error_t *error;
	rd_kafka_resp_err_t code;

	if (l == NULL)
		return ERR_NO_MEMORY(e);
	if (!leave(c, l, e))
		return false;
	error = rd_kafka_seek_partitions(c->rk, l, seek_timeout());
	code = rd_kafka_error_code(error);
	rd_kafka_error_destroy(error);
	if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
		return kafka_failed(e, code, "seek");
	return kafka_list_check(l, "seek", e);
}

/* A synchronous rd_kafka_commit() has no time-out of its own. */
static bool
commit_and_wait(struct kafka_consumer *c, rd_kafka_topic_partition_list_t *l,
		struct err *e)
{
	AUTO(rd_queue) rd_kafka_queue_t *q = rd_kafka_queue_new(c->rk);
	AUTO(rd_event) rd_kafka_event_t *ev = NULL;
	rd_kafka_resp_err_t code =
		rd_kafka_commit_queue(c->rk, l, q, NULL, NULL);

	if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
		return kafka_failed(e, code, "commit offsets");
	ev = rd_kafka_queue_poll(q, KAFKA_REQUEST_MS);
	if (ev == NULL)
		return kafka_failed(e, RD_KAFKA_RESP_ERR__TIMED_OUT,
				    "commit offsets");
	code = rd_kafka_event_error(ev);
	if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
		return kafka_failed(e, code, "commit offsets");
	return kafka_list_check(rd_kafka_event_topic_partition_list(ev),
				"commit", e);
}

bool
kafka_consumer_commit(struct kafka_consumer *c,
		      const struct kafka_partition *list, size_t count,
		      bool wait, struct err *e)
{
	AUTO(rd_list)
	rd_kafka_topic_partition_list_t *l = kafka_list_new(list, count);
	rd_kafka_resp_err_t code;

	if (l == NULL)
		return ERR_NO_MEMORY(e);
	if (count == 0)
		return true; /* NULL or empty would mean "the assignment" */
	if (wait)
		return commit_and_wait(c, l, e);
	code = rd_kafka_commit(c->rk, l, 1);
	if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
		return kafka_failed(e, code, "commit offsets");
	return true;
}

bool
kafka_consumer_committed(struct kafka_consumer *c, struct kafka_partition *list,
			 size_t count, int timeout_ms, struct err *e)
{
	AUTO(rd_list)
	rd_kafka_topic_partition_list_t *l = kafka_list_new(list, count);
	rd_kafka_resp_err_t code;

	if (l == NULL)
		return ERR_NO_MEMORY(e);
	code = rd_kafka_committed(c->rk, l, timeout_ms);
	if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
		return kafka_failed(e, code, "committed offsets");
	if (!kafka_list_check(l, "committed offset", e))
		return false;
	kafka_list_offsets(l, list, count);
	return true;
}

bool
kafka_consumer_position(struct kafka_consumer *c, struct kafka_partition *list,
			size_t count, struct err *e)
{
	AUTO(rd_list)
	rd_kafka_topic_partition_list_t *l = kafka_list_new(list, count);
	rd_kafka_resp_err_t code;

	if (l == NULL)
		return ERR_NO_MEMORY(e);
	code = rd_kafka_position(c->rk, l);
	if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
		return kafka_failed(e, code, "position");
	if (!kafka_list_check(l, "position", e))
		return false;
	kafka_list_offsets(l, list, count);
	for (size_t i = 0; i < count; i++) {
		size_t k = place_of(c, list[i].topic, list[i].partition);

		if (k == c->assigned_count)
			continue;
		if (list[i].offset == c->standing[k].stale)
			list[i].offset = KAFKA_OFFSET_NONE;
		else
			c->standing[k].stale = KAFKA_OFFSET_NONE;
		if (c->standing[k].reached > list[i].offset)
			list[i].offset = c->standing[k].reached;
	}
	return true;
}

int64_t
kafka_consumer_end(struct kafka_consumer *c, const char *topic,
		   int32_t partition)
{
	int64_t low;
	int64_t high;

	if (rd_kafka_get_watermark_offsets(c->rk, topic, partition, &low,
					   &high) !=
		    RD_KAFKA_RESP_ERR_NO_ERROR ||
	    high < 0)
		return -1;
	return high;
}

bool
kafka_consumer_group(struct kafka_consumer *c, struct kafka_group **out,
		     struct err *e)
{
	struct kafka_group *g = calloc(1, sizeof(*g));

	if (g == NULL)
		return ERR_NO_MEMORY(e);
	g->metadata = rd_kafka_consumer_group_metadata(c->rk);
	if (g->metadata == NULL) {
		free(g);
		return ERR_SET(e, ERR_FATAL, KAFKA_ORIGIN, 0,
			       "no group metadata");
	}
	*out = g;
	return true;
}

const rd_kafka_consumer_group_metadata_t *
kafka_group_get(const struct kafka_group *g)
{
	return g->metadata;
}

void
kafka_group_free(struct kafka_group *g)
{
	if (g == NULL)
		return;
	rd_kafka_consumer_group_metadata_destroy(g->metadata);
	free(g);
}
