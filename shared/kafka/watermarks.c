/* First offset and end of a partition.
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
ask(rd_kafka_t *rk, const struct kafka_partition *at, int64_t which,
    int timeout_ms, int64_t *offset, struct err *e)
{
	const struct kafka_partition p = { at->topic, at->partition, which };
	AUTO(rd_list)
	rd_kafka_topic_partition_list_t *l = kafka_list_new(&p, 1);
	rd_kafka_resp_err_t code;

	if (l == NULL)
		return ERR_NO_MEMORY(e);
	code = rd_kafka_offsets_for_times(rk, l, timeout_ms);
	if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
		code = l->elems[0].err;
	if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
		return kafka_failed(e, code, "watermarks of %s/%d", at->topic,
				    (int)at->partition);
	*offset = l->elems[0].offset;
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
kafka_watermarks(rd_kafka_t *rk, const char *topic, int32_t partition,
		 int timeout_ms, int64_t *low, int64_t *high, struct err *e)
{
	const struct kafka_partition at = { topic, partition, 0 };
	int64_t end = clock_monotonic_us() + timeout_ms * INT64_C(1000);
	int64_t left = timeout_ms;
	bool ok;

	for (;;) {
		int slice = left < SLICE_MS ? (int)left : SLICE_MS;

		ok = (low == NULL ||
		      ask(rk, &at, RD_KAFKA_OFFSET_BEGINNING, slice, low, e)) &&
		     (high == NULL ||
		      ask(rk, &at, RD_KAFKA_OFFSET_END, slice, high, e));
		left = (end - clock_monotonic_us()) / 1000;
		if (ok || e->kind != ERR_RETRY || left <= PAUSE_MS)
			return ok;
		look_again(rk, topic);
		left = (end - clock_monotonic_us()) / 1000;
		if (left <= 0)
			return false;
		*e = (struct err){ 0 };
	}
}
