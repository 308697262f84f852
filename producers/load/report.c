#include "report.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "report_stats.h"

#define MS(us) ((double)(us) / 1000.0)

static int64_t *
new_room(const struct load *l)
{
	return calloc(load_journeys(l)->count, sizeof(int64_t));
}

static bool
failed(const char *path, struct err *e)
{
	return ERR_SET(e, ERR_FATAL, "libc", errno, "write %s: %s", path,
		       strerror(errno));
}

static void
print_counts(const struct load *l)
{
	const struct load_config *cfg = load_settings(l);
	const struct load_counts *c = load_counts(l);
	struct report_reason reasons[REPORT_REASONS_MAX];
	size_t n = report_reasons(load_journeys(l), reasons);

	printf("%s: %u journeys, %u begun, %u of them %s, %u failed, %u not "
	       "answered\n",
	       cfg->step->name, load_journeys(l)->count, c->begun,
	       c->stages[cfg->until], load_stage_name(cfg->until), c->failed,
	       c->begun - c->done);
	for (size_t i = 0; i < n; i++)
		printf("  %6u %s\n", reasons[i].count, reasons[i].why);
	if (c->deferred > 0)
		printf("  %6u events were deferred first\n", c->deferred);
	if (load_certificates(l) >= 0)
		printf("  %6lld certificates in the read model\n",
		       (long long)load_certificates(l));
}

bool
load_report_print(const struct load *l, struct err *e)
{
	const struct journeys *j = load_journeys(l);
	struct load_column columns[LOAD_COLUMNS_MAX];
	size_t n = load_columns(load_settings(l)->step, columns);
	AUTO(ptr) void *memory = new_room(l);

	if (memory == NULL)
		return ERR_NO_MEMORY(e);
	print_counts(l);
	printf("%-18s %8s %9s %9s %9s %9s %9s %9s\n", "ms since due", "count",
	       "min", "p50", "p90", "p99", "max", "a second");
	for (size_t i = 0; i < n; i++) {
		struct report_latency t =
			report_latency(j, columns[i].mark, memory);

		if (t.count > 0)
			printf("%-18s %8zu %9.2f %9.2f %9.2f %9.2f %9.2f "
			       "%9.0f\n",
			       columns[i].name, t.count, MS(t.min), MS(t.p50),
			       MS(t.p90), MS(t.p99), MS(t.max),
			       report_rate(j, columns[i].mark));
	}
	if (fflush(stdout) != 0)
		return failed("standard output", e);
	return true;
}

static void
put_cell(FILE *out, const struct journey *j, int mark)
{
	if (j->due_us != 0 && j->at[mark] != 0)
		fprintf(out, "\t%lld", (long long)(j->at[mark] - j->due_us));
	else
		fputc('\t', out);
}

static const char *
result(const struct load *l, const struct journey *j)
{
	if (j->failed != NULL)
		return j->failed;
	return j->done ? load_stage_name(load_settings(l)->until) : "";
}

static void
put_table(const struct load *l, FILE *out)
{
	const struct journeys *j = load_journeys(l);
	struct load_column columns[LOAD_COLUMNS_MAX];
	size_t n = load_columns(load_settings(l)->step, columns);
	char code[TAX_CODE_MAX];

	fputs("journey\ttax_code\tresult\tdue_us", out);
	for (size_t i = 0; i < n; i++)
		fprintf(out, "\t%s", columns[i].name);
	fputc('\n', out);
	for (uint32_t i = 0; i < j->count; i++) {
		fprintf(out, "%u\t%s\t%s\t%lld", i, load_tax_code(l, i, code),
			result(l, &j->list[i]), (long long)j->list[i].due_us);
		for (size_t k = 0; k < n; k++)
			put_cell(out, &j->list[i], columns[k].mark);
		fputc('\n', out);
	}
}

bool
load_report_latencies(const struct load *l, const char *path, struct err *e)
{
	AUTO(file) FILE *out = fopen(path, "we");

	if (out == NULL)
		return failed(path, e);
	put_table(l, out);
	if (fflush(out) != 0 || ferror(out))
		return failed(path, e);
	return true;
}
