#include <criterion/criterion.h>
#include <string.h>

#include "kafka/dead_letter.h"
#include "kafka/topics.h"

static const struct kafka_header headers[] = {
	{ "ce_type", { (const uint8_t *)"first", 5 } },
	{ "ce_type", { (const uint8_t *)"second", 6 } },
	{ "null", { NULL, 0 } },
	{ "nul", { (const uint8_t *)"a\0b", 3 } },
	{ KAFKA_HEADER_REASON, { (const uint8_t *)"forged", 6 } },
};

static const struct kafka_message message = {
	.topic = "certflow.inbox.officer",
	.partition = 3,
	.offset = 17,
	.key = { (const uint8_t *)"k", 1 },
	.value = { (const uint8_t *)"v", 1 },
	.headers = headers,
	.header_count = 5,
};

Test(message, last_header_of_a_name_counts)
{
	char text[16];

	cr_assert(kafka_header_text(&message, "ce_type", text, sizeof(text)));
	cr_expect_str_eq(text, "second");
	cr_expect(kafka_header_is(&message, "ce_type", "second"));
	cr_expect_not(kafka_header_is(&message, "ce_type", "first"));
	cr_expect_null(kafka_header_find(&message, "absent"));
}

Test(message, header_text_refuses_what_is_no_text)
{
	char text[16];

	cr_expect_not(kafka_header_text(&message, "absent", text, 16));
	cr_expect_not(kafka_header_text(&message, "null", text, 16));
	cr_expect_not(kafka_header_text(&message, "nul", text, 16));
	cr_expect_not(kafka_header_text(&message, "ce_type", text, 6));
	cr_expect(kafka_header_text(&message, "ce_type", text, 7));
}

Test(message, source_round_trip)
{
	char text[KAFKA_SOURCE_TEXT_MAX], topic[250];
	int32_t partition;
	int64_t offset;

	kafka_source_format("certflow.events", 11, INT64_C(1234567890123),
			    text);
	cr_expect_str_eq(text, "certflow.events/11/1234567890123");
	cr_assert(kafka_source_parse(text, topic, sizeof(topic), &partition,
				     &offset));
	cr_expect_str_eq(topic, "certflow.events");
	cr_expect_eq(partition, 11);
	cr_expect_eq(offset, INT64_C(1234567890123));
}

Test(message, source_refuses_nonsense)
{
	static const char *const bad[] = {
		"",
		"/",
		"//",
		"t/1",
		"t/1/",
		"t//1",
		"/1/1",
		"t/-1/1",
		"t/1/-1",
		"t/1/1x",
		"t/1/ 1",
		"t/1/1/1",
		"t/99999999999/1",
		"t/1/99999999999999999999",
		"a-long-topic-name/1/1",
	};
	char topic[16];
	int32_t partition;
	int64_t offset;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_expect_not(kafka_source_parse(bad[i], topic, sizeof(topic),
						 &partition, &offset),
			      "%s", bad[i]);
}

Test(dead_letter, keeps_bytes_and_says_why)
{
	struct kafka_dead_letter d;
	struct kafka_message made;

	kafka_dead_letter_fill(&d, &message, "BODY_INVALID", "meta: short");
	cr_expect_str_eq(d.record.topic, KAFKA_TOPIC_DEAD_LETTERS);
	cr_expect(bytes_equal(d.record.key, message.key));
	cr_expect(bytes_equal(d.record.value, message.value));
	made = (struct kafka_message){ .headers = d.record.headers,
				       .header_count = d.record.header_count };
	cr_expect(kafka_header_is(&made, KAFKA_HEADER_SOURCE,
				  "certflow.inbox.officer/3/17"));
	cr_expect(kafka_header_is(&made, KAFKA_HEADER_DETAIL, "meta: short"));
	/* the sender's own header of that name does not hide ours */
	cr_expect(kafka_header_is(&made, KAFKA_HEADER_REASON, "BODY_INVALID"));
	cr_expect(kafka_header_is(&made, "ce_type", "second"));
	cr_expect_eq(d.record.header_count, 3 + 4);
}
