/*
 * Finding an input among those judged before: by a table of places once
 * there are many, so that the cost of an event does not grow with the number
 * of events before it.
 */
#include <stdlib.h>
#include <string.h>

#include "workflow/subject_state.h"

#define FEW 64 /* a walk is as fast, and most subjects have no more */

/* Two inputs may be one id of two inboxes, or of two bodies. */
static size_t
hash(enum event_inbox inbox, const struct wf_uuid *id)
{
	uint64_t h = UINT64_C(14695981039346656037) ^ (uint64_t)inbox;

	for (size_t i = 0; i < sizeof(id->b); i++) {
		h ^= id->b[i];
		h *= UINT64_C(1099511628211);
	}
	return (size_t)(h ^ (h >> 32));
}

static void
put(struct wf_seen_index *index, const struct wf_seen *seen, size_t place)
{
	size_t i = hash(seen->inbox, &seen->event_id);

	while (index->slots[i & (index->size - 1)] != 0)
		i++;
	index->slots[i & (index->size - 1)] = (uint32_t)place + 1;
}

void
subject_index_free(struct subject *s)
{
	free(s->index.slots);
	s->index = (struct wf_seen_index){ 0 };
}

/* Without memory there is no index, and inputs are found by walking. */
void
subject_index_build(struct subject *s)
{
	size_t count = s->st.seen.count;
	size_t size = 4 * FEW;

	subject_index_free(s);
	s->refused = 0;
	for (size_t i = 0; i < count; i++)
		s->refused +=
			s->st.seen.items[i].result == EV_OUTCOME_RESULT_REFUSED;
	if (count < FEW || count >= UINT32_MAX / 4)
		return;
	while (size < 4 * count)
		size *= 2;
	s->index.slots = calloc(size, sizeof(s->index.slots[0]));
	if (s->index.slots == NULL)
		return;
	s->index.size = size;
	for (size_t i = 0; i < count; i++)
		put(&s->index, &s->st.seen.items[i], i);
}

void
subject_index_add(struct subject *s)
{
	size_t count = s->st.seen.count;

	if (s->index.slots == NULL ? count == FEW : 2 * count > s->index.size)
		subject_index_build(s);
	else if (s->index.slots != NULL)
		put(&s->index, &s->st.seen.items[count - 1], count - 1);
}

static bool
is_wanted(const struct wf_seen *seen, const struct wf_input_id *id,
	  bool same_body)
{
	return seen->inbox == id->inbox &&
	       memcmp(&seen->event_id, &id->event_id, sizeof(id->event_id)) ==
		       0 &&
	       sha256_equal(&seen->body_sha256, &id->body_sha256) == same_body;
}

const struct wf_seen *
subject_index_find(const struct subject *s, const struct wf_input_id *id,
		   bool same_body)
{
	const struct wf_seen *items = s->st.seen.items;
	const struct wf_seen_index *index = &s->index;

	if (index->slots != NULL) {
		size_t i = hash(id->inbox, &id->event_id);
		uint32_t place;

		while ((place = index->slots[i++ & (index->size - 1)]) != 0)
			if (is_wanted(&items[place - 1], id, same_body))
				return &items[place - 1];
		return NULL;
	}
	for (size_t i = 0; i < s->st.seen.count; i++)
		if (is_wanted(&items[i], id, same_body))
			return &items[i];
	return NULL;
}
