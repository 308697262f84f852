#include "runtime/pool.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

/* The loop looks in each 2 ms: a thread must not run dry meanwhile, with
 * signatures of a tenth of that. */
#define QUEUED_PER_THREAD 16

struct list {
	struct pool_task *first;
	struct pool_task **last;
};

/* A thread and what it is given at its start. */
struct pool_thread {
	struct pool *pool;
	unsigned number;
	pthread_t id;
};

struct pool {
	struct pool_spec spec;
	struct pool_thread *threads;
	size_t started;
	pthread_mutex_t lock; /* of all below */
	pthread_cond_t given;
	pthread_cond_t done;
	struct list in;
	struct list out;
	size_t count; /* given and not taken back */
	bool closing;
};

static void
put(struct list *l, struct pool_task *t)
{
	t->next = NULL;
	*l->last = t;
	l->last = &t->next;
}

static struct pool_task *
get(struct list *l)
{
	struct pool_task *t = l->first;

	if (t == NULL)
		return NULL;
	l->first = t->next;
	if (l->first == NULL)
		l->last = &l->first;
	return t;
}

/* Waits for a task. NULL: the pool closes. */
static struct pool_task *
next_task(struct pool *p)
{
	struct pool_task *t;

	(void)pthread_mutex_lock(&p->lock);
	while ((t = get(&p->in)) == NULL && !p->closing)
		(void)pthread_cond_wait(&p->given, &p->lock);
	(void)pthread_mutex_unlock(&p->lock);
	return t;
}

static void
hand_back(struct pool *p, struct pool_task *t)
{
	(void)pthread_mutex_lock(&p->lock);
	put(&p->out, t);
	(void)pthread_cond_broadcast(&p->done);
	(void)pthread_mutex_unlock(&p->lock);
}

static void *
thread_main(void *arg)
{
	const struct pool_thread *self = arg;
	struct pool *p = self->pool;
	struct pool_task *t;

	while ((t = next_task(p)) != NULL) {
		p->spec.run(p->spec.self, self->number, t);
		hand_back(p, t);
	}
	return NULL;
}

static bool
start_threads(struct pool *p, struct err *e)
{
	p->threads = calloc(p->spec.threads, sizeof(p->threads[0]));
	if (p->threads == NULL)
		return ERR_NO_MEMORY(e);
	for (size_t i = 0; i < p->spec.threads; i++) {
		struct pool_thread *t = &p->threads[i];
		int rc;

		*t = (struct pool_thread){ .pool = p, .number = (unsigned)i };
		rc = pthread_create(&t->id, NULL, thread_main, t);
		if (rc != 0)
			return ERR_SET(e, ERR_FATAL, "pool", rc,
				       "cannot start a thread: %s",
				       strerror(rc));
		p->started++;
	}
	return true;
}

bool
pool_open(const struct pool_spec *spec, struct pool **out, struct err *e)
{
	AUTO(pool) struct pool *p = calloc(1, sizeof(*p));
	pthread_condattr_t monotonic;

	if (p == NULL)
		return ERR_NO_MEMORY(e);
	p->spec = *spec;
	p->in.last = &p->in.first;
	p->out.last = &p->out.first;
	(void)pthread_condattr_init(&monotonic);
	(void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	(void)pthread_mutex_init(&p->lock, NULL);
	(void)pthread_cond_init(&p->given, NULL);
	(void)pthread_cond_init(&p->done, &monotonic);
	(void)pthread_condattr_destroy(&monotonic);
	if (!start_threads(p, e))
		return false;
	*out = TAKE(p);
	return true;
}

size_t
pool_room(struct pool *p)
{
	size_t max = p->spec.threads * QUEUED_PER_THREAD;
	size_t count = pool_count(p);

	return count < max ? max - count : 0;
}

void
pool_give(struct pool *p, struct pool_task *t)
{
	(void)pthread_mutex_lock(&p->lock);
	put(&p->in, t);
	p->count++;
	(void)pthread_cond_signal(&p->given);
	(void)pthread_mutex_unlock(&p->lock);
}

struct pool_task *
pool_take(struct pool *p)
{
	return pool_wait(p, 0);
}

struct pool_task *
pool_wait(struct pool *p, int timeout_ms)
{
	struct pool_task *t;
	struct timespec end;
	int rc = 0;

	(void)clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_nsec += (timeout_ms % 1000) * 1000000L;
	end.tv_sec += timeout_ms / 1000 + end.tv_nsec / 1000000000L;
	end.tv_nsec %= 1000000000L;
	(void)pthread_mutex_lock(&p->lock);
	while ((t = get(&p->out)) == NULL && timeout_ms > 0 && rc == 0)
		rc = pthread_cond_timedwait(&p->done, &p->lock, &end);
	p->count -= t != NULL;
	(void)pthread_mutex_unlock(&p->lock);
	return t;
}

size_t
pool_count(struct pool *p)
{
	size_t count;

	(void)pthread_mutex_lock(&p->lock);
	count = p->count;
	(void)pthread_mutex_unlock(&p->lock);
	return count;
}

void
pool_close(struct pool *p)
{
	if (p == NULL)
		return;
	(void)pthread_mutex_lock(&p->lock);
	p->closing = true;
	(void)pthread_cond_broadcast(&p->given);
	(void)pthread_mutex_unlock(&p->lock);
	for (size_t i = 0; i < p->started; i++)
		(void)pthread_join(p->threads[i].id, NULL);
	(void)pthread_cond_destroy(&p->given);
	(void)pthread_cond_destroy(&p->done);
	(void)pthread_mutex_destroy(&p->lock);
	free(p->threads);
	free(p);
}
