/*
 * Enrolments: one key pair with its CSR.
 */
#include "projector/fold_internal.h"

bool
fold_enrolment_row(struct fold *f, const struct event *ev, const char *id,
		   const char *state, struct row **out, struct err *e)
{
	if (!rows_touch(&f->sets[TABLE_ENROLMENT], f->arena, id, out, e))
		return false;
	row_put(*out, ENROLMENT_enrolment_id, db_uuid(id));
	row_put(*out, ENROLMENT_sequence, db_int8(*ev->meta.sequence));
	if (state != NULL)
		row_put(*out, ENROLMENT_state, db_text(state));
	return true;
}

static bool
requested(struct fold *f, const struct event *ev, struct err *e)
{
	const struct ev_key_pair_requested *kp = &ev->key_pair_requested;
	struct row *row;

	if (!fold_enrolment_row(f, ev, kp->enrolment_id, "REQUESTED", &row, e))
		return false;
	row->complete = true;
	row_put(row, ENROLMENT_tax_code, db_text(ev->meta.tax_code));
	row_put(row, ENROLMENT_owner_id, db_text(ev->meta.actor.id));
	row_put(row, ENROLMENT_certificate_type,
		db_text(ev_certificate_type_name(kp->certificate_type)));
	row_put(row, ENROLMENT_unit_kind,
		db_text(ev_unit_kind_name(kp->unit_kind)));
	row_put(row, ENROLMENT_key_algorithm,
		db_text(ev_key_algorithm_name(kp->key_algorithm)));
	row_put(row, ENROLMENT_requested_at, db_time(*ev->meta.recorded_at));
	return true;
}

static bool
generated(struct fold *f, const struct event *ev, struct err *e)
{
	const struct ev_csr_generated *c = &ev->csr_generated;
	const struct ev_key_attributes *a = &c->attributes;
	struct row *row;

	if (!fold_enrolment_row(f, ev, c->enrolment_id, "CSR_GENERATED", &row,
				e))
		return false;
	row_put(row, ENROLMENT_key_algorithm,
		db_text(ev_key_algorithm_name(c->key_algorithm)));
	row_put(row, ENROLMENT_token, db_text(c->key_ref.token));
	row_put(row, ENROLMENT_key_id,
		db_bytea(bytes_of(c->key_ref.key_id.b,
				  sizeof(c->key_ref.key_id.b))));
	row_put(row, ENROLMENT_csr_der, db_bytea(c->csr_der));
	row_put(row, ENROLMENT_spki_sha256, db_bytea(digest(&c->spki_sha256)));
	row_put(row, ENROLMENT_key_sensitive, db_bool(a->sensitive));
	row_put(row, ENROLMENT_key_extractable, db_bool(a->extractable));
	row_put(row, ENROLMENT_key_always_sensitive,
		db_bool(a->always_sensitive));
	row_put(row, ENROLMENT_key_never_extractable,
		db_bool(a->never_extractable));
	row_put(row, ENROLMENT_key_local, db_bool(a->local));
	row_put(row, ENROLMENT_generated_at, db_time(*ev->meta.recorded_at));
	return true;
}

static bool
saved(struct fold *f, const struct event *ev, struct err *e)
{
	struct row *row;

	if (!fold_enrolment_row(f, ev, ev->enrolment_saved.enrolment_id,
				"SAVED", &row, e))
		return false;
	row_put(row, ENROLMENT_saved_at, db_time(*ev->meta.recorded_at));
	return true;
}

static bool
ended(struct fold *f, const struct event *ev, const char *id, const char *state,
      const char *detail, struct err *e)
{
	struct row *row;

	if (!fold_enrolment_row(f, ev, id, state, &row, e))
		return false;
	row_put(row, ENROLMENT_ended_at, db_time(*ev->meta.recorded_at));
	row_put(row, ENROLMENT_detail, db_text(detail));
	return true;
}

bool
fold_enrolment(struct fold *f, const struct fold_record *r, struct err *e)
{
	const struct event *ev = r->event;
	const struct ev_key_pair_destroyed *gone = &ev->key_pair_destroyed;

	switch (ev->type) {
	case EVENT_KEY_PAIR_REQUESTED:
		return requested(f, ev, e);
	case EVENT_CSR_GENERATED:
		return generated(f, ev, e);
	case EVENT_ENROLMENT_SAVED:
		return saved(f, ev, e);
	case EVENT_KEY_PAIR_FAILED:
		return ended(
			f, ev, ev->key_pair_failed.enrolment_id, "FAILED",
			ev_key_pair_failure_code_name(ev->key_pair_failed.code),
			e);
	case EVENT_ENROLMENT_ABANDONED:
		return ended(f, ev, ev->enrolment_abandoned.enrolment_id,
			     "ABANDONED",
			     ev_abandonment_cause_name(
				     ev->enrolment_abandoned.cause),
			     e);
	case EVENT_KEY_PAIR_DESTROYED:
		/* LOST_RACE: a spare key went, the enrolment goes on. */
		return gone->cause != EV_DESTRUCTION_CAUSE_ABANDONED ||
		       ended(f, ev, gone->enrolment_id, "DESTROYED",
			     ev_destruction_cause_name(gone->cause), e);
	default:
		return true;
	}
}
