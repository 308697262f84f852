#include <criterion/criterion.h>
#include <string.h>

#include "runtime/ledger.h"

static struct ledger *ledger;
static struct err e;

static void
set_up(void)
{
	cr_assert(ledger_new(&ledger, &e));
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
outcome(const char *key)
{
	present(0, 1000);
	ledger_close(ledger, key);
	ledger_settle(ledger);
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
	cr_expect_str_eq(ledger_next(ledger, 0)->key, "a");
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
	struct ledger_order *a;

	order("a", 0, 1);
	order("b", 0, 2);
	order("c", 0, 3);
	a = ledger_next(ledger, 100);
	cr_expect_str_eq(a->key, "a");
	a->user = &e; /* somebody works on it */
	ledger_next(ledger, 100)->not_before_us = 101;
	cr_expect_str_eq(ledger_next(ledger, 100)->key, "c");
	cr_expect_str_eq(ledger_next(ledger, 101)->key, "b");
	a->user = NULL;
	cr_expect_str_eq(ledger_next(ledger, 101)->key, "a");
}

Test(ledger, outcome_during_the_work_ends_with_the_work)
{
	struct ledger_order *a;

	order("a", 0, 1);
	a = ledger_next(ledger, 0);
	a->user = &e;
	outcome("a");
	cr_expect(ledger_is_closed(ledger, a));
	cr_expect_eq(ledger_count(ledger), 1, "still there for its thread");
	cr_expect_null(ledger_find(ledger, "a"));
	order("a", 0, 9); /* ordered anew meanwhile: another order */
	cr_expect_eq(ledger_find(ledger, "a")->offset, 9);
	a->user = NULL;
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
	ledger_finish(ledger, ledger_next(ledger, 0));
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
