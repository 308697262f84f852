/*
 * Changes of a certificate's status: who asked, who decided. What became of
 * the certificate itself is in fold_certificate.c.
 */
#include "projector/fold_internal.h"

static bool
change_row(struct fold *f, const struct event *ev, const char *id,
	   const char *state, struct row **out, struct err *e)
{
	if (!rows_touch(&f->sets[TABLE_STATUS_CHANGE], f->arena, id, out, e))
		return false;
	row_put(*out, STATUS_CHANGE_status_change_id, db_uuid(id));
	row_put(*out, STATUS_CHANGE_sequence, db_int8(*ev->meta.sequence));
	row_put(*out, STATUS_CHANGE_state, db_text(state));
	return true;
}

/* Of all three requests. */
static bool
asked(struct fold *f, const struct event *ev, const char *id,
      const char *serial, const char *kind, const struct ev_sha256 *evidence,
      struct row **out, struct err *e)
{
	bool at_once = ev->type == EVENT_SUSPENSION_REQUESTED;
	struct row *row;

	if (!change_row(f, ev, id, at_once ? "DONE" : "OPEN", out, e))
		return false;
	row = *out;
	row->complete = true;
	row_put(row, STATUS_CHANGE_tax_code, db_text(ev->meta.tax_code));
	row_put(row, STATUS_CHANGE_serial_number, db_text(serial));
	row_put(row, STATUS_CHANGE_kind, db_text(kind));
	row_put(row, STATUS_CHANGE_evidence_sha256, db_bytea(digest(evidence)));
	row_put(row, STATUS_CHANGE_requested_by, db_text(ev->meta.actor.id));
	row_put(row, STATUS_CHANGE_requested_at,
		db_time(*ev->meta.recorded_at));
	if (at_once)
		row_put(row, STATUS_CHANGE_decided_at,
			db_time(*ev->meta.recorded_at));
	return true;
}

static bool
revocation(struct fold *f, const struct event *ev, struct err *e)
{
	const struct ev_revocation_requested *c = &ev->revocation_requested;
	struct row *row;

	if (!asked(f, ev, c->status_change_id, c->serial_number, "REVOCATION",
		   &c->evidence_sha256, &row, e))
		return false;
	row_put(row, STATUS_CHANGE_reason,
		db_text(ev_revocation_reason_name(c->reason)));
	row_put(row, STATUS_CHANGE_invalidity_date,
		optional_time(c->invalidity_date));
	row_put(row, STATUS_CHANGE_requester,
		db_text(ev_revocation_requester_name(c->requester)));
	return true;
}

static bool
suspension(struct fold *f, const struct event *ev, struct err *e)
{
	const struct ev_suspension_requested *c = &ev->suspension_requested;
	struct row *row;

	if (!asked(f, ev, c->status_change_id, c->serial_number, "SUSPENSION",
		   &c->evidence_sha256, &row, e))
		return false;
	row_put(row, STATUS_CHANGE_reason_text, db_text(c->reason_text));
	return true;
}

static bool
resumption(struct fold *f, const struct event *ev, struct err *e)
{
	const struct ev_resumption_requested *c = &ev->resumption_requested;
	struct row *row;

	if (!asked(f, ev, c->status_change_id, c->serial_number, "RESUMPTION",
		   &c->evidence_sha256, &row, e))
		return false;
	row_put(row, STATUS_CHANGE_reason_text, db_text(c->reason_text));
	return true;
}

static bool
decided(struct fold *f, const struct event *ev, const char *id,
	const char *state, const char *reason, struct err *e)
{
	struct row *row;

	if (!change_row(f, ev, id, state, &row, e))
		return false;
	row_put(row, STATUS_CHANGE_decided_by, db_text(ev->meta.actor.id));
	row_put(row, STATUS_CHANGE_decided_at, db_time(*ev->meta.recorded_at));
	row_put(row, STATUS_CHANGE_decision_reason, db_text(reason));
	return true;
}

bool
fold_status(struct fold *f, const struct fold_record *r, struct err *e)
{
	const struct event *ev = r->event;

	switch (ev->type) {
	case EVENT_SUSPENSION_REQUESTED:
		return suspension(f, ev, e);
	case EVENT_RESUMPTION_REQUESTED:
		return resumption(f, ev, e);
	case EVENT_REVOCATION_REQUESTED:
		return revocation(f, ev, e);
	case EVENT_STATUS_CHANGE_CONFIRMED:
		return decided(f, ev,
			       ev->status_change_confirmed.status_change_id,
			       "DONE", ev->status_change_confirmed.reason, e);
	case EVENT_STATUS_CHANGE_DECLINED:
		return decided(
			f, ev, ev->status_change_declined.status_change_id,
			"DECLINED", ev->status_change_declined.reason, e);
	default:
		return true;
	}
}
