/*
 * Orders to sign, and what came of them.
 */
#include <string.h>

#include "projector/fold_internal.h"

bool
fold_order_revoked(const struct fold_order *o)
{
	return strcmp(o->state, "VOIDED") == 0 ||
	       strcmp(o->state, "EXPIRED") == 0;
}

/* Open, or already in the state that we are about to give it (a replay). */
static bool
may_become(const struct fold_order *o, const char *state)
{
	return o != NULL && o->state != NULL &&
	       (strcmp(o->state, "OPEN") == 0 || strcmp(o->state, state) == 0);
}

static bool
decide(struct fold *f, const struct event *ev, struct fold_order *o,
       const char *state, const char *detail, struct err *e)
{
	struct row *row;

	o->state = state;
	o->decided_at = *ev->meta.recorded_at;
	if (!rows_touch(&f->sets[TABLE_ORDER], f->arena, o->order_id, &row, e))
		return false;
	row_put(row, ORDER_order_id, db_uuid(o->order_id));
	row_put(row, ORDER_state, db_text(state));
	row_put(row, ORDER_decided_at, db_time(o->decided_at));
	row_put(row, ORDER_detail, db_text(detail));
	row_put(row, ORDER_sequence, db_int8(*ev->meta.sequence));
	return true;
}

static void
remember(struct fold_order *o, const struct ev_issuance_ordered *io)
{
	o->request_id = io->request_id;
	o->enrolment_id = io->enrolment_id;
	o->spki_sha256 = digest(&io->spki_sha256);
	o->issuer_certificate_sha256 = digest(&io->issuer_certificate_sha256);
	o->not_before = io->not_before;
	o->not_after = io->not_after;
	o->state = "OPEN";
}

static void
fill(struct row *row, const struct event *ev)
{
	const struct ev_issuance_ordered *io = &ev->issuance_ordered;

	row->complete = true;
	row_put(row, ORDER_order_id, db_uuid(ev->meta.event_id));
	row_put(row, ORDER_tax_code, db_text(ev->meta.tax_code));
	row_put(row, ORDER_request_id, db_uuid(io->request_id));
	row_put(row, ORDER_revision, db_int4(io->revision));
	row_put(row, ORDER_enrolment_id, db_uuid(io->enrolment_id));
	row_put(row, ORDER_serial_number, db_text(io->serial_number));
	row_put(row, ORDER_spki_sha256, db_bytea(digest(&io->spki_sha256)));
	row_put(row, ORDER_issuer_certificate_sha256,
		db_bytea(digest(&io->issuer_certificate_sha256)));
	row_put(row, ORDER_profile_name, db_text(io->profile_name));
	row_put(row, ORDER_profile_sha256,
		db_bytea(digest(&io->profile_sha256)));
	row_put(row, ORDER_not_before, db_time(io->not_before));
	row_put(row, ORDER_not_after, db_time(io->not_after));
	row_put(row, ORDER_validity_capped, db_bool(io->validity_shortened));
	row_put(row, ORDER_sign_before, db_time(io->sign_before));
	row_put(row, ORDER_ordered_at, db_time(*ev->meta.recorded_at));
	row_put(row, ORDER_state, db_text("OPEN"));
	row_put(row, ORDER_sequence, db_int8(*ev->meta.sequence));
}

static bool
ordered(struct fold *f, const struct event *ev, struct err *e)
{
	const struct ev_issuance_ordered *io = &ev->issuance_ordered;
	struct fold_order *o = map_get(&f->orders, ev->meta.event_id);
	struct row *row;

	if (o == NULL) /* fold_expect() was not asked */
		return ERR_SET(e, ERR_FATAL, "fold", 0, "order not announced");
	remember(o, io);
	if (!rows_touch(&f->sets[TABLE_ORDER], f->arena, ev->meta.event_id,
			&row, e))
		return false;
	fill(row, ev);
	if (!fold_request_row(f, ev, io->request_id, "ISSUING", &row, e))
		return false;
	row_put(row, REQUEST_order_id, db_uuid(ev->meta.event_id));
	row_put(row, REQUEST_serial_number, db_text(io->serial_number));
	row_put(row, REQUEST_validity_capped, db_bool(io->validity_shortened));
	if (io->enrolment_id != NULL)
		row_put(row, REQUEST_enrolment_id, db_uuid(io->enrolment_id));
	return true;
}

static bool
issued(struct fold *f, const struct event *ev, struct err *e)
{
	struct fold_order *o =
		map_get(&f->orders, ev->certificate_issued.order_id);
	struct row *row;

	if (!fold_certificate_new(f, ev, o, e))
		return false;
	if (!may_become(o, "ISSUED")) /* given up: the request stays */
		return true;
	if (!decide(f, ev, o, "ISSUED", NULL, e) ||
	    !fold_request_row(f, ev, o->request_id, "ISSUED", &row, e))
		return false;
	row_put(row, REQUEST_issued_at, db_time(*ev->meta.recorded_at));
	if (o->enrolment_id == NULL)
		return true;
	if (!fold_enrolment_row(f, ev, o->enrolment_id, "CERTIFIED", &row, e))
		return false;
	row_put(row, ENROLMENT_ended_at, db_time(*ev->meta.recorded_at));
	return true;
}

/* The order came to nothing, so did its request's attempt. */
static bool
failed(struct fold *f, const struct event *ev, const char *order_id,
       const char *state, const char *detail, struct err *e)
{
	struct fold_order *o =
		order_id == NULL ? NULL : map_get(&f->orders, order_id);
	struct row *row;

	if (!may_become(o, state))
		return true;
	if (!decide(f, ev, o, state, detail, e) ||
	    !fold_request_row(f, ev, o->request_id, "ISSUANCE_FAILED", &row, e))
		return false;
	row_put(row, REQUEST_reason, db_text(detail));
	return true;
}

bool
fold_order(struct fold *f, const struct fold_record *r, struct err *e)
{
	const struct event *ev = r->event;
	const struct ev_issuance_failed *fail = &ev->issuance_failed;
	const struct ev_certificate_rejected *rej = &ev->certificate_rejected;

	switch (ev->type) {
	case EVENT_ISSUANCE_ORDERED:
		return ordered(f, ev, e);
	case EVENT_CERTIFICATE_ISSUED:
		return issued(f, ev, e);
	case EVENT_ISSUANCE_FAILED:
		return failed(
			f, ev, fail->order_id,
			fail->code == EV_ISSUANCE_FAILURE_CODE_ORDER_EXPIRED
				? "EXPIRED"
				: "FAILED",
			ev_issuance_failure_code_name(fail->code), e);
	case EVENT_ORDER_VOIDED:
		return failed(f, ev, ev->order_voided.order_id, "VOIDED",
			      ev->order_voided.reason, e);
	case EVENT_CERTIFICATE_REJECTED:
		/* A second signature over the same bytes changes nothing. */
		return rej->code == EV_REFUSAL_CODE_EVENT_ID_CONFLICT ||
		       failed(f, ev, rej->order_id, "REJECTED",
			      ev_refusal_code_name(rej->code), e);
	default:
		return true;
	}
}
