#include <stdio.h>
#include <string.h>

#include "avro/wire.h"
#include "kafka/dead_letter.h"
#include "registrar/registrar.h"
#include "runtime/cloudevents.h"

bool
emit_begin(struct registrar *r, struct lane *lane, struct err *e)
{
	if (!r->began) {
		if (!kafka_txn_begin(r->txn, e)) {
			r->failed = true;
			r->broken = e->kind == ERR_FATAL;
			return false;
		}
		r->began = true;
	}
	lane->touched = true;
	return true;
}

static bool
send(struct registrar *r, struct lane *lane, const struct kafka_record *rec,
     struct err *e)
{
	if (!emit_begin(r, lane, e))
		return false;
	if (kafka_txn_send(r->txn, rec, e))
		return true;
	r->failed = true;
	r->broken = e->kind == ERR_FATAL;
	return err_context(e, "send to %s", rec->topic);
}

/* New meta, then the writer's own octets in the writer's own schema. */
static bool
encode_input(struct registrar *r, const struct wf_emit *emit,
	     const struct intake *in, struct buffer *wire, struct err *e)
{
	AUTO(buffer) struct buffer body = { 0 };
	const struct avro_writer *w = NULL;

	return schemas_writer(r->schemas, in->in.schema_id, &w, e) &&
	       avro_encode_meta(w, &emit->event->meta, &body, e) &&
	       buffer_add(&body, in->after_meta.data, in->after_meta.len, e) &&
	       wire_write(in->in.schema_id, buffer_view(&body), wire, e);
}

bool
emit_encode(struct registrar *r, const struct wf_emit *emit,
	    const struct intake *in, struct buffer *wire, struct err *e)
{
	bool done = emit->is_input
			    ? encode_input(r, emit, in, wire, e)
			    : schemas_encode(r->schemas, emit->event, wire, e);

	if (!done)
		return err_context(e, "encode %s",
				   event_type_name(emit->event->type));
	if (wire->len > EVENT_LOG_MAX)
		return ERR_SET(e, ERR_FATAL, "registrar", 0,
			       "%s of %zu octets is too large for the log",
			       event_type_name(emit->event->type), wire->len);
	return true;
}

bool
emit_log(struct registrar *r, struct lane *lane, const struct wf_emit *emit,
	 const struct intake *in, const char *traceparent, struct bytes wire,
	 struct err *e)
{
	char origin[64] = "/certflow/registrar";
	char source[KAFKA_SOURCE_TEXT_MAX];
	char digest[2 * SHA256_LEN + 1];
	struct cloudevents ce;

	if (emit->is_input)
		snprintf(origin, sizeof(origin), "/certflow/inbox/%s",
			 event_inbox_name(in->in.inbox));
	cloudevents_fill(&ce, emit->event, origin, traceparent);
	if (emit->is_input) {
		kafka_source_format(in->source.topic, in->source.partition,
				    in->source.offset, source);
		hex_encode(bytes_of(in->in.body_sha256, SHA256_LEN), digest);
		cloudevents_add(&ce, KAFKA_HEADER_SOURCE, bytes_of_str(source));
		cloudevents_add(&ce, KAFKA_HEADER_BODY_DIGEST,
				bytes_of_str(digest));
	}
	return send(r, lane,
		    &(struct kafka_record){
			    .topic = KAFKA_TOPIC_EVENTS,
			    .partition = lane->log.partition,
			    .key = bytes_of_str(emit->event->meta.tax_code),
			    .value = wire,
			    .headers = ce.headers,
			    .header_count = ce.count },
		    e);
}

static void
fill_outcome(struct ev_outcome *o, const struct intake *in,
	     const struct wf_outcome *outcome)
{
	bool refused = outcome->code != EV_REFUSAL_CODE_UNKNOWN;

	*o = (struct ev_outcome){
		.event_id = in->event_id[0] != '\0' ? in->event_id : NULL,
		.source = in->source,
		.result = outcome->result,
		.recorded_at = clock_now_us(),
	};
	if (refused) {
		o->code = &outcome->code;
		o->field = outcome->field;
		o->message_en = wf_refusal_text_en(outcome->code);
		o->message_vi = wf_refusal_text_vi(outcome->code);
	}
	if (outcome->sequence > 0)
		o->sequence = &outcome->sequence;
}

bool
emit_outcome(struct registrar *r, struct lane *lane, const struct intake *in,
	     const struct wf_outcome *outcome, struct bytes key, struct err *e)
{
	struct event ev = { .type = EVENT_OUTCOME };
	AUTO(buffer) struct buffer wire = { 0 };
	char place[KAFKA_SOURCE_TEXT_MAX];
	struct kafka_header input = { .name = KAFKA_HEADER_INPUT };
	bool sent_on =
		in->place.topic != NULL &&
		strcmp(in->place.topic, KAFKA_TOPIC_INBOX_MISROUTED) == 0;

	fill_outcome(&ev.outcome, in, outcome);
	if (!schemas_encode(r->schemas, &ev, &wire, e)) {
		r->failed = r->began;
		return err_context(e, "encode an outcome");
	}
	if (sent_on)
		input.value = bytes_of_str(kafka_source_format(
			in->place.topic, in->place.partition, in->place.offset,
			place));
	return send(r, lane,
		    &(struct kafka_record){ .topic = KAFKA_TOPIC_OUTCOMES,
					    .partition = lane->log.partition,
					    .key = key,
					    .value = buffer_view(&wire),
					    .headers = &input,
					    .header_count = sent_on ? 1 : 0 },
		    e);
}

bool
emit_dead_letter(struct registrar *r, struct lane *lane,
		 const struct kafka_message *m, const struct intake *in,
		 struct err *e)
{
	struct kafka_dead_letter d;

	kafka_dead_letter_fill(&d, m, ev_refusal_code_name(in->why.code),
			       in->detail);
	return send(r, lane, &d.record, e);
}

bool
emit_misplaced(struct registrar *r, struct lane *lane,
	       const struct kafka_message *m, struct err *e)
{
	struct kafka_header headers[KAFKA_HEADERS_MAX + 1];
	char source[KAFKA_SOURCE_TEXT_MAX];
	size_t n = 0;

	kafka_source_format(m->topic, m->partition, m->offset, source);
	headers[n++] = (struct kafka_header){ KAFKA_HEADER_SOURCE,
					      bytes_of_str(source) };
	for (size_t i = 0; i < m->header_count && i < KAFKA_HEADERS_MAX; i++)
		if (strcmp(m->headers[i].name, KAFKA_HEADER_SOURCE) != 0)
			headers[n++] = m->headers[i];
	return send(
		r, lane,
		&(struct kafka_record){ .topic = KAFKA_TOPIC_INBOX_MISROUTED,
					.partition = KAFKA_PARTITION_BY_KEY,
					.key = m->key,
					.value = m->value,
					.headers = headers,
					.header_count = n },
		e);
}
