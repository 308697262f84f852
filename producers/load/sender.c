#include "sender.h"

#include <string.h>

#include "avro/wire.h"
#include "base/uuid.h"
#include "kafka/topics.h"
#include "runtime/cloudevents.h"

#define DELIVERY_MS 60000
#define NAME_MAX_OCTETS 64

/* A record under way. */
struct ticket {
	struct sender *sender;
	struct ticket *next; /* free ones */
	uint32_t journey;
	enum load_act act;
};

struct sender {
	struct sender_config cfg;
	struct kafka_producer *producer;
	char topics[INBOX__COUNT][NAME_MAX_OCTETS];
	char sources[INBOX__COUNT][NAME_MAX_OCTETS];
	struct buffer meta;
	struct buffer wire;
	struct ticket *free;
	size_t room;
	struct ticket tickets[SENDER_UNACKED_MAX];
};

static void
name_places(struct sender *s)
{
	for (unsigned i = 0; i < INBOX__COUNT; i++) {
		const char *name = event_inbox_name((enum event_inbox)i);

		snprintf(s->topics[i], sizeof(s->topics[i]),
			 KAFKA_TOPIC_INBOX_PREFIX "%s", name);
		snprintf(s->sources[i], sizeof(s->sources[i]),
			 "/certflow/load/%s", name);
	}
}

bool
sender_open(const struct sender_config *cfg, struct sender **out, struct err *e)
{
	AUTO(sender) struct sender *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return ERR_NO_MEMORY(e);
	s->cfg = *cfg;
	s->cfg.kafka = NULL; /* borrowed for the call only */
	name_places(s);
	for (size_t i = SENDER_UNACKED_MAX; i-- > 0;) {
		s->tickets[i].sender = s;
		s->tickets[i].next = s->free;
		s->free = &s->tickets[i];
	}
	s->room = SENDER_UNACKED_MAX;
	if (!kafka_producer_open(cfg->kafka, DELIVERY_MS, &s->producer, e))
		return false;
	*out = TAKE(s);
	return true;
}

size_t
sender_room(const struct sender *s)
{
	return s->room;
}

static void
give_back(struct ticket *t)
{
	t->next = t->sender->free;
	t->sender->free = t;
	t->sender->room++;
}

static void
on_delivered(void *self, const struct kafka_partition *at,
	     const struct err *failure)
{
	struct ticket *t = self;
	struct sender *s = t->sender;

	(void)at;
	give_back(t);
	s->cfg.acked(s->cfg.self, t->journey, t->act, failure);
}

/* Meta anew, before what was encoded when there was time for it. */
static bool
encode(struct sender *s, const struct event *ev, struct bytes rest,
       struct err *e)
{
	const struct avro_writer *w = NULL;
	int32_t id = 0;

	if (rest.data == NULL)
		return schemas_encode(s->cfg.schemas, ev, &s->wire, e);
	s->meta.len = 0;
	s->wire.len = 0;
	return schemas_id(s->cfg.schemas, ev->type, &id, e) &&
	       schemas_writer(s->cfg.schemas, id, &w, e) &&
	       avro_encode_meta(w, &ev->meta, &s->meta, e) &&
	       wire_write(id, buffer_view(&s->meta), &s->wire, e) &&
	       buffer_add(&s->wire, rest.data, rest.len, e);
}

/* W3C Trace Context 1.0: each event begins a trace, named by its id. */
static bool
trace(const struct event *ev, char out[CE_TRACEPARENT_MAX])
{
	uint8_t id[UUID_LEN];
	char hex[2 * UUID_LEN + 1];

	if (!uuid_parse(ev->meta.event_id, id))
		return false;
	hex_encode(bytes_of(id, sizeof(id)), hex);
	snprintf(out, CE_TRACEPARENT_MAX, "00-%s-%.16s-01", hex, hex + 16);
	return true;
}

bool
sender_send(struct sender *s, const struct event *ev, struct bytes rest,
	    uint32_t journey, enum load_act act, struct err *e)
{
	enum event_inbox inbox = event_writer(ev->type);
	struct ticket *t = s->free;
	char traceparent[CE_TRACEPARENT_MAX];
	struct cloudevents ce;
	struct kafka_record record;

	if (!encode(s, ev, rest, e))
		return false;
	cloudevents_fill(&ce, ev, s->sources[inbox],
			 trace(ev, traceparent) ? traceparent : NULL);
	record = (struct kafka_record){
		.topic = s->topics[inbox],
		.partition = KAFKA_PARTITION_BY_KEY,
		.key = bytes_of_str(ev->meta.tax_code),
		.value = buffer_view(&s->wire),
		.headers = ce.headers,
		.header_count = ce.count,
	};
	t->journey = journey;
	t->act = act;
	if (!kafka_producer_send(s->producer, &record, on_delivered, t, e))
		return false;
	s->free = t->next;
	s->room--;
	return true;
}

bool
sender_poll(struct sender *s, int timeout_ms, struct err *e)
{
	kafka_producer_poll(s->producer, timeout_ms);
	return !kafka_producer_is_dead(s->producer, e);
}

void
sender_close(struct sender *s)
{
	if (s == NULL)
		return;
	kafka_producer_close(s->producer);
	buffer_free(&s->meta);
	buffer_free(&s->wire);
	free(s);
}
