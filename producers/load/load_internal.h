/*
 * load_internal.h - inside producers/load: what one load is made of.
 */
#ifndef CERTFLOW_LOAD_LOAD_INTERNAL_H
#define CERTFLOW_LOAD_LOAD_INTERNAL_H

#include "customers.h"
#include "follow.h"
#include "ids.h"
#include "load.h"
#include "progress.h"
#include "read_model.h"
#include "registry/schemas.h"
#include "schedule.h"
#include "sender.h"
#include "spool.h"

/* Journeys that wait for the read model, in the order of the log. */
struct waiting_list {
	uint32_t first;
	uint32_t last;
};

/* One pass over all journeys: preparing, or measuring. */
struct phase {
	enum load_act first;
	enum load_act last;
	enum load_stage until;
	bool measured;
	uint32_t window; /* 0: by the schedule alone */
	struct schedule schedule;
	uint32_t next; /* journey to begin */
	struct load_counts counts;
	int64_t news_us; /* when something happened last */
};

/* Acts that are due now: journeys whose act before was seen. */
struct ready {
	uint32_t *ring;
	uint32_t size;
	uint32_t begin;
	uint32_t count;
};

struct load {
	const struct load_config *cfg;
	uint32_t count;
	struct load_ids ids;
	struct registry *registry;
	struct schemas *schemas;
	struct customers *customers; /* NULL: of a file */
	struct spool *spool;         /* NULL: nothing was made before */
	struct journeys journeys;
	struct sender *sender;
	struct follow *follow;
	struct read_model *read_model; /* NULL: not asked */
	struct waiting_list *waiting;  /* of each partition */
	struct ready ready;
	struct phase phase;
	struct progress progress;
	int64_t began_us;
	int64_t ended_us;
	int64_t certificates;
	bool broken; /* failure says why */
	struct err failure;
};

/** Submissions of all journeys into the spool. */
bool load_make(struct load *l, struct err *e) MUST_CHECK;

/** Events of cfg->file into the spool; sets l->count. */
bool load_read_file(struct load *l, struct err *e) MUST_CHECK;

/**
 * Encode an event and keep what stands behind its meta.
 * @param submission  digest of that field; NULL: not wanted
 */
bool load_spool_event(struct load *l, const struct event *ev,
		      struct ev_sha256 *submission, struct err *e) MUST_CHECK;

/** Run l->phase to its end. */
bool load_phase(struct load *l, struct err *e) MUST_CHECK;

/** What came of a record of the log. */
void load_note(void *self, const struct follow_note *n);

/** What came of an event sent. */
void load_acked(void *self, uint32_t journey, enum load_act act,
		const struct err *failure);

/** Ask how far the read model is, for those that wait for it. */
void load_look(struct load *l);

#endif
