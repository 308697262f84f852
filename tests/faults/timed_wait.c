/*
 * timed_wait.so - in front of libfaketime, which sets the time of day: timed
 * waits end when they should.
 *
 * It knows nothing of C11 threads: librdkafka gives cnd_timedwait() the false
 * time of day, and the kernel compares it with the true one. With a clock
 * that is behind, each wait is over at once, for ever; with one that is
 * ahead, none ends in time. And what it makes of a wait by the monotonic
 * clock, which it is told to leave alone, is over at once as well.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S 1000000000L
#define MONOTONIC 2u /* in __wrefs: glibc's mark of such a condition */

/* The function of the C library itself. */
static void *
original(const char *name, const char *version)
{
	void *libc = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
	void *found = libc == NULL ? NULL : dlvsym(libc, name, version);

	if (found == NULL)
		abort();
	return found;
}

/* b less a */
static struct timespec
between(struct timespec a, struct timespec b)
{
	struct timespec d = { .tv_sec = b.tv_sec - a.tv_sec,
			      .tv_nsec = b.tv_nsec - a.tv_nsec };

	if (d.tv_nsec < 0) {
		d.tv_sec--;
		d.tv_nsec += NS_PER_S;
	}
	return d;
}

/* A false time of day as the kernel knows it. */
static struct timespec
true_time(const struct timespec *at)
{
	struct timespec truth, told;

	if (syscall(SYS_clock_gettime, CLOCK_REALTIME, &truth) != 0 ||
	    clock_gettime(CLOCK_REALTIME, &told) != 0)
		abort();
	return between(between(truth, told), *at);
}

int
cnd_timedwait(cnd_t *restrict cond, mtx_t *restrict mutex,
	      const struct timespec *restrict at)
{
	int (*real)(cnd_t *, mtx_t *, const struct timespec *);
	struct timespec until = true_time(at);

	*(void **)&real = original("cnd_timedwait", "GLIBC_2.34");
	return real(cond, mutex, &until);
}

int
pthread_cond_timedwait(pthread_cond_t *restrict cond,
		       pthread_mutex_t *restrict mutex,
		       const struct timespec *restrict at)
{
	int (*real)(pthread_cond_t *, pthread_mutex_t *,
		    const struct timespec *);
	struct timespec until = *at;

	if ((cond->__data.__wrefs & MONOTONIC) == 0)
		until = true_time(at);
	*(void **)&real = original("pthread_cond_timedwait", "GLIBC_2.3.2");
	return real(cond, mutex, &until);
}
