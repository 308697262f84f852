#include "projector/intake.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "projector/item.h"

/* One SQL transaction; the octets keep every statement far below
 * BUFFER_MAX, whatever the columns. */
#define BATCH_MESSAGES_MAX 2000
#define BATCH_OCTETS_MAX (2 * 1024 * 1024)
#define POSITIONS_FIRST 32

struct intake {
	struct store *store;
	struct schemas *schemas;
	struct fold *fold;
	struct kafka_partition *positions; /* topics are owned */
	size_t position_count;
	size_t position_size;
	struct store_move *moves; /* one for each position */
	struct item *items;
	size_t item_count;
	struct intake_counts counts;
};

bool
intake_new(struct store *store, struct schemas *schemas, struct intake **out,
	   struct err *e)
{
	AUTO(intake) struct intake *in = calloc(1, sizeof(*in));

	if (in == NULL)
		return ERR_NO_MEMORY(e);
	in->store = store;
	in->schemas = schemas;
	in->items = calloc(BATCH_MESSAGES_MAX, sizeof(in->items[0]));
	if (in->items == NULL)
		return ERR_NO_MEMORY(e);
	if (!fold_new(&in->fold, e))
		return false;
	*out = TAKE(in);
	return true;
}

static bool
make_room(struct intake *in, struct err *e)
{
	size_t size = in->position_size == 0 ? POSITIONS_FIRST
					     : in->position_size * 2;
	struct kafka_partition *positions;
	struct store_move *moves;

	if (in->position_count < in->position_size)
		return true;
	positions = reallocarray(in->positions, size, sizeof(positions[0]));
	if (positions == NULL)
		return ERR_NO_MEMORY(e);
	in->positions = positions;
	moves = reallocarray(in->moves, size, sizeof(moves[0]));
	if (moves == NULL)
		return ERR_NO_MEMORY(e);
	in->moves = moves;
	in->position_size = size;
	return true;
}

bool
intake_assign(struct intake *in, const char *topic, int32_t partition,
	      int64_t *next, struct err *e)
{
	AUTO(str) char *name = strdup(topic);
	struct kafka_partition p = { .partition = partition };

	if (name == NULL)
		return ERR_NO_MEMORY(e);
	if (!make_room(in, e) ||
	    !store_position(in->store, topic, partition, &p.offset, e))
		return false;
	p.topic = TAKE(name);
	in->positions[in->position_count++] = p;
	*next = p.offset;
	return true;
}

void
intake_revoke(struct intake *in)
{
	for (size_t i = 0; i < in->position_count; i++)
		free((char *)(uintptr_t)in->positions[i].topic);
	in->position_count = 0;
}

bool
intake_reload(struct intake *in, struct err *e)
{
	for (size_t i = 0; i < in->position_count; i++) {
		struct kafka_partition *p = &in->positions[i];

		if (!store_position(in->store, p->topic, p->partition,
				    &p->offset, e))
			return false;
	}
	return true;
}

const struct kafka_partition *
intake_positions(const struct intake *in, size_t *count)
{
	*count = in->position_count;
	return in->positions;
}

const struct intake_counts *
intake_counts(const struct intake *in)
{
	return &in->counts;
}

/* ---- one batch --------------------------------------------------------- */

/* The position of a message's partition; NULL if it is not (or no longer)
 * ours, or was read before. */
static size_t
position_of(const struct intake *in, const struct kafka_message *m)
{
	for (size_t i = 0; i < in->position_count; i++)
		if (in->positions[i].partition == m->partition &&
		    strcmp(in->positions[i].topic, m->topic) == 0)
			return i;
	return SIZE_MAX;
}

static void
start_moves(struct intake *in)
{
	for (size_t i = 0; i < in->position_count; i++) {
		const struct kafka_partition *p = &in->positions[i];

		in->moves[i] = (struct store_move){ p->topic, p->partition,
						    p->offset, p->offset };
	}
}

static void
clear_batch(struct intake *in)
{
	fold_clear(in->fold);
	for (size_t i = 0; i < in->item_count; i++)
		item_free(&in->items[i]);
	in->item_count = 0;
}

/* Decode from *at on, up to max messages or BATCH_OCTETS_MAX. */
static bool
collect(struct intake *in, const struct kafka_batch *batch, size_t *at,
	size_t max, struct err *e)
{
	size_t octets = 0;

	start_moves(in);
	for (; *at < kafka_batch_count(batch) && in->item_count < max &&
	       octets < BATCH_OCTETS_MAX;
	     ++*at) {
		const struct kafka_message *m = kafka_batch_at(batch, *at);
		size_t p = position_of(in, m);

		if (p == SIZE_MAX || m->offset < in->moves[p].to)
			continue; /* not ours, or written before */
		if (!item_decode(in->schemas, m, &in->items[in->item_count], e))
			return err_context(e, "%s/%d/%lld", m->topic,
					   (int)m->partition,
					   (long long)m->offset);
		in->item_count++;
		in->moves[p].to = m->offset + 1;
		octets += m->value.len;
	}
	return true;
}

static bool
fold_batch(struct intake *in, struct err *e)
{
	for (size_t i = 0; i < in->item_count; i++) {
		const struct item *it = &in->items[i];

		if (!it->personal && it->event != NULL &&
		    !fold_expect(in->fold, it->event, e))
			return false;
	}
	if (!store_look_up(in->store, in->fold, e))
		return false;
	for (size_t i = 0; i < in->item_count; i++)
		if (!item_fold(&in->items[i], in->fold, e))
			return false;
	return true;
}

static bool
write_batch(struct intake *in, struct err *e)
{
	size_t count = 0;

	for (size_t i = 0; i < in->position_count; i++)
		if (in->moves[i].to != in->moves[i].from)
			in->moves[count++] = in->moves[i];
	return store_write(in->store, in->fold, in->moves, count, e);
}

/* The rows are in: say so, and move on. */
static void
note_written(struct intake *in)
{
	char source[KAFKA_SOURCE_TEXT_MAX];

	in->counts.batches++;
	for (size_t i = 0; i < in->item_count; i++) {
		const struct item *it = &in->items[i];
		const struct kafka_message *m = it->message;
		size_t p = position_of(in, m);

		if (p != SIZE_MAX)
			in->positions[p].offset = m->offset + 1;
		if (!it->dead) {
			*(it->personal ? &in->counts.persons
				       : &in->counts.events) += 1;
			continue;
		}
		in->counts.dead_letters++;
		kafka_source_format(m->topic, m->partition, m->offset, source);
		log_line(LOG_ERROR, source, "unreadable message", "reason",
			 it->reason, NULL);
	}
}

/* A single message that the tables refuse: nothing but its burial is
 * written. */
static bool
bury_single(struct intake *in, struct err *e)
{
	struct err why = *e;

	fold_clear(in->fold);
	item_bury(&in->items[0], why.text);
	return item_fold(&in->items[0], in->fold, e) && write_batch(in, e);
}

static bool
take_some(struct intake *in, const struct kafka_batch *batch, size_t *at,
	  size_t max, struct err *e)
{
	if (!collect(in, batch, at, max, e))
		return false;
	if (in->item_count == 0)
		return true;
	if (fold_batch(in, e) && write_batch(in, e)) {
		note_written(in);
		return true;
	}
	if (e->kind != ERR_REJECT || in->item_count > 1)
		return false;
	start_moves(in);
	in->moves[position_of(in, in->items[0].message)].to =
		in->items[0].message->offset + 1;
	if (!bury_single(in, e))
		return false;
	note_written(in);
	return true;
}

bool
intake_take(struct intake *in, const struct kafka_batch *batch, struct err *e)
{
	size_t max = BATCH_MESSAGES_MAX;
	size_t at = 0;

	while (at < kafka_batch_count(batch)) {
		size_t start = at;
		bool done = take_some(in, batch, &at, max, e);

		clear_batch(in);
		if (done)
			continue;
		if (e->kind != ERR_REJECT || max == 1)
			return false;
		/* One row does not fit: find it, message by message. */
		max = 1;
		at = start;
	}
	return true;
}

void
intake_free(struct intake *in)
{
	if (in == NULL)
		return;
	clear_batch(in);
	intake_revoke(in);
	fold_free(in->fold);
	free(in->positions);
	free(in->moves);
	free(in->items);
	free(in);
}
