/*
 * observe.h - the log as keygen reads it.  Loop thread; no I/O.
 */
#ifndef CERTFLOW_KEYGEN_OBSERVE_H
#define CERTFLOW_KEYGEN_OBSERVE_H

#include "keygen.h"

/** struct worker's observe(); self is a struct keygen. */
bool keygen_observe(void *self, const struct event *ev, struct ledger *l,
		    struct err *e) MUST_CHECK;

#endif
