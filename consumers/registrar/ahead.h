/*
 * ahead.h - a batch, opened before its first event is decided.
 *
 * All keys and ids that the events of a batch are going to claim are claimed
 * with one statement; alone, each of them costs a commit with its fsync.  A
 * decision takes an answer from here if it is final: reserved for this very
 * event, or an admitted event's.  For anything else the database is asked
 * again, when the event is decided and all before it are.
 *
 * What was reserved for an event that did not use it is given back: before
 * the same key is claimed by another event, at the latest with the batch.
 */
#ifndef CERTFLOW_REGISTRAR_AHEAD_H
#define CERTFLOW_REGISTRAR_AHEAD_H

#include "registrar/intake.h"
#include "registrar/store.h"

#define AHEAD_MESSAGES 500
#define AHEAD_OCTETS                                                           \
	(4u * 1024 * 1024) /* of their values: memory is bounded               \
			    */
#define AHEAD_CLAIMS (AHEAD_MESSAGES * WF_CLAIMS_MAX)

struct registrar;
struct opened;

enum claim_state {
	CLAIM_ASK,   /* not known: ask when its event is decided   */
	CLAIM_OURS,  /* an admitted event of this tax code has it  */
	CLAIM_TAKEN, /* ... of another one                         */
	CLAIM_HELD,  /* reserved; its event is not yet decided     */
	CLAIM_USED,  /* reserved; the decision counts on it        */
	CLAIM_SPARE, /* reserved for nothing: to be given back     */
};

struct claim {
	struct ev_sha256 digest;
	enum claim_state state;
	const struct opened *of;
};

struct opened {
	const struct kafka_message *message;
	bool is_open; /* `in` is complete; else it is not due, or see `why` */
	struct intake in;
	char cause[KAFKA_SOURCE_TEXT_MAX];
	struct claim *claims;
	size_t claim_count;
};

/* A part of a batch: all of it, if it is not too large. */
struct ahead {
	struct opened items[AHEAD_MESSAGES];
	size_t count;
	struct err why; /* that the last could not be opened */
	struct claim claims[AHEAD_CLAIMS];
	size_t claim_count;
	/* Of one statement. */
	struct store_claim list[AHEAD_CLAIMS];
	struct claim *whose[AHEAD_CLAIMS];
	enum store_key answers[AHEAD_CLAIMS];
};

/* ---- ahead.c --------------------------------------------------------- */

/** @return NULL: no memory; else free it when it has ended */
struct ahead *ahead_new(struct err *e) MUST_CHECK;

/** Open messages from `first` on, and claim for them.  The first that cannot
 * be opened is the last, and told when its turn comes.
 * @return how many: at least one, if there is one */
size_t ahead_open(struct registrar *r, const struct kafka_batch *batch,
		  size_t first);

/** Its turn is over. */
void ahead_pass(struct registrar *r, struct opened *o);

/**
 * All turns are over: nothing stays reserved for nothing.  What cannot be
 * given back is settled by the next fold: then r->failed is set.
 * @param done  false: because something failed; the database is not asked
 */
bool ahead_end(struct registrar *r, bool done, struct err *e) MUST_CHECK;

/* ---- claims.c -------------------------------------------------------- */

/** The workflow's question who has a key; self is the registrar. */
bool claims_ask(void *self, const struct ev_sha256 *spki, const char *tax_code,
		enum wf_key_claim *out, struct err *e) MUST_CHECK;

/** With one statement, what the opened messages are going to claim. Not if
 * that is one alone: it is asked for as quickly in its turn. */
void claims_ahead(struct registrar *r);

/** The decision under way came to nothing: so do its reservations. */
bool claims_return(struct registrar *r, struct err *e) MUST_CHECK;

/** Give back what is reserved for nothing. */
bool claims_give_back(struct registrar *r, struct err *e) MUST_CHECK;

#endif
