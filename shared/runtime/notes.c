#include "runtime/notes.h"

#include <limits.h>
#include <search.h>
#include <string.h>

#include "base/uuid.h"

#define OUTCOMES_MAX 2

/* One order; in two trees, by key and by the ids of its outcomes. */
struct note {
	char key[LEDGER_KEY_MAX];
	struct id {
		char text[UUID_TEXT_MAX];
		struct note *of;
	} ids[OUTCOMES_MAX];
	size_t id_count;
	unsigned doubts;
	bool marked;
	struct ev_sha256 mark;
};

struct notes {
	void *by_key;
	void *by_id;
};

/* The text to compare comes first in both. */
static int
compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

bool
notes_new(struct notes **out, struct err *e)
{
	*out = calloc(1, sizeof(**out));
	return *out != NULL || ERR_NO_MEMORY(e);
}

/* tfind() gives the address of the place that holds the object. */
static struct note *
find(const struct notes *n, const char *key)
{
	struct note **at = tfind(key, &n->by_key, compare);

	return at == NULL ? NULL : *at;
}

static struct note *
find_or_make(struct notes *n, const char *key, struct err *e)
{
	struct note *note = find(n, key);

	if (note != NULL)
		return note;
	note = calloc(1, sizeof(*note));
	if (note == NULL) {
		ERR_NO_MEMORY(e);
		return NULL;
	}
	snprintf(note->key, sizeof(note->key), "%s", key);
	if (tsearch(note, &n->by_key, compare) == NULL) {
		free(note);
		ERR_NO_MEMORY(e);
		return NULL;
	}
	return note;
}

bool
notes_add(struct notes *n, const char *key, const char *cause_id,
	  enum event_type outcome, struct err *e)
{
	struct note *note = find_or_make(n, key, e);
	struct id *id;

	if (note == NULL)
		return false;
	if (note->id_count == OUTCOMES_MAX)
		return true; /* the same order again, after a rebalance */
	id = &note->ids[note->id_count];
	if (!uuid_v5(cause_id, event_type_name(outcome), id->text))
		return ERR_SET(e, ERR_REJECT, "notes", 0,
			       "meta.event_id is not a UUID");
	if (tfind(id->text, &n->by_id, compare) != NULL)
		return true;
	id->of = note;
	if (tsearch(id, &n->by_id, compare) == NULL)
		return ERR_NO_MEMORY(e);
	note->id_count++;
	return true;
}

const char *
notes_key(const struct notes *n, const char *outcome_id)
{
	struct id **at = tfind(outcome_id, &n->by_id, compare);

	return at == NULL ? NULL : (*at)->of->key;
}

void
notes_mark(struct notes *n, const char *key, const struct ev_sha256 *mark)
{
	struct note *note = find(n, key);

	if (note == NULL)
		return;
	note->marked = true;
	note->mark = *mark;
}

bool
notes_is_marked(const struct notes *n, const char *key,
		const struct ev_sha256 *mark)
{
	const struct note *note = find(n, key);

	return note != NULL && note->marked && sha256_equal(&note->mark, mark);
}

unsigned
notes_doubt(struct notes *n, const char *key)
{
	struct note *note = find(n, key);

	return note == NULL ? UINT_MAX : ++note->doubts;
}

void
notes_drop(struct notes *n, const char *key)
{
	struct note *note = find(n, key);

	if (note == NULL)
		return;
	for (size_t i = 0; i < note->id_count; i++)
		tdelete(note->ids[i].text, &n->by_id, compare);
	tdelete(note->key, &n->by_key, compare);
	free(note);
}

void
notes_answered(struct notes *n, struct ledger *l, const char *key)
{
	ledger_close(l, key);
	notes_drop(n, key);
}

bool
notes_refused(struct notes *n, struct ledger *l, const char *outcome_id,
	      char key[LEDGER_KEY_MAX])
{
	const char *noted =
		outcome_id == NULL ? NULL : notes_key(n, outcome_id);

	snprintf(key, LEDGER_KEY_MAX, "%s", noted == NULL ? "" : noted);
	if (noted == NULL)
		return false;
	notes_answered(n, l, key);
	return true;
}

static void
keep_id(void *id)
{
	(void)id; /* part of a note */
}

void
notes_free(struct notes *n)
{
	if (n == NULL)
		return;
	tdestroy(n->by_id, keep_id);
	tdestroy(n->by_key, free);
	free(n);
}
