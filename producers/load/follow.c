#include "follow.h"

#include <string.h>

#include "base/clock.h"
#include "kafka/admin.h"
#include "kafka/reader.h"
#include "kafka/topics.h"
#include "runtime/cloudevents.h"

#define BATCH_MAX 1000

struct follow {
	struct follow_config cfg;
	struct kafka_reader *reader;
	int32_t partitions;
};

bool
follow_open(const struct follow_config *cfg, struct follow **out, struct err *e)
{
	AUTO(follow) struct follow *f = calloc(1, sizeof(*f));
	AUTO(kafka_admin) struct kafka_admin *admin = NULL;

	if (f == NULL)
		return ERR_NO_MEMORY(e);
	f->cfg = *cfg;
	f->cfg.kafka = NULL; /* borrowed for the call only */
	if (!kafka_admin_open(cfg->kafka, &admin, e) ||
	    !kafka_reader_open(cfg->kafka, &f->reader, e) ||
	    !kafka_reader_follow_end(f->reader, admin, KAFKA_TOPIC_EVENTS,
				     cfg->timeout_ms, &f->partitions, e))
		return err_context(e, "follow " KAFKA_TOPIC_EVENTS);
	*out = TAKE(f);
	return true;
}

int32_t
follow_partitions(const struct follow *f)
{
	return f->partitions;
}

/* Is the id one that we gave to an event? */
static bool
is_ours(const struct follow *f, const char *id, struct follow_note *n)
{
	unsigned kind;

	if (id == NULL || !load_id_read(f->cfg.ids, id, &kind, &n->journey) ||
	    kind >= LOAD_ACT__COUNT)
		return false;
	n->act = (enum load_act)kind;
	return true;
}

static bool
has_our_id(const struct follow *f, const struct kafka_message *m,
	   struct follow_note *n)
{
	char id[UUID_TEXT_MAX];

	return kafka_header_text(m, CE_ID, id, sizeof(id)) && is_ours(f, id, n);
}

static bool
has_our_tax_code(const struct follow *f, const struct kafka_message *m,
		 struct follow_note *n)
{
	return f->cfg.customers != NULL &&
	       customers_find(f->cfg.customers, m->key, &n->journey);
}

static bool
decode(const struct follow *f, const struct kafka_message *m,
       struct event **out, struct err *e)
{
	if (!schemas_decode(f->cfg.schemas, m->value, EVENT_LOG_MAX, out, e))
		return err_context(e, KAFKA_TOPIC_EVENTS "/%d at %lld",
				   (int)m->partition, (long long)m->offset);
	return true;
}

/* *found: it is about an event of ours. */
static bool
read_refusal(const struct follow *f, const struct kafka_message *m,
	     struct follow_note *n, bool *found, struct err *e)
{
	AUTO(event) struct event *ev = NULL;

	if (!decode(f, m, &ev, e))
		return false;
	if (ev->type != EVENT_EVENT_REFUSED ||
	    !is_ours(f, ev->meta.causation_id, n))
		return true;
	n->what = FOLLOW_REFUSED;
	n->why = ev_refusal_code_name(ev->event_refused.code);
	*found = true;
	return true;
}

static bool
read_deferral(const struct follow *f, const struct kafka_message *m,
	      struct follow_note *n, bool *found, struct err *e)
{
	AUTO(event) struct event *ev = NULL;

	if (!decode(f, m, &ev, e))
		return false;
	n->what = FOLLOW_DEFERRED;
	*found = ev->type == EVENT_EVENT_DEFERRED &&
		 is_ours(f, ev->meta.causation_id, n);
	return true;
}

static bool
read_issued(const struct follow *f, const struct kafka_message *m,
	    struct follow_note *n, bool *found, struct err *e)
{
	AUTO(event) struct event *ev = NULL;

	if (!has_our_tax_code(f, m, n))
		return true;
	if (!decode(f, m, &ev, e))
		return false;
	if (ev->type != EVENT_CERTIFICATE_ISSUED)
		return true;
	n->what = FOLLOW_ISSUED;
	n->signed_us = ev->certificate_issued.signed_at;
	*found = true;
	return true;
}

/* Refused and deferred events are rare, and say which in their bodies. */
static bool
read_message(const struct follow *f, const struct kafka_message *m,
	     struct follow_note *n, bool *found, struct err *e)
{
	enum event_type type = cloudevents_type(m);

	switch (type) {
	case EVENT_EVENT_REFUSED:
		return read_refusal(f, m, n, found, e);
	case EVENT_EVENT_DEFERRED:
		return read_deferral(f, m, n, found, e);
	case EVENT_CERTIFICATE_ISSUED:
		return read_issued(f, m, n, found, e);
	case EVENT_ISSUANCE_ORDERED:
		n->what = FOLLOW_ORDERED;
		*found = has_our_tax_code(f, m, n);
		return true;
	case EVENT_ISSUANCE_FAILED:
	case EVENT_CERTIFICATE_REJECTED:
	case EVENT_ORDER_VOIDED:
		n->what = FOLLOW_FAILED;
		n->why = event_type_name(type);
		*found = has_our_tax_code(f, m, n);
		return true;
	default:
		n->what = FOLLOW_ADMITTED;
		*found = has_our_id(f, m, n);
		return true;
	}
}

static bool
read_batch(struct follow *f, const struct kafka_batch *batch, struct err *e)
{
	int64_t now = clock_now_us();

	for (size_t i = 0; i < kafka_batch_count(batch); i++) {
		const struct kafka_message *m = kafka_batch_at(batch, i);
		struct follow_note n = {
			.seen_us = now,
			.logged_us = m->timestamp_us,
			.partition = m->partition,
			.offset = m->offset,
		};
		bool found = false;

		if (!read_message(f, m, &n, &found, e))
			return false;
		if (found)
			f->cfg.note(f->cfg.self, &n);
	}
	return true;
}

bool
follow_poll(struct follow *f, bool *more, struct err *e)
{
	AUTO(kafka_batch) struct kafka_batch *batch = NULL;

	*more = false;
	if (!kafka_reader_poll(f->reader, BATCH_MAX, 0, &batch, e))
		return e->kind == ERR_RETRY;
	*more = kafka_batch_full(batch);
	return read_batch(f, batch, e);
}

void
follow_close(struct follow *f)
{
	if (f == NULL)
		return;
	kafka_reader_close(f->reader);
	free(f);
}
