/*
 * store.h - the registrar's checkpoint in PostgreSQL.
 *
 * The log is the truth; this only shortens the way to it and keeps public
 * keys unique across all tax codes.  Every write is a compare-and-set, so
 * that a database which was lost, restored or taken over by another owner
 * is noticed: the caller then drops its memory and folds the log again.
 *
 * ERR_RETRY whenever the database is away. One thread.
 */
#ifndef CERTFLOW_REGISTRAR_STORE_H
#define CERTFLOW_REGISTRAR_STORE_H

#include "registrar/cache.h"
#include "workflow/facts.h"

#define STORE_SLOT_MAX 64
#define STORE_DUE_MAX 64
#define STORE_TAX_CODE_MAX 32

struct store;

struct store_tax_code {
	char text[STORE_TAX_CODE_MAX];
};

/* Where the log of one partition stands, in memory and in the database. */
struct store_position {
	int32_t partition;
	int64_t next;   /* first offset not yet folded       */
	int64_t saved;  /* the same, as the database has it  */
	int64_t target; /* keys are claimed again by anybody once next is here
			 */
};

/** @param slot copied; release with store_close() */
bool store_open(const char *conninfo, const char *slot, struct store **out,
		struct err *e) MUST_CHECK;
void store_close(struct store *s);
DEFINE_AUTO(store, struct store *, store_close);

/**
 * Begin anew: take over the heartbeat of this slot and demand that every
 * partition of the log has been folded up to targets[p] by somebody before
 * a key may be claimed.
 */
bool store_adopt(struct store *s, const int64_t *targets, int32_t count,
		 struct err *e) MUST_CHECK;

/** Take over these partitions; saved positions into list[].next and .saved,
 * 0 where there was no row. */
bool store_positions(struct store *s, struct store_position *list, size_t count,
		     struct err *e) MUST_CHECK;

/** Forget a partition, so that it is folded from the log's beginning. */
bool store_reset(struct store *s, int32_t partition, struct err *e) MUST_CHECK;

/**
 * The checkpointed subject, NULL if there is none.
 * @param readable  false: there is one, but its octets are not ours
 */
bool store_load(struct store *s, const char *tax_code, struct subject **out,
		int64_t *deadline, bool *readable, struct err *e) MUST_CHECK;

/** One of those asked for; s is the callee's, NULL if there is none. */
typedef bool store_each(void *self, const char *tax_code, struct subject *s,
			int64_t deadline, struct err *e);

/** Several at a time (at least one), each once; those whose octets are not ours
 * are left out. */
bool store_load_each(struct store *s, const struct store_tax_code *tax_codes,
		     size_t count, store_each *each, void *self, struct err *e)
	MUST_CHECK;

/**
 * Write all dirty subjects, their keys and the positions in one SQL
 * transaction, and mark them clean.
 * @param kept  false: somebody else moved the rows; nothing was written
 */
bool store_checkpoint(struct store *s, struct cache *c,
		      struct store_position *list, size_t count, bool *kept,
		      struct err *e) MUST_CHECK;

struct store_due {
	char tax_code[STORE_TAX_CODE_MAX];
	int32_t partition;
};

/** Tax codes of these partitions whose deadline has come, oldest first. */
bool store_due(struct store *s, const struct store_position *list, size_t count,
	       int64_t now, struct store_due out[STORE_DUE_MAX], size_t *found,
	       struct err *e) MUST_CHECK;

/** May there be reservations that nobody knows of, because a claim was not
 * answered? Until store_keys_settle(). */
bool store_is_doubtful(const struct store *s);

/* ---- keys ------------------------------------------------------------ */

struct store_claim {
	struct ev_sha256 spki;
	const char *tax_code;
	int32_t partition;
	const char *cause; /* topic/partition/offset */
};

/**
 * Reserve a key for a tax code, or learn that it belongs to another one.
 * ERR_RETRY  not known yet: a rebuild is going on, another reservation is
 *            undecided, or the database is not the one we knew, or the
 *            partition not ours any more
 * @param reserved  it is reserved for this cause alone: release it if the
 *                  event is not admitted after all
 */
bool store_key_claim(struct store *s, const struct store_claim *c,
		     enum wf_key_claim *out, bool *reserved, struct err *e)
	MUST_CHECK;

/* What is sure of a key. */
enum store_key {
	STORE_KEY_UNSURE,   /* nothing: claim it alone, to learn why */
	STORE_KEY_OURS,     /* an admitted event of this tax code has it */
	STORE_KEY_TAKEN,    /* ... of another one */
	STORE_KEY_RESERVED, /* for this cause alone */
};

/**
 * Claim many with one statement, each judged as store_key_claim() does.  Of
 * several who want the same key the first of the list gets it.
 * @param list  no cause twice for the same key
 * @param out   count of them
 * @return false: nothing is known, some may be reserved nevertheless
 */
bool store_keys_claim(struct store *s, const struct store_claim *list,
		      size_t count, enum store_key *out, struct err *e)
	MUST_CHECK;

/** Give reservations back that no admitted event uses. */
bool store_keys_release(struct store *s, const struct store_claim *list,
			size_t count, struct err *e) MUST_CHECK;

/** After a checkpoint: reservations of these partitions that reached no event.
 */
bool store_keys_settle(struct store *s, const struct store_position *list,
		       size_t count, struct err *e) MUST_CHECK;

/** Did a claim or checkpoint find another database than before? */
bool store_is_lost(const struct store *s);

#endif
