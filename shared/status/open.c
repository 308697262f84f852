/* Open orders: few at a time, though many come and go. */
#include <string.h>

#include "status/book.h"

#define OPEN_FIRST 64

static size_t
home_of(const struct open_orders *o, const uint8_t id[UUID_LEN])
{
	return book_hash(bytes_of(id, UUID_LEN)) & (o->size - 1);
}

static size_t
place_of(const struct open_orders *o, const uint8_t id[UUID_LEN])
{
	size_t i = home_of(o, id);

	while (o->places[i].record != NULL &&
	       memcmp(o->places[i].id, id, UUID_LEN) != 0)
		i = (i + 1) & (o->size - 1);
	return i;
}

/* At most half of the places are taken. */
static bool
grow(struct open_orders *o, struct err *e)
{
	struct open_orders to = { .size = o->size == 0 ? OPEN_FIRST
						       : o->size * 2,
				  .count = o->count };

	if ((o->count + 1) * 2 <= o->size)
		return true;
	to.places = calloc(to.size, sizeof(to.places[0]));
	if (to.places == NULL)
		return ERR_NO_MEMORY(e);
	for (size_t i = 0; i < o->size; i++)
		if (o->places[i].record != NULL)
			to.places[place_of(&to, o->places[i].id)] =
				o->places[i];
	free(o->places);
	*o = to;
	return true;
}

bool
open_add(struct open_orders *o, const char *id, struct record *record,
	 struct err *e)
{
	uint8_t key[UUID_LEN];
	size_t i;

	if (!uuid_parse(id, key))
		return ERR_SET(e, ERR_FATAL, "status", 0,
			       "the log does not fit: order %s", id);
	if (!grow(o, e))
		return false;
	i = place_of(o, key);
	if (o->places[i].record != NULL)
		return true;
	memcpy(o->places[i].id, key, UUID_LEN);
	o->places[i].record = record;
	o->count++;
	return true;
}

/* Entries behind a place that has become free move up, unless they are
 * where they belong or between there and the gap (Knuth, 6.4, algorithm R). */
static void
close_gap(struct open_orders *o, size_t gap)
{
	size_t mask = o->size - 1;

	for (size_t i = (gap + 1) & mask; o->places[i].record != NULL;
	     i = (i + 1) & mask) {
		size_t home = home_of(o, o->places[i].id);

		if (((i - home) & mask) < ((i - gap) & mask))
			continue;
		o->places[gap] = o->places[i];
		o->places[i].record = NULL;
		gap = i;
	}
}

struct record *
open_take(struct open_orders *o, const char *id)
{
	uint8_t key[UUID_LEN];
	struct record *record;
	size_t i;

	if (o->size == 0 || id == NULL || !uuid_parse(id, key))
		return NULL;
	i = place_of(o, key);
	record = o->places[i].record;
	if (record == NULL)
		return NULL;
	o->places[i].record = NULL;
	o->count--;
	close_gap(o, i);
	return record;
}
