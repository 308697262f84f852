#include "base/clock.h"
#include "base/log.h"
#include "registrar/registrar.h"

#define DECISION_MAX (1024u * 1024)
#define STEPS_MAX 64 /* clock rules of one tax code at once; the rest later */
#define AGAIN_US (1 * US_PER_S)

static bool
own_steps(struct registrar *r, struct lane *lane, struct cached *it,
	  struct err *e)
{
	for (int i = 0; i < STEPS_MAX; i++) {
		AUTO(arena) struct arena *a = NULL;
		struct wf_decision d = { 0 };

		r->env.now = clock_now_us();
		if (!arena_new(DECISION_MAX, &a, e) ||
		    !wf_clock(&r->env, it->subject, a, &d, e))
			return err_context(e, "clock of %s",
					   subject_tax_code(it->subject));
		if (d.emit_count == 0)
			return true;
		if (!admit_own(r, lane, it, &d, e))
			return false;
	}
	return true;
}

/* Everything due of one tax code, then its next deadline. */
static bool
run_one(struct registrar *r, struct cached *it, int64_t now, struct err *e)
{
	struct lane *lane = loop_lane(r, it->partition);
	int64_t due;

	if (lane == NULL)
		return true;
	it->deadline = INT64_MAX; /* admit_deferred() may set one */
	if (!own_steps(r, lane, it, e) || !admit_deferred(r, lane, it, e))
		return false;
	due = subjects_deadline(r, it->subject);
	if (it->deadline < due)
		due = it->deadline;
	/* Never twice within a second, whatever the rules say. */
	cache_changed(r->cache, it, due > now ? due : now + AGAIN_US);
	return true;
}

static bool
due_in_memory(struct registrar *r, int64_t now, struct err *e)
{
	struct cached *it = NULL;

	while ((it = cache_next(r->cache, it)) != NULL)
		if (it->deadline <= now && !run_one(r, it, now, e))
			return false;
	return true;
}

static bool
due_in_checkpoint(struct registrar *r, int64_t now, struct err *e)
{
	struct store_position *list = commit_log_positions(r, e);
	AUTO(ptr) void *memory = list;
	struct store_due due[STORE_DUE_MAX];
	size_t found = 0;
	struct cached *it;

	if (list == NULL ||
	    !store_due(r->store, list, r->lane_count, now, due, &found, e))
		return false;
	for (size_t i = 0; i < found; i++)
		if (!subjects_find(r, due[i].tax_code, due[i].partition, &it,
				   e))
			return false;
	return true;
}

/*
 * What is due in the checkpoint is brought to memory, where a newer state
 * may say otherwise. Loading says once more when it is due; a subject that
 * is in memory already keeps what it knows.
 */
bool
clock_run(struct registrar *r, struct err *e)
{
	int64_t now = clock_now_us();

	return due_in_checkpoint(r, now, e) && due_in_memory(r, now, e);
}
