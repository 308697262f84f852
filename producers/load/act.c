#include "act.h"

#include <string.h>

static const struct {
	const char *name;
	enum event_type type;
} acts[LOAD_ACT__COUNT] = {
	[LOAD_SUBMIT] = { "submit", EVENT_REQUEST_SUBMITTED },
	[LOAD_APPROVE] = { "approve", EVENT_REQUEST_APPROVED },
	[LOAD_PRESS] = { "press", EVENT_ISSUANCE_REQUESTED },
	[LOAD_ENROL] = { "enrol", EVENT_KEY_PAIR_REQUESTED },
	[LOAD_EVENT] = { "event", EVENT_NONE },
};

static const char *const stages[LOAD_STAGE__COUNT] = {
	[LOAD_ACKED] = "acked",     [LOAD_ADMITTED] = "admitted",
	[LOAD_ORDERED] = "ordered", [LOAD_ISSUED] = "issued",
	[LOAD_VISIBLE] = "visible",
};

static const struct load_step steps[] = {
	{ "submit", LOAD_SUBMIT, LOAD_SUBMIT, LOAD_SUBMIT },
	{ "approve", LOAD_SUBMIT, LOAD_APPROVE, LOAD_APPROVE },
	{ "press", LOAD_SUBMIT, LOAD_PRESS, LOAD_PRESS },
	{ "whole", LOAD_SUBMIT, LOAD_SUBMIT, LOAD_PRESS },
	{ "enrol", LOAD_ENROL, LOAD_ENROL, LOAD_ENROL },
};

static const struct load_step file_step = { "file", LOAD_EVENT, LOAD_EVENT,
					    LOAD_EVENT };

const char *
load_act_name(enum load_act act)
{
	return acts[act].name;
}

enum event_type
load_act_type(enum load_act act)
{
	return acts[act].type;
}

const char *
load_stage_name(enum load_stage stage)
{
	return stages[stage];
}

bool
load_stage_parse(const char *name, enum load_stage *out)
{
	for (unsigned i = 0; i < LOAD_STAGE__COUNT; i++) {
		if (strcmp(stages[i], name) == 0) {
			*out = (enum load_stage)i;
			return true;
		}
	}
	return false;
}

const struct load_step *
load_step_find(const char *name)
{
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (strcmp(steps[i].name, name) == 0)
			return &steps[i];
	return NULL;
}

const struct load_step *
load_step_file(void)
{
	return &file_step;
}

bool
load_step_issues(const struct load_step *step)
{
	return step->last == LOAD_PRESS;
}
