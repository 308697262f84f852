/* Notes become moments, moments become figures. */
#include <criterion/criterion.h>

#include "load/load_internal.h"
#include "load/report_stats.h"

#define COUNT 1000
#define SECOND INT64_C(1000000)

static struct load_config config;

static struct load *
new_load(const char *step, enum load_stage until)
{
	static struct load l; /* a process for each test */
	static uint32_t ring[COUNT];
	struct err e;

	config.step = load_step_find(step);
	config.until = until;
	l.cfg = &config;
	l.count = COUNT;
	cr_assert(journeys_new(COUNT, &l.journeys, &e));
	l.ready = (struct ready){ .ring = ring, .size = COUNT };
	l.phase = (struct phase){ .first = config.step->first,
				  .last = config.step->last,
				  .until = until,
				  .measured = true };
	return &l;
}

static void
note(struct load *l, enum follow_what what, enum load_act act, int64_t when)
{
	const struct follow_note n = { .what = what,
				       .journey = 5,
				       .act = act,
				       .why = "STATE",
				       .seen_us = when,
				       .logged_us = when - 1,
				       .signed_us = when - 2 };

	load_note(l, &n);
}

static int64_t
at(const struct load *l, int mark)
{
	return l->journeys.list[5].at[mark];
}

Test(note, a_whole_journey)
{
	struct load *l = new_load("whole", LOAD_ISSUED);

	l->journeys.list[5].at[load_mark(LOAD_PRESS, LOAD_SENT)] = 1;
	note(l, FOLLOW_ADMITTED, LOAD_SUBMIT, 10);
	cr_expect_eq(l->ready.count, 1);
	cr_expect_eq(l->ready.ring[0], 5);
	note(l, FOLLOW_ADMITTED, LOAD_SUBMIT, 11); /* again: nothing new */
	cr_expect_eq(l->ready.count, 1);
	cr_expect_eq(at(l, load_mark(LOAD_SUBMIT, LOAD_SEEN)), 10);
	note(l, FOLLOW_ADMITTED, LOAD_APPROVE, 20);
	note(l, FOLLOW_ADMITTED, LOAD_PRESS, 30);
	cr_expect_eq(l->ready.count, 2);
	cr_expect_eq(l->phase.counts.stages[LOAD_ADMITTED], 1);
	note(l, FOLLOW_ORDERED, LOAD_PRESS, 40);
	cr_expect_eq(l->phase.counts.done, 0);
	note(l, FOLLOW_ISSUED, LOAD_PRESS, 50);
	cr_expect_eq(l->phase.counts.done, 1);
	cr_expect_eq(at(l, LOAD_MARK_SIGNED), 48);
	cr_expect_eq(at(l, LOAD_MARK_ORDERED_LOGGED), 39);
	note(l, FOLLOW_ISSUED, LOAD_PRESS, 60);
	cr_expect_eq(l->phase.counts.done, 1);
	cr_expect_eq(at(l, LOAD_MARK_ISSUED), 50);
}

Test(note, orders_of_others_are_not_ours)
{
	struct load *l = new_load("press", LOAD_ORDERED);

	note(l, FOLLOW_ORDERED, LOAD_PRESS, 10);
	note(l, FOLLOW_FAILED, LOAD_PRESS, 20);
	cr_expect_eq(l->phase.counts.done, 0);
	cr_expect_eq(l->phase.counts.failed, 0);
}

Test(note, a_refusal_ends_a_journey_once)
{
	struct load *l = new_load("submit", LOAD_ADMITTED);

	note(l, FOLLOW_DEFERRED, LOAD_SUBMIT, 5);
	note(l, FOLLOW_REFUSED, LOAD_SUBMIT, 10);
	note(l, FOLLOW_REFUSED, LOAD_SUBMIT, 20);
	cr_expect_eq(l->phase.counts.deferred, 1);
	cr_expect_eq(l->phase.counts.failed, 1);
	cr_expect_eq(l->phase.counts.done, 1);
	cr_expect_str_eq(l->journeys.list[5].failed, "STATE");
}

Test(note, nothing_of_journeys_that_are_not_there)
{
	struct load *l = new_load("submit", LOAD_ADMITTED);

	l->count = 5;
	note(l, FOLLOW_ADMITTED, LOAD_SUBMIT, 10);
	cr_expect_eq(l->phase.counts.done, 0);
}

Test(note, a_broker_that_has_lost_it_is_a_fault)
{
	struct load *l = new_load("submit", LOAD_ACKED);
	const struct err failure = { .kind = ERR_RETRY, .text = "gone" };

	load_acked(l, 4, LOAD_SUBMIT, NULL);
	cr_expect_eq(l->phase.counts.done, 1);
	cr_expect_not(l->broken);
	load_acked(l, 5, LOAD_SUBMIT, &failure);
	cr_expect(l->broken);
	cr_expect_str_eq(l->failure.text, "gone");
}

Test(report, figures)
{
	static int64_t room[COUNT];
	struct load *l = new_load("submit", LOAD_ADMITTED);
	int mark = load_mark(LOAD_SUBMIT, LOAD_SEEN);
	struct report_latency t;

	/* 1 to 1000 ms, in any order; the moments are 10 ms apart */
	for (uint32_t i = 0; i < COUNT; i++) {
		struct journey *j = &l->journeys.list[i];
		uint32_t ms = i * 7 % COUNT + 1;

		j->at[mark] = SECOND + i * INT64_C(10000);
		j->due_us = j->at[mark] - ms * INT64_C(1000);
	}
	t = report_latency(&l->journeys, mark, room);
	cr_expect_eq(t.count, COUNT);
	cr_expect_eq(t.min, 1000);
	cr_expect_eq(t.p50, 500000);
	cr_expect_eq(t.p90, 900000);
	cr_expect_eq(t.p99, 990000);
	cr_expect_eq(t.p999, 999000);
	cr_expect_eq(t.max, 1000000);
	cr_expect_float_eq(report_rate(&l->journeys, mark), 100, 1e-6);
	/* of one value all are this value; of none nothing */
	memset(l->journeys.list + 1, 0,
	       sizeof(*l->journeys.list) * (COUNT - 1));
	t = report_latency(&l->journeys, mark, room);
	cr_expect(t.count == 1 && t.p50 == t.max && t.p999 == t.min);
	cr_expect_eq(report_rate(&l->journeys, mark), 0);
	l->journeys.list[0].at[mark] = 0;
	cr_expect_eq(report_latency(&l->journeys, mark, room).count, 0);
}

Test(report, reasons)
{
	struct report_reason reasons[REPORT_REASONS_MAX];
	struct load *l = new_load("submit", LOAD_ADMITTED);

	l->journeys.list[1].failed = "STATE";
	l->journeys.list[2].failed = "LIMIT";
	l->journeys.list[3].failed = "STATE";
	cr_assert_eq(report_reasons(&l->journeys, reasons), 2);
	cr_expect_str_eq(reasons[0].why, "STATE");
	cr_expect_eq(reasons[0].count, 2);
	cr_expect_eq(reasons[1].count, 1);
}

Test(columns, are_those_of_the_step)
{
	struct load_column c[LOAD_COLUMNS_MAX];

	cr_assert_eq(load_columns(load_step_find("enrol"), c), 5);
	cr_expect_str_eq(c[0].name, "enrol_sent");
	cr_expect_str_eq(c[2].name, "enrol_admitted");
	cr_expect_str_eq(c[4].name, "visible");
	cr_assert_eq(load_columns(load_step_find("press"), c), 10);
	cr_expect_str_eq(c[0].name, "press_sent");
	cr_expect_eq(c[0].mark, load_mark(LOAD_PRESS, LOAD_SENT));
	cr_expect_eq(load_columns(load_step_find("whole"), c),
		     LOAD_COLUMNS_MAX);
}
