#include "runtime/outbox.h"

#include <string.h>

static bool
fill_meta(const struct outbox *o, struct event *ev, char id[UUID_TEXT_MAX],
	  struct err *e)
{
	const struct ev_meta *cause = &o->order->event->meta;

	if (!uuid_v5(cause->event_id, event_type_name(ev->type), id))
		return ERR_SET(e, ERR_REJECT, "outbox", 0,
			       "meta.event_id of the order is not a UUID");
	ev->meta = (struct ev_meta){
		.event_id = id,
		.tax_code = cause->tax_code,
		.occurred_at = clock_now_us(),
		.actor = { .id = o->instance,
			   .role = event_inbox_role(o->inbox) },
		.causation_id = cause->event_id,
	};
	return true;
}

/* Headers must not point into ev, which is the caller's. */
static void
fill_headers(const struct outbox *o, const struct event *ev,
	     struct outbox_item *item)
{
	struct event own = { .type = ev->type };

	own.meta = ev->meta;
	own.meta.event_id = item->id;
	cloudevents_fill(&item->ce, &own, o->source, o->order->traceparent);
}

bool
outbox_send(struct outbox *o, struct event *ev, struct err *e)
{
	struct outbox_item *item = &o->items[o->count];

	if (o->count == OUTBOX_MAX)
		return ERR_SET(e, ERR_FATAL, "outbox", 0,
			       "more than %d outcomes of one order",
			       OUTBOX_MAX);
	if (event_writer(ev->type) != o->inbox)
		return ERR_SET(e, ERR_FATAL, "outbox", 0,
			       "%s does not belong in inbox %s",
			       event_type_name(ev->type),
			       event_inbox_name(o->inbox));
	if (!fill_meta(o, ev, item->id, e) ||
	    !schemas_encode(o->schemas, ev, &item->value, e))
		return false;
	fill_headers(o, ev, item);
	o->count++;
	return true;
}

struct kafka_record
outbox_record(const struct outbox *o, size_t i)
{
	const struct outbox_item *item = &o->items[i];

	return (struct kafka_record){
		.topic = o->topic,
		.partition = KAFKA_PARTITION_BY_KEY,
		.key = bytes_of_str(o->order->event->meta.tax_code),
		.value = buffer_view(&item->value),
		.headers = item->ce.headers,
		.header_count = item->ce.count,
	};
}

void
outbox_clear(struct outbox *o)
{
	while (o->count > 0)
		buffer_free(&o->items[--o->count].value);
	/* one that failed while it was encoded */
	if (o->count < OUTBOX_MAX)
		buffer_free(&o->items[o->count].value);
}
