/* First offsets and ends of partitions.
 *
 * Not by rd_kafka_query_watermark_offsets(): librdkafka (seen with 2.0.2)
 * waits there for its requests to end, not for the time it is given, and a
 * request to a broker that died before this client had reached it ends after
 * minutes.  Nor does it ask again who leads the partition by then. */
#include <time.h>

#include "base/clock.h"
#include "kafka/client.h"

#define SLICE_MS 1000 /* then ask who leads now */
#define PAUSE_MS 100

static bool
ask(rd_kafka_t *rk, struct kafka_partition *list, size_t count, int64_t which,
    int timeout_ms, struct err *e)
{
	AUTO(rd_list)
	rd_kafka_topic_partition_list_t *l = kafka_list_new(list, count);
	rd_kafka_resp_err_t code;

	if (l == NULL)
		return ERR_NO_MEMORY(e);
	for (int i = 0; i < l->cnt; i++)
		l->elems[i].offset = which;
	code = rd_kafka_offsets_for_times(rk, l, timeout_ms);
	if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
		return kafka_failed(e, code, "watermarks of %s/%d",
				    list[0].topic, (int)list[0].partition);
	if (!kafka_list_check(l, "watermarks", e))
		return false;
	kafka_list_offsets(l, list, count);
	return true;
}

/* What is said of the topic now replaces what the client remembers. */
static void
look_again(rd_kafka_t *rk, const char *topic)
{
	const struct timespec pause = { .tv_nsec = PAUSE_MS * 1000000L };
	struct err ignored = { 0 };
	int32_t count;

	nanosleep(&pause, NULL);
	if (!kafka_topic_partitions(rk, topic, SLICE_MS, &count, &ignored))
		return; /* nobody knows yet */
}

bool
kafka_offsets(rd_kafka_t *rk, struct kafka_partition *list, size_t count,
	      int64_t which, int timeout_ms, struct err *e)
{
	int64_t end = clock_monotonic_us() + timeout_ms * INT64_C(1000);
	int64_t left = timeout_ms;

	while (count > 0) {
		int slice = left < SLICE_MS ? (int)left : SLICE_MS;

		if (ask(rk, list, count, which, slice, e))
			return true;
		left = (end - clock_monotonic_us()) / 1000;
		if (e->kind != ERR_RETRY || left <= PAUSE_MS)
			return false;
		look_again(rk, list[0].topic);
		left = (end - clock_monotonic_us()) / 1000;
		if (left <= 0)
			return false;
		*e = (struct err){ 0 };
	}
	return true;
}

bool
kafka_watermarks(rd_kafka_t *rk, const char *topic, int32_t partition,
		 int timeout_ms, int64_t *low, int64_t *high, struct err *e)
{
	struct kafka_partition at = { topic, partition, 0 };

	if (low != NULL) {
		if (!kafka_offsets(rk, &at, 1, RD_KAFKA_OFFSET_BEGINNING,
				   timeout_ms, e))
			return false;
		*low = at.offset;
	}
	if (high != NULL) {
		if (!kafka_offsets(rk, &at, 1, RD_KAFKA_OFFSET_END, timeout_ms,
				   e))
			return false;
		*high = at.offset;
	}
	return true;
}
