#include "kafka/dead_letter.h"

#include <string.h>

#include "kafka/topics.h"

static bool
is_ours(const char *name)
{
	return strcmp(name, KAFKA_HEADER_SOURCE) == 0 ||
	       strcmp(name, KAFKA_HEADER_REASON) == 0 ||
	       strcmp(name, KAFKA_HEADER_DETAIL) == 0;
}

void
kafka_dead_letter_fill(struct kafka_dead_letter *d,
		       const struct kafka_message *m, const char *code,
		       const char *detail)
{
	size_t n = 0;

	kafka_source_format(m->topic, m->partition, m->offset, d->source);
	snprintf(d->reason, sizeof(d->reason), "%s", code);
	snprintf(d->detail, sizeof(d->detail), "%s", detail);
	d->headers[n++] = (struct kafka_header){ KAFKA_HEADER_SOURCE,
						 bytes_of_str(d->source) };
	d->headers[n++] = (struct kafka_header){ KAFKA_HEADER_REASON,
						 bytes_of_str(d->reason) };
	d->headers[n++] = (struct kafka_header){ KAFKA_HEADER_DETAIL,
						 bytes_of_str(d->detail) };
	/* A name of ours that the sender chose would hide the true one. */
	for (size_t i = 0; i < m->header_count && i < KAFKA_HEADERS_MAX; i++)
		if (!is_ours(m->headers[i].name))
			d->headers[n++] = m->headers[i];
	d->record = (struct kafka_record){
		.topic = KAFKA_TOPIC_DEAD_LETTERS,
		.partition = KAFKA_PARTITION_BY_KEY,
		.key = m->key,
		.value = m->value,
		.headers = d->headers,
		.header_count = n,
	};
}
