/* One pass over all journeys: begin each when it is due, go on with those
 * whose act before was seen. What comes of them is in note.c. */
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "load_internal.h"
#include "runtime/process.h"

/* Between two looks at log and read model; moments that are read there are
 * exact to this. */
#define TICK_US 1000
/* Sleep no shorter: at high rates some are sent together, up to so late. */
#define SLEEP_MIN_US 200
#define SEND_MAX 200 /* between two looks */

static bool
send_spooled(struct load *l, uint32_t journey, enum load_act act,
	     int64_t due_us, struct err *e)
{
	char id[UUID_TEXT_MAX];
	struct spooled head;
	struct event ev = { 0 };
	struct bytes rest;

	if (!spool_next(l->spool, &head, &rest, e))
		return false;
	ev.type = head.type;
	ev.meta = (struct ev_meta){
		.event_id = load_id(&l->ids, act, journey, id),
		.tax_code = head.tax_code,
		.occurred_at = due_us,
		.actor = { .id = head.actor,
			   .role = event_inbox_role(event_writer(head.type)) },
	};
	return sender_send(l->sender, &ev, rest, journey, act, e);
}

/* Was the event made before the clock started? */
static bool
is_spooled(enum load_act act)
{
	return act == LOAD_SUBMIT || act == LOAD_EVENT;
}

static bool
send_act(struct load *l, uint32_t journey, enum load_act act, int64_t due_us,
	 struct err *e)
{
	struct journey *j = &l->journeys.list[journey];
	struct composed c;

	j->at[load_mark(act, LOAD_SENT)] = clock_now_us();
	l->phase.news_us = j->at[load_mark(act, LOAD_SENT)];
	if (is_spooled(act))
		return send_spooled(l, journey, act, due_us, e);
	compose_meta(&l->ids, l->customers, act, journey, due_us, &c);
	compose_act(&l->ids, act, journey, &j->digests, &c);
	return sender_send(l->sender, &c.event, bytes_of(NULL, 0), journey, act,
			   e);
}

/* The act behind the one that was seen last. */
static bool
send_ready(struct load *l, struct err *e)
{
	struct ready *r = &l->ready;

	for (unsigned i = 0;
	     i < SEND_MAX && r->count > 0 && sender_room(l->sender) > 0; i++) {
		uint32_t journey = r->ring[r->begin];
		const int64_t *at = l->journeys.list[journey].at;
		enum load_act act = l->phase.first;

		while (at[load_mark(act, LOAD_SEEN)] != 0)
			act++;
		if (!send_act(l, journey, act,
			      at[load_mark(act - 1, LOAD_SEEN)], e))
			return false;
		r->begin = (r->begin + 1) % r->size;
		r->count--;
	}
	return true;
}

static bool
may_begin(const struct load *l, int64_t now)
{
	const struct phase *p = &l->phase;

	return p->next < l->count && sender_room(l->sender) > 0 &&
	       schedule_due(&p->schedule) <= now &&
	       (p->window == 0 || p->counts.begun - p->counts.done < p->window);
}

static bool
send_due(struct load *l, struct err *e)
{
	struct phase *p = &l->phase;
	int64_t now = clock_now_us();

	for (unsigned i = 0; i < SEND_MAX && may_begin(l, now); i++) {
		int64_t due = schedule_due(&p->schedule);

		if (!send_act(l, p->next, p->first, due, e))
			return false;
		if (p->measured)
			l->journeys.list[p->next].due_us = due;
		schedule_advance(&p->schedule);
		p->counts.begun++;
		p->next++;
	}
	return true;
}

/* Up to a tick, or until the next journey is due. */
static void
rest(const struct load *l)
{
	int64_t now = clock_now_us();
	int64_t until = now + TICK_US;
	struct timespec pause = { 0 };

	if (may_begin(l, now) ||
	    (l->ready.count > 0 && sender_room(l->sender) > 0))
		return;
	if (may_begin(l, until))
		until = schedule_due(&l->phase.schedule);
	if (until < now + SLEEP_MIN_US)
		until = now + SLEEP_MIN_US;
	pause.tv_nsec = (until - now) * 1000;
	(void)nanosleep(&pause, NULL);
}

static bool
is_over(const struct load *l)
{
	const struct phase *p = &l->phase;
	int64_t quiet_since = p->news_us;

	if (p->counts.done == l->count || process_stopping())
		return true;
	if (p->next < l->count && schedule_due(&p->schedule) > quiet_since)
		quiet_since = schedule_due(&p->schedule);
	return clock_now_us() - quiet_since > l->cfg->timeout_us;
}

static bool
turn(struct load *l, struct err *e)
{
	bool more = false;

	if (!send_ready(l, e) || !send_due(l, e) ||
	    !sender_poll(l->sender, 0, e) || !follow_poll(l->follow, &more, e))
		return false;
	load_look(l);
	if (l->read_model != NULL && !read_model_works(l->read_model, e))
		return false;
	if (l->broken) {
		*e = l->failure;
		return false;
	}
	if (!more)
		rest(l);
	return true;
}

bool
load_phase(struct load *l, struct err *e)
{
	const struct load_counts *c = &l->phase.counts;

	progress_start(&l->progress, l->cfg->progress,
		       l->phase.measured ? l->cfg->step->name : "prepare");
	l->phase.news_us = clock_now_us();
	while (!is_over(l)) {
		if (!turn(l, e))
			return false;
		progress_show(&l->progress, c->begun, c->done, c->failed,
			      l->count);
	}
	progress_end(&l->progress, c->begun, c->done, c->failed, l->count);
	return true;
}
