#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <string.h>

#include "avro/wire.h"
#include "kafka/dead_letter.h"
#include "kafka/murmur2.h"
#include "kafka/topics.h"
#include "registrar/intake.h"

#define TAX_CODE "0199000112"
#define ID_SAVED 1
#define ID_OUTCOME 2
#define ID_AWAY 3
#define PARTITIONS 12

/* A registry that nobody answers for; this is where texts come from. */
static bool
find(void *self, int32_t id, struct buffer *text, struct err *e)
{
	const char *known = id == ID_SAVED
				    ? event_schema_text(EVENT_ENROLMENT_SAVED)
				    : event_schema_text(EVENT_OUTCOME);

	(void)self;
	if (id == ID_AWAY)
		return ERR_SET(e, ERR_RETRY, "test", 0, "away");
	return buffer_add(text, known, strlen(known), e);
}

struct bench {
	struct registry *registry;
	struct schemas *schemas;
	struct buffer wire; /* EnrolmentSaved of TAX_CODE */
	struct kafka_message message;
	struct kafka_header header;
};

static void
bench_free(struct bench *b)
{
	buffer_free(&b->wire);
	schemas_close(b->schemas);
	registry_close(b->registry);
}
DEFINE_AUTO_VALUE(bench, struct bench, bench_free);

static void
encode(struct bench *b, const char *tax_code)
{
	struct event ev = {
		.type = EVENT_ENROLMENT_SAVED,
		.enrolment_saved = {
			.meta = { .event_id =
				  "6f1f0c1e-6b0a-4c55-9d0f-2f6f7a3c1b11",
				  .tax_code = tax_code,
				  .actor = { "kh-1",
					     EV_ACTOR_ROLE_SUBSCRIBER } },
			.enrolment_id = "6f1f0c1e-6b0a-4c55-9d0f-2f6f7a3c1b12",
		},
	};
	const char *text = event_schema_text(ev.type);
	AUTO(avro_writer) struct avro_writer *w = NULL;
	AUTO(buffer) struct buffer body = { 0 };
	struct err e = { 0 };

	cr_assert(avro_writer_new(text, strlen(text), &w, &e), "%s", e.text);
	cr_assert(avro_encode(w, &ev, &body, &e), "%s", e.text);
	buffer_free(&b->wire);
	cr_assert(wire_write(ID_SAVED, buffer_view(&body), &b->wire, &e));
}

static void
bench_open(struct bench *b)
{
	struct err e = { 0 };
	struct bytes key = bytes_of_str(TAX_CODE);

	cr_assert(registry_open(
		&(struct registry_config){ .url = "http://127.0.0.1:1",
					   .timeout_ms = 200,
					   .find = find },
		&b->registry, &e));
	cr_assert(schemas_open(b->registry, &b->schemas, &e));
	encode(b, TAX_CODE);
	b->message = (struct kafka_message){
		.topic = KAFKA_TOPIC_INBOX_EINVOICE,
		.partition = kafka_partition_of(key, PARTITIONS),
		.offset = 7,
		.key = key,
		.value = buffer_view(&b->wire),
	};
}

static bool
run(struct bench *b, struct intake *out, struct err *e)
{
	return intake_open(b->schemas, &b->message, PARTITIONS, out, e);
}

static void
expect_refused(struct bench *b, enum ev_refusal_code code)
{
	AUTO(intake) struct intake it = { 0 };
	struct err e = { 0 };

	cr_assert(run(b, &it, &e), "%s", e.text);
	cr_expect_eq(it.kind, INTAKE_UNREADABLE);
	cr_expect_str_eq(ev_refusal_code_name(it.why.code),
			 ev_refusal_code_name(code));
	cr_expect_neq(it.detail[0], '\0');
}

Test(intake, a_good_message)
{
	AUTO(bench) struct bench b = { 0 };
	AUTO(intake) struct intake it = { 0 };
	struct err e = { 0 };

	bench_open(&b);
	cr_assert(run(&b, &it, &e), "%s", e.text);
	cr_expect_eq(it.kind, INTAKE_EVENT);
	cr_expect_eq(it.in.inbox, INBOX_EINVOICE);
	cr_expect_str_eq(it.key, TAX_CODE);
	cr_expect_str_eq(it.event_id, it.event->meta.event_id);
	cr_expect_eq(it.source.offset, 7);
	cr_expect_eq(it.after_meta.len, 37); /* the enrolment's id */
	cr_expect(bytes_equal(it.in.payload, b.message.value));
}

Test(intake, every_truncation_is_refused)
{
	AUTO(bench) struct bench b = { 0 };

	bench_open(&b);
	for (size_t len = 0; len < b.wire.len; len++) {
		b.message.value = bytes_of(b.wire.data, len);
		expect_refused(&b, len < WIRE_HEADER_LEN
					   ? EV_REFUSAL_CODE_NOT_WIRE_FORMAT
					   : EV_REFUSAL_CODE_BODY_INVALID);
	}
}

Test(intake, too_large_is_said_before_anything_is_read)
{
	AUTO(bench) struct bench b = { 0 };
	static uint8_t large[EVENT_INBOX_MAX + 1];

	bench_open(&b);
	b.message.value = bytes_of(large, sizeof(large));
	expect_refused(&b, EV_REFUSAL_CODE_TOO_LARGE);
}

Test(intake, a_schema_that_no_inbox_carries)
{
	AUTO(bench) struct bench b = { 0 };

	bench_open(&b);
	b.wire.data[4] = ID_OUTCOME;
	expect_refused(&b, EV_REFUSAL_CODE_SCHEMA_UNKNOWN);
}

Test(intake, a_registry_that_is_away_is_waited_for)
{
	AUTO(bench) struct bench b = { 0 };
	struct intake it = { 0 };
	struct err e = { 0 };

	bench_open(&b);
	b.wire.data[4] = ID_AWAY;
	cr_assert_not(run(&b, &it, &e));
	cr_expect_eq(e.kind, ERR_RETRY);
}

Test(intake, keys)
{
	AUTO(bench) struct bench b = { 0 };

	bench_open(&b);
	b.message.key = (struct bytes){ 0 };
	expect_refused(&b, EV_REFUSAL_CODE_RECORD_KEY_MISSING);
	b.message.key = bytes_of_str("0199000113");
	expect_refused(&b, EV_REFUSAL_CODE_RECORD_KEY_MISMATCH);
	encode(&b, "0199000113"); /* check digit */
	b.message.value = buffer_view(&b.wire);
	expect_refused(&b, EV_REFUSAL_CODE_TAX_CODE_INVALID);
}

Test(intake, a_wrong_partition_is_sent_on_once)
{
	AUTO(bench) struct bench b = { 0 };
	AUTO(intake) struct intake it = { 0 };
	struct err e = { 0 };

	bench_open(&b);
	b.message.partition = (b.message.partition + 1) % PARTITIONS;
	cr_assert(run(&b, &it, &e));
	cr_expect_eq(it.kind, INTAKE_MISPLACED);
	b.message.topic = KAFKA_TOPIC_INBOX_MISROUTED;
	b.header = (struct kafka_header){
		KAFKA_HEADER_SOURCE,
		bytes_of_str("certflow.inbox.officer/2/9")
	};
	b.message.headers = &b.header;
	b.message.header_count = 1;
	expect_refused(&b, EV_REFUSAL_CODE_RECORD_KEY_MISMATCH);
}

Test(intake, a_message_sent_on_keeps_its_first_place)
{
	AUTO(bench) struct bench b = { 0 };
	AUTO(intake) struct intake it = { 0 };
	struct err e = { 0 };

	bench_open(&b);
	b.message.topic = KAFKA_TOPIC_INBOX_MISROUTED;
	expect_refused(&b, EV_REFUSAL_CODE_ROLE);
	b.header = (struct kafka_header){
		KAFKA_HEADER_SOURCE,
		bytes_of_str("certflow.inbox.officer/2/9")
	};
	b.message.headers = &b.header;
	b.message.header_count = 1;
	cr_assert(run(&b, &it, &e), "%s", e.text);
	cr_expect_eq(it.kind, INTAKE_EVENT);
	cr_expect_eq(it.in.inbox, INBOX_OFFICER);
	cr_expect_str_eq(it.source.topic, "certflow.inbox.officer");
	cr_expect_eq(it.source.partition, 2);
	cr_expect_eq(it.source.offset, 9);
}
