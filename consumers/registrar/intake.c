#include "registrar/intake.h"

#include <stdio.h>
#include <string.h>

#include "base/uuid.h"
#include "kafka/dead_letter.h"
#include "kafka/murmur2.h"
#include "kafka/topics.h"
#include "runtime/cloudevents.h"
#include "workflow/tax_code.h"

static bool
unreadable(struct intake *it, enum ev_refusal_code code, const char *field,
	   const char *detail)
{
	it->kind = INTAKE_UNREADABLE;
	wf_refuse(&it->why, code, field);
	snprintf(it->detail, sizeof(it->detail), "%s", detail);
	return true;
}

/* An error that names the field first, as those of decoding do. */
static bool
unreadable_err(struct intake *it, const struct err *why)
{
	enum ev_refusal_code code = (enum ev_refusal_code)why->code;
	const char *colon = strchr(why->text, ':');
	char field[sizeof(it->why.field)] = "";

	if (why->code <= 0 || why->code >= EV_REFUSAL_CODE__COUNT)
		code = EV_REFUSAL_CODE_BODY_INVALID;
	if (code == EV_REFUSAL_CODE_BODY_INVALID && colon != NULL &&
	    memchr(why->text, ' ', (size_t)(colon - why->text)) == NULL)
		snprintf(field, sizeof(field), "%.*s", (int)(colon - why->text),
			 why->text);
	return unreadable(it, code, field, why->text);
}

bool
intake_key(struct bytes key, char out[INTAKE_KEY_MAX])
{
	*out = '\0';
	if (key.data == NULL || key.len >= INTAKE_KEY_MAX ||
	    memchr(key.data, '\0', key.len) != NULL)
		return false;
	memcpy(out, key.data, key.len);
	out[key.len] = '\0';
	if (tax_code_is_canonical(out))
		return true;
	*out = '\0';
	return false;
}

/* The inbox whose topic this is. */
static bool
inbox_of(const char *topic, enum event_inbox *inbox)
{
	size_t prefix = strlen(KAFKA_TOPIC_INBOX_PREFIX);

	return strncmp(topic, KAFKA_TOPIC_INBOX_PREFIX, prefix) == 0 &&
	       event_inbox_parse(topic + prefix, inbox);
}

/* Which inbox wrote it; a message sent on names its first place. A header
 * that names none is the message's own text: nothing is taken from it. */
static bool
read_source(struct intake *it, const struct kafka_message *m)
{
	char text[KAFKA_SOURCE_TEXT_MAX], topic[INTAKE_TOPIC_MAX];
	int32_t partition;
	int64_t offset;

	snprintf(it->topic, sizeof(it->topic), "%s", m->topic);
	it->source = (struct ev_source_position){ .topic = it->topic,
						  .partition = m->partition,
						  .offset = m->offset };
	if (strcmp(m->topic, KAFKA_TOPIC_INBOX_MISROUTED) != 0)
		return inbox_of(it->topic, &it->in.inbox);
	if (!kafka_header_text(m, KAFKA_HEADER_SOURCE, text, sizeof(text)) ||
	    !kafka_source_parse(text, topic, sizeof(topic), &partition,
				&offset) ||
	    !inbox_of(topic, &it->in.inbox))
		return false;
	snprintf(it->topic, sizeof(it->topic), "%s", topic);
	it->source.partition = partition;
	it->source.offset = offset;
	return true;
}

/* Headers that travel on, also through a deferral. */
static void
keep_headers(struct intake *it, const struct kafka_message *m)
{
	static const char *const kept[] = { CE_TRACEPARENT };
	size_t n = 0;

	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		const struct kafka_header *h = kafka_header_find(m, kept[i]);

		if (h == NULL || h->value.data == NULL ||
		    h->value.len > INTAKE_HEADER_OCTETS_MAX)
			continue;
		it->headers[n++] = (struct ev_bytes_entry){ kept[i], h->value };
	}
	it->in.headers = it->headers;
	it->in.header_count = n;
}

/* Frame, schema, octets, fields. false: ERR_REJECT or ERR_RETRY. */
static bool
read_body(struct schemas *schemas, struct bytes value, struct intake *it,
	  struct err *e)
{
	struct wf_input *in = &it->in;
	const struct avro_writer *w = NULL;
	struct avro_spans spans;
	uint8_t id[UUID_LEN];

	if (!schemas_frame(value, EVENT_INBOX_MAX, &in->schema_id, &in->body,
			   e) ||
	    !schemas_writer(schemas, in->schema_id, &w, e))
		return false;
	if (avro_writer_type(w) == EVENT_NONE ||
	    avro_writer_type(w) >= EVENT_OUTCOME)
		return ERR_SET(e, ERR_REJECT, "registrar",
			       EV_REFUSAL_CODE_SCHEMA_UNKNOWN,
			       "schema %d (%s) is no event of an inbox",
			       (int)in->schema_id, avro_writer_name(w));
	if (!avro_validate(w, in->body, &spans, e) ||
	    !avro_decode(w, in->body, in->schema_id, &it->event, e))
		return false;
	in->event = it->event;
	in->payload = value;
	in->submission = event_submission_span(&spans);
	it->after_meta = avro_after_meta(&spans, in->body);
	sha256(in->body, in->body_sha256);
	if (uuid_parse(it->event->meta.event_id, id))
		snprintf(it->event_id, sizeof(it->event_id), "%s",
			 it->event->meta.event_id);
	return event_check(it->event, e);
}

/* Key and tax code inside must be the same, and a tax code. */
static bool
judge_key(struct intake *it, struct bytes key)
{
	const char *inside = it->event->meta.tax_code;

	if (key.data == NULL || key.len == 0)
		return unreadable(it, EV_REFUSAL_CODE_RECORD_KEY_MISSING, "key",
				  "the record has no key");
	if (!bytes_equal(key, bytes_of_str(inside)))
		return unreadable(it, EV_REFUSAL_CODE_RECORD_KEY_MISMATCH,
				  "meta.tax_code",
				  "the key is not the tax code inside");
	if (it->key[0] == '\0')
		return unreadable(it, EV_REFUSAL_CODE_TAX_CODE_INVALID,
				  "meta.tax_code",
				  "not the canonical tax code of an "
				  "organisation");
	it->kind = INTAKE_EVENT;
	return true;
}

static bool
judge_place(struct intake *it, const struct kafka_message *m)
{
	if (strcmp(m->topic, KAFKA_TOPIC_INBOX_MISROUTED) == 0)
		return unreadable(it, EV_REFUSAL_CODE_RECORD_KEY_MISMATCH,
				  "key", "misplaced again");
	it->kind = INTAKE_MISPLACED;
	return true;
}

bool
intake_open(struct schemas *schemas, const struct kafka_message *m,
	    int32_t partitions, struct intake *it, struct err *e)
{
	struct err why = { 0 };

	*it = (struct intake){ .kind = INTAKE_UNREADABLE };
	it->place = (struct ev_source_position){ .topic = m->topic,
						 .partition = m->partition,
						 .offset = m->offset };
	(void)intake_key(m->key, it->key);
	if (!read_source(it, m))
		return unreadable(it, EV_REFUSAL_CODE_ROLE, "topic",
				  "no inbox is named as its source");
	it->in.source = it->source;
	if (it->key[0] != '\0' &&
	    kafka_partition_of(m->key, partitions) != m->partition)
		return judge_place(it, m);
	keep_headers(it, m);
	if (m->value.data == NULL)
		return unreadable(it, EV_REFUSAL_CODE_NOT_WIRE_FORMAT, "",
				  "the record has no value");
	if (!read_body(schemas, m->value, it, &why)) {
		if (why.kind == ERR_REJECT)
			return unreadable_err(it, &why);
		*e = why;
		intake_free(it);
		return err_context(e, "%s/%d/%lld", m->topic, (int)m->partition,
				   (long long)m->offset);
	}
	return judge_key(it, m->key);
}

bool
intake_deferred(struct schemas *schemas, const struct wf_deferred *d,
		struct intake *it, struct err *e)
{
	*it = (struct intake){ .kind = INTAKE_EVENT };
	snprintf(it->topic, sizeof(it->topic), "%s", d->source.topic);
	it->source = d->source;
	it->source.topic = it->topic;
	if (!read_body(schemas, d->payload, it, e)) {
		intake_free(it);
		if (e->kind == ERR_REJECT)
			e->kind = ERR_FATAL;
		return err_context(e, "deferred %s of %s", d->event_name,
				   d->source.topic);
	}
	snprintf(it->key, sizeof(it->key), "%s", it->event->meta.tax_code);
	it->in.source = it->source;
	it->in.inbox = d->inbox;
	it->in.headers = d->headers;
	it->in.header_count = d->header_count;
	it->in.deferred = d;
	return true;
}

void
intake_free(struct intake *it)
{
	event_free(it->event);
	it->event = NULL;
	it->in.event = NULL;
}
