#include "runtime/process.h"

#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define ARENAS_MAX 2

/* The one writable global of a program: a signal handler has no argument. */
static volatile sig_atomic_t stopping;

static void
on_stop(int sig)
{
	(void)sig;
	stopping = 1;
	(void)alarm(PROCESS_STOP_SECONDS);
}

/* Nothing but write() and _exit() may be called here. */
static void
on_late(int sig)
{
	static const char line[] =
		"error subject=process msg=\"not stopped in time, ends as if "
		"killed\"\n";

	(void)sig;
	(void)!write(STDERR_FILENO, line, sizeof(line) - 1);
	_exit(PROCESS_EXIT_HUNG);
}

void
process_start(bool holds_keys)
{
	const struct sigaction stop = { .sa_handler = on_stop,
					.sa_flags = (int)SA_RESETHAND };
	const struct sigaction late = { .sa_handler = on_late };
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	const struct rlimit none = { 0, 0 };

	/* What one thread allocates another frees (librdkafka's, the loop's):
	 * with an arena for each thread little of it is ever used again. */
	(void)mallopt(M_ARENA_MAX, ARENAS_MAX);
	(void)sigaction(SIGTERM, &stop, NULL);
	(void)sigaction(SIGINT, &stop, NULL);
	(void)sigaction(SIGALRM, &late, NULL);
	(void)sigaction(SIGPIPE, &ignore, NULL);
	if (!holds_keys)
		return;
	(void)setrlimit(RLIMIT_CORE, &none);
	(void)prctl(PR_SET_DUMPABLE, 0);
}

bool
process_stopping(void)
{
	return stopping != 0;
}

bool
process_sleep_ms(int ms)
{
	const int step = 100; /* another thread may get the signal */

	while (ms > 0 && !stopping) {
		(void)poll(NULL, 0, ms < step ? ms : step);
		ms -= step;
	}
	return process_stopping();
}
