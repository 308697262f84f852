#include "load_internal.h"

#include <string.h>

#include "base/clock.h"
#include "registry/registry.h"

#define ASK_MS 10000
#define ANSWER_MS 50
#define FLUSH_US (10 * US_PER_S)

static bool
connect(struct load *l, struct err *e)
{
	const struct load_config *cfg = l->cfg;
	const struct registry_config registry = {
		.url = cfg->registry,
		.cache_dir = cfg->cache_dir,
		.timeout_ms = ASK_MS,
	};
	enum event_type types[LOAD_ACT__COUNT];
	size_t n = 0;

	for (unsigned a = 0; a < LOAD_EVENT; a++)
		types[n++] = load_act_type((enum load_act)a);
	return registry_open(&registry, &l->registry, e) &&
	       schemas_open(l->registry, &l->schemas, e) &&
	       schemas_learn(l->schemas, types, n, e) &&
	       load_ids_new(&l->ids, e);
}

/* Events, and what is known of each. */
static bool
make(struct load *l, struct err *e)
{
	const struct load_config *cfg = l->cfg;
	bool spools = cfg->step->prepared == LOAD_SUBMIT;

	if (cfg->file != NULL && !load_read_file(l, e))
		return false;
	if (cfg->file == NULL &&
	    !customers_new(cfg->first, l->count, cfg->seed, &l->customers, e))
		return false;
	l->ready.size = l->count;
	l->ready.ring = calloc(l->count, sizeof(l->ready.ring[0]));
	if (l->ready.ring == NULL)
		return ERR_NO_MEMORY(e);
	return journeys_new(l->count, &l->journeys, e) &&
	       (cfg->file != NULL || !spools || load_make(l, e));
}

static bool
open_ends(struct load *l, struct err *e)
{
	const struct sender_config sender = {
		.kafka = &l->cfg->kafka,
		.schemas = l->schemas,
		.acked = load_acked,
		.self = l,
	};
	const struct follow_config follow = {
		.kafka = &l->cfg->kafka,
		.schemas = l->schemas,
		.ids = &l->ids,
		.customers = l->customers,
		.timeout_ms = ASK_MS,
		.note = load_note,
		.self = l,
	};
	int32_t partitions;

	if (!sender_open(&sender, &l->sender, e) ||
	    !follow_open(&follow, &l->follow, e))
		return false;
	partitions = follow_partitions(l->follow);
	l->waiting = calloc((size_t)partitions, sizeof(l->waiting[0]));
	if (l->waiting == NULL)
		return ERR_NO_MEMORY(e);
	for (int32_t i = 0; i < partitions; i++)
		l->waiting[i].first = LOAD_NO_JOURNEY;
	return l->cfg->until != LOAD_VISIBLE ||
	       read_model_open(l->cfg->postgres, partitions, l->cfg->poll_us,
			       &l->read_model, e);
}

bool
load_open(const struct load_config *cfg, struct load **out, struct err *e)
{
	AUTO(load) struct load *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return ERR_NO_MEMORY(e);
	l->cfg = cfg;
	l->count = cfg->count;
	l->certificates = -1;
	if (!connect(l, e) || !make(l, e) || !open_ends(l, e))
		return false;
	*out = TAKE(l);
	return true;
}

bool
load_prepare(struct load *l, struct err *e)
{
	const struct load_step *step = l->cfg->step;
	const struct load_counts *c = &l->phase.counts;

	if (step->prepared == step->first)
		return true;
	l->phase = (struct phase){
		.first = step->prepared,
		.last = step->first - 1,
		.until = LOAD_ADMITTED,
		.window = l->cfg->window,
		.next = 0,
	};
	if (!load_phase(l, e))
		return err_context(e, "prepare");
	if (c->done < l->count || c->failed > 0)
		return ERR_SET(e, ERR_REJECT, "load", 0,
			       "prepare: of %u journeys %u were refused and %u "
			       "not answered",
			       l->count, c->failed, l->count - c->done);
	for (uint32_t i = 0; i < l->count; i++)
		l->journeys.list[i].done = false;
	return true;
}

/* Outcomes may be seen before the broker's answer to the producer. */
static bool
await_answers(struct load *l, struct err *e)
{
	int64_t end = clock_monotonic_us() + FLUSH_US;

	while (sender_room(l->sender) < SENDER_UNACKED_MAX &&
	       clock_monotonic_us() < end)
		if (!sender_poll(l->sender, ANSWER_MS, e))
			return false;
	return true;
}

bool
load_run(struct load *l, struct err *e)
{
	const struct load_config *cfg = l->cfg;

	l->phase = (struct phase){
		.first = cfg->step->first,
		.last = cfg->step->last,
		.until = cfg->until,
		.measured = true,
		.schedule = { .start_us = clock_now_us(),
			      .rate = cfg->rate,
			      .poisson = cfg->poisson,
			      .random = cfg->seed },
	};
	l->began_us = l->phase.schedule.start_us;
	if (!load_phase(l, e))
		return false;
	l->ended_us = l->phase.news_us;
	if (!await_answers(l, e))
		return false;
	return l->read_model == NULL || !load_step_issues(cfg->step) ||
	       read_model_count(l->read_model, &l->ids, l->customers,
				&l->certificates, e);
}

const struct load_config *
load_settings(const struct load *l)
{
	return l->cfg;
}

const struct journeys *
load_journeys(const struct load *l)
{
	return &l->journeys;
}

const struct load_counts *
load_counts(const struct load *l)
{
	return &l->phase.counts;
}

const char *
load_tax_code(const struct load *l, uint32_t journey, char out[TAX_CODE_MAX])
{
	if (l->customers == NULL)
		*out = '\0';
	else
		customers_tax_code(l->customers, journey, out);
	return out;
}

uint32_t
load_next_number(const struct load *l)
{
	return l->customers == NULL ? 0 : customers_next(l->customers);
}

int64_t
load_began_us(const struct load *l)
{
	return l->began_us;
}

int64_t
load_ended_us(const struct load *l)
{
	return l->ended_us;
}

int64_t
load_certificates(const struct load *l)
{
	return l->certificates;
}

void
load_close(struct load *l)
{
	if (l == NULL)
		return;
	sender_close(l->sender); /* it may still tell of failures */
	follow_close(l->follow);
	read_model_close(l->read_model);
	spool_close(l->spool);
	journeys_free(&l->journeys);
	customers_free(l->customers);
	schemas_close(l->schemas);
	registry_close(l->registry);
	free(l->ready.ring);
	free(l->waiting);
	free(l);
}
