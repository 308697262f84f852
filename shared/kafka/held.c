#include "kafka/held.h"

#include <string.h>

struct held_record {
	struct held_record *next;
	struct kafka_record record;
	struct kafka_header headers[];
	/* then the octets of all that they point to */
};

/* Absent stays absent. */
static struct bytes
copy(uint8_t **at, struct bytes from)
{
	struct bytes to = { NULL, from.len };

	if (from.data == NULL)
		return from;
	to.data = *at;
	memcpy(*at, from.data, from.len);
	*at += from.len;
	return to;
}

static const char *
copy_text(uint8_t **at, const char *from)
{
	return (const char *)copy(at, bytes_of(from, strlen(from) + 1)).data;
}

static size_t
octets_of(const struct kafka_record *r)
{
	size_t n = strlen(r->topic) + 1 + r->key.len + r->value.len;

	for (size_t i = 0; i < r->header_count; i++)
		n += strlen(r->headers[i].name) + 1 + r->headers[i].value.len;
	return n;
}

bool
held_add(struct held *h, const struct kafka_record *r, struct err *e)
{
	size_t head = sizeof(struct held_record) +
		      r->header_count * sizeof(struct kafka_header);
	struct held_record *kept = malloc(head + octets_of(r));
	uint8_t *at = (uint8_t *)kept + head;

	if (kept == NULL)
		return ERR_NO_MEMORY(e);
	kept->next = NULL;
	kept->record = *r;
	kept->record.topic = copy_text(&at, r->topic);
	kept->record.key = copy(&at, r->key);
	kept->record.value = copy(&at, r->value);
	kept->record.headers = kept->headers;
	for (size_t i = 0; i < r->header_count; i++)
		kept->headers[i] =
			(struct kafka_header){ copy_text(&at,
							 r->headers[i].name),
					       copy(&at, r->headers[i].value) };
	if (h->first == NULL)
		h->last = &h->first;
	*h->last = kept;
	h->last = &kept->next;
	h->count++;
	return true;
}

bool
held_send(struct held *h, rd_kafka_t *rk, struct err *e)
{
	bool sent = true;

	for (struct held_record *it = h->first; it != NULL && sent;
	     it = it->next)
		sent = kafka_produce(rk, &it->record, NULL, e);
	held_drop(h);
	return sent;
}

void
held_drop(struct held *h)
{
	while (h->first != NULL) {
		struct held_record *it = h->first;

		h->first = it->next;
		free(it);
	}
	h->count = 0;
}
