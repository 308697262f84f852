/*
 * Requests, and the customer record that an approval confirms.
 */
#include <stdio.h>
#include <string.h>

#include "projector/fold_internal.h"
#include "projector/json.h"

bool
fold_request_row(struct fold *f, const struct event *ev, const char *id,
		 const char *state, struct row **out, struct err *e)
{
	if (!rows_touch(&f->sets[TABLE_REQUEST], f->arena, id, out, e))
		return false;
	row_put(*out, REQUEST_request_id, db_uuid(id));
	row_put(*out, REQUEST_updated_at, db_time(*ev->meta.recorded_at));
	row_put(*out, REQUEST_sequence, db_int8(*ev->meta.sequence));
	if (state != NULL)
		row_put(*out, REQUEST_state, db_text(state));
	return true;
}

static void
put_customer(struct row *row, const struct ev_customer *c)
{
	const struct ev_legal_representative *l = c->legal_representative;

	row_put(row, REQUEST_customer_source,
		db_text(ev_customer_source_name(c->source)));
	row_put(row, REQUEST_legal_name, db_text(c->legal_name));
	row_put(row, REQUEST_certificate_name, db_text(c->certificate_name));
	row_put(row, REQUEST_province, db_text(c->province));
	row_put(row, REQUEST_locality, db_text(c->locality));
	row_put(row, REQUEST_address, db_text(c->address));
	row_put(row, REQUEST_country, db_text(c->country));
	row_put(row, REQUEST_personal_ref,
		db_uuid(l == NULL ? NULL : l->personal_ref));
	row_put(row, REQUEST_personal_commitment,
		db_bytea(digest(l == NULL ? NULL : &l->commitment)));
}

static void
put_product(struct row *row, const struct ev_submission *s)
{
	row_put(row, REQUEST_device_type,
		db_text(ev_device_type_name(s->device_type)));
	row_put(row, REQUEST_product_package, db_text(s->product_package));
	row_put(row, REQUEST_validity_months, db_int4(s->validity_months));
	row_put(row, REQUEST_subscription_scheme_code,
		db_text(s->subscription_scheme_code));
	row_put(row, REQUEST_contract_number, db_text(s->contract.number));
	row_put(row, REQUEST_contract_signed_on,
		db_date(s->contract.signed_on));
	row_put(row, REQUEST_contract_months, db_int4(s->contract.months));
	row_put(row, REQUEST_contract_months_free,
		db_int4(s->contract.months_free));
}

/* A name in the uploaded CSR; text of an accepted CSR has no U+0000. */
static bool
put_csr_name(struct fold *f, struct row *row, size_t column, struct bytes name,
	     struct err *e)
{
	char *text = NULL;

	if (name.data != NULL) {
		text = arena_text(f->arena, (const char *)name.data, name.len);
		if (text == NULL)
			return ERR_NO_MEMORY(e);
	}
	row_put(row, column, db_text(text));
	return true;
}

static bool
put_submission(struct fold *f, struct row *row, const struct fold_record *r,
	       struct err *e)
{
	const struct ev_submission *s = &r->event->request_submitted.submission;
	const char *dossier;

	if (!json_dossier(f->arena, s, &dossier, e))
		return false;
	put_customer(row, &s->customer);
	put_product(row, s);
	row_put(row, REQUEST_revision, db_int4(s->revision));
	row_put(row, REQUEST_request_type,
		db_text(ev_request_type_name(s->request_type)));
	row_put(row, REQUEST_previous_serial_number,
		db_text(s->previous_serial_number));
	row_put(row, REQUEST_dossier, db_jsonb(dossier));
	row_put(row, REQUEST_csr_source,
		db_text(ev_csr_source_name(s->csr_source)));
	row_put(row, REQUEST_enrolment_id, db_uuid(s->enrolment_id));
	row_put(row, REQUEST_csr_der, db_bytea(s->csr_der));
	row_put(row, REQUEST_accept_shortened_validity,
		db_bool(s->accept_shortened_validity));
	row_put(row, REQUEST_submission_sha256, db_bytea(r->submission_sha256));
	row_put(row, REQUEST_submission_spki_sha256,
		db_bytea(r->submission_spki_sha256));
	row->last = s;
	return put_csr_name(f, row, REQUEST_csr_organization,
			    r->csr_organization, e) &&
	       put_csr_name(f, row, REQUEST_csr_common_name, r->csr_common_name,
			    e);
}

/* Is id one of the ids in the list? */
static bool
among(const char *list, const char *id)
{
	size_t len = strlen(id);

	while (list != NULL) {
		if (strncmp(list, id, len) == 0 &&
		    (list[len] == '\0' || list[len] == *EDITOR_SEPARATOR))
			return true;
		list = strchr(list, *EDITOR_SEPARATOR);
		if (list != NULL)
			list++;
	}
	return false;
}

static bool
add_editor(struct fold *f, struct row *row, const char *id, struct err *e)
{
	const char *before = row->values[REQUEST_editor_ids].text;
	size_t size;
	char *text;

	if (row->values[REQUEST_editor_ids].null) {
		row_put(row, REQUEST_editor_ids, db_text(id));
		return true;
	}
	if (among(before, id))
		return true;
	size = strlen(before) + strlen(EDITOR_SEPARATOR) + strlen(id) + 1;
	text = arena_alloc(f->arena, size);
	if (text == NULL)
		return ERR_NO_MEMORY(e);
	snprintf(text, size, "%s%s%s", before, EDITOR_SEPARATOR, id);
	row_put(row, REQUEST_editor_ids, db_text(text));
	return true;
}

static bool
submitted(struct fold *f, const struct fold_record *r, struct err *e)
{
	const struct event *ev = r->event;
	const struct ev_submission *s = &ev->request_submitted.submission;
	struct row *row;

	if (!fold_request_row(f, ev, s->request_id, "PENDING_APPROVAL", &row,
			      e) ||
	    !put_submission(f, row, r, e) ||
	    !add_editor(f, row, ev->meta.actor.id, e))
		return false;
	row_put(row, REQUEST_revised_at, db_time(*ev->meta.recorded_at));
	if (s->revision > 1) /* creator and first submission stay */
		return true;
	row->complete = true;
	row_put(row, REQUEST_tax_code, db_text(ev->meta.tax_code));
	row_put(row, REQUEST_creator_id, db_text(ev->meta.actor.id));
	row_put(row, REQUEST_submitted_at, db_time(*ev->meta.recorded_at));
	return true;
}

static void
confirm_customer(struct row *row, const struct ev_customer *c)
{
	const struct ev_legal_representative *l = c->legal_representative;

	row->complete = true;
	row_put(row, CUSTOMER_legal_name, db_text(c->legal_name));
	row_put(row, CUSTOMER_certificate_name, db_text(c->certificate_name));
	row_put(row, CUSTOMER_province, db_text(c->province));
	row_put(row, CUSTOMER_locality, db_text(c->locality));
	row_put(row, CUSTOMER_address, db_text(c->address));
	row_put(row, CUSTOMER_country, db_text(c->country));
	row_put(row, CUSTOMER_personal_ref,
		db_uuid(l == NULL ? NULL : l->personal_ref));
	row_put(row, CUSTOMER_personal_commitment,
		db_bytea(digest(l == NULL ? NULL : &l->commitment)));
}

/*
 * The approval itself does not repeat the customer.  Was the revision
 * submitted in this batch, it is at hand; else its request's row in the
 * database still holds it, and the writer copies it from there (a row that
 * is not complete).
 */
static bool
approved_customer(struct fold *f, const struct event *ev,
		  const struct ev_submission *s, struct err *e)
{
	const struct ev_request_approved *a = &ev->request_approved;
	struct row *row;

	if (!rows_touch(&f->sets[TABLE_CUSTOMER], f->arena, ev->meta.tax_code,
			&row, e))
		return false;
	row->complete = false;
	row_put(row, CUSTOMER_tax_code, db_text(ev->meta.tax_code));
	row_put(row, CUSTOMER_request_id, db_uuid(a->request_id));
	row_put(row, CUSTOMER_revision, db_int4(a->revision));
	row_put(row, CUSTOMER_approved_at, db_time(*ev->meta.recorded_at));
	row_put(row, CUSTOMER_sequence, db_int8(*ev->meta.sequence));
	if (s != NULL)
		confirm_customer(row, &s->customer);
	return true;
}

static bool
approved(struct fold *f, const struct event *ev, struct err *e)
{
	const struct ev_request_approved *a = &ev->request_approved;
	struct row *row;

	if (!fold_request_row(f, ev, a->request_id, "APPROVED", &row, e))
		return false;
	row_put(row, REQUEST_approver_id, db_text(ev->meta.actor.id));
	row_put(row, REQUEST_approved_at, db_time(*ev->meta.recorded_at));
	row_put(row, REQUEST_approved_revision, db_int4(a->revision));
	row_put(row, REQUEST_spki_sha256, db_bytea(digest(&a->spki_sha256)));
	return approved_customer(f, ev, row->last, e);
}

/* Any other step: a state and perhaps a reason. */
static bool
moved(struct fold *f, const struct event *ev, const char *id, const char *state,
      const char *reason, struct err *e)
{
	struct row *row;

	if (!fold_request_row(f, ev, id, state, &row, e))
		return false;
	if (reason != NULL)
		row_put(row, REQUEST_reason, db_text(reason));
	if (ev->type == EVENT_REQUEST_REASSIGNED)
		row_put(row, REQUEST_creator_id,
			db_text(ev->request_reassigned.new_officer_id));
	if (ev->type == EVENT_ISSUANCE_REQUESTED)
		row_put(row, REQUEST_issuance_requested_at,
			db_time(ev->meta.occurred_at));
	return true;
}

bool
fold_request(struct fold *f, const struct fold_record *r, struct err *e)
{
	const struct event *ev = r->event;

	switch (ev->type) {
	case EVENT_REQUEST_SUBMITTED:
		return submitted(f, r, e);
	case EVENT_REQUEST_APPROVED:
		return approved(f, ev, e);
	case EVENT_REQUEST_RETURNED:
		return moved(f, ev, ev->request_returned.request_id, "RETURNED",
			     ev->request_returned.reason, e);
	case EVENT_REQUEST_REJECTED:
		return moved(f, ev, ev->request_rejected.request_id, "REJECTED",
			     ev->request_rejected.reason, e);
	case EVENT_REQUEST_WITHDRAWN:
		return moved(f, ev, ev->request_withdrawn.request_id,
			     "WITHDRAWN", ev->request_withdrawn.reason, e);
	case EVENT_REQUEST_REASSIGNED:
		return moved(f, ev, ev->request_reassigned.request_id, NULL,
			     ev->request_reassigned.reason, e);
	case EVENT_REQUEST_LAPSED:
		return moved(f, ev, ev->request_lapsed.request_id, "LAPSED",
			     NULL, e);
	case EVENT_ISSUANCE_REQUESTED:
		return moved(f, ev, ev->issuance_requested.request_id,
			     "ISSUING", NULL, e);
	default:
		return true;
	}
}
