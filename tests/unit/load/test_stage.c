/* The load between a mock cluster and one who plays the registrar. */
#include <criterion/criterion.h>
#include <pthread.h>

#include "base/clock.h"
#include "runtime/cloudevents.h"
#include "stage.h"

#define MS 10000
#define CODE "0199000112"
#define STRANGER "00000000-0000-4000-8000-000000000000"

static struct stage stage; /* a process for each test */

/* ---- what is sent ------------------------------------------------------ */

static unsigned acked;

static void
on_acked(void *self, uint32_t journey, enum load_act act,
	 const struct err *failure)
{
	(void)self;
	cr_expect_null(failure);
	cr_expect_eq(journey, 7);
	cr_expect_eq(act, LOAD_SUBMIT);
	acked++;
}

static const struct event submitted = {
	.type = EVENT_REQUEST_WITHDRAWN,
	.request_withdrawn = {
		.meta = { .event_id = "6f1f0c1e-6b0a-4c55-9d0f-2f6f7a3c1b11",
			  .tax_code = CODE,
			  .occurred_at = 1790000000000001,
			  .actor = { "gdv-1", EV_ACTOR_ROLE_OFFICER } },
		.request_id = "3d0c9d2c-8b1c-4b0e-9a53-0d8e0c5a7a10",
		.reason = "vì sao",
	},
};

static void
check_message(const struct kafka_message *m)
{
	AUTO(event) struct event *ev = NULL;
	char trace[CE_TRACEPARENT_MAX];

	cr_expect_str_eq(m->topic, "certflow.inbox.officer");
	cr_expect(bytes_equal(m->key, bytes_of_str(CODE)));
	cr_expect(kafka_header_is(m, CE_ID, submitted.meta.event_id));
	cr_expect_not_null(cloudevents_traceparent(m, trace));
	cr_expect_eq(cloudevents_type(m), EVENT_REQUEST_WITHDRAWN);
	cr_assert(schemas_decode(stage.schemas, m->value, EVENT_INBOX_MAX, &ev,
				 &stage.e),
		  "%s", stage.e.text);
	cr_expect_eq(ev->meta.occurred_at, submitted.meta.occurred_at);
	cr_expect_str_eq(ev->meta.actor.id, "gdv-1");
	cr_expect_str_eq(ev->request_withdrawn.reason, "vì sao");
}

/* Whole, and from a spool: the same octets. */
Test(sender, writes_as_portals_do, .timeout = 60)
{
	const struct sender_config cfg = { .kafka = &stage.mock.settings,
					   .acked = on_acked };
	struct sender_config with_schemas = cfg;
	struct load l = { 0 };
	struct sender *s;
	struct spooled head;
	struct bytes rest;

	stage_open(&stage);
	with_schemas.schemas = l.schemas = stage.schemas;
	cr_assert(spool_open(&l.spool, &stage.e));
	cr_assert(load_spool_event(&l, &submitted, NULL, &stage.e), "%s",
		  stage.e.text);
	cr_assert(spool_rewind(l.spool, &stage.e));
	cr_assert(spool_next(l.spool, &head, &rest, &stage.e));
	cr_expect_eq(head.type, submitted.type);
	cr_expect_str_eq(head.actor, "gdv-1");
	cr_assert(sender_open(&with_schemas, &s, &stage.e), "%s", stage.e.text);
	for (int i = 0; i < 2; i++) {
		AUTO(kafka_batch) struct kafka_batch *b = NULL;

		cr_assert(sender_send(s, &submitted,
				      i == 0 ? bytes_of(NULL, 0) : rest, 7,
				      LOAD_SUBMIT, &stage.e),
			  "%s", stage.e.text);
		b = stage_take(&stage, MS);
		cr_assert_not_null(b);
		check_message(kafka_batch_at(b, 0));
	}
	while (acked < 2)
		cr_assert(sender_poll(s, 100, &stage.e));
	cr_expect_eq(sender_room(s), SENDER_UNACKED_MAX);
	sender_close(s);
	spool_close(l.spool);
	stage_close(&stage);
}

/* ---- what is read ------------------------------------------------------ */

static struct follow_note notes[16];
static size_t note_count;

static void
on_note(void *self, const struct follow_note *n)
{
	(void)self;
	cr_assert_lt(note_count, sizeof(notes) / sizeof(notes[0]));
	notes[note_count++] = *n;
}

static void
log_event(struct event *ev, const char *key)
{
	AUTO(buffer) struct buffer wire = { 0 };
	const struct ev_actor registrar = { "registrar",
					    EV_ACTOR_ROLE_REGISTRAR };

	ev->meta.event_id = STRANGER;
	ev->meta.tax_code = key;
	ev->meta.actor = registrar;
	cr_assert(schemas_encode(stage.schemas, ev, &wire, &stage.e), "%s",
		  stage.e.text);
	stage_log(&stage, bytes_of_str(key), ev->type, STRANGER,
		  buffer_view(&wire));
}

static void
log_refused(const char *cause)
{
	struct event ev = { .type = EVENT_EVENT_REFUSED };

	ev.meta.causation_id = cause;
	ev.event_refused.source.topic = "certflow.inbox.officer";
	ev.event_refused.code = EV_REFUSAL_CODE_FOUR_EYES;
	ev.event_refused.message_en = ev.event_refused.message_vi = "";
	log_event(&ev, CODE);
}

static void
log_deferred(const char *cause)
{
	struct event ev = { .type = EVENT_EVENT_DEFERRED };

	ev.meta.causation_id = cause;
	ev.event_deferred.source.topic = "certflow.inbox.officer";
	ev.event_deferred.event_name = "RequestApproved";
	ev.event_deferred.waiting_for = EV_REFUSAL_CODE_REQUEST_UNKNOWN;
	ev.event_deferred.payload = bytes_of_str("");
	log_event(&ev, CODE);
}

static void
log_issued(const char *key)
{
	struct event ev = { .type = EVENT_CERTIFICATE_ISSUED };

	ev.certificate_issued.order_id = STRANGER;
	ev.certificate_issued.request_id = STRANGER;
	ev.certificate_issued.serial_number = "40";
	ev.certificate_issued.certificate_der = bytes_of_str("x");
	ev.certificate_issued.signed_at = 4711;
	log_event(&ev, key);
}

Test(follow, tells_what_is_ours, .timeout = 60)
{
	AUTO(customers) struct customers *customers = NULL;
	struct load_ids ids;
	struct follow_config cfg = { .kafka = &stage.mock.settings,
				     .ids = &ids,
				     .timeout_ms = MS,
				     .note = on_note };
	char id[UUID_TEXT_MAX], ours[TAX_CODE_MAX];
	struct bytes key;
	struct follow *f;
	bool more;

	stage_open(&stage);
	cr_assert(load_ids_new(&ids, &stage.e));
	cr_assert(customers_new(10000001, 9, 1, &customers, &stage.e));
	cfg.schemas = stage.schemas;
	cfg.customers = customers;
	customers_tax_code(customers, 3, ours);
	key = bytes_of_str(ours);
	cr_assert(follow_open(&cfg, &f, &stage.e), "%s", stage.e.text);
	/* of others */
	stage_log(&stage, key, EVENT_REQUEST_APPROVED, STRANGER,
		  bytes_of_str("x"));
	log_refused(STRANGER);
	log_deferred(NULL);
	log_issued(CODE);
	stage_log(&stage, bytes_of_str(CODE), EVENT_ISSUANCE_ORDERED, STRANGER,
		  bytes_of_str("x"));
	/* ours, each seen before the next is there */
	for (unsigned i = 0; i < 6; i++) {
		load_id(&ids, LOAD_APPROVE, i, id);
		if (i == 0)
			stage_log(&stage, key, EVENT_REQUEST_APPROVED, id,
				  bytes_of_str("x"));
		else if (i == 1)
			log_refused(id);
		else if (i == 2)
			log_deferred(id);
		else if (i == 3)
			stage_log(&stage, key, EVENT_ISSUANCE_ORDERED, STRANGER,
				  bytes_of_str("x"));
		else if (i == 4)
			log_issued(ours);
		else
			stage_log(&stage, key, EVENT_ISSUANCE_FAILED, STRANGER,
				  bytes_of_str("x"));
		while (note_count == i)
			cr_assert(follow_poll(f, &more, &stage.e), "%s",
				  stage.e.text);
		cr_expect_eq(notes[i].what, (enum follow_what)i);
		cr_expect_eq(notes[i].journey, i < 3 ? i : 3);
		cr_expect(i > 2 || notes[i].act == LOAD_APPROVE);
		cr_expect_gt(notes[i].logged_us, 0);
	}
	cr_expect_str_eq(notes[1].why, "FOUR_EYES");
	cr_expect_eq(notes[4].signed_us, 4711);
	cr_expect_str_eq(notes[5].why, "IssuanceFailed");
	follow_close(f);
	stage_close(&stage);
}

/* ---- all of it --------------------------------------------------------- */

#define COUNT 200

static bool over;

/* Admits all but the press of every tenth customer of the log; what is
 * pressed is ordered and issued, too. */
static void *
play_registrar(void *issued)
{
	const struct buffer *wire = issued;
	unsigned pressed = 0;

	while (!__atomic_load_n(&over, __ATOMIC_ACQUIRE)) {
		AUTO(kafka_batch)
		struct kafka_batch *b = stage_take(&stage, 50);
		const struct kafka_message *m;

		if (b == NULL)
			continue;
		m = kafka_batch_at(b, 0);
		stage_admit(&stage, m);
		if (cloudevents_type(m) != EVENT_ISSUANCE_REQUESTED)
			continue;
		stage_log(&stage, m->key, EVENT_ISSUANCE_ORDERED, STRANGER,
			  bytes_of_str("x"));
		if (++pressed % 10 == 0)
			stage_log(&stage, m->key, EVENT_ISSUANCE_FAILED,
				  STRANGER, bytes_of_str("x"));
		else
			stage_log(&stage, m->key, EVENT_CERTIFICATE_ISSUED,
				  STRANGER, buffer_view(wire));
	}
	return NULL;
}

/* Encoded before the thread starts: shared/avro is for one thread. */
static void
encode_issued(struct buffer *wire)
{
	struct event ev = { .type = EVENT_CERTIFICATE_ISSUED };

	ev.meta.event_id = STRANGER;
	ev.meta.tax_code = CODE;
	ev.meta.actor = (struct ev_actor){ "issuer", EV_ACTOR_ROLE_ISSUER };
	ev.certificate_issued.order_id = STRANGER;
	ev.certificate_issued.request_id = STRANGER;
	ev.certificate_issued.serial_number = "40";
	ev.certificate_issued.certificate_der = bytes_of_str("x");
	ev.certificate_issued.signed_at = 1;
	cr_assert(schemas_encode(stage.schemas, &ev, wire, &stage.e), "%s",
		  stage.e.text);
}

static void
check_journey(const struct journeys *j, uint32_t i)
{
	const struct journey *one = &j->list[i];
	int64_t due = j->list[0].due_us + i * US_PER_S / 1000;

	cr_expect_eq(one->due_us, due, "journey %u", i);
	cr_expect_geq(one->at[load_mark(LOAD_PRESS, LOAD_SENT)], due);
	cr_expect_geq(one->at[load_mark(LOAD_PRESS, LOAD_SEEN)],
		      one->at[load_mark(LOAD_PRESS, LOAD_SENT)]);
	cr_expect_neq(one->at[load_mark(LOAD_PRESS, LOAD_ACK)], 0);
	cr_expect_geq(one->at[LOAD_MARK_ORDERED],
		      one->at[load_mark(LOAD_PRESS, LOAD_SEEN)]);
	cr_expect((one->at[LOAD_MARK_ISSUED] != 0) == (one->failed == NULL));
}

Test(load, prepares_and_presses, .timeout = 120)
{
	struct load_config cfg = { .registry = "http://127.0.0.1:9",
				   .step = load_step_find("press"),
				   .until = LOAD_ISSUED,
				   .count = COUNT,
				   .rate = 1000,
				   .window = 30,
				   .first = 10000001,
				   .timeout_us = 30 * US_PER_S };
	AUTO(buffer) struct buffer issued = { 0 };
	const struct load_counts *c;
	struct load *l;
	pthread_t thread;
	struct err e;

	stage_open(&stage);
	encode_issued(&issued);
	cfg.kafka = stage.mock.settings;
	cfg.cache_dir = stage.cache;
	cr_assert(load_open(&cfg, &l, &e), "%s", e.text);
	cr_assert_eq(pthread_create(&thread, NULL, play_registrar, &issued), 0);
	cr_assert(load_prepare(l, &e), "%s", e.text);
	cr_assert(load_run(l, &e), "%s", e.text);
	__atomic_store_n(&over, true, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
	c = load_counts(l);
	cr_expect_eq(c->done, COUNT);
	cr_expect_eq(c->failed, COUNT / 10);
	cr_expect_eq(c->stages[LOAD_ORDERED], COUNT);
	cr_expect_eq(c->stages[LOAD_ISSUED], COUNT - COUNT / 10);
	for (uint32_t i = 0; i < COUNT; i++)
		check_journey(load_journeys(l), i);
	load_close(l);
	stage_close(&stage);
}
