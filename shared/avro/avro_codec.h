/*
 * avro_codec.h - Avro bodies to events and back; the only door to avro-c.
 *
 * Bodies and writer schemas are input from outside.  avro-c 1.11 accepts
 * enum indices out of range, boolean 7, invalid UTF-8 and trailing octets,
 * leaks on truncated data, and its resolved readers map reordered enum
 * symbols wrongly.  Hence: every octet is checked here first, then read
 * with the writer's own schema, then mapped by field and symbol NAME onto
 * the C structs.
 *
 * avro-c keeps its error text in one global buffer: call everything here
 * from one thread only (a program's loop thread).
 *
 * All failures that the input can cause are ERR_REJECT with the refusal
 * code (enum ev_refusal_code) in err.code and a text that begins with the
 * path of the field.
 */
#ifndef CERTFLOW_AVRO_AVRO_CODEC_H
#define CERTFLOW_AVRO_AVRO_CODEC_H

#include "event/event.h"

#define AVRO_SCHEMA_TEXT_MAX (64u * 1024) /* octets of a writer schema     */
#define AVRO_SCHEMA_NODES_MAX 2000u       /* types, named ones each time   */
#define AVRO_DEPTH_MAX 16u                /* records, arrays, unions within */
#define AVRO_FIELDS_MAX 64u               /* top-level fields of an event  */
#define AVRO_VALUES_MAX 16384u            /* values in one body            */

/* A compiled writer schema: what a body was, or will be, encoded with. */
struct avro_writer;

/* Octets of each top-level field within a body, in the schema's order. */
struct avro_spans {
	size_t count;
	struct {
		const char *name; /* lives as long as the writer */
		struct bytes span;
	} field[AVRO_FIELDS_MAX];
};

/**
 * Compile the text of a schema, original or from a registry: a record of
 * our name space without recursion, within the caps above, and with `meta`
 * first if it is an event.  Release with avro_writer_release().
 */
bool avro_writer_new(const char *schema_text, size_t len,
		     struct avro_writer **out, struct err *e) MUST_CHECK;

/* (avro-c itself exports a function named avro_writer_free.) NULL is fine. */
void avro_writer_release(struct avro_writer *w);
DEFINE_AUTO(avro_writer, struct avro_writer *, avro_writer_release);

/** EVENT_NONE if this program does not know the record. */
enum event_type avro_writer_type(const struct avro_writer *w);

/** Name of the record without name space; lives as long as w. */
const char *avro_writer_name(const struct avro_writer *w);

/**
 * Is body exactly one value of the schema, within the budgets?
 * @param spans filled on success; may be NULL
 */
bool avro_validate(const struct avro_writer *w, struct bytes body,
		   struct avro_spans *spans, struct err *e) MUST_CHECK;

/** Span of a top-level field; .data is NULL if there is none. */
struct bytes avro_span(const struct avro_spans *spans, const char *field);

/** The octets whose SHA-256 is submission_sha256. */
static inline struct bytes
event_submission_span(const struct avro_spans *spans)
{
	return avro_span(spans, "submission");
}

/** Everything behind `meta`: copied unchanged when meta is encoded anew. */
struct bytes avro_after_meta(const struct avro_spans *spans, struct bytes body);

/**
 * Validate and decode. Fields that the writer adds are ignored, symbols
 * that we do not know become UNKNOWN, fields that it lacks get our default
 * or are an error. Caps and UNKNOWN are left to event_check().
 * @param schema_id noted in the event
 * @param out owned by the caller: event_free()
 */
bool avro_decode(const struct avro_writer *w, struct bytes body,
		 int32_t schema_id, struct event **out, struct err *e)
	MUST_CHECK;

/**
 * Decode the octets of a Submission alone, as IssuanceOrdered carries them.
 * @param w writer of the RequestSubmitted that they were cut from
 * @param out EVENT_REQUEST_SUBMITTED whose meta is empty: event_free()
 */
bool avro_decode_submission(const struct avro_writer *w, struct bytes span,
			    struct event **out, struct err *e) MUST_CHECK;

/**
 * Append the encoding of ev to out. A field that only the schema knows is
 * written as null, or is an error if it cannot be null; so is a symbol
 * that the schema lacks. out is unchanged on failure.
 */
bool avro_encode(const struct avro_writer *w, const struct event *ev,
		 struct buffer *out, struct err *e) MUST_CHECK;

/** Append the encoding of meta alone, by w's type of the field meta. */
bool avro_encode_meta(const struct avro_writer *w, const struct ev_meta *meta,
		      struct buffer *out, struct err *e) MUST_CHECK;

#endif
