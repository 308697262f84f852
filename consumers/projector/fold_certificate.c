/*
 * Certificates: state in use, state at the CA, and the history of both.
 */
#include <string.h>

#include "projector/fold_internal.h"

static bool
certificate_row(struct fold *f, const struct event *ev, const char *serial,
		struct row **out, struct err *e)
{
	if (!rows_touch(&f->sets[TABLE_CERTIFICATE], f->arena, serial, out, e))
		return false;
	row_put(*out, CERTIFICATE_serial_number, db_text(serial));
	row_put(*out, CERTIFICATE_sequence, db_int8(*ev->meta.sequence));
	return true;
}

static bool
use_history(struct fold *f, const struct event *ev, const char *serial,
	    const char *state, struct err *e)
{
	struct row *row;

	if (!rows_append(&f->sets[TABLE_USE_HISTORY], f->arena, &row, e))
		return false;
	row_put(row, USE_HISTORY_serial_number, db_text(serial));
	row_put(row, USE_HISTORY_sequence, db_int8(*ev->meta.sequence));
	row_put(row, USE_HISTORY_effective_at, db_time(*ev->meta.recorded_at));
	row_put(row, USE_HISTORY_state, db_text(state));
	return true;
}

/* reason and invalidity_date may be NULL. */
static bool
ca_history(struct fold *f, const struct event *ev, const char *serial,
	   const char *state, int64_t effective_at, const char *reason,
	   const int64_t *invalidity_date, struct err *e)
{
	struct row *row;

	if (!rows_append(&f->sets[TABLE_CA_HISTORY], f->arena, &row, e))
		return false;
	row_put(row, CA_HISTORY_serial_number, db_text(serial));
	row_put(row, CA_HISTORY_sequence, db_int8(*ev->meta.sequence));
	row_put(row, CA_HISTORY_effective_at, db_time(effective_at));
	row_put(row, CA_HISTORY_state, db_text(state));
	row_put(row, CA_HISTORY_reason, db_text(reason));
	row_put(row, CA_HISTORY_invalidity_date,
		optional_time(invalidity_date));
	return true;
}

/* Current use, history and what a later event of the batch must know. */
static bool
set_use(struct fold *f, const struct event *ev, const char *serial,
	const char *state, struct row **out, struct err *e)
{
	const struct fold_use now = { serial, state, *ev->meta.sequence };

	if (!fold_know_use(f, &now, e) ||
	    !certificate_row(f, ev, serial, out, e) ||
	    !use_history(f, ev, serial, state, e))
		return false;
	row_put(*out, CERTIFICATE_use_state, db_text(state));
	return true;
}

static void
fill(struct row *row, const struct event *ev, const struct fold_order *o)
{
	const struct ev_certificate_issued *c = &ev->certificate_issued;

	row->complete = true;
	row_put(row, CERTIFICATE_tax_code, db_text(ev->meta.tax_code));
	row_put(row, CERTIFICATE_request_id, db_uuid(c->request_id));
	row_put(row, CERTIFICATE_order_id, db_uuid(c->order_id));
	row_put(row, CERTIFICATE_enrolment_id, db_uuid(o->enrolment_id));
	row_put(row, CERTIFICATE_not_before, db_time(o->not_before));
	row_put(row, CERTIFICATE_not_after, db_time(o->not_after));
	row_put(row, CERTIFICATE_certificate_der, db_bytea(c->certificate_der));
	row_put(row, CERTIFICATE_spki_sha256, db_bytea(o->spki_sha256));
	row_put(row, CERTIFICATE_issuer_certificate_sha256,
		db_bytea(o->issuer_certificate_sha256));
	row_put(row, CERTIFICATE_signed_at, db_time(c->signed_at));
	row_put(row, CERTIFICATE_issued_at, db_time(*ev->meta.recorded_at));
	row_put(row, CERTIFICATE_issued_sequence, db_int8(*ev->meta.sequence));
}

/* Since when the serial number counts as revoked, though its certificate
 * comes only now: it was revoked by name, or its order was given up. */
static bool
revoked_before(const struct fold *f, const struct event *ev,
	       const struct fold_order *o, struct fold_revocation *out)
{
	const struct fold_revocation *r =
		map_get(&f->revocations, ev->certificate_issued.serial_number);

	if (r != NULL && r->sequence < *ev->meta.sequence) {
		*out = *r;
		return true;
	}
	if (!fold_order_revoked(o))
		return false;
	*out = (struct fold_revocation){ .reason = "UNSPECIFIED",
					 .effective_at = o->decided_at };
	return true;
}

bool
fold_certificate_new(struct fold *f, const struct event *ev,
		     const struct fold_order *o, struct err *e)
{
	const char *serial = ev->certificate_issued.serial_number;
	struct fold_revocation r = { .effective_at = *ev->meta.recorded_at };
	const char *state = revoked_before(f, ev, o, &r) ? "REVOKED" : "GOOD";
	struct row *row;

	if (!certificate_row(f, ev, serial, &row, e))
		return false;
	fill(row, ev, o);
	row_put(row, CERTIFICATE_ca_state, db_text(state));
	row_put(row, CERTIFICATE_revocation_reason, db_text(r.reason));
	if (!ca_history(f, ev, serial, state, r.effective_at, r.reason, NULL,
			e))
		return false;
	/* A USB token's certificate is not ours to use. */
	return o->enrolment_id == NULL ||
	       set_use(f, ev, serial, "INACTIVE", &row, e);
}

/* An activation under way does not survive a hold or a revocation. */
static bool
interrupt(struct fold *f, const struct event *ev, const char *serial,
	  struct err *e)
{
	const struct fold_use *use = map_get(&f->uses, serial);
	struct row *row;

	if (use == NULL || use->state == NULL ||
	    use->sequence >= *ev->meta.sequence ||
	    strcmp(use->state, "ACTIVATING") != 0)
		return true;
	return set_use(f, ev, serial, "INACTIVE", &row, e);
}

static bool
set_ca_state(struct fold *f, const struct event *ev, const char *state,
	     const struct ev_certificate_revoked *c, struct err *e)
{
	const char *reason = ev_revocation_reason_name(c->reason);
	const struct fold_revocation r = { c->serial_number, reason,
					   c->effective_at,
					   *ev->meta.sequence };
	struct row *row;

	if (strcmp(state, "REVOKED") == 0 && !fold_know_revocation(f, &r, e))
		return false;
	if (!certificate_row(f, ev, c->serial_number, &row, e))
		return false;
	row_put(row, CERTIFICATE_ca_state, db_text(state));
	row_put(row, CERTIFICATE_revocation_reason, db_text(reason));
	if (!ca_history(f, ev, c->serial_number, state, c->effective_at, reason,
			c->invalidity_date, e))
		return false;
	return strcmp(state, "GOOD") == 0 ||
	       interrupt(f, ev, c->serial_number, e);
}

/* The three events have the same fields; their structs are distinct. */
static struct ev_certificate_revoked
suspended(const struct ev_certificate_suspended *c)
{
	return (struct ev_certificate_revoked){ .serial_number =
							c->serial_number,
						.reason = c->reason,
						.effective_at = c->effective_at,
						.invalidity_date =
							c->invalidity_date };
}

static struct ev_certificate_revoked
resumed(const struct ev_certificate_resumed *c)
{
	return (struct ev_certificate_revoked){ .serial_number =
							c->serial_number,
						.reason = c->reason,
						.effective_at = c->effective_at,
						.invalidity_date =
							c->invalidity_date };
}

static bool
fold_rejected(struct fold *f, const struct event *ev, struct err *e)
{
	const struct ev_certificate_rejected *c = &ev->certificate_rejected;
	struct row *row;

	if (!rows_append(&f->sets[TABLE_REJECTED], f->arena, &row, e))
		return false;
	row_put(row, REJECTED_tax_code, db_text(ev->meta.tax_code));
	row_put(row, REJECTED_sequence, db_int8(*ev->meta.sequence));
	row_put(row, REJECTED_order_id, db_uuid(c->order_id));
	row_put(row, REJECTED_code, db_text(ev_refusal_code_name(c->code)));
	row_put(row, REJECTED_certificate_der, db_bytea(c->certificate_der));
	row_put(row, REJECTED_recorded_at, db_time(*ev->meta.recorded_at));
	return true;
}

static bool
activated(struct fold *f, const struct event *ev, struct err *e)
{
	struct row *row;

	if (!set_use(f, ev, ev->certificate_activated.serial_number, "ACTIVE",
		     &row, e))
		return false;
	row_put(row, CERTIFICATE_activated_at, db_time(*ev->meta.recorded_at));
	return true;
}

static bool
too_late(struct fold *f, const struct event *ev, struct err *e)
{
	const char *serial = event_refused_activation(&ev->event_refused);
	struct row *row;

	return serial == NULL || set_use(f, ev, serial, "INACTIVE", &row, e);
}

bool
fold_certificate(struct fold *f, const struct fold_record *r, struct err *e)
{
	const struct event *ev = r->event;
	struct ev_certificate_revoked change;
	struct row *row;

	switch (ev->type) {
	case EVENT_ACTIVATION_REQUESTED:
		return set_use(f, ev, ev->activation_requested.serial_number,
			       "ACTIVATING", &row, e);
	case EVENT_ACTIVATION_FAILED:
		return set_use(f, ev, ev->activation_failed.serial_number,
			       "INACTIVE", &row, e);
	case EVENT_CERTIFICATE_ACTIVATED:
		return activated(f, ev, e);
	case EVENT_CERTIFICATE_DEACTIVATED:
		return set_use(f, ev, ev->certificate_deactivated.serial_number,
			       "DEACTIVATED", &row, e);
	case EVENT_CERTIFICATE_SUSPENDED:
		change = suspended(&ev->certificate_suspended);
		return set_ca_state(f, ev, "ON_HOLD", &change, e);
	case EVENT_CERTIFICATE_RESUMED:
		change = resumed(&ev->certificate_resumed);
		return set_ca_state(f, ev, "GOOD", &change, e);
	case EVENT_CERTIFICATE_REVOKED:
		return set_ca_state(f, ev, "REVOKED", &ev->certificate_revoked,
				    e);
	case EVENT_EVENT_REFUSED:
		return too_late(f, ev, e);
	case EVENT_CERTIFICATE_REJECTED:
		return fold_rejected(f, ev, e);
	default:
		return true;
	}
}
