/*
 * The supervisor: one thread that brings the group up, looks after it, and
 * begins again after a fault.
 */
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "hsm/hsm_internal.h"

#define WAIT_MIN_US INT64_C(50000)
#define WAIT_MAX_US INT64_C(5000000)

/* With the lock held: sleep until something changes, at most for_us. */
static void
wait_change(struct hsm *h, int64_t for_us)
{
	int64_t at = clock_monotonic_us() + for_us;
	struct timespec ts = { .tv_sec = at / US_PER_S,
			       .tv_nsec = at % US_PER_S * 1000 };

	(void)pthread_cond_timedwait(&h->changed, &h->lock, &ts);
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

/* Until the group works or close() is called. @return the group works */
static bool
come_up(struct hsm *h)
{
	int64_t wait = WAIT_MIN_US;
	struct err last = { 0 }, e = { 0 };

	for (;;) {
		if (hsm_bring_up(h, &e)) {
			atomic_store(&h->last_good_us, clock_now_us());
			log_line(LOG_INFO, "hsm", "tokens are ready", NULL);
			set_state(h, HSM_UP, NULL);
			return true;
		}
		log_change(&last, &e);
		set_state(h, HSM_DOWN, &e);
		if (!pause_before_retry(h, wait))
			return false;
		wait = wait * 2 < WAIT_MAX_US ? wait * 2 : WAIT_MAX_US;
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

void *
hsm_supervise(void *self)
{
	struct hsm *h = self;

	while (come_up(h)) {
		stay_up(h);
		if (!clear_out(h))
			break;
	}
	return NULL;
}
