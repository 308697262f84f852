/*
 * The supervisor: one thread that brings the group up, looks after it, and
 * begins again after a fault.  Beside it the watch, which calls no module.
 */
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "hsm/hsm_internal.h"

#define WAIT_MIN_US INT64_C(50000)
#define WAIT_MAX_US INT64_C(1000000)
#define WATCH_EVERY_US INT64_C(100000)

/* With the lock held: sleep until it is signalled, at most for_us. */
static void
wait_on(struct hsm *h, pthread_cond_t *what, int64_t for_us)
{
	int64_t at = clock_monotonic_us() + for_us;
	struct timespec ts = { .tv_sec = at / US_PER_S,
			       .tv_nsec = at % US_PER_S * 1000 };

	(void)pthread_cond_timedwait(what, &h->lock, &ts);
}

static void
wait_change(struct hsm *h, int64_t for_us)
{
	wait_on(h, &h->changed, for_us);
}

static void
set_state(struct hsm *h, enum hsm_state state, const struct err *why)
{
	pthread_mutex_lock(&h->lock);
	h->state = state;
	if (why != NULL)
		h->why = *why;
	pthread_cond_broadcast(&h->changed);
	pthread_mutex_unlock(&h->lock);
}

/* Sleep between two attempts; close() cuts it short. @return go on? */
static bool
pause_before_retry(struct hsm *h, int64_t for_us)
{
	int64_t until = clock_monotonic_us() + for_us;
	bool stop;

	pthread_mutex_lock(&h->lock);
	while (!h->stop && clock_monotonic_us() < until)
		wait_change(h, until - clock_monotonic_us());
	stop = h->stop;
	pthread_mutex_unlock(&h->lock);
	return !stop;
}

/* Log a reason once, not at each attempt. */
static void
log_change(struct err *last, const struct err *e)
{
	if (last->kind != e->kind || last->code != e->code ||
	    last->line != e->line)
		log_err(LOG_WARN, "hsm", "tokens are not ready", e);
	*last = *e;
}

static int64_t
longer(int64_t wait)
{
	if (wait == 0)
		return WAIT_MIN_US;
	return wait * 2 < WAIT_MAX_US ? wait * 2 : WAIT_MAX_US;
}

/* Until the group works or close() is called. @return the group works */
static bool
come_up(struct hsm *h, int64_t *wait)
{
	struct err last = { 0 }, e = { 0 };

	for (;;) {
		if (!pause_before_retry(h, *wait))
			return false;
		if (hsm_bring_up(h, &e)) {
			atomic_store(&h->last_good_us, clock_now_us());
			log_line(LOG_INFO, "hsm", "tokens are ready", NULL);
			set_state(h, HSM_UP, NULL);
			return true;
		}
		log_change(&last, &e);
		set_state(h, HSM_DOWN, &e);
		*wait = longer(*wait);
	}
}

/* While up: look after an idle group. Returns when suspect or stopping. */
static void
stay_up(struct hsm *h)
{
	struct err e = { 0 };
	bool due;

	pthread_mutex_lock(&h->lock);
	while (!h->stop && h->state == HSM_UP) {
		wait_change(h, h->check_every_us);
		due = clock_now_us() - atomic_load(&h->last_good_us) >=
		      h->check_every_us;
		if (!due || h->stop || h->state != HSM_UP)
			continue;
		pthread_mutex_unlock(&h->lock);
		if (hsm_check(h, &e))
			atomic_store(&h->last_good_us, clock_now_us());
		else
			set_state(h, HSM_SUSPECT, &e);
		pthread_mutex_lock(&h->lock);
	}
	pthread_mutex_unlock(&h->lock);
}

/* After a fault: nobody enters; wait for those inside to come out. */
static bool
clear_out(struct hsm *h)
{
	bool stop;

	pthread_mutex_lock(&h->lock);
	while (h->inside > 0)
		wait_change(h, US_PER_S);
	stop = h->stop;
	if (!stop)
		log_err(LOG_WARN, "hsm", "token fault, beginning anew",
			&h->why);
	h->state = HSM_DOWN;
	pthread_mutex_unlock(&h->lock);
	hsm_bring_down(h);
	return !stop;
}

/* A group that comes up but fails at once is not begun anew without end. */
void *
hsm_supervise(void *self)
{
	struct hsm *h = self;
	int64_t wait = 0;

	while (come_up(h, &wait)) {
		int64_t since = clock_monotonic_us();

		stay_up(h);
		if (!clear_out(h))
			break;
		wait = clock_monotonic_us() - since < WAIT_MAX_US ? longer(wait)
								  : 0;
	}
	return NULL;
}

/* A thread inside the module cannot be ended, and C_Finalize would hang. */
static void
exit_if_hung(const struct hsm *h)
{
	const char *call = hsm_overdue(h, clock_monotonic_us());

	if (call == NULL)
		return;
	log_line(LOG_ERROR, "hsm", "call into the module hangs, process ends",
		 "call", call, NULL);
	_exit(HSM_EXIT_HUNG);
}

void *
hsm_watch(void *self)
{
	struct hsm *h = self;

	pthread_mutex_lock(&h->lock);
	while (h->watching) {
		pthread_mutex_unlock(&h->lock);
		exit_if_hung(h);
		pthread_mutex_lock(&h->lock);
		if (h->watching)
			wait_on(h, &h->unwatched, WATCH_EVERY_US);
	}
	pthread_mutex_unlock(&h->lock);
	return NULL;
}
