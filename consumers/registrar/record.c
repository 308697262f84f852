#include <stdio.h>
#include <string.h>

#include "registrar/registrar.h"

/* Where an admitted record came from. Ours have no such header. */
static bool
read_source(struct log_record *out, const char *source, struct err *e)
{
	size_t prefix = strlen(KAFKA_TOPIC_INBOX_PREFIX);
	struct ev_source_position *at = &out->rec.source;

	at->offset = -1;
	at->topic = out->topic;
	if (source == NULL)
		return true;
	if (!kafka_source_parse(source, out->topic, sizeof(out->topic),
				&at->partition, &at->offset) ||
	    strncmp(out->topic, KAFKA_TOPIC_INBOX_PREFIX, prefix) != 0 ||
	    !event_inbox_parse(out->topic + prefix, &out->rec.inbox))
		return ERR_SET(e, ERR_FATAL, "registrar", 0,
			       "certflow-source \"%s\" names no inbox", source);
	return true;
}

static bool
read_digest(struct log_record *out, const char *digest, struct err *e)
{
	size_t len = 0;

	if (digest == NULL)
		return true;
	if (!hex_decode(digest, out->digest, SHA256_LEN, &len) ||
	    len != SHA256_LEN)
		return ERR_SET(e, ERR_FATAL, "registrar", 0,
			       "certflow-body-sha256 is no SHA-256");
	out->rec.body_sha256 = out->digest;
	return true;
}

static bool
read_value(struct schemas *schemas, struct bytes value, struct log_record *out,
	   struct err *e)
{
	struct wf_record *rec = &out->rec;
	const struct avro_writer *w = NULL;
	struct avro_spans spans;

	if (!schemas_frame(value, EVENT_LOG_MAX, &rec->schema_id, &rec->body,
			   e) ||
	    !schemas_writer(schemas, rec->schema_id, &w, e) ||
	    !avro_validate(w, rec->body, &spans, e) ||
	    !avro_decode(w, rec->body, rec->schema_id, &out->event, e))
		return false;
	rec->event = out->event;
	rec->submission = event_submission_span(&spans);
	return true;
}

bool
log_record_open(struct schemas *schemas, struct bytes value, const char *source,
		const char *digest, struct log_record *out, struct err *e)
{
	*out = (struct log_record){ .rec = { .inbox = INBOX_NONE } };
	if (read_source(out, source, e) && read_digest(out, digest, e) &&
	    read_value(schemas, value, out, e))
		return true;
	log_record_free(out);
	/* What stands on the log was written by us: no input to refuse. */
	if (e->kind == ERR_REJECT)
		e->kind = ERR_FATAL;
	return false;
}

void
log_record_free(struct log_record *rec)
{
	event_free(rec->event);
	rec->event = NULL;
}
