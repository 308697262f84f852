#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "kafka/dead_letter.h"
#include "registrar/registrar.h"

#define ASK_MS 10000
#define OPEN_MS 15000
#define CHUNK 20000 /* offsets between two checkpoints of a fold */

bool
fold_open_producer(struct registrar *r, struct err *e)
{
	char id[64];

	if (r->txn != NULL)
		return true;
	snprintf(id, sizeof(id), "certflow-registrar-%d-a",
		 runtime_slot(r->rt));
	return kafka_txn_open(runtime_kafka(r->rt), id, registrar_outputs,
			      OUTPUTS, OPEN_MS, &r->txn, e) &&
	       commit_end_offsets(r, e);
}

static bool
learn_inputs(struct registrar *r, struct kafka_partition *list, size_t n,
	     struct err *e)
{
	commit_inputs(r, false, list);
	if (!kafka_consumer_pause(r->consumer, list, n, true, e) ||
	    !positions_learn(r, list, n, e))
		return false;
	for (size_t i = 0; i < n; i++) {
		struct input *in = &r->lanes[i / INPUTS].inputs[i % INPUTS];

		in->next = list[i].offset;
		in->waiting = false;
		backoff_reset(&in->backoff);
	}
	return true;
}

/* The true ends of all partitions, ours or not. */
static bool
learn_ends(struct registrar *r, int64_t *ends, struct err *e)
{
	struct kafka_partition *list =
		calloc((size_t)r->partitions + 1, sizeof(*list));
	AUTO(ptr) void *memory = list;

	if (list == NULL)
		return ERR_NO_MEMORY(e);
	for (int32_t p = 0; p < r->partitions; p++)
		list[p] = (struct kafka_partition){ KAFKA_TOPIC_EVENTS, p, 0 };
	if (!kafka_admin_offsets(r->admin, list, (size_t)r->partitions,
				 KAFKA_OFFSET_END, ASK_MS, e))
		return false;
	for (int32_t p = 0; p < r->partitions; p++)
		ends[p] = list[p].offset;
	return true;
}

static bool
adopt(struct registrar *r, const int64_t *ends, struct err *e)
{
	struct store_position *list = commit_log_positions(r, e);
	AUTO(ptr) void *memory = list;

	if (list == NULL)
		return false;
	if (!store_adopt(r->store, ends, r->partitions, e) ||
	    !store_positions(r->store, list, r->lane_count, e))
		return false;
	for (size_t l = 0; l < r->lane_count; l++) {
		r->lanes[l].log = list[l];
		if (list[l].next > ends[list[l].partition])
			return ERR_SET(e, ERR_FATAL, "registrar", 0,
				       "the database has partition %d up to "
				       "%lld, the log ends at %lld",
				       (int)list[l].partition,
				       (long long)list[l].next,
				       (long long)ends[list[l].partition]);
	}
	return true;
}

/* ---- reading the log --------------------------------------------------- */

struct folding {
	struct registrar *r;
	bool whole;   /* from the log's beginning: nothing older to blame */
	int64_t next; /* offset after the last record                     */
	bool full;    /* much is in memory: write it down, go on after it */
	size_t records;
};

static const char *
header(const struct kafka_message *m, const char *name, char *buf, size_t size)
{
	return kafka_header_text(m, name, buf, size) ? buf : NULL;
}

static bool
fold_record(struct registrar *r, const struct kafka_message *m, struct err *e)
{
	AUTO(log_record) struct log_record rec = { 0 };
	char source[KAFKA_SOURCE_TEXT_MAX];
	char digest[2 * SHA256_LEN + 1];
	bool (*find)(struct registrar *, const char *, int32_t,
		     struct cached **, struct err *);
	const int64_t *sequence;
	struct cached *it;

	if (!log_record_open(
		    r->schemas, m->value,
		    header(m, KAFKA_HEADER_SOURCE, source, sizeof(source)),
		    header(m, KAFKA_HEADER_BODY_DIGEST, digest, sizeof(digest)),
		    &rec, e))
		return false;
	sequence = rec.event->meta.sequence;
	find = sequence != NULL && *sequence == 1 ? subjects_begin
						  : subjects_find;
	return find(r, rec.event->meta.tax_code, m->partition, &it, e) &&
	       subjects_apply(r, it, &rec.rec, e);
}

static bool
each(void *self, const struct kafka_message *m, struct err *e)
{
	struct folding *f = self;
	struct err reset = { 0 };

	f->records++;
	if (fold_record(f->r, m, e)) {
		f->next = m->offset + 1;
		f->full = cache_is_full(f->r->cache);
		return !f->full;
	}
	err_context(e, "%s/%d/%lld", m->topic, (int)m->partition,
		    (long long)m->offset);
	/* A checkpoint that does not fit the log gives way to the log. */
	if (e->kind == ERR_FATAL && !f->whole) {
		log_err(LOG_ERROR, "registrar", "checkpoint dropped", e);
		e->kind = ERR_RETRY;
		if (!store_reset(f->r->store, m->partition, &reset))
			*e = reset;
	}
	return false;
}

bool
fold_still_owner(struct registrar *r, unsigned epoch, struct err *e)
{
	AUTO(kafka_batch) struct kafka_batch *none = NULL;

	if (!kafka_consumer_poll(r->consumer, 1, 0, &none, e))
		return false;
	if (kafka_consumer_epoch(r->consumer) != epoch || process_stopping())
		return ERR_SET(e, ERR_RETRY, "registrar", 0,
			       "partitions were assigned anew");
	return true;
}

static bool
fold_lane(struct registrar *r, size_t l, struct kafka_reader *reader,
	  int64_t end, struct err *e)
{
	unsigned epoch = kafka_consumer_epoch(r->consumer);
	int32_t partition = r->lanes[l].log.partition;
	struct folding f = { .r = r, .whole = r->lanes[l].log.next == 0 };

	while (r->lanes[l].log.next < end) {
		int64_t from = r->lanes[l].log.next;
		struct kafka_range range = { KAFKA_TOPIC_EVENTS, partition,
					     from, from + CHUNK };

		if (range.to > end)
			range.to = end;
		f.full = false;
		if (!kafka_reader_run(reader, &range, 1, REGISTRAR_IDLE_MS,
				      each, &f, e) &&
		    !f.full)
			return false;
		r->lanes[l].log.next = f.full ? f.next : range.to;
		if ((f.full || range.to < end) &&
		    (!commit_checkpoint(r, e) ||
		     !fold_still_owner(r, epoch, e)))
			return false;
	}
	if (f.records > 0)
		log_line(LOG_INFO, "registrar", "folded", "partition",
			 log_int((char[24]){ 0 }, partition), "records",
			 log_int((char[24]){ 0 }, (long long)f.records), NULL);
	return true;
}

static bool
fold_log(struct registrar *r, const int64_t *ends, struct err *e)
{
	AUTO(kafka_reader) struct kafka_reader *reader = NULL;

	if (!kafka_reader_open(runtime_kafka(r->rt), &reader, e))
		return false;
	r->env.now = clock_now_us();
	for (size_t l = 0; l < r->lane_count; l++)
		if (!fold_lane(r, l, reader, ends[r->lanes[l].log.partition],
			       e)) {
			r->failed = false;
			return err_context(e, "fold");
		}
	return commit_checkpoint(r, e);
}

/* ---- all of it ---------------------------------------------------------- */

/* Offsets alone: proves that the partitions are ours, and the first
 * transaction of a process is slow. */
static bool
warm(struct registrar *r, struct err *e)
{
	for (size_t l = 0; l < r->lane_count; l++)
		if (!emit_begin(r, &r->lanes[l], e))
			return false;
	return commit_run(r, e);
}

static bool
prepare(struct registrar *r, struct kafka_partition *inputs, int64_t *ends,
	struct err *e)
{
	size_t n = r->lane_count * INPUTS;

	kafka_group_free(r->group);
	r->group = NULL;
	cache_drop(r->cache, -1);
	return fold_open_producer(r, e) &&
	       kafka_consumer_group(r->consumer, &r->group, e) &&
	       learn_inputs(r, inputs, n, e) && learn_ends(r, ends, e) &&
	       adopt(r, ends, e) && fold_log(r, ends, e) &&
	       commit_settle_keys(r, e) && warm(r, e) &&
	       kafka_consumer_seek(r->consumer, inputs, n, e) &&
	       kafka_consumer_pause(r->consumer, inputs, n, false, e);
}

bool
fold_prepare(struct registrar *r, struct err *e)
{
	AUTO(ptr) void *inputs = NULL;
	AUTO(ptr) void *ends = NULL;

	inputs = calloc(r->lane_count * INPUTS + 1,
			sizeof(struct kafka_partition));
	ends = calloc((size_t)r->partitions + 1, sizeof(int64_t));
	if (inputs == NULL || ends == NULL)
		return ERR_NO_MEMORY(e);
	if (r->lane_count > 0 && !prepare(r, inputs, ends, e))
		return err_context(e, "prepare");
	r->ready = true;
	return true;
}

/*
 * Between transactions all that stands in our log partitions is ours and
 * folded: their ends are our positions. A commit's marker may come a little
 * later than its answer, so a partition is looked at until it stands still.
 */
bool
fold_settle(struct registrar *r, struct err *e)
{
	struct kafka_partition *ends = calloc(r->lane_count + 1, sizeof(*ends));
	AUTO(ptr) void *memory = ends;
	size_t n = 0;

	if (ends == NULL)
		return ERR_NO_MEMORY(e);
	for (size_t l = 0; l < r->lane_count; l++)
		if (r->lanes[l].unsettled)
			ends[n++] = (struct kafka_partition){
				KAFKA_TOPIC_EVENTS, r->lanes[l].log.partition, 0
			};
	if (n > 0 && !kafka_admin_offsets(r->admin, ends, n, KAFKA_OFFSET_END,
					  ASK_MS, e))
		return false;
	for (size_t i = 0; i < n; i++) {
		struct lane *lane = loop_lane(r, ends[i].partition);

		lane->unsettled = ends[i].offset != lane->log.next;
		lane->log.next = ends[i].offset;
	}
	return true;
}
