#include "report_stats.h"

#include <string.h>
#include <sys/resource.h>

#include "base/clock.h"

/* The smallest value that `of` of 1000 do not exceed (nearest rank). */
static int64_t
percentile(const int64_t *sorted, size_t n, size_t of)
{
	size_t rank = (n * of + 999) / 1000;

	return sorted[rank > 0 ? rank - 1 : 0];
}

struct report_latency
report_latency(const struct journeys *j, int mark, int64_t *room)
{
	size_t n = journeys_sort(j, mark, room);

	if (n == 0)
		return (struct report_latency){ 0 };
	return (struct report_latency){
		.count = n,
		.min = room[0],
		.p50 = percentile(room, n, 500),
		.p90 = percentile(room, n, 900),
		.p99 = percentile(room, n, 990),
		.p999 = percentile(room, n, 999),
		.max = room[n - 1],
	};
}

static struct report_reason *
find(struct report_reason *list, size_t count, const char *why)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(list[i].why, why) == 0)
			return &list[i];
	return NULL;
}

size_t
report_reasons(const struct journeys *j,
	       struct report_reason out[REPORT_REASONS_MAX])
{
	size_t n = 0;

	for (uint32_t i = 0; i < j->count; i++) {
		const char *why = j->list[i].failed;
		struct report_reason *r;

		if (why == NULL)
			continue;
		r = find(out, n, why);
		if (r != NULL)
			r->count++;
		else if (n < REPORT_REASONS_MAX)
			out[n++] = (struct report_reason){ why, 1 };
	}
	return n;
}

double
report_rate(const struct journeys *j, int mark)
{
	int64_t first = INT64_MAX, last = 0;
	uint32_t n = 0;

	for (uint32_t i = 0; i < j->count; i++) {
		int64_t at = j->list[i].at[mark];

		if (at == 0)
			continue;
		n++;
		first = at < first ? at : first;
		last = at > last ? at : last;
	}
	return n < 2 || last == first ? 0
				      : (double)(n - 1) * (double)US_PER_S /
						(double)(last - first);
}

double
report_cpu_seconds(void)
{
	struct rusage u = { 0 };

	(void)getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}
