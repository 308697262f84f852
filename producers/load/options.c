#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "customers.h"
#include "ids.h"

#define TIMEOUT_DEFAULT_S 60
#define TIMEOUT_MAX_S 86400
#define WINDOW_DEFAULT 2000
#define POLL_DEFAULT_MS 5
#define POLL_MAX_MS 60000
#define RATE_MAX 1e6
/* JSON carries no larger number unchanged (RFC 8259, 6). */
#define SEED_MAX ((UINT64_C(1) << 53) - 1)

enum {
	OPT_RATE = 256,
	OPT_BURST,
	OPT_POISSON,
	OPT_COUNT,
	OPT_STEP,
	OPT_UNTIL,
	OPT_FROM,
	OPT_SEED,
	OPT_FIRST,
	OPT_WINDOW,
	OPT_TIMEOUT,
	OPT_POLL,
	OPT_REPORT,
	OPT_LATENCIES,
	OPT_NO_PROGRESS,
	OPT_KAFKA,
	OPT_PROPERTIES,
	OPT_REGISTRY,
	OPT_CACHE,
	OPT_POSTGRES,
	OPT_HELP,
};

static const struct option table[] = {
	{ "rate", required_argument, NULL, OPT_RATE },
	{ "burst", no_argument, NULL, OPT_BURST },
	{ "poisson", no_argument, NULL, OPT_POISSON },
	{ "count", required_argument, NULL, OPT_COUNT },
	{ "step", required_argument, NULL, OPT_STEP },
	{ "until", required_argument, NULL, OPT_UNTIL },
	{ "from", required_argument, NULL, OPT_FROM },
	{ "seed", required_argument, NULL, OPT_SEED },
	{ "first-tax-code", required_argument, NULL, OPT_FIRST },
	{ "window", required_argument, NULL, OPT_WINDOW },
	{ "timeout", required_argument, NULL, OPT_TIMEOUT },
	{ "poll-ms", required_argument, NULL, OPT_POLL },
	{ "report", required_argument, NULL, OPT_REPORT },
	{ "latencies", required_argument, NULL, OPT_LATENCIES },
	{ "no-progress", no_argument, NULL, OPT_NO_PROGRESS },
	{ "kafka", required_argument, NULL, OPT_KAFKA },
	{ "kafka-properties", required_argument, NULL, OPT_PROPERTIES },
	{ "registry", required_argument, NULL, OPT_REGISTRY },
	{ "cache", required_argument, NULL, OPT_CACHE },
	{ "postgres", required_argument, NULL, OPT_POSTGRES },
	{ "help", no_argument, NULL, OPT_HELP },
	{ NULL, 0, NULL, 0 },
};

/* What was said beside struct load_options. */
struct said {
	bool burst;
	bool until;
	bool first;
	bool seed;
};

void
load_options_usage(void)
{
	fputs("usage: load (--rate N | --burst) --count N [option ...]\n"
	      "\n"
	      "Open-loop load on a running stack: each journey begins when it "
	      "is due, whatever\n"
	      "became of the others, and is measured from then on "
	      "(ops/docs/load.md).\n"
	      "\n"
	      "  --rate N[/s]     journeys begun a second\n"
	      "  --burst          all at once\n"
	      "  --poisson        at random moments, N a second on average\n"
	      "  --count N        journeys; with --from: at most so many "
	      "events\n"
	      "  --step STEP      whole    submit, approve, press; each act "
	      "when the one\n"
	      "                            before it was seen on the log "
	      "(default)\n"
	      "                   submit   RequestSubmitted alone\n"
	      "                   approve  RequestApproved, of requests "
	      "submitted before\n"
	      "                   press    IssuanceRequested, of requests "
	      "approved before\n"
	      "                   enrol    KeyPairRequested alone (stop keygen "
	      "first)\n"
	      "  --until STAGE    acked, admitted, ordered, issued or visible: "
	      "follow each\n"
	      "                   journey so far (visible after an order, else "
	      "admitted)\n"
	      "  --from FILE      send the events of FILE (-: standard input), "
	      "JSON as\n"
	      "                   publish takes it, in their order\n"
	      "  --seed N         order of tax codes, moments of --poisson "
	      "(random)\n"
	      "  --first-tax-code N  its first nine digits; codes follow on "
	      "(random)\n"
	      "  --window N       journeys under way while preparing (2000)\n"
	      "  --timeout SECONDS  give up when nothing happens for so long "
	      "(60)\n"
	      "  --poll-ms N      look at the read model every N ms (5)\n"
	      "  --report FILE    settings, counts, percentiles as JSON\n"
	      "  --latencies FILE a line for each journey, tab-separated\n"
	      "  --no-progress    no bar\n"
	      "  --kafka HOSTS    default: CERTFLOW_KAFKA\n"
	      "  --kafka-properties FILE  further settings of the clients\n"
	      "  --registry URL   default: CERTFLOW_REGISTRY\n"
	      "  --cache DIR      keep schemas there\n"
	      "  --postgres CONNINFO  default: CERTFLOW_PG\n"
	      "\n"
	      "exit: 0 all journeys got there, 3 some were refused, 4 some "
	      "did not get there\n"
	      "      in time, 2 usage, 1 fault\n",
	      stdout);
}

static bool
usage(struct err *e, const char *what, const char *value)
{
	return ERR_SET(e, ERR_REJECT, "load", 0, "%s%.80s", what, value);
}

static bool
set_rate(struct load_options *o, const char *value, struct err *e)
{
	char *end;

	o->load.rate = strtod(value, &end);
	if (end == value || (*end != '\0' && strcmp(end, "/s") != 0) ||
	    !isfinite(o->load.rate) || o->load.rate <= 0 ||
	    o->load.rate > RATE_MAX)
		return usage(e, "--rate: not a number a second: ", value);
	return true;
}

/* A whole number from min to max. */
static bool
read_number(const char *option, const char *value, uint64_t min, uint64_t max,
	    uint64_t *out, struct err *e)
{
	char *end;

	errno = 0;
	*out = strtoull(value, &end, 10);
	if (*value < '0' || *value > '9' || *end != '\0' || errno != 0 ||
	    *out < min || *out > max)
		return ERR_SET(e, ERR_REJECT, "load", 0,
			       "%s: not a number from %llu to %llu: %.40s",
			       option, (unsigned long long)min,
			       (unsigned long long)max, value);
	return true;
}

static bool
set_number(struct load_options *o, int option, struct said *said, struct err *e)
{
	struct load_config *l = &o->load;
	uint64_t n = 0;

	switch (option) {
	case OPT_COUNT:
		if (!read_number("--count", optarg, 1, LOAD_JOURNEYS_MAX, &n,
				 e))
			return false;
		l->count = (uint32_t)n;
		return true;
	case OPT_SEED:
		said->seed = true;
		return read_number("--seed", optarg, 0, SEED_MAX, &l->seed, e);
	case OPT_FIRST:
		said->first = true;
		if (!read_number("--first-tax-code", optarg, LOAD_NUMBER_MIN,
				 LOAD_NUMBER_MAX, &n, e))
			return false;
		l->first = (uint32_t)n;
		return true;
	case OPT_WINDOW:
		if (!read_number("--window", optarg, 1, LOAD_JOURNEYS_MAX, &n,
				 e))
			return false;
		l->window = (uint32_t)n;
		return true;
	case OPT_TIMEOUT:
		if (!read_number("--timeout", optarg, 1, TIMEOUT_MAX_S, &n, e))
			return false;
		l->timeout_us = (int64_t)n * US_PER_S;
		return true;
	default:
		if (!read_number("--poll-ms", optarg, 1, POLL_MAX_MS, &n, e))
			return false;
		l->poll_us = (int64_t)n * 1000;
		return true;
	}
}

static const char **
text_option(struct load_options *o, int option)
{
	switch (option) {
	case OPT_FROM:
		return &o->load.file;
	case OPT_REPORT:
		return &o->report;
	case OPT_LATENCIES:
		return &o->latencies;
	case OPT_KAFKA:
		return &o->load.kafka.bootstrap;
	case OPT_PROPERTIES:
		return &o->load.kafka.properties_file;
	case OPT_REGISTRY:
		return &o->load.registry;
	case OPT_CACHE:
		return &o->load.cache_dir;
	case OPT_POSTGRES:
		return &o->load.postgres;
	default:
		return NULL;
	}
}

static bool
set_option(struct load_options *o, int option, struct said *said, struct err *e)
{
	const char **text = text_option(o, option);

	if (text != NULL) {
		*text = optarg;
		return true;
	}
	switch (option) {
	case OPT_RATE:
		return set_rate(o, optarg, e);
	case OPT_BURST:
		said->burst = true;
		return true;
	case OPT_POISSON:
		o->load.poisson = true;
		return true;
	case OPT_STEP:
		o->load.step = load_step_find(optarg);
		return o->load.step != NULL ||
		       usage(e, "--step: there is no step ", optarg);
	case OPT_UNTIL:
		said->until = true;
		return load_stage_parse(optarg, &o->load.until) ||
		       usage(e, "--until: there is no stage ", optarg);
	case OPT_NO_PROGRESS:
		o->load.progress = false;
		return true;
	case OPT_HELP:
		o->mode = LOAD_MODE_HELP;
		return true;
	default:
		return set_number(o, option, said, e);
	}
}

static bool
check_places(const struct load_config *l, struct err *e)
{
	if (l->kafka.bootstrap == NULL)
		return usage(e, "--kafka or CERTFLOW_KAFKA is missing", "");
	if (l->registry == NULL)
		return usage(e, "--registry or CERTFLOW_REGISTRY is missing",
			     "");
	if (l->until == LOAD_VISIBLE && l->postgres == NULL)
		return usage(e, "--postgres or CERTFLOW_PG is missing", "");
	return true;
}

static bool
check_step(struct load_config *l, const struct said *said, struct err *e)
{
	if (l->file != NULL && l->step != NULL)
		return usage(e, "--from and --step exclude each other", "");
	if (l->file == NULL && l->step == NULL)
		l->step = load_step_find("whole");
	if (l->file != NULL)
		l->step = load_step_file();
	if (!said->until)
		l->until = load_step_issues(l->step) ? LOAD_VISIBLE
						     : LOAD_ADMITTED;
	if ((l->until == LOAD_ORDERED || l->until == LOAD_ISSUED) &&
	    !load_step_issues(l->step))
		return usage(e, "--until: nothing is ordered by --step ",
			     l->step->name);
	return true;
}

static bool
check_complete(struct load_config *l, const struct said *said, struct err *e)
{
	if (said->burst == (l->rate > 0))
		return usage(e, "one of --rate and --burst is needed", "");
	if (said->burst && l->poisson)
		return usage(e, "--poisson needs --rate", "");
	if (l->count == 0 && l->file == NULL)
		return usage(e, "--count is missing", "");
	return check_step(l, said, e) && check_places(l, e);
}

/* What is random is chosen here, so that the report can tell it. */
static bool
choose(struct load_config *l, const struct said *said, struct err *e)
{
	struct load_ids random;
	uint64_t room =
		LOAD_NUMBER_MAX - LOAD_NUMBER_MIN - (uint64_t)l->count * 2;

	if (!load_ids_new(&random, e))
		return false;
	if (!said->seed)
		l->seed = random.key & SEED_MAX;
	if (!said->first)
		l->first = LOAD_NUMBER_MIN + (uint32_t)(random.run % room);
	return true;
}

bool
load_options_parse(int argc, char **argv, struct load_options *out,
		   struct err *e)
{
	struct said said = { 0 };
	int option;

	*out = (struct load_options){
		.load = { .kafka = { .bootstrap = getenv("CERTFLOW_KAFKA"),
				     .client_id = "load" },
			  .registry = getenv("CERTFLOW_REGISTRY"),
			  .postgres = getenv("CERTFLOW_PG"),
			  .window = WINDOW_DEFAULT,
			  .timeout_us = TIMEOUT_DEFAULT_S * US_PER_S,
			  .poll_us = POLL_DEFAULT_MS * 1000,
			  .progress = true },
	};
	opterr = 0;
	while ((option = getopt_long(argc, argv, "", table, NULL)) != -1) {
		if (option == '?')
			return usage(e, "unknown or incomplete option ",
				     argv[optind - 1]);
		if (!set_option(out, option, &said, e))
			return false;
	}
	if (optind < argc)
		return usage(e, "what is ", argv[optind]);
	return out->mode == LOAD_MODE_HELP ||
	       (check_complete(&out->load, &said, e) &&
		choose(&out->load, &said, e));
}
