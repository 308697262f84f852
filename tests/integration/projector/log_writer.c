/*
 * log_writer - puts journeys on certflow.events, as the registrar would, and
 * persons on certflow.personal.
 *
 *	log_writer events FIRST COUNT [OCTETS [ABREAST]]
 *	                                 the journeys of these subscribers;
 *	                                 DER of so many octets; so many at the
 *	                                 same time, step by step
 *	log_writer person UUID           a record of a person
 *	log_writer erase UUID            its erasure
 *	log_writer garbage TOPIC KEY     four octets that nobody can read
 *
 * Environment: CERTFLOW_KAFKA, CERTFLOW_REGISTRY, LOG_WRITER_CACHE (where
 * schema ids are kept, for when the registry is away).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "journey.h"
#include "kafka/producer.h"
#include "kafka/topics.h"
#include "registry/schemas.h"
#include "runtime/cloudevents.h"

#define WAIT_MS 60000
#define DER_MAX 16384

struct writer {
	struct registry *registry;
	struct schemas *schemas;
	struct kafka_producer *producer;
};

static bool
open_writer(struct writer *w, struct err *e)
{
	const struct registry_config registry = {
		.url = getenv("CERTFLOW_REGISTRY"),
		.cache_dir = getenv("LOG_WRITER_CACHE"),
		.timeout_ms = 5000,
	};
	const struct kafka_settings kafka = { .bootstrap =
						      getenv("CERTFLOW_KAFKA"),
					      .client_id = "log-writer" };

	return registry_open(&registry, &w->registry, e) &&
	       schemas_open(w->registry, &w->schemas, e) &&
	       kafka_producer_open(&kafka, 0, &w->producer, e);
}

/* A full queue drains while we serve its callbacks. */
static bool
send(struct writer *w, const struct kafka_record *r, struct err *e)
{
	while (!kafka_producer_send(w->producer, r, NULL, NULL, e)) {
		if (e->kind != ERR_RETRY)
			return false;
		kafka_producer_poll(w->producer, 50);
	}
	return true;
}

static bool
send_event(struct writer *w, const struct event *ev, struct err *e)
{
	AUTO(buffer) struct buffer wire = { 0 };
	struct cloudevents ce;
	struct kafka_record r = {
		.topic = KAFKA_TOPIC_EVENTS,
		.partition = KAFKA_PARTITION_BY_KEY,
		.key = bytes_of_str(ev->meta.tax_code),
	};

	if (!schemas_encode(w->schemas, ev, &wire, e))
		return err_context(e, "%s", event_type_name(ev->type));
	cloudevents_fill(&ce, ev, "/certflow/registrar", NULL);
	cloudevents_add(&ce, "certflow-source",
			bytes_of_str("certflow.inbox.officer/0/1"));
	r.value = buffer_view(&wire);
	r.headers = ce.headers;
	r.header_count = ce.count;
	return send(w, &r, e);
}

/* As heavy as real ones. */
static void
stuff(struct event *ev, struct bytes der)
{
	switch (ev->type) {
	case EVENT_CSR_GENERATED:
		ev->csr_generated.csr_der = der;
		break;
	case EVENT_ISSUANCE_ORDERED:
		ev->issuance_ordered.submission = der;
		ev->issuance_ordered.csr_der = der;
		ev->issuance_ordered.tbs_certificate = der;
		break;
	case EVENT_CERTIFICATE_ISSUED:
		ev->certificate_issued.certificate_der = der;
		break;
	default:
		break;
	}
}

/* One step of a subscriber's journey. @return false: failed */
static bool
send_step(struct writer *w, unsigned subscriber, size_t step, size_t octets,
	  size_t *steps, struct err *e)
{
	static const uint8_t zeros[DER_MAX];
	const struct event *list = journey_of(subscriber, steps);
	struct event ev;

	if (step >= *steps)
		return true;
	ev = list[step];
	if (octets > 0 && octets <= DER_MAX)
		stuff(&ev, bytes_of(zeros, octets));
	return send_event(w, &ev, e);
}

static bool
send_journeys(struct writer *w, unsigned first, unsigned end, size_t octets,
	      unsigned abreast, struct err *e)
{
	unsigned next = first + abreast < end ? first + abreast : end;
	size_t steps = 1;

	for (; first < end; first = next, next += abreast) {
		if (next > end)
			next = end;
		for (size_t step = 0; step < steps; step++)
			for (unsigned n = first; n < next; n++)
				if (!send_step(w, n, step, octets, &steps, e))
					return false;
	}
	return true;
}

static bool
send_person(struct writer *w, const char *ref, bool erase, struct err *e)
{
	const struct event ev = { .type = EVENT_PERSONAL_RECORD,
				  .personal_record = {
					  .full_name = "Nguyễn Văn Mẫu",
					  .position = "Giám đốc",
					  .id_document_type =
						  EV_ID_DOCUMENT_TYPE_CCCD,
					  .id_number = "001885000101",
					  .email = "e01@example.vn.invalid" } };
	AUTO(buffer) struct buffer wire = { 0 };
	struct kafka_record r = { .topic = KAFKA_TOPIC_PERSONAL,
				  .partition = KAFKA_PARTITION_BY_KEY,
				  .key = bytes_of_str(ref) };

	if (!schemas_encode(w->schemas, &ev, &wire, e))
		return false;
	if (!erase)
		r.value = buffer_view(&wire);
	return send(w, &r, e);
}

static bool
send_garbage(struct writer *w, const char *topic, const char *key,
	     struct err *e)
{
	const struct kafka_record r = { .topic = topic,
					.partition = KAFKA_PARTITION_BY_KEY,
					.key = bytes_of_str(key),
					.value = bytes_of_str("junk") };

	return send(w, &r, e);
}

static unsigned
number(const char *text, unsigned otherwise)
{
	return text == NULL ? otherwise : (unsigned)strtoul(text, NULL, 10);
}

static bool
act(struct writer *w, char **argv, struct err *e)
{
	const char *what = argv[1];
	const char *second = argv[2];
	unsigned octets, first;

	if (strcmp(what, "garbage") == 0)
		return send_garbage(w, second, argv[3], e);
	if (strcmp(what, "events") != 0)
		return send_person(w, second, strcmp(what, "erase") == 0, e);
	first = number(second, 0);
	octets = number(argv[4], 0);
	return send_journeys(w, first, first + number(argv[3], 0), octets,
			     number(argv[4] == NULL ? NULL : argv[5], 1), e);
}

int
main(int argc, char *argv[])
{
	struct writer w = { 0 };
	struct err e = { 0 };
	bool good = argc >= 3 && open_writer(&w, &e) && act(&w, argv, &e) &&
		    kafka_producer_flush(w.producer, WAIT_MS, &e);

	if (!good)
		fprintf(stderr, "log_writer: %s\n", e.text);
	kafka_producer_close(w.producer);
	schemas_close(w.schemas);
	registry_close(w.registry);
	return good ? 0 : 1;
}
