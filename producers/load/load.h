/*
 * load.h - open-loop load on a running stack: the manual.
 *
 * load_open() makes everything that can be made before (keys, CSRs, encoded
 * submissions), load_prepare() brings the journeys to where the measured
 * step begins, load_run() sends each journey when it is due, whatever became
 * of the others, and follows all to a given stage.  One thread, but for the
 * one that asks the read model.
 *
 * Within a journey the next act is due when the one before it was seen on
 * the log: nobody approves what is not there yet.
 */
#ifndef CERTFLOW_LOAD_LOAD_H
#define CERTFLOW_LOAD_LOAD_H

#include "act.h"
#include "journeys.h"
#include "kafka/kafka.h"

struct load;

struct load_config {
	struct kafka_settings kafka;
	const char *registry;  /* URL */
	const char *cache_dir; /* of schemas; NULL: none */
	const char *postgres;  /* conninfo; needed for LOAD_VISIBLE alone */
	const char *file;      /* of events; NULL: they are made */
	const struct load_step *step;
	enum load_stage until;
	uint32_t count;  /* journeys; 0 with a file: all of it */
	double rate;     /* journeys a second; 0: all at once */
	bool poisson;    /* at random, with that mean */
	uint32_t window; /* journeys under way while preparing */
	uint32_t first;  /* nine digits of the first tax code */
	uint64_t seed;
	int64_t timeout_us; /* without any news */
	int64_t poll_us;    /* of the read model */
	bool progress;      /* a bar on standard error */
};

/* How many journeys are how far. */
struct load_counts {
	uint32_t begun;
	uint32_t stages[LOAD_STAGE__COUNT];
	uint32_t deferred; /* events, each once at most */
	uint32_t failed;   /* journeys: refused, or no certificate comes */
	uint32_t done;     /* at the stage asked for, or failed */
};

/** Connect and make the events. cfg is borrowed until load_close(). */
bool load_open(const struct load_config *cfg, struct load **out, struct err *e)
	MUST_CHECK;

/**
 * Acts before the measured ones, as fast as the window lets them.
 * ERR_REJECT  some failed or did not come in time: the text says how many
 */
bool load_prepare(struct load *l, struct err *e) MUST_CHECK;

/** The measured step, until all is done, nothing new comes for the
 * time-out, or somebody asks us to stop. Call once. */
bool load_run(struct load *l, struct err *e) MUST_CHECK;

/** Until load_close(). */
const struct load_config *load_settings(const struct load *l);
const struct journeys *load_journeys(const struct load *l);
const struct load_counts *load_counts(const struct load *l);

/** Tax code of a journey. @return out */
const char *load_tax_code(const struct load *l, uint32_t journey,
			  char out[TAX_CODE_MAX]);

/** Nine digits with which the next run may begin; 0: events of a file. */
uint32_t load_next_number(const struct load *l);

/** When the measured step began and ended, wall clock. */
int64_t load_began_us(const struct load *l);
int64_t load_ended_us(const struct load *l);

/** Certificates in the read model; -1 if it was not asked. */
int64_t load_certificates(const struct load *l);

/** NULL is fine. */
void load_close(struct load *l);
DEFINE_AUTO(load, struct load *, load_close);

#endif
