/*
 * Input: one octet, the inbox for which the rest is published: JSON as
 * people write it. What is taken must be written as the same, and an event
 * that passes its checks must travel through Avro unchanged.
 */
#include <string.h>

#include "avro/avro_codec.h"
#include "event/event_json.h"
#include "fuzz.h"
#include "publish/document.h"

static void
through_avro(const struct event *ev)
{
	const char *text = event_schema_text(ev->type);
	AUTO(avro_writer) struct avro_writer *w = NULL;
	AUTO(buffer) struct buffer body = { 0 }, again = { 0 };
	AUTO(event) struct event *copy = NULL;
	struct err e;

	if (!event_check(ev, &e)) {
		require(e.kind == ERR_REJECT && e.text[0] != '\0');
		return;
	}
	require(avro_writer_new(text, strlen(text), &w, &e));
	require(avro_encode(w, ev, &body, &e));
	if (!avro_decode(w, buffer_view(&body), 1, &copy, &e)) {
		/* Only the budgets of one body may still say no. */
		require(e.kind == ERR_REJECT);
		return;
	}
	require(avro_encode(w, copy, &again, &e));
	require(bytes_equal(buffer_view(&body), buffer_view(&again)));
}

static void
publish(const json_t *document)
{
	AUTO(event) struct event *ev = NULL, *copy = NULL;
	AUTO(json) json_t *json = NULL, *again = NULL;
	struct err e = { 0 };

	if (!event_from_json(document, &ev, &e)) {
		require(e.kind == ERR_REJECT && e.text[0] != '\0');
		return;
	}
	if (event_to_json(ev, &json, &e)) {
		require(event_from_json(json, &copy, &e));
		require(event_to_json(copy, &again, &e));
		require(json_equal(json, again));
	}
	through_avro(ev);
}

static void
personal(json_t *document)
{
	char ref[UUID_TEXT_MAX] = "";
	uint8_t id[UUID_LEN];
	struct err e = { 0 };

	if (!document_fill_personal(document, ref, &e)) {
		require(e.kind == ERR_REJECT && e.text[0] != '\0');
		return;
	}
	require(uuid_parse(ref, id));
	require(json_object_get(document, "personal_ref") == NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(json) json_t *document = NULL;
	json_error_t why;
	struct err e = { 0 };

	if (size == 0 || data[0] > INBOX__COUNT)
		return 0;
	document = json_loadb((const char *)data + 1, size - 1,
			      JSON_REJECT_DUPLICATES, &why);
	if (document == NULL)
		return 0;
	if (data[0] == INBOX__COUNT) {
		personal(document);
		publish(document);
		return 0;
	}
	if (!document_fill_meta(document, (enum event_inbox)data[0], "kh-1",
				&e))
		require(e.kind == ERR_REJECT || e.kind == ERR_FATAL);
	else
		publish(document);
	return 0;
}
