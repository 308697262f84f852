/*
 * health.h - GET /health and GET /metrics on the loopback interface.
 *
 * /health: 200 "ready" or 503 with the reasons, one a line.  A program is
 * ready when none of its parts has a reason not to be.  "ready" may be
 * followed by a line "warning: ...": what will be a reason some day.
 */
#ifndef CERTFLOW_RUNTIME_HEALTH_H
#define CERTFLOW_RUNTIME_HEALTH_H

#include "runtime/metrics.h"

struct health;

/* What may be not ready; each has one reason at a time. */
enum health_part {
	HEALTH_START, /* set until the program has caught up */
	HEALTH_KAFKA,
	HEALTH_REGISTRY,
	HEALTH_DATABASE,
	HEALTH_HSM,
	HEALTH_CA,   /* the issuing CA's own term */
	HEALTH_WORK, /* the program's own task */
	HEALTH__COUNT
};

/**
 * @param port     0: no server, the state is kept all the same
 * @param metrics  borrowed until health_close()
 * ERR_FATAL       port in use
 */
bool health_open(int port, struct metrics *metrics, struct health **out,
		 struct err *e) MUST_CHECK;

/**
 * Set (or, with why NULL, clear) the reason of a part. Each change of state is
 * one log line: good to bad, bad for another reason, good again. Reasons that
 * come in turn are said once each until the part is good. Any thread.
 */
void health_set(struct health *h, enum health_part part, const char *why);

/** The one warning; NULL: none. Any thread. Nothing is logged. */
void health_warn(struct health *h, const char *text);

bool health_ready(struct health *h);

/** NULL is fine. */
void health_close(struct health *h);
DEFINE_AUTO(health, struct health *, health_close);

#endif
