#include "publisher.h"

#include <openssl/rand.h>
#include <string.h>

#include "avro/wire.h"
#include "base/clock.h"
#include "document.h"
#include "event/event_json.h"
#include "follower.h"
#include "kafka/producer.h"
#include "kafka/topics.h"
#include "registry/registry.h"
#include "registry/schemas.h"
#include "runtime/cloudevents.h"
#include "runtime/process.h"

#define RETRY_MS 200
#define SOURCE_MAX 64

struct publisher {
	enum event_inbox inbox;
	const char *actor; /* borrowed from main's arguments */
	const char *key;
	int timeout_ms;
	char topic[PUBLISH_TOPIC_MAX];
	char source[SOURCE_MAX]; /* of CloudEvents */
	struct registry *registry;
	struct schemas *schemas;
	struct kafka_producer *producer;
	struct follower *follower; /* NULL without wait */
};

static void
name_places(struct publisher *p)
{
	const char *inbox = event_inbox_name(p->inbox);

	if (p->inbox == INBOX_NONE) {
		snprintf(p->topic, sizeof(p->topic), KAFKA_TOPIC_PERSONAL);
		return;
	}
	snprintf(p->topic, sizeof(p->topic), KAFKA_TOPIC_INBOX_PREFIX "%s",
		 inbox);
	snprintf(p->source, sizeof(p->source), "/certflow/publish/%s", inbox);
}

static bool
connect(struct publisher *p, const struct publisher_config *cfg, struct err *e)
{
	const struct registry_config registry = {
		.url = cfg->registry,
		.cache_dir = cfg->cache_dir,
		.timeout_ms = cfg->timeout_ms,
	};

	if (!registry_open(&registry, &p->registry, e) ||
	    !schemas_open(p->registry, &p->schemas, e) ||
	    !kafka_producer_open(&cfg->kafka, cfg->timeout_ms, &p->producer, e))
		return false;
	if (!cfg->wait || cfg->inbox == INBOX_NONE)
		return true;
	return follower_open(&cfg->kafka, p->schemas, cfg->timeout_ms,
			     &p->follower, e);
}

bool
publisher_open(const struct publisher_config *cfg, struct publisher **out,
	       struct err *e)
{
	AUTO(publisher) struct publisher *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return ERR_NO_MEMORY(e);
	p->inbox = cfg->inbox;
	p->actor = cfg->actor;
	p->key = cfg->key;
	p->timeout_ms = cfg->timeout_ms;
	name_places(p);
	if (!connect(p, cfg, e))
		return false;
	*out = TAKE(p);
	return true;
}

/* The registry may be away for a moment. */
static bool
encode(struct publisher *p, const struct event *ev, struct buffer *out,
       struct err *e)
{
	int64_t end = clock_monotonic_us() + p->timeout_ms * INT64_C(1000);

	while (!schemas_encode(p->schemas, ev, out, e)) {
		if (e->kind != ERR_RETRY || clock_monotonic_us() > end ||
		    process_sleep_ms(RETRY_MS))
			return err_context(e, "%s", event_type_name(ev->type));
	}
	return true;
}

static bool
send(struct publisher *p, const struct kafka_record *record,
     struct publication *out, struct err *e)
{
	struct kafka_partition at;

	if (!kafka_producer_send_wait(p->producer, record, p->timeout_ms, &at,
				      e))
		return err_context(e, "publish to %s", p->topic);
	snprintf(out->topic, sizeof(out->topic), "%s", p->topic);
	out->partition = at.partition;
	out->offset = at.offset;
	out->result = PUBLISH_SENT;
	return true;
}

/* W3C Trace Context 1.0: a new trace, sampled; each event begins one. */
static bool
new_trace(char out[CE_TRACEPARENT_MAX], struct err *e)
{
	uint8_t id[16 + 8];
	char trace[2 * 16 + 1];
	char span[2 * 8 + 1];

	if (RAND_bytes(id, sizeof(id)) != 1)
		return ERR_SET(e, ERR_FATAL, "openssl", 0, "no random numbers");
	hex_encode(bytes_of(id, 16), trace);
	hex_encode(bytes_of(id + 16, 8), span);
	snprintf(out, CE_TRACEPARENT_MAX, "00-%s-%s-01", trace, span);
	return true;
}

static bool
send_event(struct publisher *p, const struct event *ev, struct publication *out,
	   struct err *e)
{
	const char *key = p->key != NULL ? p->key : ev->meta.tax_code;
	AUTO(buffer) struct buffer value = { 0 };
	char trace[CE_TRACEPARENT_MAX];
	struct cloudevents ce;
	struct kafka_record record;

	snprintf(out->id, sizeof(out->id), "%s", ev->meta.event_id);
	if (!encode(p, ev, &value, e) || !new_trace(trace, e))
		return false;
	cloudevents_fill(&ce, ev, p->source, trace);
	record = (struct kafka_record){
		.topic = p->topic,
		.partition = KAFKA_PARTITION_BY_KEY,
		.key = bytes_of_str(key),
		.value = buffer_view(&value),
		.headers = ce.headers,
		.header_count = ce.count,
	};
	return send(p, &record, out, e);
}

static bool
send_personal(struct publisher *p, const struct event *ev,
	      struct publication *out, struct err *e)
{
	AUTO(buffer) struct buffer value = { 0 };
	uint8_t digest[SHA256_LEN];
	struct kafka_record record;
	struct bytes body;
	int32_t id;

	if (!encode(p, ev, &value, e) ||
	    !wire_parse(buffer_view(&value), &id, &body, e))
		return false;
	sha256(body, digest);
	hex_encode(bytes_of(digest, sizeof(digest)), out->commitment);
	record = (struct kafka_record){
		.topic = p->topic,
		.partition = KAFKA_PARTITION_BY_KEY,
		.key = bytes_of_str(out->id),
		.value = buffer_view(&value),
	};
	return send(p, &record, out, e);
}

/* Personal data must never reach an inbox, nor an event certflow.personal. */
static bool
check_place(const struct publisher *p, enum event_type type, struct err *e)
{
	bool personal = p->inbox == INBOX_NONE;

	if (personal != (type == EVENT_PERSONAL_RECORD) ||
	    type == EVENT_OUTCOME)
		return ERR_SET(e, ERR_REJECT, "publish", 0,
			       "type: %s does not belong in %s",
			       event_type_name(type), p->topic);
	return true;
}

bool
publisher_send(struct publisher *p, json_t *document, struct publication *out,
	       struct err *e)
{
	AUTO(event) struct event *ev = NULL;
	bool personal = p->inbox == INBOX_NONE;
	enum event_type type = EVENT_NONE;
	const char *name = json_string_value(json_object_get(document, "type"));

	*out = (struct publication){ .result = PUBLISH_INVALID };
	if (name != NULL && event_type_parse(name, &type) &&
	    !check_place(p, type, e))
		return false;
	out->type = type;
	if (personal ? !document_fill_personal(document, out->id, e)
		     : !document_fill_meta(document, p->inbox, p->actor, e))
		return false;
	if (!event_from_json(document, &ev, e))
		return false;
	return personal ? send_personal(p, ev, out, e)
			: send_event(p, ev, out, e);
}

bool
publisher_follow(struct publisher *p, struct publication *sent,
		 publish_deferred deferred, void *self, struct err *e)
{
	if (p->follower == NULL)
		return true;
	return follower_wait(p->follower, sent, deferred, self, e);
}

bool
publisher_erase(struct publisher *p, const char *personal_ref,
		struct publication *out, struct err *e)
{
	const struct kafka_record record = {
		.topic = p->topic,
		.partition = KAFKA_PARTITION_BY_KEY,
		.key = bytes_of_str(personal_ref),
	};
	uint8_t id[UUID_LEN];

	*out = (struct publication){ .result = PUBLISH_INVALID,
				     .type = EVENT_PERSONAL_RECORD };
	if (p->inbox != INBOX_NONE)
		return ERR_SET(e, ERR_REJECT, "publish", 0,
			       "erase: only with the role personal");
	if (!uuid_parse(personal_ref, id))
		return ERR_SET(e, ERR_REJECT, "publish", 0,
			       "erase: not a lower-case UUID");
	uuid_format(id, out->id);
	return send(p, &record, out, e);
}

void
publication_clear(struct publication *p)
{
	event_free(p->outcome);
	p->outcome = NULL;
}

void
publisher_close(struct publisher *p)
{
	if (p == NULL)
		return;
	follower_close(p->follower);
	kafka_producer_close(p->producer);
	schemas_close(p->schemas);
	registry_close(p->registry);
	free(p);
}
