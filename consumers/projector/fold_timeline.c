/*
 * The timeline: one row for every event of the log, and the rows of events
 * that say no or not yet.
 */
#include <stdio.h>
#include <string.h>

#include "event/event_desc.h"
#include "projector/fold_internal.h"
#include "projector/json.h"

#define SOURCE_MAX 288 /* topic (249) / partition / offset */

/* Fields that any event may have, found by name in its generated table. */
static const void *
field_value(const struct event *ev, const char *name, enum ev_kind kind,
	    const struct ev_field **field)
{
	const struct ev_record *rec = event_record(ev->type);

	for (size_t i = 0; i < rec->count; i++)
		if (rec->fields[i].type.kind == kind &&
		    strcmp(rec->fields[i].name, name) == 0) {
			*field = &rec->fields[i];
			return ev_field_value(&rec->fields[i], event_body(ev));
		}
	return NULL;
}

static const char *
text_field(const struct event *ev, const char *name)
{
	const struct ev_field *field;
	const void *at = field_value(ev, name, EV_STRING, &field);

	return at == NULL ? NULL : *(const char *const *)at;
}

static const char *
enum_field(const struct event *ev, const char *name)
{
	const struct ev_field *field = NULL;
	const void *at = field_value(ev, name, EV_ENUM, &field);
	unsigned value;

	if (at == NULL)
		return NULL;
	memcpy(&value, at, sizeof(value));
	return ev_symbol(field->type.symbols, value);
}

/* Reason, code or rule: the first of these that the event has. */
static const char *
detail(const struct event *ev)
{
	static const char *const texts[] = { "reason", "reason_text", "rule" };
	static const char *const symbols[] = { "code", "cause", "reason",
					       "last_state", "waiting_for" };
	const char *found = NULL;

	for (size_t i = 0; i < 3 && found == NULL; i++)
		found = text_field(ev, texts[i]);
	for (size_t i = 0; i < 5 && found == NULL; i++)
		found = enum_field(ev, symbols[i]);
	return found;
}

static void
put_subject(struct row *row, const struct event *ev)
{
	const struct ev_field *field;
	const char *request = text_field(ev, "request_id");
	const char *order = text_field(ev, "order_id");
	const char *enrolment = text_field(ev, "enrolment_id");
	const void *revision = field_value(ev, "revision", EV_INT, &field);
	int32_t number = 0;

	if (revision != NULL)
		memcpy(&number, revision, sizeof(number));
	if (ev->type == EVENT_REQUEST_SUBMITTED) {
		const struct ev_submission *s =
			&ev->request_submitted.submission;

		request = s->request_id;
		enrolment = s->enrolment_id;
		number = s->revision;
	}
	if (ev->type == EVENT_ISSUANCE_ORDERED)
		order = ev->meta.event_id;
	row_put(row, TIMELINE_request_id, db_uuid(request));
	row_put(row, TIMELINE_order_id, db_uuid(order));
	row_put(row, TIMELINE_enrolment_id, db_uuid(enrolment));
	row_put(row, TIMELINE_serial_number,
		db_text(text_field(ev, "serial_number")));
	row_put(row, TIMELINE_revision,
		number > 0 ? db_int4(number) : db_null(DB_INT4));
}

static void
put_meta(struct row *row, const struct event *ev)
{
	const struct ev_meta *m = &ev->meta;

	row_put(row, TIMELINE_tax_code, db_text(m->tax_code));
	row_put(row, TIMELINE_sequence, db_int8(*m->sequence));
	row_put(row, TIMELINE_event_id, db_uuid(m->event_id));
	row_put(row, TIMELINE_event_name, db_text(event_type_name(ev->type)));
	row_put(row, TIMELINE_recorded_at, db_time(*m->recorded_at));
	row_put(row, TIMELINE_occurred_at, db_time(m->occurred_at));
	row_put(row, TIMELINE_actor_id, db_text(m->actor.id));
	row_put(row, TIMELINE_actor_role,
		db_text(ev_actor_role_name(m->actor.role)));
	row_put(row, TIMELINE_causation_id, db_uuid(m->causation_id));
}

static bool
source_text(struct fold *f, const struct ev_source_position *p,
	    const char **out, struct err *e)
{
	char text[SOURCE_MAX];

	snprintf(text, sizeof(text), "%s/%d/%lld", p->topic, (int)p->partition,
		 (long long)p->offset);
	*out = arena_text(f->arena, text, strlen(text));
	return *out != NULL || ERR_NO_MEMORY(e);
}

static bool
refused(struct fold *f, const struct event *ev, struct err *e)
{
	const struct ev_event_refused *x = &ev->event_refused;
	const char *params;
	struct row *row;

	if (!json_params(f->arena, x, &params, e) ||
	    !rows_append(&f->sets[TABLE_REFUSAL], f->arena, &row, e))
		return false;
	row_put(row, REFUSAL_tax_code, db_text(ev->meta.tax_code));
	row_put(row, REFUSAL_sequence, db_int8(*ev->meta.sequence));
	row_put(row, REFUSAL_event_id, db_uuid(ev->meta.event_id));
	row_put(row, REFUSAL_refused_event_id, db_uuid(ev->meta.causation_id));
	row_put(row, REFUSAL_event_name, db_text(x->event_name));
	row_put(row, REFUSAL_code, db_text(ev_refusal_code_name(x->code)));
	row_put(row, REFUSAL_field, db_text(x->field));
	row_put(row, REFUSAL_message_vi, db_text(x->message_vi));
	row_put(row, REFUSAL_message_en, db_text(x->message_en));
	row_put(row, REFUSAL_params, db_jsonb(params));
	row_put(row, REFUSAL_source_topic, db_text(x->source.topic));
	row_put(row, REFUSAL_source_partition, db_int4(x->source.partition));
	row_put(row, REFUSAL_source_offset, db_int8(x->source.offset));
	row_put(row, REFUSAL_payload_sha256,
		db_bytea(digest(&x->payload_sha256)));
	row_put(row, REFUSAL_recorded_at, db_time(*ev->meta.recorded_at));
	return true;
}

static bool
deferred(struct fold *f, const struct event *ev, struct err *e)
{
	const struct ev_event_deferred *d = &ev->event_deferred;
	const char *source;
	struct row *row;

	if (!source_text(f, &d->source, &source, e) ||
	    !rows_append(&f->sets[TABLE_DEFERRED], f->arena, &row, e))
		return false;
	row_put(row, DEFERRED_tax_code, db_text(ev->meta.tax_code));
	row_put(row, DEFERRED_sequence, db_int8(*ev->meta.sequence));
	row_put(row, DEFERRED_event_name, db_text(d->event_name));
	row_put(row, DEFERRED_waiting_for,
		db_text(ev_refusal_code_name(d->waiting_for)));
	row_put(row, DEFERRED_deadline, db_time(d->deadline));
	row_put(row, DEFERRED_source, db_text(source));
	row_put(row, DEFERRED_recorded_at, db_time(*ev->meta.recorded_at));
	return true;
}

bool
fold_timeline(struct fold *f, const struct fold_record *r, struct err *e)
{
	const struct event *ev = r->event;
	const char *source = r->source;
	struct row *row;

	if (!rows_append(&f->sets[TABLE_TIMELINE], f->arena, &row, e))
		return false;
	put_meta(row, ev);
	put_subject(row, ev);
	row_put(row, TIMELINE_detail, db_text(detail(ev)));
	row_put(row, TIMELINE_log_partition, db_int4(r->partition));
	row_put(row, TIMELINE_log_offset, db_int8(r->offset));
	if (ev->type == EVENT_EVENT_REFUSED) {
		row_put(row, TIMELINE_message_vi,
			db_text(ev->event_refused.message_vi));
		row_put(row, TIMELINE_message_en,
			db_text(ev->event_refused.message_en));
		if (!source_text(f, &ev->event_refused.source, &source, e) ||
		    !refused(f, ev, e))
			return false;
	}
	if (ev->type == EVENT_EVENT_DEFERRED &&
	    (!source_text(f, &ev->event_deferred.source, &source, e) ||
	     !deferred(f, ev, e)))
		return false;
	row_put(row, TIMELINE_source, db_text(source));
	return true;
}
