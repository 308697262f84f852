#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "pki/ca_watch.h"
#include "pki/guard.h"
#include "registrar/rebalance.h"
#include "registrar/registrar.h"

#define POLL_MS 200
#define CLOCK_US (US_PER_S / 2)
#define FATAL_WINDOW_US (60 * US_PER_S)
#define MANY 50 /* events in a batch */
#define WAIT_FIRST_MS 100
#define WAIT_MAX_MS 5000

struct lane *
loop_lane(struct registrar *r, int32_t partition)
{
	for (size_t l = 0; l < r->lane_count; l++)
		if (r->lanes[l].log.partition == partition)
			return &r->lanes[l];
	return NULL;
}

static struct input *
input_of(struct lane *lane, const char *topic)
{
	for (size_t i = 0; i < INPUTS; i++)
		if (strcmp(lane->inputs[i].topic, topic) == 0)
			return &lane->inputs[i];
	return NULL;
}

/* ---- an input that waits ------------------------------------------------ */

/* Its next message cannot be decided now: pause it, pass nothing. */
static bool
wait_with(struct registrar *r, struct lane *lane, struct input *in,
	  const struct err *why, struct err *e)
{
	struct kafka_partition at = { in->topic, lane->log.partition,
				      in->next };

	if (in->backoff.failures == 0)
		log_err(LOG_ERROR, in->topic, "waiting, nothing is skipped",
			why);
	health_set(runtime_health(r->rt), HEALTH_WORK, why->text);
	backoff_fail(&in->backoff);
	in->waiting = true;
	metric_inc(r->count.waiting, 1);
	return kafka_consumer_pause(r->consumer, &at, 1, true, e) &&
	       kafka_consumer_seek(r->consumer, &at, 1, e);
}

static bool
go_on(struct registrar *r, struct err *e)
{
	for (size_t l = 0; l < r->lane_count; l++)
		for (size_t i = 0; i < INPUTS; i++) {
			struct input *in = &r->lanes[l].inputs[i];
			struct kafka_partition at = { in->topic,
						      r->lanes[l].log.partition,
						      in->next };

			if (!in->waiting || !backoff_ready(&in->backoff))
				continue;
			if (!kafka_consumer_pause(r->consumer, &at, 1, false,
						  e))
				return false;
			in->waiting = false;
		}
	return true;
}

static void
decided(struct registrar *r, struct input *in, int64_t offset)
{
	in->next = offset + 1;
	if (in->backoff.failures == 0)
		return;
	backoff_reset(&in->backoff);
	log_line(LOG_INFO, in->topic, "goes on", NULL);
	health_set(runtime_health(r->rt), HEALTH_WORK, NULL);
}

/* ---- a batch ------------------------------------------------------------ */

struct input *
loop_due(struct registrar *r, const struct kafka_message *m)
{
	struct lane *lane = loop_lane(r, m->partition);
	struct input *in = lane != NULL ? input_of(lane, m->topic) : NULL;

	return in == NULL || in->waiting || m->offset < in->next ? NULL : in;
}

/* false: the transaction, or the program, cannot go on. */
static bool
one(struct registrar *r, struct opened *o, struct err *e)
{
	const struct kafka_message *m = o->message;
	struct lane *lane = loop_lane(r, m->partition);
	struct input *in = loop_due(r, m);
	struct err why = { 0 };

	if (in == NULL)
		return true;
	in->next = m->offset;
	if (admit_message(r, lane, o, &why)) {
		decided(r, in, m->offset);
		return true;
	}
	if (!r->failed && why.kind == ERR_RETRY) {
		if (wait_with(r, lane, in, &why, e))
			return true;
		r->failed = true;
		return false;
	}
	*e = why;
	return false;
}

static bool
each(struct registrar *r, const struct kafka_batch *batch, struct err *e)
{
	size_t count = kafka_batch_count(batch), opened;
	bool done = true;

	for (size_t i = 0; i < count && done; i += opened) {
		opened = ahead_open(r, batch, i);
		for (size_t k = 0; k < opened && done; k++) {
			done = one(r, &r->ahead->items[k], e);
			ahead_pass(r, &r->ahead->items[k]);
		}
		done = ahead_end(r, done, e);
	}
	return done;
}

static void
watch_ca(struct registrar *r)
{
	const char *warning;

	health_set(runtime_health(r->rt), HEALTH_CA,
		   pki_ca_watch(r->ca_watch, clock_now_us(), &warning));
	health_warn(runtime_health(r->rt), warning);
}

static bool
work(struct registrar *r, const struct kafka_batch *batch, struct err *e)
{
	int64_t now = clock_monotonic_us();
	struct err ignored = { 0 };

	pki_guard_watch(r->guard);
	watch_ca(r);
	if (!subjects_prefetch(r, batch, &ignored))
		log_err(LOG_DEBUG, "registrar", "batch not looked up",
			&ignored);
	if (!each(r, batch, e))
		return false;
	if (now - r->last_clock_us >= CLOCK_US) {
		r->last_clock_us = now;
		if (!clock_run(r, e) && (r->failed || e->kind != ERR_RETRY))
			return false; /* else it is due next time, too */
	}
	return commit_run(r, e);
}

/* Written behind: a database that is away is said once and tried again. */
static bool
checkpoint(struct registrar *r, struct err *e)
{
	int64_t now = clock_monotonic_us();

	if (now - r->last_checkpoint_us < r->checkpoint_interval_us &&
	    !cache_is_full(r->cache))
		return true;
	r->last_checkpoint_us = now;
	if (!fold_settle(r, e) || !commit_checkpoint(r, e) ||
	    (store_is_doubtful(r->store) && !commit_settle_keys(r, e)))
		return false;
	health_set(runtime_health(r->rt), HEALTH_DATABASE, NULL);
	return true;
}

/* ---- recovery ----------------------------------------------------------- */

/* Three broken producers in a minute: let the supervisor look. */
static bool
too_often(struct registrar *r)
{
	int64_t now = clock_monotonic_us();
	bool often =
		r->fatal_at[0] != 0 && now - r->fatal_at[0] < FATAL_WINDOW_US;

	r->fatal_at[0] = r->fatal_at[1];
	r->fatal_at[1] = now;
	return often;
}

/* Who it is that we wait for. */
static enum health_part
part_of(const struct err *why)
{
	if (strcmp(why->origin, "pg") == 0)
		return HEALTH_DATABASE;
	return strcmp(why->origin, "kafka") == 0 ? HEALTH_KAFKA : HEALTH_START;
}

/* Said once for each reason, not at each attempt. */
static void
say(struct registrar *r, const char *what, const struct err *why)
{
	bool said = r->trouble.kind == why->kind &&
		    r->trouble.code == why->code &&
		    r->trouble.line == why->line;

	r->trouble = *why;
	health_set(runtime_health(r->rt), part_of(why), why->text);
	if (!said)
		log_err(LOG_WARN, "registrar", what, why);
}

static void
all_is_well(struct registrar *r)
{
	static const enum health_part parts[] = { HEALTH_START, HEALTH_KAFKA,
						  HEALTH_DATABASE };

	if (r->trouble.kind == ERR_NONE)
		return;
	r->trouble = (struct err){ .kind = ERR_NONE };
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		health_set(runtime_health(r->rt), parts[i], NULL);
}

/*
 * Records that stay open for longer than any transaction may, and committed
 * offsets that are not answered a second time by brokers that answer the
 * rest, may be so for ever: see kafka_txn_end_former().
 * @return false: another has taken over
 */
static bool
end_former(struct registrar *r, const struct err *why)
{
	bool held = kafka_err_is_held(why);
	struct err e = { 0 };

	if ((!held && (!kafka_err_is_timeout(why) ||
		       !kafka_err_is_timeout(&r->trouble))) ||
	    r->txn == NULL || r->began || process_stopping())
		return true;
	if (held ? commit_end_records(r, &e) : commit_end_offsets(r, &e)) {
		log_line(LOG_WARN, "registrar",
			 "what a former transaction left open is ended", NULL);
		return true;
	}
	log_err(LOG_WARN, "registrar", "what a former transaction left stays",
		&e);
	return !kafka_err_is_fenced(&e);
}

/* false: exit. */
static bool
recover(struct registrar *r, struct backoff *pause, const struct err *why)
{
	bool broken = r->broken;

	if (kafka_err_is_fenced(why)) {
		log_err(LOG_ERROR, "registrar", "another has taken over", why);
		return false;
	}
	if (why->kind != ERR_RETRY && !broken) {
		log_err(LOG_ERROR, "registrar", "cannot go on", why);
		return false;
	}
	if (!end_former(r, why))
		return false;
	if (r->failed || r->began || !r->ready || store_is_lost(r->store)) {
		say(r, "aborted, folding again", why);
		commit_abort(r);
	} else {
		say(r, "will try again", why);
	}
	backoff_fail(pause);
	if (broken && too_often(r)) {
		log_line(LOG_ERROR, "registrar",
			 "the producer broke three times in a minute", NULL);
		return false;
	}
	return true;
}

static bool
prepare(struct registrar *r, struct err *e)
{
	health_set(runtime_health(r->rt), HEALTH_START, "folding the log");
	if (!fold_prepare(r, e))
		return false;
	r->last_checkpoint_us = clock_monotonic_us();
	health_set(runtime_health(r->rt), HEALTH_START, NULL);
	/* inputs that waited went with the old assignment */
	health_set(runtime_health(r->rt), HEALTH_WORK, NULL);
	health_set(runtime_health(r->rt), HEALTH_DATABASE, NULL);
	return true;
}

/* A transaction costs the cluster as much as a hundred events: when many come
 * in, it waits for more of them. A few are never made to wait. */
static void
gather(const struct registrar *r, const struct backoff *pause)
{
	int64_t left =
		r->last_work_us + r->commit_interval_us - clock_monotonic_us();

	if (r->ready && r->last_count >= MANY && r->last_count < r->batch_max &&
	    left > 0 && backoff_ready(pause))
		(void)process_sleep_ms((int)(left / 1000) + 1);
}

/* One turn of the loop. */
static bool
turn(struct registrar *r, struct backoff *pause, struct err *e)
{
	AUTO(kafka_batch) struct kafka_batch *batch = NULL;

	if (!r->ready && r->assigned && backoff_ready(pause) && !prepare(r, e))
		return false;
	gather(r, pause);
	if (!kafka_consumer_poll(r->consumer, r->batch_max, POLL_MS, &batch, e))
		return false;
	if (!r->ready)
		return true; /* the fold will seek back to what this was */
	r->last_work_us = clock_monotonic_us();
	r->last_count = kafka_batch_count(batch);
	if (!go_on(r, e) || !work(r, batch, e) || !checkpoint(r, e))
		return false;
	backoff_reset(pause);
	all_is_well(r);
	return true;
}

static void
stop(struct registrar *r)
{
	struct err e = { 0 };

	if (r->ready && r->lane_count > 0 &&
	    (!fold_settle(r, &e) || !commit_checkpoint(r, &e)))
		log_err(LOG_WARN, "registrar", "no last checkpoint", &e);
	r->ready = false;
	kafka_consumer_close(r->consumer);
	r->consumer = NULL;
}

int
loop_run(struct registrar *r)
{
	struct backoff pause = { .first_ms = WAIT_FIRST_MS,
				 .max_ms = WAIT_MAX_MS };
	int code = 0;

	while (!process_stopping()) {
		struct err e = { .origin = "" };

		if (!turn(r, &pause, &e) && !recover(r, &pause, &e)) {
			code = PROCESS_EXIT_FAULT;
			break;
		}
	}
	stop(r);
	return code;
}
