/* A report as JSON. */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "event/event_json.h"
#include "report.h"
#include "report_stats.h"

static json_t *
settings(const struct load *l)
{
	const struct load_config *cfg = load_settings(l);
	json_t *to = json_pack(
		"{s:s, s:s, s:I, s:f, s:b, s:I, s:I, s:I}", "step",
		cfg->step->name, "until", load_stage_name(cfg->until), "count",
		(json_int_t)load_journeys(l)->count, "rate", cfg->rate,
		"poisson", cfg->poisson, "seed", (json_int_t)cfg->seed,
		"window", (json_int_t)cfg->window, "poll_us",
		(json_int_t)cfg->poll_us);

	if (to != NULL && cfg->file == NULL &&
	    (json_object_set_new(to, "first_number",
				 json_integer(cfg->first)) != 0 ||
	     json_object_set_new(to, "next_number",
				 json_integer(load_next_number(l))) != 0)) {
		json_decref(to);
		return NULL;
	}
	return to;
}

static json_t *
counts(const struct load *l)
{
	const struct load_counts *c = load_counts(l);
	json_t *to = json_pack(
		"{s:I, s:I, s:I, s:I}", "begun", (json_int_t)c->begun, "done",
		(json_int_t)c->done, "failed", (json_int_t)c->failed,
		"deferred", (json_int_t)c->deferred);

	for (unsigned i = 0; to != NULL && i < LOAD_STAGE__COUNT; i++)
		json_object_set_new(to, load_stage_name((enum load_stage)i),
				    json_integer(c->stages[i]));
	if (to != NULL && load_certificates(l) >= 0)
		json_object_set_new(to, "certificates",
				    json_integer(load_certificates(l)));
	return to;
}

static json_t *
failures(const struct load *l)
{
	struct report_reason reasons[REPORT_REASONS_MAX];
	size_t n = report_reasons(load_journeys(l), reasons);
	json_t *to = json_object();

	for (size_t i = 0; i < n; i++)
		json_object_set_new(to, reasons[i].why,
				    json_integer(reasons[i].count));
	return to;
}

static json_t *
latencies(const struct load *l, int64_t *room)
{
	const struct journeys *j = load_journeys(l);
	struct load_column columns[LOAD_COLUMNS_MAX];
	size_t n = load_columns(load_settings(l)->step, columns);
	json_t *to = json_object();

	for (size_t i = 0; i < n; i++) {
		struct report_latency t =
			report_latency(j, columns[i].mark, room);

		if (t.count == 0)
			continue;
		json_object_set_new(
			to, columns[i].name,
			json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:f}",
				  "count", (json_int_t)t.count, "min",
				  (json_int_t)t.min, "p50", (json_int_t)t.p50,
				  "p90", (json_int_t)t.p90, "p99",
				  (json_int_t)t.p99, "p99.9",
				  (json_int_t)t.p999, "max", (json_int_t)t.max,
				  "per_second",
				  report_rate(j, columns[i].mark)));
	}
	return to;
}

bool
load_report_json(const struct load *l, const char *path, struct err *e)
{
	AUTO(ptr) void *room = calloc(load_journeys(l)->count, sizeof(int64_t));
	AUTO(json) json_t *report = NULL;

	if (room == NULL)
		return ERR_NO_MEMORY(e);
	report = json_pack("{s:o, s:o, s:o, s:o, s:I, s:I, s:f}", "settings",
			   settings(l), "counts", counts(l), "failures",
			   failures(l), "latencies_us", latencies(l, room),
			   "began_us", (json_int_t)load_began_us(l), "ended_us",
			   (json_int_t)load_ended_us(l), "cpu_seconds",
			   report_cpu_seconds());
	if (report == NULL)
		return ERR_NO_MEMORY(e);
	if (json_dump_file(report, path, JSON_INDENT(1)) != 0)
		return ERR_SET(e, ERR_FATAL, "libc", errno, "write %s: %s",
			       path, strerror(errno));
	return true;
}
