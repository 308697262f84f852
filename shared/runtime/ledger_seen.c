/* What the ledger has seen and does not hold: finished orders, and outcomes of
 * orders that are left out. */
#include <search.h>
#include <string.h>

#include "runtime/ledger_internal.h"

int
ledger_compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* ---- what was finished --------------------------------------------------- */

/* FNV-1a; keys of one event are few and our own. */
static uint64_t
digest(const char *key)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (; *key != '\0'; key++)
		h = (h ^ (unsigned char)*key) * 0x100000001b3u;
	return h;
}

static int
compare_places(const void *a, const void *b)
{
	const struct memory *x = a, *y = b;

	if (x->offset != y->offset)
		return x->offset < y->offset ? -1 : 1;
	if (x->partition != y->partition)
		return x->partition < y->partition ? -1 : 1;
	return (x->key > y->key) - (x->key < y->key);
}

void
ledger_remember(struct ledger *l, const struct ledger_order *o)
{
	size_t i = l->finished_count++ % LEDGER_FINISHED_MAX;
	struct memory *m = &l->finished[i];

	if (l->finished_count > LEDGER_FINISHED_MAX)
		(void)tdelete(m, &l->finished_tree, compare_places);
	*m = (struct memory){ o->partition, o->offset, digest(o->key) };
	(void)tsearch(m, &l->finished_tree, compare_places);
}

bool
ledger_is_finished(const struct ledger *l, const char *key)
{
	const struct memory m = { l->lane->partition, l->offset, digest(key) };

	return tfind(&m, &l->finished_tree, compare_places) != NULL;
}

/* ---- outcomes of what is left out ---------------------------------------- */

static bool
add_ahead(struct ledger *l, struct lane *at, const char *key)
{
	struct outcome *o;

	if (l->ahead_count >= l->limit * LEDGER_AHEAD ||
	    strlen(key) >= LEDGER_KEY_MAX ||
	    (o = calloc(1, sizeof(*o))) == NULL)
		return false;
	memcpy(o->key, key, strlen(key) + 1);
	o->offset = l->offset;
	if (tsearch(o, &at->ahead, ledger_compare) == NULL) {
		free(o);
		return false;
	}
	at->ahead_count++;
	l->ahead_count++;
	return true;
}

void
ledger_note_ahead(struct ledger *l, const char *key)
{
	struct lane *at = l->lane;
	struct outcome **known = tfind(key, &at->ahead, ledger_compare);

	if (known != NULL)
		(*known)->offset = l->offset;
	else if (!add_ahead(l, at, key))
		l->ahead_lost = true;
	at->ahead_last = l->offset;
}

bool
ledger_knows_ahead(const struct ledger *l)
{
	return !l->ahead_lost;
}

void
ledger_catch_up_again(struct ledger *l)
{
	struct lane *at;

	TAILQ_FOREACH(at, &l->lanes, next)
	{
		ledger_forget_ahead(l, at);
		at->left_out = -1;
	}
	l->ahead_lost = false;
	l->catching_up = true;
}

void
ledger_forget_ahead(struct ledger *l, struct lane *at)
{
	tdestroy(at->ahead, free);
	at->ahead = NULL;
	l->ahead_count -= at->ahead_count;
	at->ahead_count = 0;
}

bool
ledger_is_ahead(const struct ledger *l, const char *key)
{
	struct outcome **o = tfind(key, &l->lane->ahead, ledger_compare);

	return o != NULL && (*o)->offset > l->offset;
}

/* The ring has them. */
static void
leave(void *memory)
{
	(void)memory;
}

void
ledger_seen_free(struct ledger *l)
{
	tdestroy(l->finished_tree, leave);
}
