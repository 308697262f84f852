#include "runtime/ledger_internal.h"

#include <search.h>
#include <string.h>

/* ---- life ---------------------------------------------------------------- */

bool
ledger_new(size_t limit, struct ledger **out, struct err *e)
{
	struct ledger *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return ERR_NO_MEMORY(e);
	l->limit = limit;
	l->catching_up = true;
	TAILQ_INIT(&l->lanes);
	TAILQ_INIT(&l->fresh);
	TAILQ_INIT(&l->waiting);
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

static struct lane *
find_lane(const struct ledger *l, int32_t partition)
{
	struct lane *at = l->lane;

	if (at != NULL && at->partition == partition)
		return at;
	TAILQ_FOREACH(at, &l->lanes, next)
	if (at->partition == partition)
		break;
	return at;
}

static struct lane *
make_lane(struct ledger *l, int32_t partition)
{
	struct lane *at = calloc(1, sizeof(*at));

	if (at == NULL)
		return NULL;
	at->partition = partition;
	at->left_out = -1;
	TAILQ_INIT(&at->open);
	TAILQ_INSERT_TAIL(&l->lanes, at, next);
	return at;
}

bool
ledger_present(struct ledger *l, struct event *ev, int32_t partition,
	       int64_t offset, const char *traceparent, bool caught_up,
	       struct err *e)
{
	l->lane = find_lane(l, partition);
	if (l->lane == NULL)
		l->lane = make_lane(l, partition);
	l->now = calloc(1, sizeof(*l->now));
	if (l->lane == NULL || l->now == NULL) {
		event_free(ev);
		free(l->now);
		l->now = NULL;
		return ERR_NO_MEMORY(e);
	}
	if (l->lane->left_out < 0 && offset > l->lane->ahead_last)
		ledger_forget_ahead(
			l, l->lane); /* all of it has been read again */
	l->now->event = ev;
	l->now->holders = 1;
	l->offset = offset;
	l->old = caught_up;
	snprintf(l->traceparent, sizeof(l->traceparent), "%s",
		 traceparent == NULL ? "" : traceparent);
	return true;
}

/* ---- orders -------------------------------------------------------------- */

/* An order that is closed is not found, though it may still be there. */
static struct node *
find(const struct ledger *l, const char *key)
{
	struct node **at = tfind(key, &l->by_key, ledger_compare);

	return at == NULL ? NULL : *at;
}

/* Beyond the limit, or behind one that was: the partition is read again. */
static bool
leave_out(struct ledger *l)
{
	if (l->lane->left_out >= 0)
		return true;
	if (!l->catching_up || l->count < l->limit)
		return false;
	l->lane->left_out = l->offset;
	return true;
}

static void
into_lane(struct lane *at, struct node *n)
{
	struct node *before = TAILQ_LAST(&at->open, nodes);

	while (before != NULL && before->order.offset > n->order.offset)
		before = TAILQ_PREV(before, nodes, in_lane);
	if (before == NULL)
		TAILQ_INSERT_HEAD(&at->open, n, in_lane);
	else
		TAILQ_INSERT_AFTER(&at->open, before, n, in_lane);
}

static struct node *
make_node(const struct ledger *l, const char *key)
{
	struct node *n = calloc(1, sizeof(*n));

	if (n == NULL)
		return NULL;
	memcpy(n->order.key, key, strlen(key) + 1);
	memcpy(n->order.traceparent, l->traceparent,
	       sizeof(n->order.traceparent));
	n->order.event = l->now->event;
	n->order.partition = l->lane->partition;
	n->order.offset = l->offset;
	n->order.caught_up = l->old;
	n->held = l->now;
	return n;
}

bool
ledger_open(struct ledger *l, const char *key, struct err *e)
{
	struct node *n;

	if (strlen(key) >= LEDGER_KEY_MAX)
		return ERR_SET(e, ERR_FATAL, "ledger", 0, "key too long: %s",
			       key);
	if (find(l, key) != NULL || ledger_is_finished(l, key) ||
	    leave_out(l) || ledger_is_ahead(l, key))
		return true;
	n = make_node(l, key);
	if (n == NULL || tsearch(n, &l->by_key, ledger_compare) == NULL) {
		free(n);
		return ERR_NO_MEMORY(e);
	}
	n->held->holders++;
	into_lane(l->lane, n);
	TAILQ_INSERT_TAIL(&l->fresh, n, in_queue);
	l->count++;
	return true;
}

static struct nodes *
queue_of(struct ledger *l, const struct node *n)
{
	return n->order.attempts > 0 ? &l->waiting : &l->fresh;
}

static void
drop(struct ledger *l, struct node *n)
{
	struct lane *at = find_lane(l, n->order.partition);

	if (!n->closed)
		(void)tdelete(n, &l->by_key, ledger_compare);
	if (!n->taken)
		TAILQ_REMOVE(queue_of(l, n), n, in_queue);
	TAILQ_REMOVE(&at->open, n, in_lane);
	l->count--;
	let_go(n->held);
	free(n);
}

void
ledger_close(struct ledger *l, const char *key)
{
	struct node *n = find(l, key);

	if (n == NULL) {
		if (l->lane->left_out >= 0)
			ledger_note_ahead(l, key);
	} else if (n->taken) {
		(void)tdelete(n, &l->by_key, ledger_compare);
		n->closed = true;
	} else {
		drop(l, n);
	}
}

const struct ledger_order *
ledger_find(const struct ledger *l, const char *key)
{
	const struct node *n = find(l, key);

	return n == NULL ? NULL : &n->order;
}

void
ledger_settle(struct ledger *l)
{
	let_go(l->now);
	l->now = NULL;
}

/* ---- the loop's ---------------------------------------------------------- */

struct ledger_order *
ledger_take(struct ledger *l, int64_t now_us)
{
	struct node *n = TAILQ_FIRST(&l->waiting);

	if (n == NULL || n->order.not_before_us > now_us)
		n = TAILQ_FIRST(&l->fresh);
	if (n == NULL)
		return NULL;
	TAILQ_REMOVE(queue_of(l, n), n, in_queue);
	n->taken = true;
	return &n->order;
}

void
ledger_put_back(struct ledger *l, struct ledger_order *o)
{
	struct node *n = (struct node *)o;
	struct node *before = TAILQ_LAST(&l->waiting, nodes);

	if (o->attempts == 0)
		o->attempts = 1;
	while (before != NULL && before->order.not_before_us > o->not_before_us)
		before = TAILQ_PREV(before, nodes, in_queue);
	if (before == NULL)
		TAILQ_INSERT_HEAD(&l->waiting, n, in_queue);
	else
		TAILQ_INSERT_AFTER(&l->waiting, before, n, in_queue);
	n->taken = false;
}

void
ledger_hasten(struct ledger *l)
{
	struct node *n;

	TAILQ_FOREACH(n, &l->waiting, in_queue)
	n->order.not_before_us = 0;
}

void
ledger_finish(struct ledger *l, struct ledger_order *o)
{
	ledger_remember(l, o);
	drop(l, (struct node *)o);
}

bool
ledger_is_closed(const struct ledger_order *o)
{
	return ((const struct node *)o)->closed;
}

void
ledger_end_reached(struct ledger *l)
{
	l->catching_up = false;
}

int64_t
ledger_left_out(const struct ledger *l, int32_t partition)
{
	const struct lane *at = find_lane(l, partition);

	return at == NULL ? -1 : at->left_out;
}

void
ledger_read_again(struct ledger *l, int32_t partition)
{
	struct lane *at = find_lane(l, partition);

	if (at != NULL)
		at->left_out = -1;
}

int64_t
ledger_lowest(const struct ledger *l, int32_t partition, int64_t fallback)
{
	const struct lane *at = find_lane(l, partition);
	const struct node *n = at == NULL ? NULL : TAILQ_FIRST(&at->open);
	int64_t lowest = fallback;

	if (at != NULL && at->left_out >= 0 && at->left_out < lowest)
		lowest = at->left_out;
	return n != NULL && n->order.offset < lowest ? n->order.offset : lowest;
}

size_t
ledger_count(const struct ledger *l)
{
	return l->count;
}

void
ledger_clear(struct ledger *l)
{
	struct lane *at;
	struct node *n;

	l->catching_up = true;
	l->ahead_lost = false;
	while ((at = TAILQ_FIRST(&l->lanes)) != NULL) {
		while ((n = TAILQ_FIRST(&at->open)) != NULL)
			drop(l, n);
		ledger_forget_ahead(l, at);
		TAILQ_REMOVE(&l->lanes, at, next);
		if (l->lane == at)
			l->lane = NULL;
		free(at);
	}
}

void
ledger_free(struct ledger *l)
{
	if (l == NULL)
		return;
	ledger_clear(l);
	let_go(l->now);
	ledger_seen_free(l);
	free(l);
}
