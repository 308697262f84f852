/*
 * fold.h - events in, rows out: what the log means for the read model.
 *
 * Pure: no database, no Kafka.  One fold is used batch after batch:
 *
 *	for each event:  fold_expect()      which older rows are needed?
 *	look those up:   fold_wanted_*(), fold_know_*()
 *	for each event:  fold_event() or fold_person(), in the log's order
 *	write fold_rows(TABLE_...), then fold_clear()
 *
 * Everything given to a fold must outlive fold_clear(): rows borrow from
 * the events.  Folding the same events again, over a database that knows
 * them already, changes nothing: see the guards of tables.h.
 */
#ifndef CERTFLOW_PROJECTOR_FOLD_H
#define CERTFLOW_PROJECTOR_FOLD_H

#include "event/event.h"
#include "projector/tables.h"

struct fold;

/* One record of the log. */
struct fold_record {
	const struct event *event;
	const char *source; /* header certflow-source, or NULL */
	int32_t partition;
	int64_t offset;
	struct bytes submission_sha256; /* of RequestSubmitted, else absent */
	/* Of its uploaded CSR, or absent: */
	struct bytes submission_spki_sha256;
	struct bytes csr_organization;
	struct bytes csr_common_name;
};

/* An order, as far as later events need it. */
struct fold_order {
	const char *order_id;
	const char *request_id;
	const char *enrolment_id; /* or NULL */
	struct bytes spki_sha256;
	struct bytes issuer_certificate_sha256;
	int64_t not_before;
	int64_t not_after;
	int64_t decided_at; /* 0: open */
	const char *state;
};

/* A certificate's use, as far as later events need it. */
struct fold_use {
	const char *serial_number;
	const char *state; /* NULL: USB token */
	int64_t sequence;  /* of the row it was read from */
};

/* A revocation on record, perhaps before the certificate itself. */
struct fold_revocation {
	const char *serial_number;
	const char *reason; /* RFC 5280's, or NULL */
	int64_t effective_at;
	int64_t sequence;
};

/* One record of certflow.personal. */
struct fold_person_record {
	const char *personal_ref;
	const struct ev_personal_record *person; /* NULL: erased */
	struct bytes commitment;                 /* absent if erased */
	int32_t partition;
	int64_t offset;
	int64_t timestamp_us;
};

/** Release with fold_free(). */
bool fold_new(struct fold **out, struct err *e) MUST_CHECK;

/** First pass: note the older orders and certificates that ev refers to. */
bool fold_expect(struct fold *f, const struct event *ev, struct err *e)
	MUST_CHECK;

/** i-th order id (serial number) that the batch does not define itself;
 * NULL past the end. */
const char *fold_wanted_order(const struct fold *f, size_t i);
const char *fold_wanted_certificate(const struct fold *f, size_t i);
/** i-th serial number that may have been revoked before its certificate. */
const char *fold_wanted_revocation(const struct fold *f, size_t i);

/** What the database says of them; copied, its texts and octets too. */
bool fold_know_order(struct fold *f, const struct fold_order *o, struct err *e)
	MUST_CHECK;
bool fold_know_use(struct fold *f, const struct fold_use *u, struct err *e)
	MUST_CHECK;
/** Of several for one serial number the one first on the log counts. */
bool fold_know_revocation(struct fold *f, const struct fold_revocation *r,
			  struct err *e) MUST_CHECK;

/**
 * Second pass.
 * ERR_REJECT  the record cannot belong to this log (no sequence, an order
 *             that nobody made): dead-letter it; no row was touched
 */
bool fold_event(struct fold *f, const struct fold_record *r, struct err *e)
	MUST_CHECK;

bool fold_person(struct fold *f, const struct fold_person_record *r,
		 struct err *e) MUST_CHECK;

/** A message that cannot be read: texts are copied. */
bool fold_dead_letter(struct fold *f, const char *topic, int32_t partition,
		      int64_t offset, const char *reason, struct err *e)
	MUST_CHECK;

const struct row_set *fold_rows(const struct fold *f, enum table_id t);

/** Forget everything of this batch. */
void fold_clear(struct fold *f);

/** NULL is fine. */
void fold_free(struct fold *f);
DEFINE_AUTO(fold, struct fold *, fold_free);

#endif
