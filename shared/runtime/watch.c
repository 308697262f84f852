#include "runtime/watch.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "runtime/process.h"

#define LOOK_MS 200

struct watch_slot {
	_Atomic(const char *) what;
	_Atomic int64_t deadline_us; /* monotonic; 0: not in a call */
};

struct watch {
	pthread_t thread;
	bool started;
	_Atomic bool closing;
	_Atomic size_t count;
	struct watch_slot slots[WATCH_SLOTS_MAX];
};

/* The thread that hangs may hold any lock: no clean-up, no exit handlers. */
static void
give_up(const char *what)
{
	log_line(LOG_ERROR, what, "call passed its deadline, process ends",
		 NULL);
	_exit(PROCESS_EXIT_HUNG);
}

static void
look(struct watch *w)
{
	int64_t now = clock_monotonic_us();
	size_t count = atomic_load(&w->count);

	for (size_t i = 0; i < count && i < WATCH_SLOTS_MAX; i++) {
		int64_t deadline = atomic_load(&w->slots[i].deadline_us);

		if (deadline != 0 && now > deadline)
			give_up(atomic_load(&w->slots[i].what));
	}
}

static void *
run(void *self)
{
	struct watch *w = self;

	while (!atomic_load(&w->closing)) {
		(void)usleep(LOOK_MS * 1000);
		look(w);
	}
	return NULL;
}

bool
watch_open(struct watch **out, struct err *e)
{
	AUTO(watch) struct watch *w = calloc(1, sizeof(*w));
	int rc;

	if (w == NULL)
		return ERR_NO_MEMORY(e);
	rc = pthread_create(&w->thread, NULL, run, w);
	if (rc != 0)
		return ERR_SET(e, ERR_FATAL, "watch", rc,
			       "cannot start a thread: %s", strerror(rc));
	w->started = true;
	*out = TAKE(w);
	return true;
}

bool
watch_slot_new(struct watch *w, struct watch_slot **out, struct err *e)
{
	size_t i = atomic_fetch_add(&w->count, 1);

	if (i >= WATCH_SLOTS_MAX)
		return ERR_SET(e, ERR_FATAL, "watch", 0,
			       "more than %d watched threads", WATCH_SLOTS_MAX);
	*out = &w->slots[i];
	return true;
}

void
watch_begin(struct watch_slot *slot, const char *what, int limit_ms)
{
	if (slot == NULL)
		return;
	atomic_store(&slot->what, what);
	atomic_store(&slot->deadline_us,
		     clock_monotonic_us() + INT64_C(1000) * limit_ms);
}

void
watch_end(struct watch_slot *slot)
{
	if (slot != NULL)
		atomic_store(&slot->deadline_us, 0);
}

void
watch_close(struct watch *w)
{
	if (w == NULL)
		return;
	if (w->started) {
		atomic_store(&w->closing, true);
		(void)pthread_join(w->thread, NULL);
	}
	free(w);
}
