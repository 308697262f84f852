/* Every event there and back, and everything that is not quite an event. */
#include <criterion/criterion.h>
#include <string.h>

#include "avro/wire.h"
#include "sample.h"

static void
encode(const struct avro_writer *w, const struct event *ev, struct buffer *out)
{
	struct err e;

	out->len = 0;
	cr_assert(avro_encode(w, ev, out, &e), "%s", e.text);
}

static void
there_and_back(enum event_type type, bool full)
{
	AUTO(event) struct event *ev = sample_event(type, full);
	AUTO(event) struct event *copy = NULL;
	AUTO(avro_writer) struct avro_writer *w = sample_writer(type);
	AUTO(buffer) struct buffer first = { 0 }, second = { 0 };
	struct err e = { 0 };

	cr_assert(event_check(ev, &e), "%s", e.text);
	encode(w, ev, &first);
	cr_assert(avro_decode(w, buffer_view(&first), 42, &copy, &e), "%s: %s",
		  event_type_name(type), e.text);
	cr_assert_eq(copy->type, type);
	cr_assert_eq(copy->schema_id, 42);
	cr_assert(event_check(copy, &e), "%s", e.text);
	encode(w, copy, &second);
	cr_assert(bytes_equal(buffer_view(&first), buffer_view(&second)), "%s",
		  event_type_name(type));
}

Test(codec, every_event_there_and_back)
{
	for (unsigned t = EVENT_NONE + 1; t < EVENT__COUNT; t++) {
		there_and_back((enum event_type)t, true);
		there_and_back((enum event_type)t, false);
	}
}

static void
expect_reject(const struct avro_writer *w, struct bytes body, const char *what)
{
	struct event *ev = NULL;
	struct err e = { 0 };

	cr_assert_not(avro_decode(w, body, 1, &ev, &e), "%s accepted", what);
	cr_assert_eq(e.kind, ERR_REJECT, "%s: %s", what, e.text);
	cr_assert_eq(e.code, EV_REFUSAL_CODE_BODY_INVALID, "%s", e.text);
}

Test(codec, truncated_anywhere_and_trailing_octets)
{
	for (unsigned t = EVENT_NONE + 1; t < EVENT__COUNT; t++) {
		AUTO(avro_writer)
		struct avro_writer *w = sample_writer((enum event_type)t);
		AUTO(buffer) struct buffer body = { 0 };
		struct err e;

		sample_body((enum event_type)t, true, &body);
		for (size_t n = 0; n < body.len; n++) {
			/* A copy of its own: a read beyond it is an error. */
			AUTO(ptr) void *cut = malloc(n > 0 ? n : 1);

			memcpy(cut, body.data, n);
			expect_reject(w, bytes_of(cut, n),
				      event_type_name((enum event_type)t));
		}
		cr_assert(buffer_add(&body, "", 1, &e));
		expect_reject(w, buffer_view(&body), "trailing octet");
	}
}

/* The field that a reject names is part of the contract. */
static void
expect_reason(const char *schema, const char *body, size_t len,
	      const char *reason)
{
	AUTO(avro_writer) struct avro_writer *w = NULL;
	AUTO(ptr) void *copy = malloc(len > 0 ? len : 1);
	struct err e = { 0 };

	cr_assert(avro_writer_new(schema, strlen(schema), &w, &e), "%s",
		  e.text);
	memcpy(copy, body, len);
	cr_assert_not(avro_validate(w, bytes_of(copy, len), NULL, &e), "%s",
		      reason);
	cr_assert_eq(e.kind, ERR_REJECT);
	cr_assert_str_eq(e.text, reason);
}

#define RECORD(fields)                                                         \
	"{\"type\":\"record\",\"name\":\"Odd\",\"namespace\":\"certflow.v1\"," \
	"\"fields\":[" fields "]}"
#define FIELD(type) RECORD("{\"name\":\"f\",\"type\":" type "}")
#define REASON(schema, body, reason)                                           \
	expect_reason(schema, body, sizeof(body) - 1, reason)

Test(codec, hostile_scalars)
{
	const char *an_enum = FIELD("{\"type\":\"enum\",\"name\":\"E\","
				    "\"symbols\":[\"UNKNOWN\",\"A\"]}");

	REASON(an_enum, "\x04", "f: enum index out of range");
	REASON(an_enum, "\x01", "f: enum index out of range");
	REASON(FIELD("\"boolean\""), "\x07", "f: boolean is neither 0 nor 1");
	REASON(FIELD("\"string\""), "\x04\xc3(", "f: not well-formed UTF-8");
	REASON(FIELD("\"string\""),
	       "\x06"
	       "a\0b",
	       "f: not well-formed UTF-8");
	REASON(FIELD("\"string\""), "\x06\xed\xa0\x80",
	       "f: not well-formed UTF-8");
	REASON(FIELD("\"string\""), "\x01", "f: negative length");
	REASON(FIELD("\"bytes\""), "\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01",
	       "f: length exceeds the message");
	REASON(FIELD("\"int\""), "\x80\x80\x80\x80\x20", "f: int out of range");
	REASON(FIELD("\"long\""), "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x02",
	       "f: integer of more than 64 bits");
	REASON(FIELD("\"long\""),
	       "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01",
	       "f: integer of more than 64 bits");
	REASON(FIELD("\"long\""), "\x80\x00",
	       "f: integer is not in its shortest form");
	REASON(FIELD("[\"null\",\"int\"]"), "\x04",
	       "f: union index out of range");
	REASON(FIELD("[\"null\",\"int\"]"), "\x01",
	       "f: union index out of range");
	REASON(FIELD("\"int\""), "\x02\x02", "event: 1 octets too many");
}

Test(codec, hostile_arrays)
{
	const char *nulls = FIELD("{\"type\":\"array\",\"items\":\"null\"}");
	const char *ints = FIELD("{\"type\":\"array\",\"items\":\"int\"}");

	/* 2^40 items; of nulls, each of which takes no octet at all */
	REASON(ints, "\x80\x80\x80\x80\x80\x40\x00", "f: too many items");
	REASON(nulls, "\x80\x80\x80\x80\x80\x40\x00", "f: too many items");
	REASON(nulls, "\xfe\xff\x01\xfe\xff\x01\x00",
	       "f[16383]: too many values");
	/* a block of -2^62 items, and of INT64_MIN */
	REASON(nulls, "\xff\xff\xff\xff\xff\xff\xff\xff\x7f\x00\x00",
	       "f: too many items");
	REASON(nulls, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00\x00",
	       "f: too many items");
	REASON(ints, "\x01\x04\x02\x00", "f: block size is wrong");
	REASON(ints, "\x01\x7f\x02\x00", "f: block size exceeds the message");
	REASON(FIELD("{\"type\":\"map\",\"values\":\"int\"}"),
	       "\x02\x02\xff\x02\x00", "f[0]: not well-formed UTF-8");
}

Test(codec, blocks_with_size_are_read)
{
	const char *ints = FIELD("{\"type\":\"array\",\"items\":\"int\"}");
	AUTO(avro_writer) struct avro_writer *w = NULL;
	struct avro_spans spans;
	struct err e;

	cr_assert(avro_writer_new(ints, strlen(ints), &w, &e));
	cr_assert(avro_validate(w, bytes_of("\x03\x04\x02\x04\x02\x06\x00", 7),
				&spans, &e),
		  "%s", e.text);
	cr_assert_eq(avro_span(&spans, "f").len, 7);
	cr_assert_null(avro_span(&spans, "g").data);
}

static void
expect_bad_schema(const char *text)
{
	struct avro_writer *w = NULL;
	struct err e = { 0 };

	cr_assert_not(avro_writer_new(text, strlen(text), &w, &e), "%s", text);
	cr_assert_eq(e.kind, ERR_REJECT);
	cr_assert_eq(e.code, EV_REFUSAL_CODE_SCHEMA_UNKNOWN);
}

Test(codec, hostile_schemas)
{
	char deep[2000] = "";
	AUTO(str) char *huge = malloc(AVRO_SCHEMA_TEXT_MAX + 2);

	expect_bad_schema("");
	expect_bad_schema("{}");
	expect_bad_schema("[1,2");
	expect_bad_schema("\"string\"");
	expect_bad_schema("{\"type\":\"record\",\"name\":\"Odd\","
			  "\"namespace\":\"other\",\"fields\":[]}");
	expect_bad_schema(FIELD("[\"null\",\"Odd\"]")); /* recursive */
	expect_bad_schema(FIELD("{\"type\":\"array\",\"items\":\"Odd\"}"));
	expect_bad_schema(RECORD("{\"name\":\"a\",\"type\":\"int\"},"
				 "{\"name\":\"meta\",\"type\":\"int\"}"));
	expect_bad_schema(RECORD("{\"name\":\"meta\",\"type\":\"int\"}"));
	/* a type of the same name within itself; a type not defined */
	expect_bad_schema(FIELD(FIELD("\"int\"")));
	expect_bad_schema(FIELD("\"Meta\""));
	expect_bad_schema(FIELD("[\"null\",\"int\",\"int\"]"));
	expect_bad_schema(FIELD("[\"null\",[\"int\"]]"));
	expect_bad_schema(FIELD("{\"type\":\"enum\",\"name\":\"E\","
				"\"symbols\":[\"A\",\"A\"]}"));
	expect_bad_schema(FIELD("{\"type\":\"fixed\",\"name\":\"F\","
				"\"size\":-1}"));
	for (unsigned i = 0; i < AVRO_DEPTH_MAX + 1; i++)
		strcat(deep, "{\"type\":\"array\",\"items\":");
	strcat(deep, "\"int\"");
	for (unsigned i = 0; i < AVRO_DEPTH_MAX + 1; i++)
		strcat(deep, "}");
	AUTO(str) char *text = NULL;
	cr_assert(asprintf(&text, FIELD("%s"), deep) > 0);
	expect_bad_schema(text);
	memset(huge, ' ', AVRO_SCHEMA_TEXT_MAX + 1);
	huge[AVRO_SCHEMA_TEXT_MAX + 1] = '\0';
	memcpy(huge, FIELD("\"int\""), strlen(FIELD("\"int\"")));
	expect_bad_schema(huge);
}

/* Each record holds the one before twice: 2^14 types in 15 definitions. */
Test(codec, schema_that_doubles)
{
	AUTO(str) char *text = strdup(FIELD("\"int\""));
	const char *inner = "Odd";
	char name[2] = "A", inner_name[2] = "";
	struct avro_writer *w = NULL;
	struct err e = { 0 };

	for (int i = 0; i < 14; i++) {
		AUTO(str) char *old = text;
		char last[4];

		snprintf(last, sizeof(last), "%s", inner);
		cr_assert(asprintf(&text,
				   "{\"type\":\"record\",\"name\":\"%s\","
				   "\"namespace\":\"certflow.v1\",\"fields\":"
				   "[{\"name\":\"a\",\"type\":%s},"
				   "{\"name\":\"b\",\"type\":\"%s\"}]}",
				   name, old, last) > 0);
		name[0]++;
		inner_name[0] = (char)(name[0] - 1);
		inner = inner_name;
	}
	cr_assert_not(avro_writer_new(text, strlen(text), &w, &e));
	cr_assert_str_eq(e.text, "writer schema: too many types");
}

Test(codec, unknown_event_can_be_skipped_not_decoded)
{
	AUTO(avro_writer) struct avro_writer *w = NULL;
	struct event *ev;
	struct err e;

	cr_assert(avro_writer_new(FIELD("\"int\""), strlen(FIELD("\"int\"")),
				  &w, &e));
	cr_assert_eq(avro_writer_type(w), EVENT_NONE);
	cr_assert_str_eq(avro_writer_name(w), "Odd");
	cr_assert_not(avro_decode(w, bytes_of("\x02", 1), 1, &ev, &e));
	cr_assert_eq(e.code, EV_REFUSAL_CODE_SCHEMA_UNKNOWN);
}

Test(codec, body_above_the_cap)
{
	AUTO(avro_writer)
	struct avro_writer *w = sample_writer(EVENT_ENROLMENT_SAVED);
	AUTO(ptr) void *big = calloc(1, EVENT_LOG_MAX + 1);
	struct event *ev;
	struct err e;

	cr_assert_not(
		avro_decode(w, bytes_of(big, EVENT_LOG_MAX + 1), 1, &ev, &e));
	cr_assert_eq(e.code, EV_REFUSAL_CODE_TOO_LARGE);
}

Test(codec, only_meta_is_encoded_anew)
{
	AUTO(avro_writer)
	struct avro_writer *w = sample_writer(EVENT_REQUEST_SUBMITTED);
	AUTO(event)
	struct event *ev = sample_event(EVENT_REQUEST_SUBMITTED, true);
	AUTO(event) struct event *copy = NULL;
	AUTO(buffer) struct buffer body = { 0 }, log = { 0 };
	struct avro_spans spans, later;
	int64_t sequence = 77;
	struct err e = { 0 };

	encode(w, ev, &body);
	cr_assert(avro_validate(w, buffer_view(&body), &spans, &e));
	ev->meta.sequence = &sequence;
	cr_assert(avro_encode_meta(w, &ev->meta, &log, &e), "%s", e.text);
	struct bytes rest = avro_after_meta(&spans, buffer_view(&body));
	cr_assert(buffer_add(&log, rest.data, rest.len, &e));
	cr_assert(avro_decode(w, buffer_view(&log), 1, &copy, &e), "%s",
		  e.text);
	cr_assert_eq(*copy->meta.sequence, 77);
	cr_assert(avro_validate(w, buffer_view(&log), &later, &e));
	cr_assert(bytes_equal(event_submission_span(&spans),
			      event_submission_span(&later)));
}

Test(codec, submission_alone)
{
	AUTO(avro_writer)
	struct avro_writer *w = sample_writer(EVENT_REQUEST_SUBMITTED);
	AUTO(buffer) struct buffer body = { 0 };
	AUTO(event) struct event *ev = NULL;
	struct avro_spans spans;
	struct event *bad = NULL;
	struct bytes span;
	struct err e = { 0 };

	sample_body(EVENT_REQUEST_SUBMITTED, true, &body);
	cr_assert(avro_validate(w, buffer_view(&body), &spans, &e));
	span = event_submission_span(&spans);
	cr_assert(avro_decode_submission(w, span, &ev, &e), "%s", e.text);
	cr_assert_eq(ev->request_submitted.submission.dossier.count, 3);
	span.len--;
	cr_assert_not(avro_decode_submission(w, span, &bad, &e));
	cr_assert_eq(e.kind, ERR_REJECT);
}

Test(wire, frame)
{
	AUTO(buffer) struct buffer out = { 0 };
	struct bytes body;
	int32_t id;
	struct err e;

	cr_assert(wire_write(0x01020304, bytes_of("xy", 2), &out, &e));
	cr_assert(wire_parse(buffer_view(&out), &id, &body, &e));
	cr_assert_eq(id, 0x01020304);
	cr_assert(bytes_equal(body, bytes_of("xy", 2)));
	cr_assert_not(wire_parse(bytes_of("\0\0\0\0", 4), &id, &body, &e));
	cr_assert_not(wire_parse(bytes_of("\1\0\0\0\1", 5), &id, &body, &e));
	cr_assert_not(wire_parse(bytes_of("\0\0\0\0\0", 5), &id, &body, &e));
	cr_assert_not(wire_parse(bytes_of("\0\xff\0\0\0", 5), &id, &body, &e));
	cr_assert_eq(e.code, EV_REFUSAL_CODE_NOT_WIRE_FORMAT);
	cr_assert_not(wire_parse((struct bytes){ NULL, 0 }, &id, &body, &e));
}
