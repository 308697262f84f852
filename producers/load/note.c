/* What came of the journeys. */
#include <string.h>

#include "base/clock.h"
#include "load_internal.h"

/* A journey is at this stage of its last act. */
static void
reach(struct load *l, struct journey *j, enum load_stage stage)
{
	struct phase *p = &l->phase;

	p->counts.stages[stage]++;
	if (stage != p->until || j->done)
		return;
	j->done = true;
	p->counts.done++;
}

static void
fail(struct load *l, struct journey *j, const char *why)
{
	if (j->failed != NULL)
		return;
	j->failed = why;
	l->phase.counts.failed++;
	if (!j->done) {
		j->done = true;
		l->phase.counts.done++;
	}
}

/* The first time counts: a record is seen again when nobody knows whether
 * it was sent. */
static bool
mark(struct journey *j, int at, int64_t when)
{
	if (j->at[at] != 0)
		return false;
	j->at[at] = when;
	return true;
}

void
load_acked(void *self, uint32_t journey, enum load_act act,
	   const struct err *failure)
{
	struct load *l = self;
	struct journey *j = &l->journeys.list[journey];

	if (failure != NULL) {
		l->broken = true;
		l->failure = *failure;
		return;
	}
	l->phase.news_us = clock_now_us();
	if (mark(j, load_mark(act, LOAD_ACK), l->phase.news_us) &&
	    act == l->phase.last)
		reach(l, j, LOAD_ACKED);
}

static void
make_ready(struct load *l, uint32_t journey)
{
	struct ready *r = &l->ready;

	r->ring[(r->begin + r->count) % r->size] = journey;
	r->count++;
}

/* Its last record is read: it waits until the rows are there. Records of a
 * partition come in order, so these do, too. */
static void
await_rows(struct load *l, const struct follow_note *n)
{
	struct waiting_list *w = &l->waiting[n->partition];
	struct journey *j = &l->journeys.list[n->journey];

	j->partition = n->partition;
	j->offset = n->offset;
	if (!l->phase.measured || l->read_model == NULL)
		return;
	j->waiting = LOAD_NO_JOURNEY;
	if (w->first == LOAD_NO_JOURNEY)
		w->first = n->journey;
	else
		l->journeys.list[w->last].waiting = n->journey;
	w->last = n->journey;
}

void
load_look(struct load *l)
{
	if (l->read_model == NULL)
		return;
	for (int32_t i = 0; i < follow_partitions(l->follow); i++) {
		struct waiting_list *w = &l->waiting[i];

		while (w->first != LOAD_NO_JOURNEY) {
			struct journey *j = &l->journeys.list[w->first];
			int64_t seen =
				read_model_visible(l->read_model, i, j->offset);

			if (seen == 0)
				break;
			l->phase.news_us = clock_now_us();
			w->first = j->waiting;
			if (mark(j, LOAD_MARK_VISIBLE, seen))
				reach(l, j, LOAD_VISIBLE);
		}
	}
}

static void
admitted(struct load *l, struct journey *j, const struct follow_note *n)
{
	const struct phase *p = &l->phase;

	if (n->act < p->first || n->act > p->last ||
	    !mark(j, load_mark(n->act, LOAD_SEEN), n->seen_us))
		return;
	j->at[load_mark(n->act, LOAD_LOGGED)] = n->logged_us;
	if (n->act < p->last) {
		make_ready(l, n->journey);
		return;
	}
	reach(l, j, LOAD_ADMITTED);
	if (!load_step_issues(l->cfg->step))
		await_rows(l, n);
}

static void
ordered(struct load *l, struct journey *j, const struct follow_note *n)
{
	if (!mark(j, LOAD_MARK_ORDERED, n->seen_us))
		return;
	j->at[LOAD_MARK_ORDERED_LOGGED] = n->logged_us;
	reach(l, j, LOAD_ORDERED);
}

static void
issued(struct load *l, struct journey *j, const struct follow_note *n)
{
	if (!mark(j, LOAD_MARK_ISSUED, n->seen_us))
		return;
	j->at[LOAD_MARK_ISSUED_LOGGED] = n->logged_us;
	j->at[LOAD_MARK_SIGNED] = n->signed_us;
	reach(l, j, LOAD_ISSUED);
	await_rows(l, n);
}

/* Is a certificate of this journey in the making? Another run may have used
 * the same tax code. */
static bool
is_pressed(const struct journey *j)
{
	return j->at[load_mark(LOAD_PRESS, LOAD_SENT)] != 0;
}

void
load_note(void *self, const struct follow_note *n)
{
	struct load *l = self;
	struct journey *j;

	if (n->journey >= l->count)
		return;
	j = &l->journeys.list[n->journey];
	l->phase.news_us = n->seen_us;
	switch (n->what) {
	case FOLLOW_ADMITTED:
		admitted(l, j, n);
		break;
	case FOLLOW_REFUSED:
		fail(l, j, n->why);
		break;
	case FOLLOW_DEFERRED:
		l->phase.counts.deferred++;
		break;
	case FOLLOW_ORDERED:
		if (is_pressed(j))
			ordered(l, j, n);
		break;
	case FOLLOW_ISSUED:
		if (is_pressed(j))
			issued(l, j, n);
		break;
	case FOLLOW_FAILED:
		if (is_pressed(j))
			fail(l, j, n->why);
		break;
	}
}
