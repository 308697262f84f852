/*
 * notes.h - which order an outcome of ours belongs to.
 *
 * The registrar answers an outcome that it refuses by the outcome's id
 * alone.  That id is derived from the order (outbox_send()), so a worker
 * notes it when it opens the order, also for outcomes of an earlier life.
 * An order can be marked with a digest, for what else must be remembered
 * until its outcome is on the log.  Loop thread only.
 */
#ifndef CERTFLOW_RUNTIME_NOTES_H
#define CERTFLOW_RUNTIME_NOTES_H

#include "base/bytes.h"
#include "event/event.h"
#include "runtime/ledger.h"

struct notes;

bool notes_new(struct notes **out, struct err *e) MUST_CHECK;

/**
 * The order under `key` came with the event `cause_id` and may have an outcome
 * of this type; at most two types an order. ERR_REJECT: not a UUID.
 */
bool notes_add(struct notes *n, const char *key, const char *cause_id,
	       enum event_type outcome, struct err *e) MUST_CHECK;

/** Key of the order whose outcome has this id; NULL: not one of ours. */
const char *notes_key(const struct notes *n, const char *outcome_id);

/** The order is answered: closed in the ledger, forgotten here. */
void notes_answered(struct notes *n, struct ledger *l, const char *key);

/**
 * An outcome was refused (EventRefused; outcome_id is its causation_id, or
 * NULL): if it was one of ours its order is answered.
 * @param key  the order's key, or "" if it was not ours
 */
bool notes_refused(struct notes *n, struct ledger *l, const char *outcome_id,
		   char key[LEDGER_KEY_MAX]);

/** Mark an order that has notes; no effect if it has none. */
void notes_mark(struct notes *n, const char *key, const struct ev_sha256 *mark);
bool notes_is_marked(const struct notes *n, const char *key,
		     const struct ev_sha256 *mark);

/**
 * A definite "no" that may be the stumbling of a token: count it, and believe
 * it when it is repeated.
 * @return how often by now; UINT_MAX if the order has no notes
 */
unsigned notes_doubt(struct notes *n, const char *key);

/** Forget all about the order. */
void notes_drop(struct notes *n, const char *key);

/** NULL is fine. */
void notes_free(struct notes *n);
DEFINE_AUTO(notes, struct notes *, notes_free);

#endif
