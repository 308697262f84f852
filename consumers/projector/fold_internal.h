/*
 * fold_internal.h - what the files fold*.c share.
 */
#ifndef CERTFLOW_PROJECTOR_FOLD_INTERNAL_H
#define CERTFLOW_PROJECTOR_FOLD_INTERNAL_H

#include "projector/fold.h"

struct names {
	const char **items;
	size_t count;
	size_t size;
	struct map seen;
};

struct fold {
	struct arena *arena;
	struct row_set sets[TABLE__COUNT];
	struct map orders;      /* order_id -> struct fold_order   */
	struct map uses;        /* serial   -> struct fold_use     */
	struct map revocations; /* serial -> struct fold_revocation */
	struct names wanted_orders;
	struct names wanted_certificates;
	struct names wanted_revocations;
};

/* One folder per group of events; each ignores what is not its own. */
bool fold_timeline(struct fold *f, const struct fold_record *r, struct err *e)
	MUST_CHECK;
bool fold_enrolment(struct fold *f, const struct fold_record *r, struct err *e)
	MUST_CHECK;
bool fold_request(struct fold *f, const struct fold_record *r, struct err *e)
	MUST_CHECK;
bool fold_order(struct fold *f, const struct fold_record *r, struct err *e)
	MUST_CHECK;
bool fold_certificate(struct fold *f, const struct fold_record *r,
		      struct err *e) MUST_CHECK;
bool fold_status(struct fold *f, const struct fold_record *r, struct err *e)
	MUST_CHECK;

/** The request's row, with state (NULL: unchanged), time and sequence set. */
bool fold_request_row(struct fold *f, const struct event *ev, const char *id,
		      const char *state, struct row **out, struct err *e)
	MUST_CHECK;

/** The enrolment's row, likewise. */
bool fold_enrolment_row(struct fold *f, const struct event *ev, const char *id,
			const char *state, struct row **out, struct err *e)
	MUST_CHECK;

/** Rows of a certificate that the CA has just issued under this order. */
bool fold_certificate_new(struct fold *f, const struct event *ev,
			  const struct fold_order *o, struct err *e) MUST_CHECK;

/** Was the order given up, so that a late certificate counts as revoked? */
bool fold_order_revoked(const struct fold_order *o);

static inline struct bytes
digest(const struct ev_sha256 *d)
{
	return d == NULL ? bytes_of(NULL, 0) : bytes_of(d->b, sizeof(d->b));
}

/* Optional times: NULL is SQL NULL. */
static inline struct db_value
optional_time(const int64_t *us)
{
	return us == NULL ? db_null(DB_TIME) : db_time(*us);
}

#endif
