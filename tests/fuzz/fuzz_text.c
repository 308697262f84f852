/*
 * Input: one octet that says what the text behind it is:
 *   0  a tax code as people type it      1  a name of a customer
 *   2  certflow-source                   3  a time      4  a day
 *   5  a UUID                            6  hexadecimal
 *   7  a duration of a configuration
 * What is read must write as the same, and read again.
 */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/config_value.h"
#include "base/text.h"
#include "base/uuid.h"
#include "fuzz.h"
#include "kafka/kafka.h"
#include "workflow/name.h"
#include "workflow/tax_code.h"

static void
tax_code(const char *text)
{
	char canonical[TAX_CODE_MAX], again[TAX_CODE_MAX];
	enum tax_code_verdict v = tax_code_read(text, canonical);
	bool read = v == TAX_CODE_VALID || v == TAX_CODE_LENIENT;

	require(read == (canonical[0] != '\0'));
	require(tax_code_is_canonical(text) ==
		(v == TAX_CODE_VALID && strcmp(text, canonical) == 0));
	if (!read)
		return;
	require(tax_code_read(canonical, again) == TAX_CODE_VALID);
	require(strcmp(canonical, again) == 0);
	require(tax_code_is_canonical(canonical));
	require(tax_code_is_branch(canonical) == (strlen(canonical) == 14));
}

static void
name(const char *text)
{
	AUTO(arena) struct arena *a = NULL;
	struct wf_refusal r = { 0 };
	const char *proposal, *again;
	struct err e;

	if (!text_is_utf8(text, strlen(text)))
		return; /* decoding refuses it before any rule sees it */
	require(arena_new(1u << 20, &a, &e));
	if (!name_check(text, "name", &r)) {
		require(r.code != EV_REFUSAL_CODE_UNKNOWN);
		return;
	}
	require(text_is_nfc(text) && text_forbidden_in_name(text) == 0);
	require(name_fits(text) == (text_chars(text) <= NAME_CERTIFICATE_MAX));
	proposal = name_propose(a, text);
	require(proposal != NULL && text_is_utf8(proposal, strlen(proposal)));
	require(text_chars(proposal) <= text_chars(text));
	require(!name_fits(text) || strcmp(proposal, text) == 0);
	again = name_propose(a, proposal);
	require(again != NULL &&
		(!name_fits(proposal) || strcmp(again, proposal) == 0));
}

static void
source(const char *text)
{
	char topic[250], out[KAFKA_SOURCE_TEXT_MAX], topic2[250];
	int32_t partition, partition2;
	int64_t offset, offset2;

	if (!kafka_source_parse(text, topic, sizeof(topic), &partition,
				&offset))
		return;
	require(partition >= 0 && offset >= 0 && topic[0] != '\0');
	kafka_source_format(topic, partition, offset, out);
	require(kafka_source_parse(out, topic2, sizeof(topic2), &partition2,
				   &offset2));
	require(strcmp(topic, topic2) == 0 && partition == partition2 &&
		offset == offset2);
}

/* The other way round: whatever is written can be read. */
static void
source_of(const uint8_t *data, size_t size)
{
	char topic[250], out[KAFKA_SOURCE_TEXT_MAX];
	int32_t partition = 0, p;
	int64_t offset = 0, o;

	memcpy(&partition, data, size < 4 ? size : 4);
	if (size > 4)
		memcpy(&offset, data + 4, size - 4 < 8 ? size - 4 : 8);
	partition &= INT32_MAX;
	offset &= INT64_MAX;
	kafka_source_format("certflow.inbox.officer", partition, offset, out);
	require(kafka_source_parse(out, topic, sizeof(topic), &p, &o) &&
		p == partition && o == offset);
}

static void
time_of_day(const char *text)
{
	char out[CLOCK_TEXT_MAX];
	int64_t us, again;

	if (!clock_parse(text, &us))
		return;
	require(clock_parse(clock_format(us, out), &again) && us == again);
}

static void
day(const char *text)
{
	char out[CLOCK_TEXT_MAX];
	int32_t days, again;

	if (!clock_parse_date(text, &days))
		return;
	require(clock_parse_date(clock_format_date(days, out), &again));
	require(days == again && strcmp(text, out) == 0);
}

static void
uuid(const char *text)
{
	char out[UUID_TEXT_MAX], derived[UUID_TEXT_MAX];
	uint8_t id[UUID_LEN];

	require(uuid_parse(text, id) == uuid_v5(text, "x", derived));
	if (!uuid_parse(text, id))
		return;
	require(strcmp(uuid_format(id, out), text) == 0);
	require(uuid_parse(derived, id));
}

static void
hexadecimal(const char *text)
{
	uint8_t octets[128];
	char out[2 * sizeof(octets) + 1];
	size_t len;

	if (!hex_decode(text, octets, sizeof(octets), &len))
		return;
	hex_encode(bytes_of(octets, len), out);
	require(strcasecmp(out, text) == 0);
}

static void
duration(const char *text)
{
	int64_t ms;

	if (config_parse_duration(text, &ms))
		require(ms >= 0 && ms <= INT64_MAX / 1000);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const kinds[])(
		const char *text) = { tax_code, name, source,      time_of_day,
				      day,      uuid, hexadecimal, duration };
	char *text;

	if (size == 0 || data[0] >= sizeof(kinds) / sizeof(kinds[0]))
		return 0;
	if (data[0] == 2)
		source_of(data + 1, size - 1);
	text = strndup((const char *)data + 1, size - 1);
	require(text != NULL);
	kinds[data[0]](text);
	free(text);
	return 0;
}
