/*
 * observe.h - the log as keygen reads it.  Loop thread; no I/O.
 */
#ifndef CERTFLOW_KEYGEN_OBSERVE_H
#define CERTFLOW_KEYGEN_OBSERVE_H

#include "keygen.h"

/** struct worker's observe(); self is a struct keygen. */
bool keygen_observe(void *self, const struct event *ev, struct ledger *l,
		    struct err *e) MUST_CHECK;

/** A parameter of a refusal; NULL: it has none of this name. */
const char *keygen_refusal_param(const struct ev_event_refused *ev,
				 const char *name);

#endif
