/* Messages and batches of them; headers; source positions as text. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "kafka/client.h"

struct kafka_batch {
	size_t max;
	size_t count;
	size_t octets;
	rd_kafka_message_t **raw;
	struct kafka_message *items;
	struct kafka_header *headers; /* of all items, one after another */
};

bool
kafka_batch_new(size_t max, struct kafka_batch **out, struct err *e)
{
	AUTO(kafka_batch) struct kafka_batch *b = calloc(1, sizeof(*b));

	if (b == NULL)
		return ERR_NO_MEMORY(e);
	b->max = max;
	b->raw = calloc(max, sizeof(void *));
	if (b->raw == NULL)
		return ERR_NO_MEMORY(e);
	*out = TAKE(b);
	return true;
}

void
kafka_batch_add(struct kafka_batch *b, rd_kafka_message_t *m)
{
	b->raw[b->count++] = m;
	b->octets += m->len;
}

bool
kafka_batch_full(const struct kafka_batch *b)
{
	return b->count == b->max || b->octets >= KAFKA_BATCH_OCTETS;
}

void
kafka_batch_clear(struct kafka_batch *b)
{
	while (b->count > 0)
		rd_kafka_message_destroy(b->raw[--b->count]);
	b->octets = 0;
}

static size_t
header_count(const rd_kafka_message_t *m)
{
	rd_kafka_headers_t *h;
	size_t n;

	if (rd_kafka_message_headers(m, &h) != RD_KAFKA_RESP_ERR_NO_ERROR)
		return 0;
	n = rd_kafka_header_cnt(h);
	return n < KAFKA_HEADERS_MAX ? n : KAFKA_HEADERS_MAX;
}

static void
fill_headers(const rd_kafka_message_t *m, struct kafka_header *to, size_t n)
{
	rd_kafka_headers_t *h;

	if (n == 0 ||
	    rd_kafka_message_headers(m, &h) != RD_KAFKA_RESP_ERR_NO_ERROR)
		return;
	for (size_t i = 0; i < n; i++) {
		const void *data = NULL;
		size_t len = 0;

		(void)rd_kafka_header_get_all(h, i, &to[i].name, &data, &len);
		to[i].value = bytes_of(data, len);
	}
}

static void
fill(struct kafka_message *to, const rd_kafka_message_t *m)
{
	rd_kafka_timestamp_type_t type;
	int64_t ms = rd_kafka_message_timestamp(m, &type);

	*to = (struct kafka_message){
		.topic = rd_kafka_topic_name(m->rkt),
		.partition = m->partition,
		.offset = m->offset,
		.timestamp_us = ms > 0 ? ms * 1000 : 0,
		.key = bytes_of(m->key, m->key == NULL ? 0 : m->key_len),
		.value = bytes_of(m->payload, m->payload == NULL ? 0 : m->len),
	};
}

bool
kafka_batch_seal(struct kafka_batch *b, struct err *e)
{
	size_t total = 0;
	struct kafka_header *next;

	if (b->count == 0)
		return true;
	for (size_t i = 0; i < b->count; i++)
		total += header_count(b->raw[i]);
	b->items = calloc(b->count, sizeof(b->items[0]));
	b->headers = calloc(total + 1, sizeof(b->headers[0]));
	if (b->items == NULL || b->headers == NULL)
		return ERR_NO_MEMORY(e);
	next = b->headers;
	for (size_t i = 0; i < b->count; i++) {
		struct kafka_message *m = &b->items[i];

		fill(m, b->raw[i]);
		m->headers = next;
		m->header_count = header_count(b->raw[i]);
		fill_headers(b->raw[i], next, m->header_count);
		next += m->header_count;
	}
	return true;
}

size_t
kafka_batch_count(const struct kafka_batch *b)
{
	return b->count;
}

const struct kafka_message *
kafka_batch_at(const struct kafka_batch *b, size_t i)
{
	return &b->items[i];
}

void
kafka_batch_free(struct kafka_batch *b)
{
	if (b == NULL)
		return;
	if (b->raw != NULL)
		kafka_batch_clear(b);
	free(b->raw);
	free(b->items);
	free(b->headers);
	free(b);
}

const struct kafka_header *
kafka_header_find(const struct kafka_message *m, const char *name)
{
	for (size_t i = m->header_count; i-- > 0;)
		if (strcmp(m->headers[i].name, name) == 0)
			return &m->headers[i];
	return NULL;
}

bool
kafka_header_is(const struct kafka_message *m, const char *name,
		const char *text)
{
	const struct kafka_header *h = kafka_header_find(m, name);

	return h != NULL && bytes_equal(h->value, bytes_of_str(text));
}

bool
kafka_header_text(const struct kafka_message *m, const char *name, char *out,
		  size_t size)
{
	const struct kafka_header *h = kafka_header_find(m, name);

	if (h == NULL || h->value.data == NULL || h->value.len >= size ||
	    memchr(h->value.data, '\0', h->value.len) != NULL)
		return false;
	memcpy(out, h->value.data, h->value.len);
	out[h->value.len] = '\0';
	return true;
}

const char *
kafka_source_format(const char *topic, int32_t partition, int64_t offset,
		    char buf[KAFKA_SOURCE_TEXT_MAX])
{
	snprintf(buf, KAFKA_SOURCE_TEXT_MAX, "%s/%" PRId32 "/%" PRId64, topic,
		 partition, offset);
	return buf;
}

/* Decimal digits of [text, end) up to max; nothing else. */
static bool
parse_number(const char *text, const char *end, int64_t max, int64_t *out)
{
	int64_t n = 0;

	if (text == end || end - text > 19)
		return false;
	for (; text < end; text++) {
		int digit = *text - '0';

		if (digit < 0 || digit > 9 || n > (max - digit) / 10)
			return false;
		n = n * 10 + digit;
	}
	*out = n;
	return true;
}

bool
kafka_source_parse(const char *text, char *topic, size_t size,
		   int32_t *partition, int64_t *offset)
{
	const char *first = strchr(text, '/'); /* topic names hold no slash */
	const char *second = first == NULL ? NULL : strchr(first + 1, '/');
	int64_t p;

	if (second == NULL || first == text || (size_t)(first - text) >= size ||
	    !parse_number(first + 1, second, INT32_MAX, &p) ||
	    !parse_number(second + 1, text + strlen(text), INT64_MAX, offset))
		return false;
	memcpy(topic, text, (size_t)(first - text));
	topic[first - text] = '\0';
	*partition = (int32_t)p;
	return true;
}
