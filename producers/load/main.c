/*
 * load - open-loop load on a running stack.
 */
#include <stdio.h>

#include "base/log.h"
#include "options.h"
#include "report.h"
#include "runtime/process.h"

#define EXIT_REFUSED 3
#define EXIT_TIMEOUT 4

static int
fault(const struct err *e)
{
	fprintf(stderr, "load: %s\n", e->text);
	return PROCESS_EXIT_FAULT;
}

static bool
report(const struct load_options *o, const struct load *l, struct err *e)
{
	return load_report_print(l, e) &&
	       (o->report == NULL || load_report_json(l, o->report, e)) &&
	       (o->latencies == NULL ||
		load_report_latencies(l, o->latencies, e));
}

/* What the read model has must be what its positions promised. */
static bool
is_short(const struct load *l)
{
	return load_certificates(l) >= 0 &&
	       load_certificates(l) <
		       (int64_t)load_counts(l)->stages[LOAD_VISIBLE];
}

static int
status(const struct load *l)
{
	const struct load_counts *c = load_counts(l);

	if (is_short(l)) {
		fprintf(stderr, "load: the read model has fewer certificates "
				"than its positions say\n");
		return PROCESS_EXIT_FAULT;
	}
	if (c->failed > 0)
		return EXIT_REFUSED;
	return c->done < load_journeys(l)->count ? EXIT_TIMEOUT : 0;
}

static int
run(const struct load_options *o, struct err *e)
{
	AUTO(load) struct load *l = NULL;

	if (!load_open(&o->load, &l, e))
		return e->kind == ERR_REJECT ? (fault(e), PROCESS_EXIT_USAGE)
					     : fault(e);
	if (!load_prepare(l, e))
		return e->kind == ERR_REJECT ? (fault(e), EXIT_REFUSED)
					     : fault(e);
	if (!load_run(l, e) || !report(o, l, e))
		return fault(e);
	return status(l);
}

int
main(int argc, char **argv)
{
	struct load_options o;
	struct err e = { 0 };

	if (!load_options_parse(argc, argv, &o, &e)) {
		fprintf(stderr, "load: %s (load --help)\n", e.text);
		return PROCESS_EXIT_USAGE;
	}
	if (o.mode == LOAD_MODE_HELP) {
		load_options_usage();
		return 0;
	}
	process_start(false);
	log_set_level(LOG_WARN);
	return run(&o, &e);
}
