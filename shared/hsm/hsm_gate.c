/*
 * Entering and leaving the module, and publishing calls to the watch.
 */
#include "base/clock.h"
#include "hsm/hsm_internal.h"

bool
hsm_enter(struct hsm *h, unsigned thread, struct hsm_lane **out, struct err *e)
{
	bool up;

	if (thread >= h->threads)
		return ERR_SET(e, ERR_FATAL, "hsm", 0, "thread %u of %u",
			       thread, h->threads);
	pthread_mutex_lock(&h->lock);
	up = h->state == HSM_UP;
	if (up)
		h->inside++;
	else
		*e = h->why;
	pthread_mutex_unlock(&h->lock);
	*out = &h->lanes[thread];
	return up;
}

bool
hsm_leave(struct hsm *h, bool ok, const struct err *e)
{
	pthread_mutex_lock(&h->lock);
	h->inside--;
	if (!ok && e->kind == ERR_RETRY && e->code != 0 && h->state == HSM_UP) {
		h->state = HSM_SUSPECT;
		h->why = *e;
	}
	if (h->state != HSM_UP) /* else nobody waits for us */
		pthread_cond_broadcast(&h->changed);
	pthread_mutex_unlock(&h->lock);
	return ok;
}

bool
hsm_session(struct hsm *h, struct hsm_lane *lane, size_t token,
	    CK_SESSION_HANDLE *out, struct err *e)
{
	CK_FLAGS flags = CKF_SERIAL_SESSION;
	CK_RV rv;

	if (lane->epoch != h->epoch) {
		for (size_t i = 0; i < HSM_TOKENS_MAX; i++)
			lane->open[i] = false;
		lane->epoch = h->epoch;
	}
	if (!lane->open[token]) {
		if (!h->read_only)
			flags |= CKF_RW_SESSION;
		rv = HSM_CALL(h, lane, C_OpenSession, h->tokens[token].slot,
			      flags, NULL, NULL, &lane->session[token]);
		if (rv != CKR_OK)
			return p11_failed(e, P11_OTHER, "C_OpenSession", rv);
		lane->open[token] = true;
	}
	*out = lane->session[token];
	return true;
}

void
hsm_call_begin(struct hsm_lane *lane, const char *name, int64_t limit_us)
{
	atomic_store(&lane->call, name);
	atomic_store(&lane->deadline_us, clock_monotonic_us() + limit_us);
}

CK_RV
hsm_call_end(struct hsm_lane *lane, CK_RV rv)
{
	atomic_store(&lane->deadline_us, 0);
	return rv;
}

const char *
hsm_overdue(const struct hsm *h, int64_t monotonic_us)
{
	for (unsigned i = 0; i <= h->threads; i++) {
		int64_t deadline = atomic_load(&h->lanes[i].deadline_us);

		if (deadline != 0 && deadline < monotonic_us)
			return atomic_load(&h->lanes[i].call);
	}
	return NULL;
}
