#include "progress.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

#define WIDTH 30
#define EVERY_US (US_PER_S / 5)

void
progress_start(struct progress *p, bool wanted, const char *what)
{
	*p = (struct progress){
		.on = wanted && isatty(STDERR_FILENO) == 1,
		.what = what,
		.began_us = clock_monotonic_us(),
	};
}

static void
draw(const struct progress *p, int64_t now, uint32_t begun, uint32_t done,
     uint32_t failed, uint32_t count)
{
	char bar[WIDTH + 1];
	double seconds = (double)(now - p->began_us) / (double)US_PER_S;
	size_t sent_to = (size_t)((uint64_t)begun * WIDTH / count);
	size_t done_to = (size_t)((uint64_t)done * WIDTH / count);

	memset(bar, ' ', WIDTH);
	memset(bar, '-', sent_to);
	memset(bar, '#', done_to);
	bar[WIDTH] = '\0';
	fprintf(stderr,
		"\r%s [%s] %u begun, %u done, %u failed of %u, %.0f/s \033[K",
		p->what, bar, begun, done, failed, count,
		seconds > 0 ? done / seconds : 0.0);
}

void
progress_show(struct progress *p, uint32_t begun, uint32_t done,
	      uint32_t failed, uint32_t count)
{
	int64_t now;

	if (!p->on || count == 0)
		return;
	now = clock_monotonic_us();
	if (now - p->shown_us < EVERY_US)
		return;
	p->shown_us = now;
	draw(p, now, begun, done, failed, count);
}

void
progress_end(struct progress *p, uint32_t begun, uint32_t done, uint32_t failed,
	     uint32_t count)
{
	if (!p->on || count == 0)
		return;
	draw(p, clock_monotonic_us(), begun, done, failed, count);
	fputc('\n', stderr);
}
