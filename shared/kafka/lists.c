/* Lists of partitions and what metadata says of topics. */
#include <string.h>

#include "kafka/client.h"

rd_kafka_topic_partition_list_t *
kafka_list_new(const struct kafka_partition *list, size_t count)
{
	rd_kafka_topic_partition_list_t *l =
		rd_kafka_topic_partition_list_new((int)count);

	for (size_t i = 0; l != NULL && i < count; i++)
		rd_kafka_topic_partition_list_add(l, list[i].topic,
						  list[i].partition)
			->offset = list[i].offset;
	return l;
}

bool
kafka_list_check(const rd_kafka_topic_partition_list_t *l, const char *what,
		 struct err *e)
{
	for (int i = 0; i < l->cnt; i++)
		if (l->elems[i].err != RD_KAFKA_RESP_ERR_NO_ERROR)
			return kafka_failed(e, l->elems[i].err, "%s of %s/%d",
					    what, l->elems[i].topic,
					    (int)l->elems[i].partition);
	return true;
}

void
kafka_list_offsets(const rd_kafka_topic_partition_list_t *l,
		   struct kafka_partition *list, size_t count)
{
	for (size_t i = 0; i < count && i < (size_t)l->cnt; i++)
		list[i].offset = l->elems[i].offset;
}

static bool
topic_count(const struct rd_kafka_metadata *md, const char *topic,
	    int32_t *count, struct err *e)
{
	const struct rd_kafka_metadata_topic *t;

	if (md->topic_cnt != 1)
		return kafka_failed(e, RD_KAFKA_RESP_ERR__BAD_MSG,
				    "metadata of %s", topic);
	t = &md->topics[0];
	*count = 0;
	if (t->err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
	    t->err == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC)
		return true;
	if (t->err != RD_KAFKA_RESP_ERR_NO_ERROR)
		return kafka_failed(e, t->err, "metadata of %s", topic);
	*count = t->partition_cnt;
	return true;
}

bool
kafka_topic_partitions(rd_kafka_t *rk, const char *topic, int timeout_ms,
		       int32_t *count, struct err *e)
{
	rd_kafka_topic_t *rkt = rd_kafka_topic_new(rk, topic, NULL);
	const struct rd_kafka_metadata *md = NULL;
	rd_kafka_resp_err_t code;
	bool ok;

	if (rkt == NULL)
		return kafka_failed(e, rd_kafka_last_error(), "topic %s",
				    topic);
	code = rd_kafka_metadata(rk, 0, rkt, &md, timeout_ms);
	rd_kafka_topic_destroy(rkt);
	if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
		return kafka_failed(e, code, "metadata of %s", topic);
	ok = topic_count(md, topic, count, e);
	rd_kafka_metadata_destroy(md);
	return ok;
}

bool
kafka_equal_partitions(rd_kafka_t *rk, const char *const *topics, size_t count,
		       int timeout_ms, int32_t *partitions, struct err *e)
{
	char counts[ERR_TEXT_MAX] = "";
	size_t used = 0;
	bool equal = true;
	int32_t first = 0;

	for (size_t i = 0; i < count; i++) {
		int32_t n = 0;
		int w;

		if (!kafka_topic_partitions(rk, topics[i], timeout_ms, &n, e))
			return false;
		if (n == 0)
			return ERR_SET(e, ERR_RETRY, KAFKA_ORIGIN, 0,
				       "topic %s does not exist", topics[i]);
		if (i == 0)
			first = n;
		equal = equal && n == first;
		w = snprintf(counts + used, sizeof(counts) - used, "%s%s %d",
			     i == 0 ? "" : ", ", topics[i], (int)n);
		used += (size_t)w < sizeof(counts) - used ? (size_t)w : 0;
	}
	if (!equal)
		return ERR_SET(e, ERR_FATAL, KAFKA_ORIGIN, 0,
			       "partition counts differ: %s", counts);
	*partitions = first;
	return true;
}
