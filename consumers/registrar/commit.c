#include <string.h>

#include "base/log.h"
#include "kafka/reader.h"
#include "registrar/registrar.h"

#define COMMIT_MS 10000
#define ABORT_MS 10000
#define END_MS 3000

size_t
commit_inputs(const struct registrar *r, bool touched_only,
	      struct kafka_partition *out)
{
	size_t n = 0;

	for (size_t l = 0; l < r->lane_count; l++) {
		const struct lane *lane = &r->lanes[l];

		if (touched_only && !lane->touched)
			continue;
		for (size_t i = 0; i < INPUTS; i++)
			out[n++] = (struct kafka_partition){
				.topic = lane->inputs[i].topic,
				.partition = lane->log.partition,
				.offset = lane->inputs[i].next,
			};
	}
	return n;
}

static void
committed(struct registrar *r)
{
	r->began = false;
	metric_inc(r->count.transactions, 1);
	for (size_t l = 0; l < r->lane_count; l++) {
		struct lane *lane = &r->lanes[l];

		lane->unsettled = lane->unsettled || lane->touched;
		lane->touched = false;
	}
}

bool
commit_run(struct registrar *r, struct err *e)
{
	AUTO(ptr) void *memory = NULL;
	struct kafka_partition *offsets;
	size_t n;

	if (!r->began)
		return true;
	offsets = memory = calloc(r->lane_count * INPUTS, sizeof(*offsets));
	if (offsets == NULL)
		return ERR_NO_MEMORY(e);
	n = commit_inputs(r, true, offsets);
	if (kafka_txn_commit(r->txn, offsets, n, r->group, COMMIT_MS, e)) {
		committed(r);
		return true;
	}
	r->failed = true;
	r->broken = e->kind == ERR_FATAL;
	return err_context(e, "commit");
}

void
commit_abort(struct registrar *r)
{
	struct err e = { 0 };

	metric_inc(r->count.aborts, 1);
	if (r->txn != NULL && !r->broken && r->began &&
	    !kafka_txn_abort(r->txn, ABORT_MS, &e)) {
		log_err(LOG_WARN, "registrar", "cannot abort", &e);
		r->broken = true;
	}
	if (r->broken) {
		kafka_txn_close(r->txn);
		r->txn = NULL;
	}
	r->began = r->failed = r->broken = r->ready = false;
	cache_drop(r->cache, -1);
	for (size_t l = 0; l < r->lane_count; l++)
		r->lanes[l].touched = false;
}

static bool
end_former(struct registrar *r, const struct kafka_partition *list,
	   size_t count, struct err *e)
{
	const struct kafka_partition at = { KAFKA_TOPIC_INBOX_MISROUTED, 0, 0 };

	if (kafka_txn_end_former(r->txn, REGISTRAR_GROUP, &at, list, count,
				 END_MS, e))
		return true;
	kafka_txn_close(r->txn);
	r->txn = NULL;
	r->ready = false; /* nothing is begun without a producer */
	return false;
}

bool
commit_end_offsets(struct registrar *r, struct err *e)
{
	return end_former(r, NULL, 0, e);
}

/* A checkpoint that has counted on what will be aborted gives way to the log.
 * Before it is: afterwards nobody could tell. */
static bool
forget_what_hangs(struct registrar *r, struct err *e)
{
	AUTO(kafka_reader) struct kafka_reader *reader = NULL;
	struct store_position *list = commit_log_positions(r, e);
	AUTO(ptr) void *memory = list;

	if (list == NULL ||
	    !store_positions(r->store, list, r->lane_count, e) ||
	    !kafka_reader_open(runtime_kafka(r->rt), &reader, e))
		return false;
	for (size_t l = 0; l < r->lane_count; l++) {
		int64_t stable;

		if (!kafka_reader_end(reader, KAFKA_TOPIC_EVENTS,
				      list[l].partition, COMMIT_MS, &stable, e))
			return false;
		if (list[l].next > stable &&
		    !store_reset(r->store, list[l].partition, e))
			return false;
	}
	return true;
}

bool
commit_end_records(struct registrar *r, struct err *e)
{
	size_t count = OUTPUTS * (size_t)r->partitions;
	struct kafka_partition *list = calloc(count + 1, sizeof(*list));
	AUTO(ptr) void *memory = list;

	if (list == NULL)
		return ERR_NO_MEMORY(e);
	for (size_t i = 0; i < count; i++)
		list[i] = (struct kafka_partition){
			.topic = registrar_outputs[i % OUTPUTS],
			.partition = (int32_t)(i / OUTPUTS),
		};
	return forget_what_hangs(r, e) && end_former(r, list, count, e);
}

struct store_position *
commit_log_positions(const struct registrar *r, struct err *e)
{
	struct store_position *list =
		calloc(r->lane_count + 1, sizeof(struct store_position));

	if (list == NULL)
		(void)ERR_NO_MEMORY(e);
	for (size_t l = 0; list != NULL && l < r->lane_count; l++)
		list[l] = r->lanes[l].log;
	return list;
}

bool
commit_checkpoint(struct registrar *r, struct err *e)
{
	struct store_position *list = commit_log_positions(r, e);
	AUTO(ptr) void *memory = list;
	bool kept = false;

	if (list == NULL)
		return false;
	/* What memory has of an open transaction may never come to be. */
	if (r->began || r->failed)
		return ERR_SET(e, ERR_FATAL, "registrar", 0,
			       "no checkpoint amid a transaction");
	if (!store_checkpoint(r->store, r->cache, list, r->lane_count, &kept,
			      e))
		return false;
	if (!kept) {
		r->ready = false;
		return ERR_SET(e, ERR_RETRY, "registrar", 0,
			       "the checkpoint was moved by somebody else: "
			       "another owner, or a restored database");
	}
	for (size_t l = 0; l < r->lane_count; l++) {
		struct lane *lane = &r->lanes[l];

		lane->log = list[l];
		/* Others saw a longer log: ends of what was aborted. */
		if (lane->log.next < lane->log.target)
			lane->unsettled = true;
	}
	cache_trim(r->cache);
	metric_set(r->count.subjects, (int64_t)cache_count(r->cache));
	metric_set(r->count.cache_bytes, (int64_t)cache_bytes(r->cache));
	return true;
}

bool
commit_settle_keys(struct registrar *r, struct err *e)
{
	struct store_position *list = commit_log_positions(r, e);
	AUTO(ptr) void *memory = list;

	return list != NULL &&
	       store_keys_settle(r->store, list, r->lane_count, e);
}
