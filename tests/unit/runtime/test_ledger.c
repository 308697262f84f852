#include <criterion/criterion.h>
#include <string.h>

#include "runtime/ledger.h"

#define LIMIT 6

static struct ledger *ledger;
static struct err e;

static void
set_up(void)
{
	cr_assert(ledger_new(LIMIT, &ledger, &e));
}

static void
tear_down(void)
{
	ledger_free(ledger);
}

TestSuite(ledger, .init = set_up, .fini = tear_down);

static void
present(int32_t partition, int64_t offset)
{
	struct event *ev;

	cr_assert(event_new(EVENT_ENROLMENT_SAVED, 4096, &ev, &e));
	cr_assert(ledger_present(ledger, ev, partition, offset, "trace", true,
				 &e));
}

static void
order(const char *key, int32_t partition, int64_t offset)
{
	present(partition, offset);
	cr_assert(ledger_open(ledger, key, &e));
	ledger_settle(ledger);
}

static void
outcome_at(const char *key, int32_t partition, int64_t offset)
{
	present(partition, offset);
	ledger_close(ledger, key);
	ledger_settle(ledger);
}

static void
outcome(const char *key)
{
	outcome_at(key, 0, 1000);
}

/* @return key of the one that was taken, "" if there was none */
static const char *
take(int64_t now)
{
	const struct ledger_order *o = ledger_take(ledger, now);

	return o == NULL ? "" : o->key;
}

Test(ledger, orders_with_an_outcome_are_forgotten)
{
	order("a", 0, 1);
	order("b", 0, 2);
	order("c", 1, 3);
	outcome("b");
	outcome("never opened");
	cr_expect_eq(ledger_count(ledger), 2);
	cr_expect_null(ledger_find(ledger, "b"));
	cr_assert_not_null(ledger_find(ledger, "c"));
	cr_expect_eq(ledger_find(ledger, "c")->offset, 3);
	cr_expect_str_eq(ledger_find(ledger, "c")->traceparent, "trace");
	cr_expect(ledger_find(ledger, "c")->caught_up);
	order("d", 0, 4); /* the end of the list is still right */
	outcome("d");
	order("e", 0, 5);
	cr_expect_str_eq(take(0), "a");
	cr_expect_eq(ledger_count(ledger), 3);
}

Test(ledger, repeated_order_keeps_the_first)
{
	order("a", 0, 1);
	order("a", 0, 7);
	cr_expect_eq(ledger_count(ledger), 1);
	cr_expect_eq(ledger_find(ledger, "a")->offset, 1);
}

Test(ledger, one_event_may_order_and_answer)
{
	order("make", 0, 1);
	present(0, 2);
	ledger_close(ledger, "make");
	cr_assert(ledger_open(ledger, "destroy", &e));
	cr_assert(ledger_open(ledger, "report", &e));
	ledger_settle(ledger);
	outcome("destroy"); /* the event lives on with "report" */
	cr_expect_eq(ledger_find(ledger, "report")->event->type,
		     EVENT_ENROLMENT_SAVED);
}

Test(ledger, next_is_the_oldest_that_is_free_and_due)
{
	struct ledger_order *a, *b;

	order("a", 0, 1);
	order("b", 0, 2);
	order("c", 0, 3);
	order("d", 0, 4);
	a = ledger_take(ledger, 100);
	cr_expect_str_eq(a->key, "a");
	b = ledger_take(ledger, 100);
	b->not_before_us = 102;
	b->attempts = 1;
	ledger_put_back(ledger, b);
	cr_expect_str_eq(take(101), "c");
	a->not_before_us = 101;
	a->attempts = 1;
	ledger_put_back(ledger, a);
	cr_expect_str_eq(take(100), "d");
	cr_expect_str_eq(take(100), "");
	cr_expect_str_eq(take(102), "a");
	cr_expect_str_eq(take(102), "b");
	ledger_put_back(ledger, b);
	cr_expect_str_eq(take(101), "");
	ledger_hasten(ledger);
	cr_expect_str_eq(take(101), "b");
	cr_expect_eq(ledger_count(ledger), 4);
}

Test(ledger, one_that_was_put_back_can_be_closed)
{
	struct ledger_order *a;

	order("a", 0, 1);
	order("b", 0, 2);
	a = ledger_take(ledger, 0);
	a->attempts = 1;
	ledger_put_back(ledger, a);
	outcome("a");
	outcome("b");
	cr_expect_eq(ledger_count(ledger), 0);
	cr_expect_str_eq(take(1000), "");
}

/* ---- many ---------------------------------------------------------------- */

/* Orders o1, o2 ... of two partitions at offsets 1, 2 ... */
static void
many(unsigned from, unsigned to)
{
	char key[16];

	for (unsigned i = from; i <= to; i++) {
		snprintf(key, sizeof(key), "o%u", i);
		order(key, (int32_t)(i % 2), i);
	}
}

Test(ledger, what_is_beyond_the_limit_is_left_out_and_read_again)
{
	many(1, LIMIT + 4);
	cr_expect_eq(ledger_count(ledger), LIMIT);
	cr_expect_eq(ledger_left_out(ledger, 0), 8);
	cr_expect_eq(ledger_left_out(ledger, 1), 7);
	cr_expect_eq(ledger_left_out(ledger, 2), -1);
	outcome_at("o1", 1, 11);
	outcome_at("o2", 0, 12);
	cr_expect_eq(ledger_count(ledger), LIMIT - 2);
	order("late", 0, 14); /* its partition is read again anyway */
	cr_expect_null(ledger_find(ledger, "late"));
	outcome_at("o8", 0, 16); /* of one that is left out */
	outcome_at("o4", 0, 18);
	cr_expect_eq(ledger_lowest(ledger, 0, 100), 6);
	cr_expect_eq(ledger_lowest(ledger, 1, 100), 3);
	outcome_at("o6", 0, 20);
	cr_expect_eq(ledger_lowest(ledger, 0, 100), 8, "not committed either");

	ledger_end_reached(ledger);
	ledger_read_again(ledger, 0);
	ledger_read_again(ledger, 1);
	cr_expect_eq(ledger_left_out(ledger, 0), -1);
	many(7, LIMIT + 4);
	cr_expect_null(ledger_find(ledger, "o8"), "it has its outcome");
	cr_expect_not_null(ledger_find(ledger, "o7"));
	cr_expect_not_null(ledger_find(ledger, "o10"));
	order("late", 0, 14);
	cr_expect_not_null(ledger_find(ledger, "late"));
	outcome_at("o8", 0, 16);
	order("o8", 0, 17); /* ordered anew, behind that outcome */
	cr_expect_not_null(ledger_find(ledger, "o8"));
	many(100, 120); /* the limit is the reader's now */
	cr_expect_not_null(ledger_find(ledger, "o120"));
}

/* As keygen does it: the same event ends one and orders another. */
Test(ledger, outcome_and_order_of_one_event_that_is_left_out)
{
	many(1, LIMIT + 2);
	present(0, 20);
	ledger_close(ledger, "settle");
	cr_assert(ledger_open(ledger, "settle", &e));
	ledger_settle(ledger);
	cr_expect_null(ledger_find(ledger, "settle"));
	ledger_end_reached(ledger);
	ledger_read_again(ledger, 0);
	present(0, 20);
	ledger_close(ledger, "settle");
	cr_assert(ledger_open(ledger, "settle", &e));
	ledger_settle(ledger);
	cr_expect_not_null(ledger_find(ledger, "settle"));
}

Test(ledger, more_outcomes_than_are_remembered_are_said)
{
	char key[16];

	many(1, LIMIT + 2);
	cr_expect(ledger_knows_ahead(ledger));
	for (unsigned i = 0; i <= LIMIT * LEDGER_AHEAD; i++) {
		snprintf(key, sizeof(key), "x%u", i);
		outcome_at(key, 0, 100 + i);
		cr_assert_eq(ledger_knows_ahead(ledger),
			     i < LIMIT * LEDGER_AHEAD);
	}
	ledger_end_reached(ledger);
	ledger_catch_up_again(ledger);
	cr_expect(ledger_knows_ahead(ledger));
	cr_expect_eq(ledger_left_out(ledger, 0), -1);
	cr_expect_eq(ledger_count(ledger), LIMIT, "these stay");
	many(7, 8); /* the limit holds again */
	cr_expect_eq(ledger_left_out(ledger, 0), 8);
}

Test(ledger, new_assignment_begins_anew)
{
	many(1, LIMIT + 2);
	outcome_at("o8", 0, 20);
	ledger_end_reached(ledger);
	ledger_clear(ledger);
	cr_expect_eq(ledger_count(ledger), 0);
	cr_expect_eq(ledger_left_out(ledger, 0), -1);
	many(1, LIMIT + 2);
	cr_expect_eq(ledger_count(ledger), LIMIT);
	cr_expect_eq(ledger_left_out(ledger, 0), 8);
}

Test(ledger, finished_orders_are_remembered_by_the_thousand)
{
	char key[16];

	for (unsigned i = 0; i < LEDGER_FINISHED_MAX + 10; i++) {
		snprintf(key, sizeof(key), "o%u", i);
		order(key, 0, i);
		ledger_finish(ledger, ledger_take(ledger, 0));
	}
	order("o10", 0, 10);
	cr_expect_eq(ledger_count(ledger), 0);
	order("o9", 0, 9); /* the ring has come round */
	cr_expect_eq(ledger_count(ledger), 1);
}

Test(ledger, outcome_during_the_work_ends_with_the_work)
{
	struct ledger_order *a;

	order("a", 0, 1);
	a = ledger_take(ledger, 0);
	outcome("a");
	cr_expect(ledger_is_closed(a));
	cr_expect_eq(ledger_count(ledger), 1, "still there for its thread");
	cr_expect_null(ledger_find(ledger, "a"));
	order("a", 0, 9); /* ordered anew meanwhile: another order */
	cr_expect_eq(ledger_find(ledger, "a")->offset, 9);
	ledger_finish(ledger, a);
	cr_expect_eq(ledger_count(ledger), 1);
	cr_expect_eq(ledger_find(ledger, "a")->offset, 9);
}

Test(ledger, lowest_open_offset_holds_the_commit)
{
	order("a", 0, 10);
	order("b", 0, 20);
	order("c", 1, 5);
	cr_expect_eq(ledger_lowest(ledger, 0, 100), 10);
	outcome("a");
	cr_expect_eq(ledger_lowest(ledger, 0, 100), 20);
	cr_expect_eq(ledger_lowest(ledger, 2, 100), 100);
	ledger_clear(ledger);
	cr_expect_eq(ledger_lowest(ledger, 0, 100), 100);
	order("d", 0, 30);
	cr_expect_eq(ledger_count(ledger), 1);
}

Test(ledger, finished_order_is_not_opened_again_at_its_place)
{
	order("a", 0, 1);
	ledger_finish(ledger, ledger_take(ledger, 0));
	ledger_clear(ledger);
	order("a", 0, 1); /* the log is read again */
	cr_expect_eq(ledger_count(ledger), 0);
	order("b", 0, 1); /* the same event's other order */
	order("a", 0, 2); /* ordered anew */
	order("a", 1, 1);
	cr_expect_eq(ledger_count(ledger), 2);
	cr_expect_eq(ledger_find(ledger, "a")->offset, 2);
}

Test(ledger, key_that_is_too_long_is_a_bug_not_an_overflow)
{
	char key[LEDGER_KEY_MAX + 1];

	memset(key, 'k', sizeof(key) - 1);
	key[sizeof(key) - 1] = '\0';
	present(0, 1);
	cr_expect_not(ledger_open(ledger, key, &e));
	cr_expect_eq(e.kind, ERR_FATAL);
	key[LEDGER_KEY_MAX - 1] = '\0';
	cr_expect(ledger_open(ledger, key, &e));
	ledger_settle(ledger);
}
