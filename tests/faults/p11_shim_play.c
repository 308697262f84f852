/* What a fault does. */
#include <pthread.h>
#include <time.h>

#include "p11_shim.h"

/* A lock that many may share, and for which closing does not wait for ever. */
static pthread_rwlock_t calls =
	PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;

void
shim_enter(void)
{
	pthread_rwlock_rdlock(&calls);
}

void
shim_leave(void)
{
	pthread_rwlock_unlock(&calls);
}

static void
sleep_us(int64_t us)
{
	struct timespec ts = { .tv_sec = us / 1000000,
			       .tv_nsec = us % 1000000 * 1000 };

	while (nanosleep(&ts, &ts) != 0)
		continue;
}

/* Until the time is over, or nobody asks for it any more. */
static void
hang(const struct shim_fault *f)
{
	int64_t until = shim_monotonic_us() + f->time_us;

	while (shim_monotonic_us() < until && shim_is_asked(f->id))
		sleep_us(20000);
}

static void
close_all_sessions(void)
{
	CK_SLOT_ID slots[64];
	CK_ULONG n = sizeof(slots) / sizeof(slots[0]);

	pthread_rwlock_wrlock(&calls);
	if (shim_real->C_GetSlotList(CK_TRUE, slots, &n) != CKR_OK)
		n = 0;
	for (CK_ULONG i = 0; i < n; i++) {
		(void)shim_real->C_CloseAllSessions(slots[i]);
		shim_session_remove_slot(slots[i]);
	}
	pthread_rwlock_unlock(&calls);
}

static void
logout(CK_SESSION_HANDLE session)
{
	pthread_rwlock_wrlock(&calls);
	(void)shim_real->C_Logout(session);
	pthread_rwlock_unlock(&calls);
}

/* @return the call is over and *rv its value */
static bool
play(const struct shim_fault *f, CK_SESSION_HANDLE session, CK_RV *rv)
{
	switch (f->kind) {
	case SHIM_CODE:
		*rv = f->rv;
		return true;
	case SHIM_CLOSE:
		close_all_sessions();
		return false;
	case SHIM_LOGOUT:
		logout(session);
		return false;
	case SHIM_HANG:
		hang(f);
		return false;
	case SHIM_NONE:
	case SHIM_SLEEP:
	case SHIM_WRONG:
	case SHIM_OTHER_KEY:
		break;
	}
	return false;
}

bool
shim_before(const struct shim_place *place, CK_SESSION_HANDLE session,
	    CK_RV *rv)
{
	struct shim_fault f;
	int64_t late_us;
	bool taken = shim_take(false, place, &f, &late_us);

	if (late_us > 0)
		sleep_us(late_us);
	return taken && play(&f, session, rv);
}

enum shim_kind
shim_after(const struct shim_place *place, CK_SESSION_HANDLE session, CK_RV *rv)
{
	struct shim_fault f;
	int64_t late_us;

	if (!shim_take(true, place, &f, &late_us))
		return SHIM_NONE;
	(void)play(&f, session, rv);
	return f.kind;
}
