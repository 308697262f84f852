/*
 * topic_tool - what tests need and no program of ours would do: put any
 * octets under any key into any partition, and show what stands in a topic.
 *
 *   topic_tool encode         events as JSON, a line each -> {"hex": ...}
 *   topic_tool produce        {"topic", "partition", "key" | "key_hex",
 *                             "value_hex", "headers"}, a line each
 *                             -> {"topic", "partition", "offset"}
 *   topic_tool follow TOPIC   every record from the beginning on, a line
 *                             each, until killed
 *
 * CERTFLOW_KAFKA and CERTFLOW_REGISTRY say where.  An error is a line
 * {"error": ...}.
 */
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "event/event_json.h"
#include "kafka/admin.h"
#include "kafka/producer.h"
#include "kafka/reader.h"
#include "registry/schemas.h"

#define LINE_OCTETS_MAX (32u * 1024 * 1024)
#define VALUE_MAX (8u * 1024 * 1024)
#define SEND_MS 30000
#define PARTITIONS_MAX 256
#define HEADERS_MAX 16

struct tool {
	struct kafka_settings kafka;
	struct registry *registry;
	struct schemas *schemas;
	struct kafka_producer *producer;
};

static void
tool_free(struct tool *t)
{
	kafka_producer_close(t->producer);
	schemas_close(t->schemas);
	registry_close(t->registry);
}
DEFINE_AUTO_VALUE(tool, struct tool, tool_free);

/* One JSON value, one line, at once. Consumes j. */
static void
print_line(json_t *j)
{
	json_dumpf(j, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
	putchar('\n');
	fflush(stdout);
	json_decref(j);
}

static void
print_error(const char *text)
{
	print_line(json_pack("{s:s}", "error", text));
}

/* Hex of octets as a new JSON string. */
static json_t *
hex_json(struct bytes b)
{
	AUTO(str) char *text = malloc(2 * b.len + 1);

	if (text == NULL)
		return json_null();
	hex_encode(b, text);
	return json_string(text);
}

/* ---- encode ------------------------------------------------------------- */

static bool
encode(struct tool *t, const json_t *line, struct err *e)
{
	AUTO(event) struct event *ev = NULL;
	AUTO(buffer) struct buffer wire = { 0 };

	if (!event_from_json(line, &ev, e) ||
	    !schemas_encode(t->schemas, ev, &wire, e))
		return false;
	print_line(json_pack("{s:o}", "hex", hex_json(buffer_view(&wire))));
	return true;
}

/* ---- produce ------------------------------------------------------------ */

/* Octets from a member in hex, else from one in text; absent if neither. */
static bool
octets(const json_t *line, const char *hex_name, const char *text_name,
       struct buffer *out, struct bytes *view, struct err *e)
{
	const char *hex = json_string_value(json_object_get(line, hex_name));
	const char *text = NULL;
	size_t len = 0;

	*view = (struct bytes){ 0 };
	if (text_name != NULL)
		text = json_string_value(json_object_get(line, text_name));
	if (hex == NULL && text == NULL)
		return true;
	if (!buffer_reserve(out, VALUE_MAX, e))
		return false;
	if (text != NULL)
		*view = bytes_of_str(text);
	else if (!hex_decode(hex, out->data, VALUE_MAX, &len))
		return ERR_SET(e, ERR_REJECT, "tool", 0, "%s is not hex",
			       hex_name);
	else
		*view = bytes_of(out->data, len);
	return true;
}

static size_t
headers_of(const json_t *line, struct kafka_header *out)
{
	json_t *all = json_object_get(line, "headers");
	const char *name;
	json_t *value;
	size_t n = 0;

	json_object_foreach(all, name, value) if (n < HEADERS_MAX) out[n++] =
		(struct kafka_header){ name,
				       bytes_of_str(json_string_value(value)) };
	return n;
}

static bool
produce(struct tool *t, const json_t *line, struct err *e)
{
	AUTO(buffer) struct buffer key = { 0 };
	AUTO(buffer) struct buffer value = { 0 };
	struct kafka_header headers[HEADERS_MAX];
	struct kafka_record record = { .headers = headers };
	const json_t *partition = json_object_get(line, "partition");
	struct kafka_partition at = { 0 };

	record.topic = json_string_value(json_object_get(line, "topic"));
	if (record.topic == NULL)
		return ERR_SET(e, ERR_REJECT, "tool", 0, "topic is missing");
	record.partition = json_is_integer(partition)
				   ? (int32_t)json_integer_value(partition)
				   : KAFKA_PARTITION_BY_KEY;
	record.header_count = headers_of(line, headers);
	if (!octets(line, "key_hex", "key", &key, &record.key, e) ||
	    !octets(line, "value_hex", NULL, &value, &record.value, e) ||
	    !kafka_producer_send_wait(t->producer, &record, SEND_MS, &at, e))
		return false;
	print_line(json_pack("{s:s,s:i,s:I}", "topic", record.topic,
			     "partition", (int)at.partition, "offset",
			     (json_int_t)at.offset));
	return true;
}

/* ---- follow ------------------------------------------------------------- */

static json_t *
event_json(struct tool *t, struct bytes value)
{
	AUTO(event) struct event *ev = NULL;
	struct err e = { 0 };
	json_t *out = NULL;

	if (value.data == NULL ||
	    !schemas_decode(t->schemas, value, EVENT_LOG_MAX, &ev, &e) ||
	    !event_to_json(ev, &out, &e))
		return json_null();
	return out;
}

static void
show(struct tool *t, const struct kafka_message *m)
{
	json_t *headers = json_object();
	uint8_t digest[SHA256_LEN];

	for (size_t i = 0; i < m->header_count; i++)
		json_object_set_new(
			headers, m->headers[i].name,
			json_stringn((const char *)m->headers[i].value.data,
				     m->headers[i].value.len));
	sha256(m->value, digest);
	print_line(json_pack(
		"{s:s,s:i,s:I,s:o,s:I,s:o,s:o,s:o}", "topic", m->topic,
		"partition", (int)m->partition, "offset", (json_int_t)m->offset,
		"key_hex", m->key.data != NULL ? hex_json(m->key) : json_null(),
		"size", (json_int_t)m->value.len, "sha256",
		hex_json(bytes_of(digest, SHA256_LEN)), "headers", headers,
		"event", event_json(t, m->value)));
}

static bool
follow(struct tool *t, const char *topic, struct err *e)
{
	struct kafka_partition list[PARTITIONS_MAX];
	AUTO(kafka_admin) struct kafka_admin *admin = NULL;
	AUTO(kafka_reader) struct kafka_reader *reader = NULL;
	int32_t count = 0;

	if (!kafka_admin_open(&t->kafka, &admin, e) ||
	    !kafka_admin_partitions(admin, topic, SEND_MS, &count, e) ||
	    !kafka_reader_open(&t->kafka, &reader, e))
		return false;
	for (int32_t p = 0; p < count && p < PARTITIONS_MAX; p++)
		list[p] = (struct kafka_partition){ topic, p,
						    KAFKA_OFFSET_BEGINNING };
	if (!kafka_reader_follow(reader, list, (size_t)count, e))
		return false;
	for (;;) {
		AUTO(kafka_batch) struct kafka_batch *batch = NULL;

		if (!kafka_reader_poll(reader, 100, 1000, &batch, e)) {
			if (e->kind != ERR_RETRY)
				return false;
			continue;
		}
		for (size_t i = 0; i < kafka_batch_count(batch); i++)
			show(t, kafka_batch_at(batch, i));
	}
}

/* ---- main --------------------------------------------------------------- */

static bool
open_all(struct tool *t, struct err *e)
{
	const char *registry = getenv("CERTFLOW_REGISTRY");

	t->kafka = (struct kafka_settings){
		.bootstrap = getenv("CERTFLOW_KAFKA"),
		.client_id = "topic-tool",
	};
	if (t->kafka.bootstrap == NULL || registry == NULL)
		return ERR_SET(e, ERR_FATAL, "tool", 0,
			       "CERTFLOW_KAFKA or CERTFLOW_REGISTRY not set");
	return registry_open(&(struct registry_config){ .url = registry,
							.timeout_ms = 5000 },
			     &t->registry, e) &&
	       schemas_open(t->registry, &t->schemas, e) &&
	       kafka_producer_open(&t->kafka, SEND_MS, &t->producer, e);
}

static void
each_line(struct tool *t,
	  bool (*work)(struct tool *, const json_t *, struct err *))
{
	AUTO(str) char *text = NULL;
	size_t size = 0;

	while (getline(&text, &size, stdin) > 0) {
		AUTO(json) json_t *line = json_loads(text, 0, NULL);
		struct err e = { 0 };

		if (size > LINE_OCTETS_MAX || line == NULL)
			print_error("not a line of JSON");
		else if (!work(t, line, &e))
			print_error(e.text);
	}
}

int
main(int argc, char *argv[])
{
	AUTO(tool) struct tool t = { 0 };
	struct err e = { 0 };

	if (argc < 2 || !open_all(&t, &e)) {
		print_error(argc < 2 ? "encode, produce or follow?" : e.text);
		return 2;
	}
	if (strcmp(argv[1], "encode") == 0)
		each_line(&t, encode);
	else if (strcmp(argv[1], "produce") == 0)
		each_line(&t, produce);
	else if (strcmp(argv[1], "follow") != 0 || argc != 3 ||
		 !follow(&t, argv[2], &e)) {
		print_error(e.text);
		return 2;
	}
	return 0;
}
