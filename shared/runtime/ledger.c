#include "runtime/ledger.h"

#include <string.h>

/* A decoded event, shared by the orders that it opened. */
struct shared_event {
	struct event *event;
	unsigned holders;
};

struct node {
	struct ledger_order order; /* first: an order is its node */
	struct shared_event *held;
	bool closed; /* outcome seen while being worked on */
	struct node *next;
};

/* An order that was finished in this life, by its place on the log. */
struct memory {
	int32_t partition;
	int64_t offset;
	uint64_t key; /* digest */
};

struct ledger {
	struct node *first; /* in the order of ledger_open() */
	struct node **last;
	size_t count;
	/* what ledger_present() has set */
	struct shared_event *now;
	int32_t partition;
	int64_t offset;
	bool caught_up;
	char traceparent[LEDGER_TRACE_MAX];
	size_t finished_count; /* ever; the ring holds the newest */
	struct memory finished[LEDGER_FINISHED_MAX];
};

/* FNV-1a; keys of one event are few and our own. */
static uint64_t
digest(const char *key)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (; *key != '\0'; key++)
		h = (h ^ (unsigned char)*key) * 0x100000001b3u;
	return h;
}

static void
remember(struct ledger *l, const struct ledger_order *o)
{
	l->finished[l->finished_count++ % LEDGER_FINISHED_MAX] =
		(struct memory){ o->partition, o->offset, digest(o->key) };
}

/* Is the event presented an order that this life has finished already? The
 * log is read again after a lost assignment, perhaps before the outcome has
 * come back. */
static bool
is_finished(const struct ledger *l, const char *key)
{
	uint64_t k = digest(key);

	for (size_t i = 0; i < l->finished_count && i < LEDGER_FINISHED_MAX;
	     i++)
		if (l->finished[i].offset == l->offset &&
		    l->finished[i].partition == l->partition &&
		    l->finished[i].key == k)
			return true;
	return false;
}

bool
ledger_new(struct ledger **out, struct err *e)
{
	struct ledger *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return ERR_NO_MEMORY(e);
	l->last = &l->first;
	*out = l;
	return true;
}

static void
let_go(struct shared_event *s)
{
	if (s == NULL || --s->holders > 0)
		return;
	event_free(s->event);
	free(s);
}

bool
ledger_present(struct ledger *l, struct event *ev, int32_t partition,
	       int64_t offset, const char *traceparent, bool caught_up,
	       struct err *e)
{
	l->now = calloc(1, sizeof(*l->now));
	if (l->now == NULL) {
		event_free(ev);
		return ERR_NO_MEMORY(e);
	}
	l->now->event = ev;
	l->now->holders = 1;
	l->partition = partition;
	l->offset = offset;
	l->caught_up = caught_up;
	snprintf(l->traceparent, sizeof(l->traceparent), "%s",
		 traceparent == NULL ? "" : traceparent);
	return true;
}

/* An order that is closed is not found, though it may still be there. */
static struct node **
find(const struct ledger *l, const char *key)
{
	struct node **at = (struct node **)(uintptr_t)&l->first;

	while (*at != NULL &&
	       ((*at)->closed || strcmp((*at)->order.key, key) != 0))
		at = &(*at)->next;
	return at;
}

bool
ledger_open(struct ledger *l, const char *key, struct err *e)
{
	struct node *n;

	if (*find(l, key) != NULL || is_finished(l, key))
		return true;
	if (strlen(key) >= LEDGER_KEY_MAX)
		return ERR_SET(e, ERR_FATAL, "ledger", 0, "key too long: %s",
			       key);
	n = calloc(1, sizeof(*n));
	if (n == NULL)
		return ERR_NO_MEMORY(e);
	memcpy(n->order.key, key, strlen(key) + 1);
	memcpy(n->order.traceparent, l->traceparent,
	       sizeof(n->order.traceparent));
	n->order.event = l->now->event;
	n->order.partition = l->partition;
	n->order.offset = l->offset;
	n->order.caught_up = l->caught_up;
	n->held = l->now;
	n->held->holders++;
	*l->last = n;
	l->last = &n->next;
	l->count++;
	return true;
}

static void
unlink_node(struct ledger *l, struct node **at)
{
	struct node *n = *at;

	*at = n->next;
	if (l->last == &n->next)
		l->last = at;
	l->count--;
	let_go(n->held);
	free(n);
}

void
ledger_close(struct ledger *l, const char *key)
{
	struct node **at = find(l, key);

	if (*at == NULL)
		return;
	if ((*at)->order.user != NULL)
		(*at)->closed = true;
	else
		unlink_node(l, at);
}

const struct ledger_order *
ledger_find(const struct ledger *l, const char *key)
{
	const struct node *n = *find(l, key);

	return n == NULL ? NULL : &n->order;
}

void
ledger_settle(struct ledger *l)
{
	let_go(l->now);
	l->now = NULL;
}

struct ledger_order *
ledger_next(struct ledger *l, int64_t now_us)
{
	for (struct node *n = l->first; n != NULL; n = n->next)
		if (n->order.user == NULL && !n->closed &&
		    n->order.not_before_us <= now_us)
			return &n->order;
	return NULL;
}

void
ledger_hasten(struct ledger *l)
{
	for (struct node *n = l->first; n != NULL; n = n->next)
		n->order.not_before_us = 0;
}

void
ledger_finish(struct ledger *l, struct ledger_order *o)
{
	struct node **at = &l->first;

	while (*at != NULL && &(*at)->order != o)
		at = &(*at)->next;
	if (*at == NULL)
		return;
	remember(l, o);
	unlink_node(l, at);
}

bool
ledger_is_closed(const struct ledger *l, const struct ledger_order *o)
{
	for (const struct node *n = l->first; n != NULL; n = n->next)
		if (&n->order == o)
			return n->closed;
	return true;
}

int64_t
ledger_lowest(const struct ledger *l, int32_t partition, int64_t fallback)
{
	int64_t lowest = fallback;

	for (const struct node *n = l->first; n != NULL; n = n->next)
		if (n->order.partition == partition && n->order.offset < lowest)
			lowest = n->order.offset;
	return lowest;
}

size_t
ledger_count(const struct ledger *l)
{
	return l->count;
}

void
ledger_clear(struct ledger *l)
{
	while (l->first != NULL)
		unlink_node(l, &l->first);
}

void
ledger_free(struct ledger *l)
{
	if (l == NULL)
		return;
	ledger_clear(l);
	let_go(l->now);
	free(l);
}
