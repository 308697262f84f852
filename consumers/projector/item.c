#include "projector/item.h"

#include <stdio.h>
#include <string.h>

#include "kafka/dead_letter.h"
#include "kafka/topics.h"

void
item_bury(struct item *it, const char *reason)
{
	it->dead = true;
	snprintf(it->reason, sizeof(it->reason), "%s", reason);
	event_free(TAKE(it->event));
}

/* The registrar has judged this CSR; here only its key is wanted, and what it
 * says of the customer. */
static void
uploaded_csr(struct item *it, const struct ev_submission *s)
{
	struct bytes spki;

	it->has_spki =
		s->csr_der.data != NULL && pki_csr_key(s->csr_der, &spki);
	if (it->has_spki && pki_csr_names(s->csr_der, &it->names))
		sha256(spki, it->spki);
}

/* What an approval will name: the octets of the submission as they came. */
static bool
digest_submission(struct schemas *schemas, struct item *it, struct bytes body,
		  struct err *e)
{
	const struct avro_writer *writer;
	struct avro_spans spans;

	if (!schemas_writer(schemas, it->event->schema_id, &writer, e) ||
	    !avro_validate(writer, body, &spans, e))
		return false;
	sha256(event_submission_span(&spans), it->submission);
	uploaded_csr(it, &it->event->request_submitted.submission);
	return true;
}

static bool
decode_event(struct schemas *schemas, struct item *it, struct err *e)
{
	const struct kafka_message *m = it->message;
	struct bytes body;
	int32_t id;

	if (m->value.data == NULL)
		return ERR_SET(e, ERR_REJECT, "projector", 0, "null value");
	if (!schemas_frame(m->value, EVENT_LOG_MAX, &id, &body, e) ||
	    !schemas_decode(schemas, m->value, EVENT_LOG_MAX, &it->event, e) ||
	    !event_check(it->event, e))
		return false;
	if (!kafka_header_text(m, KAFKA_HEADER_SOURCE, it->source,
			       sizeof(it->source)))
		it->source[0] = '\0';
	return it->event->type != EVENT_REQUEST_SUBMITTED ||
	       digest_submission(schemas, it, body, e);
}

static bool
personal_key(struct item *it, struct err *e)
{
	struct bytes key = it->message->key;
	uint8_t id[UUID_LEN];

	if (key.data == NULL || key.len != UUID_TEXT_MAX - 1)
		return ERR_SET(e, ERR_REJECT, "projector", 0,
			       "key is not a UUID");
	memcpy(it->personal_ref, key.data, key.len);
	it->personal_ref[key.len] = '\0';
	return uuid_parse(it->personal_ref, id) ||
	       ERR_SET(e, ERR_REJECT, "projector", 0, "key is not a UUID");
}

static bool
decode_person(struct schemas *schemas, struct item *it, struct err *e)
{
	struct bytes value = it->message->value;
	struct bytes body;
	int32_t id;

	it->personal = true;
	if (!personal_key(it, e))
		return false;
	if (value.data == NULL) /* erased */
		return true;
	if (!schemas_frame(value, EVENT_INBOX_MAX, &id, &body, e) ||
	    !schemas_decode(schemas, value, EVENT_INBOX_MAX, &it->event, e) ||
	    !event_check(it->event, e))
		return false;
	if (it->event->type != EVENT_PERSONAL_RECORD)
		return ERR_SET(e, ERR_REJECT, "projector", 0,
			       "not a PersonalRecord");
	sha256(body, it->commitment);
	return true;
}

bool
item_decode(struct schemas *schemas, const struct kafka_message *m,
	    struct item *it, struct err *e)
{
	bool personal = strcmp(m->topic, KAFKA_TOPIC_PERSONAL) == 0;

	*it = (struct item){ .message = m };
	if (personal ? decode_person(schemas, it, e)
		     : decode_event(schemas, it, e))
		return true;
	/* The registrar puts nothing on the log that it cannot read: that is
	 * of a newer version, and the read model would lack it. */
	if (!personal && e->code == EV_REFUSAL_CODE_SCHEMA_UNKNOWN &&
	    e->kind == ERR_REJECT) {
		e->kind = ERR_FATAL;
		return err_context(e,
				   "%s/%d/%lld: an event that this version "
				   "does not know",
				   m->topic, (int)m->partition,
				   (long long)m->offset);
	}
	if (e->kind != ERR_REJECT)
		return false;
	item_bury(it, e->text);
	return true;
}

static bool
fold_one(struct item *it, struct fold *f, struct err *e)
{
	const struct kafka_message *m = it->message;
	const struct fold_person_record person = {
		.personal_ref = it->personal_ref,
		.person =
			it->event == NULL ? NULL : &it->event->personal_record,
		.commitment = bytes_of(it->commitment, SHA256_LEN),
		.partition = m->partition,
		.offset = m->offset,
		.timestamp_us = m->timestamp_us,
	};
	const struct fold_record record = {
		.event = it->event,
		.source = it->source[0] == '\0' ? NULL : it->source,
		.partition = m->partition,
		.offset = m->offset,
		.submission_sha256 = bytes_of(it->submission, SHA256_LEN),
		.submission_spki_sha256 =
			bytes_of(it->has_spki ? it->spki : NULL,
				 it->has_spki ? SHA256_LEN : 0),
		.csr_organization = it->names.organization,
		.csr_common_name = it->names.common_name,
	};

	return it->personal ? fold_person(f, &person, e)
			    : fold_event(f, &record, e);
}

bool
item_fold(struct item *it, struct fold *f, struct err *e)
{
	const struct kafka_message *m = it->message;

	if (!it->dead && !fold_one(it, f, e)) {
		if (e->kind != ERR_REJECT)
			return false;
		item_bury(it, e->text);
	}
	return !it->dead || fold_dead_letter(f, m->topic, m->partition,
					     m->offset, it->reason, e);
}

void
item_free(struct item *it)
{
	event_free(it->event);
	it->event = NULL;
}
