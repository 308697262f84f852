/*
 * Input: one octet, then
 *   0      a writer schema, a zero octet, a body of it
 *   n > 0  a body of event type n
 * What is decoded must encode, and read again, as the same.
 */
#include <string.h>

#include "avro/avro_codec.h"
#include "event/event_json.h"
#include "fuzz.h"

static void
through_json(const struct avro_writer *w, const struct event *ev,
	     const struct buffer *body)
{
	AUTO(json) json_t *json = NULL;
	AUTO(event) struct event *copy = NULL;
	AUTO(buffer) struct buffer again = { 0 };
	struct err e;

	if (!event_check(ev, &e)) /* years beyond 9999 have no JSON form */
		return;
	require(event_to_json(ev, &json, &e));
	require(event_from_json(json, &copy, &e));
	require(avro_encode(w, copy, &again, &e));
	require(bytes_equal(buffer_view(body), buffer_view(&again)));
}

/* Our own schema: decode, encode, decode, encode. */
static void
round_trip(enum event_type type, struct bytes body)
{
	const char *text = event_schema_text(type);
	AUTO(avro_writer) struct avro_writer *w = NULL;
	AUTO(event) struct event *ev = NULL, *copy = NULL;
	AUTO(buffer) struct buffer first = { 0 }, second = { 0 };
	struct err e;

	require(avro_writer_new(text, strlen(text), &w, &e));
	if (!avro_decode(w, body, 1, &ev, &e)) {
		require(e.kind == ERR_REJECT);
		return;
	}
	require(avro_encode(w, ev, &first, &e));
	require(avro_decode(w, buffer_view(&first), 1, &copy, &e));
	require(avro_encode(w, copy, &second, &e));
	require(bytes_equal(buffer_view(&first), buffer_view(&second)));
	through_json(w, ev, &first);
}

static void
foreign(const uint8_t *data, size_t size)
{
	const uint8_t *end = memchr(data, '\0', size);
	size_t len = end == NULL ? size : (size_t)(end - data);
	AUTO(avro_writer) struct avro_writer *w = NULL;
	AUTO(event) struct event *ev = NULL;
	struct bytes body = bytes_of(data + len, size - len);
	struct err e;

	if (!avro_writer_new((const char *)data, len, &w, &e))
		return;
	if (end != NULL)
		body = bytes_of(end + 1, body.len - 1);
	if (!avro_decode(w, body, 1, &ev, &e))
		require(e.kind == ERR_REJECT);
	else if (!event_check(ev, &e))
		require(e.kind == ERR_REJECT && e.text[0] != '\0');
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	if (data[0] == 0)
		foreign(data + 1, size - 1);
	else if (data[0] < EVENT__COUNT)
		round_trip((enum event_type)data[0],
			   bytes_of(data + 1, size - 1));
	return 0;
}
