/* What keygen takes from the log: which orders are open after it. */
#include <criterion/criterion.h>

#include "base/clock.h"
#include "observe.h"

#define ENROLMENT "0b54a1f0-0000-4000-8000-00000000000e"
#define REQUEST_ID "0b54a1f0-0000-4000-8000-000000000001"
#define ABANDON_ID "0b54a1f0-0000-4000-8000-000000000002"
#define OTHER_ID "0b54a1f0-0000-4000-8000-000000000003"
#define MAKE "make/" ENROLMENT
#define DESTROY "destroy/" ENROLMENT
#define SETTLE "settle/" ENROLMENT

static struct keygen kg;
static struct ledger *ledger;
static struct event events[16];
static size_t event_count;
static int64_t recorded;

static void
setup(void)
{
	struct err e;

	kg = (struct keygen){ .instance = "keygen-0",
			      .settle_within_us = US_PER_DAY };
	cr_assert(notes_new(&kg.notes, &e));
	cr_assert(ledger_new(1000, &ledger, &e));
	recorded = clock_now_us();
}

static void
teardown(void)
{
	ledger_free(ledger);
	notes_free(kg.notes);
}

TestSuite(keygen_observe, .init = setup, .fini = teardown);

/* The next event of the log, from this actor. */
static struct event *
next(enum event_type type, const char *actor)
{
	struct event *ev = &events[event_count++];

	ev->type = type;
	ev->meta = (struct ev_meta){ .event_id = OTHER_ID,
				     .tax_code = "0199000112",
				     .actor = { .id = actor },
				     .recorded_at = &recorded };
	return ev;
}

static void
give(struct event *ev)
{
	struct err e = { 0 };

	cr_assert(ledger_present(ledger, ev, 0, (int64_t)event_count, NULL,
				 false, &e));
	cr_assert(keygen_observe(&kg, ev, ledger, &e), "%s", e.text);
	ledger_settle(ledger);
}

static void
requested(void)
{
	struct event *ev = next(EVENT_KEY_PAIR_REQUESTED, "portal");

	ev->meta.event_id = REQUEST_ID;
	ev->key_pair_requested.enrolment_id = ENROLMENT;
	give(ev);
}

static void
abandoned(void)
{
	struct event *ev = next(EVENT_ENROLMENT_ABANDONED, "registrar-0");

	ev->meta.event_id = ABANDON_ID;
	ev->enrolment_abandoned.enrolment_id = ENROLMENT;
	give(ev);
}

static void
csr(uint8_t key)
{
	struct event *ev = next(EVENT_CSR_GENERATED, "keygen-0");

	ev->csr_generated.enrolment_id = ENROLMENT;
	ev->csr_generated.spki_sha256.b[0] = key;
	give(ev);
}

static enum ev_refusal_code refusal_code;

static void
refused(const char *cause, enum event_type outcome)
{
	struct event *ev = next(EVENT_EVENT_REFUSED, "registrar-0");
	static char id[UUID_TEXT_MAX];

	cr_assert(uuid_v5(cause, event_type_name(outcome), id));
	ev->meta.causation_id = id;
	ev->event_refused.event_name = event_type_name(outcome);
	ev->event_refused.code = refusal_code;
	give(ev);
}

static bool
is_open(const char *key)
{
	return ledger_find(ledger, key) != NULL;
}

static void
made_only(uint8_t key)
{
	struct ev_sha256 digest = { { key } };

	notes_mark(kg.notes, MAKE, &digest);
}

Test(keygen_observe, a_request_is_an_order)
{
	requested();
	cr_expect(is_open(MAKE));
	cr_expect_eq(ledger_count(ledger), 1);
}

Test(keygen_observe, the_only_key_needs_no_settling)
{
	requested();
	made_only(7);
	csr(7);
	cr_expect_eq(ledger_count(ledger), 0);
}

Test(keygen_observe, another_key_than_ours_was_admitted)
{
	requested();
	made_only(7);
	csr(8);
	cr_expect_not(is_open(MAKE));
	cr_expect(is_open(SETTLE));
}

Test(keygen_observe, after_a_start_the_tokens_are_searched)
{
	requested();
	csr(7);
	cr_expect(is_open(SETTLE));
}

Test(keygen_observe, but_not_for_old_enrolments)
{
	recorded -= US_PER_DAY + US_PER_S;
	requested();
	csr(7);
	cr_expect_eq(ledger_count(ledger), 0);
}

Test(keygen_observe, a_replay_of_a_whole_life_leaves_nothing)
{
	struct event *ev;

	recorded -= 2 * US_PER_DAY;
	requested();
	csr(7);
	abandoned();
	ev = next(EVENT_KEY_PAIR_DESTROYED, "keygen-0");
	ev->key_pair_destroyed.enrolment_id = ENROLMENT;
	ev->key_pair_destroyed.cause = EV_DESTRUCTION_CAUSE_ABANDONED;
	give(ev);
	cr_expect_eq(ledger_count(ledger), 0);
}

Test(keygen_observe, abandoned_before_it_was_made)
{
	requested();
	abandoned();
	cr_expect_not(is_open(MAKE));
	cr_expect(is_open(DESTROY));
}

Test(keygen_observe, a_lost_race_does_not_answer_an_abandonment)
{
	struct event *ev;

	abandoned();
	ev = next(EVENT_KEY_PAIR_DESTROYED, "keygen-0");
	ev->key_pair_destroyed.enrolment_id = ENROLMENT;
	ev->key_pair_destroyed.cause = EV_DESTRUCTION_CAUSE_LOST_RACE;
	give(ev);
	cr_expect(is_open(DESTROY));
}

Test(keygen_observe, a_refused_csr_takes_its_key_along)
{
	requested();
	refused(REQUEST_ID, EVENT_CSR_GENERATED);
	cr_expect_not(is_open(MAKE), "not made again and again");
	cr_expect(is_open(SETTLE));
}

/* Whatever was read before: the refusal itself says what is to be done. */
Test(keygen_observe, a_refusal_that_names_the_enrolment)
{
	static const struct ev_string_entry params[] = {
		{ "enrolment_id", ENROLMENT },
		{ "spki_sha256", "00" },
	};
	struct event *ev = next(EVENT_EVENT_REFUSED, "registrar-0");

	ev->meta.causation_id = OTHER_ID;
	ev->event_refused.event_name = "CsrGenerated";
	ev->event_refused.code = EV_REFUSAL_CODE_EVENT_ID_CONFLICT;
	ev->event_refused.params.items = params;
	ev->event_refused.params.count = 2;
	give(ev);
	cr_expect(is_open(SETTLE));
	cr_expect_str_eq(
		event_refusal_param(&ev->event_refused, "enrolment_id"),
		ENROLMENT);
	cr_expect_null(event_refusal_param(&ev->event_refused, "state"));
}

/* The admitted key is not known: nothing may be destroyed. */
Test(keygen_observe, a_lost_race_that_names_no_enrolment)
{
	requested();
	refusal_code = EV_REFUSAL_CODE_EVENT_ID_CONFLICT;
	refused(REQUEST_ID, EVENT_CSR_GENERATED);
	cr_expect_not(is_open(MAKE));
	cr_expect_not(is_open(SETTLE));
}

Test(keygen_observe, a_refusal_after_the_admission_is_no_news)
{
	requested();
	made_only(7);
	csr(7);
	refused(REQUEST_ID, EVENT_CSR_GENERATED);
	cr_expect_eq(ledger_count(ledger), 0);
}

Test(keygen_observe, a_refusal_of_somebody_elses_event)
{
	requested();
	refused(OTHER_ID, EVENT_CSR_GENERATED);
	cr_expect(is_open(MAKE));
	cr_expect_eq(ledger_count(ledger), 1);
}

Test(keygen_observe, refused_destruction_is_not_repeated)
{
	abandoned();
	refused(ABANDON_ID, EVENT_KEY_PAIR_DESTROYED);
	cr_expect_eq(ledger_count(ledger), 0);
}

Test(keygen_observe, failed_by_us_and_by_another)
{
	struct event *ev;

	requested();
	ev = next(EVENT_KEY_PAIR_FAILED, "keygen-0");
	ev->key_pair_failed.enrolment_id = ENROLMENT;
	give(ev);
	cr_expect_eq(ledger_count(ledger), 0);

	requested();
	ev = next(EVENT_KEY_PAIR_FAILED, "keygen-1");
	ev->key_pair_failed.enrolment_id = ENROLMENT;
	give(ev);
	cr_expect_not(is_open(MAKE));
	cr_expect(is_open(SETTLE), "what we may have made must go");
}

Test(keygen_observe, notes_do_not_grow)
{
	for (int i = 0; i < 5; i++) {
		event_count = 0;
		requested();
		csr(7);
	}
	cr_expect_null(notes_key(kg.notes, OTHER_ID));
	char id[UUID_TEXT_MAX];
	cr_assert(uuid_v5(REQUEST_ID, "CsrGenerated", id));
	cr_expect_null(notes_key(kg.notes, id));
}
