/*
 * The log is the truth: whatever happens, folding it again gives the state
 * that was, from the start or from a checkpoint on, and a checkpoint that
 * was damaged is never believed.
 */
#include <string.h>

#include "world.h"

static uint32_t
next_random(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

static const char *const enrolments[] = { E1, E2, E3 };
static const char *const requests[] = { R1, R2, R3 };

static void
manager_acts(struct world *w, const char *id, uint32_t n)
{
	static const enum event_type types[] = { EVENT_REQUEST_RETURNED,
						 EVENT_REQUEST_REJECTED,
						 EVENT_REQUEST_REASSIGNED };
	struct event *ev = world_event(w, types[n % 3], MANAGER);
	const struct wf_request *rq = subject_request(w->s, id);
	int32_t revision = rq == NULL ? 1 : rq->submission.revision;

	if (ev->type == EVENT_REQUEST_REASSIGNED) {
		ev->request_reassigned.request_id = id;
		ev->request_reassigned.new_officer_id =
			n % 2 == 0 ? OFFICER : "gdv-2";
		ev->request_reassigned.reason = "";
	} else if (ev->type == EVENT_REQUEST_RETURNED) {
		ev->request_returned.request_id = id;
		ev->request_returned.revision = revision;
		ev->request_returned.reason = "";
	} else {
		ev->request_rejected.request_id = id;
		ev->request_rejected.revision = revision;
		ev->request_rejected.reason = "";
	}
	world_say(w, ev);
}

static void
issuer_acts(struct world *w, uint32_t n)
{
	const struct event *order = world_find(w, EVENT_ISSUANCE_ORDERED);
	struct event *ev;

	if (order == NULL)
		return;
	if (n % 4 != 0) {
		world_say(w, issued_event(w, n % 5 != 0, (uint8_t)(n % 2)));
		return;
	}
	ev = world_event(w, EVENT_ISSUANCE_FAILED, "issuer-1");
	ev->issuance_failed.order_id = order->meta.event_id;
	ev->issuance_failed.request_id = order->issuance_ordered.request_id;
	ev->issuance_failed.serial_number =
		order->issuance_ordered.serial_number;
	ev->issuance_failed.code =
		n % 8 == 0 ? EV_ISSUANCE_FAILURE_CODE_ORDER_EXPIRED
			   : EV_ISSUANCE_FAILURE_CODE_LINT;
	ev->issuance_failed.detail = "";
	world_say(w, ev);
}

static void
void_order(struct world *w)
{
	const struct event *order = world_find(w, EVENT_ISSUANCE_ORDERED);
	struct event *ev = world_event(w, EVENT_ORDER_VOID_REQUESTED, MANAGER);

	if (order == NULL)
		return;
	ev->order_void_requested.order_id = order->meta.event_id;
	ev->order_void_requested.reason = "";
	world_say(w, ev);
}

static void
certificate_acts(struct world *w, uint32_t n)
{
	static const struct {
		enum event_type type;
		const char *actor;
	} acts[] = {
		{ EVENT_ACTIVATION_REQUESTED, CUSTOMER },
		{ EVENT_CERTIFICATE_ACTIVATED, "activator-1" },
		{ EVENT_ACTIVATION_FAILED, "activator-1" },
		{ EVENT_DEACTIVATION_REQUESTED, CUSTOMER },
	};

	if (world_find(w, EVENT_ISSUANCE_ORDERED) != NULL)
		world_say(w,
			  serial_event(w, acts[n % 4].type, acts[n % 4].actor));
}

static void
random_act(struct world *w, uint32_t *seed)
{
	uint32_t n = next_random(seed);
	const char *en = enrolments[next_random(seed) % 3];
	const char *rq = requests[next_random(seed) % 3];
	const struct wf_request *known = subject_request(w->s, rq);

	switch (n % 13) {
	case 0:
		key_requested(w, en);
		break;
	case 1:
		csr_generated(w, en);
		break;
	case 2:
		enrolment_saved(w, en);
		break;
	case 3:
	case 4:
		submit(w, rq,
		       known == NULL ? 1 : known->submission.revision + 1);
		break;
	case 5:
	case 6:
		approve(w, rq, en);
		break;
	case 7:
		manager_acts(w, rq, n >> 4);
		break;
	case 8:
		issue(w, rq);
		break;
	case 9:
		issuer_acts(w, n >> 4);
		break;
	case 10:
		certificate_acts(w, n >> 4);
		break;
	case 11:
		if (n % 3 == 0)
			void_order(w);
		break;
	default:
		w->env.now += (int64_t)(n >> 4 & 15) * 1800 * US_PER_S;
		world_tick(w);
		break;
	}
	world_retry(w);
}

/* What must hold after every step, whatever came before. */
static void
check_invariants(const struct world *w)
{
	const struct subject *s = w->s;
	size_t open = 0, issued_count = 0;

	for (size_t i = 0; i < w->log_count; i++)
		cr_assert_eq(*w->log[i].event->meta.sequence, (int64_t)i + 1);
	for (size_t i = 0; i < s->st.orders.count; i++) {
		const struct wf_order *o = &s->st.orders.items[i];
		const struct wf_request *rq = subject_request(s, o->request_id);
		bool is_open = o->state == WF_ORDER_OPEN;

		open += is_open;
		cr_assert(!is_open || rq->state == EV_REQUEST_STATE_ISSUING);
		issued_count += o->state == WF_ORDER_ISSUED;
	}
	for (size_t i = 0; i < s->st.requests.count; i++) {
		enum ev_request_state state = s->st.requests.items[i].state;

		open -= state == EV_REQUEST_STATE_ISSUING;
		issued_count -= state == EV_REQUEST_STATE_ISSUED;
	}
	cr_assert_eq(open, 0, "one open order for each request in ISSUING");
	cr_assert_eq(issued_count, 0, "one certificate for each ISSUED");
	cr_assert_leq(s->st.waiting.count, 16);
}

Test(replay, random_walks, .timeout = 120)
{
	unsigned certificates = 0, waits = 0;

	for (uint32_t walk = 1; walk <= 60; walk++) {
		AUTO(world) struct world *w = world_new(TAX);
		uint32_t seed = walk;

		for (unsigned step = 0; step < 250; step++) {
			random_act(w, &seed);
			check_invariants(w);
		}
		world_check_replay(w);
		certificates += w->s->st.certificates.count;
		waits += world_find(w, EVENT_EVENT_DEFERRED) != NULL;
	}
	cr_expect_gt(certificates, 20, "walks get somewhere: %u", certificates);
	cr_expect_gt(waits, 20);
}

/* A record at or below the sequence is skipped; a gap is fatal. */
Test(replay, sequence)
{
	AUTO(world) struct world *w = world_new(TAX);
	int64_t sequence = 1;
	struct event ev;
	const struct wf_record r = { .event = &ev };

	key_requested(w, E1);
	ev = *w->log[0].event;
	cr_expect(subject_apply(w->s, &r, &w->e));
	cr_expect_eq(subject_sequence(w->s), 1);
	ev.meta.sequence = &sequence;
	sequence = 3;
	cr_expect(!subject_apply(w->s, &r, &w->e));
	cr_expect_eq(w->e.kind, ERR_FATAL);
	cr_expect_not_null(strstr(w->e.text, "3 after 1"), "%s", w->e.text);
	ev.meta.sequence = NULL;
	cr_expect(!subject_apply(w->s, &r, &w->e));
	ev.meta.tax_code = BRANCH_TAX;
	cr_expect(!subject_apply(w->s, &r, &w->e));
}

/* A log that the tables do not allow stops the program, not the truth. */
Test(replay, impossible_record)
{
	AUTO(world) struct world *w = world_new(TAX);
	int64_t sequence = 2;
	struct event ev;
	const struct wf_record r = { .event = &ev };

	key_requested(w, E1);
	ev = *world_event(w, EVENT_ENROLMENT_SAVED, CUSTOMER);
	ev.enrolment_saved.enrolment_id = E1;
	ev.meta.sequence = &sequence;
	cr_expect(!subject_apply(w->s, &r, &w->e));
	cr_expect_eq(w->e.kind, ERR_FATAL);
	cr_expect_not_null(strstr(w->e.text, "enrolment in state REQUESTED"),
			   "%s", w->e.text);
}

static void
make_checkpoint(struct world *w, struct buffer *out)
{
	certified(w, E1, R1);
	enrol(w, E2);
	submit(w, R2, 1);
	issue(w, R2);
	cr_assert(subject_encode(w->s, out, &w->e));
}

static void
expect_unreadable(struct bytes b, struct err *e)
{
	struct subject *s = NULL;

	cr_assert(!subject_decode(b, &s, e));
	cr_assert_eq(e->kind, ERR_RETRY, "%s", e->text);
}

Test(checkpoint, every_octet_counts)
{
	AUTO(world) struct world *w = world_new(TAX);
	AUTO(buffer) struct buffer b = { 0 };

	make_checkpoint(w, &b);
	for (size_t i = 0; i < b.len; i++) {
		expect_unreadable(bytes_of(b.data, i), &w->e);
		b.data[i] ^= 0x55;
		expect_unreadable(buffer_view(&b), &w->e);
		b.data[i] ^= 0x55;
	}
	expect_unreadable((struct bytes){ NULL, 0 }, &w->e);
}

/* Behind the checksum: octets changed at will, read or refused, no more. */
Test(checkpoint, garbage_behind_a_good_checksum)
{
	AUTO(world) struct world *w = world_new(TAX);
	AUTO(buffer) struct buffer b = { 0 };
	uint32_t seed = 7;

	certified(w, E1, R1);
	cr_assert(layout_encode(&wf_state_layout, &w->s->st, &b, &w->e));
	for (unsigned i = 0; i < 4000; i++) {
		AUTO(arena) struct arena *a = NULL;
		struct wf_state st = { 0 };
		size_t at = next_random(&seed) % b.len;
		uint8_t old = b.data[at];

		cr_assert(arena_new(1 << 20, &a, &w->e));
		b.data[at] = (uint8_t)next_random(&seed);
		if (!layout_decode(&wf_state_layout, buffer_view(&b), a, &st,
				   &w->e))
			cr_assert_neq(w->e.kind, ERR_NONE);
		b.data[at] = old;
	}
}

Test(checkpoint, compaction_keeps_everything)
{
	AUTO(world) struct world *w = world_new(TAX);

	certified(w, E1, R1);
	for (unsigned i = 0; i < 400; i++)
		submit(w, R1, 1); /* DUPLICATE_ID, each one remembered */
	cr_expect_eq(w->s->st.seen.count, w->log_count - 1,
		     "all but the registrar's own");
	cr_expect_lt(subject_size(w->s), 400 * 400);
	world_check_replay(w);
}

/* One event, again and again: refused, and each time under a new id. */
static const struct event *
refuse_many(struct world *w, unsigned count)
{
	const struct event *ev = NULL;

	for (unsigned i = 0; i < count; i++) {
		ev = submit_event(w, R1, 1);
		cr_assert_eq(world_say(w, ev), WF_REFUSED);
	}
	return ev;
}

Test(checkpoint, any_number_of_refusals_takes_bounded_memory)
{
	AUTO(world) struct world *w = world_new(TAX);
	const struct event *admitted = submit_event(w, R1, 1);
	const struct event *old, *recent;
	size_t size;

	cr_assert_eq(world_say(w, admitted), WF_ADMITTED);
	old = refuse_many(w, 1);
	(void)refuse_many(w, 2 * SUBJECT_REFUSED_KEPT - 2);
	cr_expect_eq(world_say(w, old), WF_REPEATED);
	size = subject_size(w->s);
	recent = refuse_many(w, SUBJECT_REFUSED_KEPT + 500);
	cr_expect_lt(w->s->st.seen.count, 2 * SUBJECT_REFUSED_KEPT + 1);
	cr_expect_lt(subject_size(w->s), 2 * size);
	cr_expect_lt(subject_size(w->s), 1024 * 1024);
	/* What was admitted is known for ever, a refusal for long. */
	cr_expect_eq(world_say(w, admitted), WF_REPEATED);
	cr_expect_eq(world_say(w, recent), WF_REPEATED);
	cr_expect_eq(world_say(w, old), WF_REFUSED);
	world_check_replay(w);
}

Test(checkpoint, is_stable)
{
	AUTO(world) struct world *w = world_new(TAX);
	AUTO(buffer) struct buffer first = { 0 };
	AUTO(buffer) struct buffer second = { 0 };
	AUTO(subject) struct subject *s = NULL;

	make_checkpoint(w, &first);
	cr_assert(subject_decode(buffer_view(&first), &s, &w->e), "%s",
		  w->e.text);
	cr_assert(subject_encode(s, &second, &w->e));
	cr_expect(bytes_equal(buffer_view(&first), buffer_view(&second)));
	cr_expect_str_eq(subject_tax_code(s), TAX);
	cr_expect_eq(subject_sequence(s), subject_sequence(w->s));
}
