/*
 * door.h - OCSP over HTTP (RFC 6960 A, RFC 5019): POST of a request, or GET
 * of one in base64 behind the address.
 */
#ifndef CERTFLOW_OCSP_DOOR_H
#define CERTFLOW_OCSP_DOOR_H

#include "http/http.h"
#include "ocsp/responder.h"
#include "runtime/metrics.h"

struct door {
	struct responder *responder; /* borrowed */
	int64_t max_age_us; /* how long a cache between may keep an answer */
	struct metric *answers[RESPONDER__COUNT];
	struct metric *reused;
	struct metric *refused; /* by HTTP status */
};

/** Metrics of a door; made at start. */
void door_metrics(struct door *d, struct metrics *m);

/** For struct http_spec; self is a struct door. */
void door_answer(void *self, const struct http_request *request,
		 struct http_answer *answer);

#endif
