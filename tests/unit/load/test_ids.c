/* Ids, tax codes and moments: what each journey is known by. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "load/customers.h"
#include "load/history.h"
#include "load/ids.h"
#include "load/schedule.h"
#include "workflow/tax_code.h"

Test(ids, lead_back_to_their_journey)
{
	const uint32_t journeys[] = { 0, 1, 4711, LOAD_JOURNEYS_MAX - 1 };
	struct load_ids ids;
	struct err e;

	cr_assert(load_ids_new(&ids, &e));
	for (size_t i = 0; i < sizeof(journeys) / sizeof(journeys[0]); i++) {
		for (unsigned kind = 0; kind < LOAD_ID_KIND__COUNT; kind++) {
			char text[UUID_TEXT_MAX];
			uint8_t octets[UUID_LEN];
			unsigned kind_again = 99;
			uint32_t journey = 99;

			load_id(&ids, kind, journeys[i], text);
			cr_assert(uuid_parse(text, octets), "%s", text);
			cr_expect_eq(octets[6] >> 4, 8, "%s", text);
			cr_expect_eq(octets[8] >> 6, 2, "%s", text);
			cr_assert(
				load_id_read(&ids, text, &kind_again, &journey),
				"%s", text);
			cr_expect_eq(kind_again, kind);
			cr_expect_eq(journey, journeys[i]);
		}
	}
}

Test(ids, of_others_are_told_apart)
{
	struct load_ids ids, others;
	char text[UUID_TEXT_MAX], tail[LOAD_ID_TAIL_MAX];
	unsigned kind;
	uint32_t journey;
	struct err e;

	cr_assert(load_ids_new(&ids, &e));
	cr_assert(load_ids_new(&others, &e));
	load_id(&others, 1, 7, text);
	cr_expect_not(load_id_read(&ids, text, &kind, &journey));
	cr_assert(uuid_v4(text, &e));
	cr_expect_not(load_id_read(&ids, text, &kind, &journey));
	cr_expect_not(load_id_read(&ids, "", &kind, &journey));
	/* of this run, but of no journey: ids are scrambled, not checked */
	load_id_tail(&ids, tail);
	load_id(&ids, 1, 7, text);
	cr_expect_str_eq(text + strlen(text) - strlen(tail), tail);
}

/* Ids that go up would please an index. */
Test(ids, do_not_go_up)
{
	char before[UUID_TEXT_MAX] = "", text[UUID_TEXT_MAX];
	struct load_ids ids;
	unsigned up = 0;
	struct err e;

	cr_assert(load_ids_new(&ids, &e));
	for (uint32_t i = 0; i < 1000; i++) {
		load_id(&ids, LOAD_ID_REQUEST, i, text);
		up += strcmp(text, before) > 0;
		memcpy(before, text, sizeof(text));
	}
	cr_expect(up > 400 && up < 600, "%u of 1000", up);
}

#define COUNT 2000

Test(customers, have_tax_codes_that_exist)
{
	AUTO(customers) struct customers *c = NULL;
	struct err e;
	char text[TAX_CODE_MAX], low[TAX_CODE_MAX], high[TAX_CODE_MAX];

	cr_assert(customers_new(19999000, COUNT, 1, &c, &e), "%s", e.text);
	customers_lowest(c, low);
	customers_highest(c, high);
	for (uint32_t i = 0; i < COUNT; i++) {
		uint32_t journey = COUNT;

		customers_tax_code(c, i, text);
		cr_assert(tax_code_is_canonical(text), "%s", text);
		cr_assert(customers_find(c, bytes_of_str(text), &journey));
		cr_expect_eq(journey, i, "%s", text);
		cr_expect(strcmp(low, text) <= 0 && strcmp(text, high) <= 0);
	}
}

Test(customers, know_strangers)
{
	static const char *const strangers[] = {
		"",          "0199000112", "0199000112-001",
		"019900011", "x199000112", "9999999999"
	};
	AUTO(customers) struct customers *c = NULL;
	char text[TAX_CODE_MAX];
	uint32_t journey;
	struct err e;

	cr_assert(customers_new(10000001, 10, 1, &c, &e));
	for (size_t i = 0; i < sizeof(strangers) / sizeof(strangers[0]); i++)
		cr_expect_not(
			customers_find(c, bytes_of_str(strangers[i]), &journey),
			"%s", strangers[i]);
	customers_tax_code(c, 0, text);
	text[9] = text[9] == '9' ? '0' : (char)(text[9] + 1);
	cr_expect_not(customers_find(c, bytes_of_str(text), &journey));
}

Test(customers, come_in_an_order_of_the_seed)
{
	AUTO(customers) struct customers *c = NULL;
	AUTO(customers) struct customers *same = NULL;
	AUTO(customers) struct customers *other = NULL;
	char a[TAX_CODE_MAX], b[TAX_CODE_MAX];
	unsigned same_places = 0;
	struct err e;

	cr_assert(customers_new(10000001, COUNT, 1, &c, &e));
	cr_assert(customers_new(10000001, COUNT, 1, &same, &e));
	cr_assert(customers_new(10000001, COUNT, 2, &other, &e));
	for (uint32_t i = 0; i < COUNT; i++) {
		customers_tax_code(c, i, a);
		cr_expect_str_eq(customers_tax_code(same, i, b), a);
		same_places += strcmp(customers_tax_code(other, i, b), a) == 0;
	}
	cr_expect(same_places < 20, "%u", same_places);
	cr_expect_eq(customers_next(c), customers_next(other));
}

Test(customers, end_where_the_numbers_end)
{
	struct customers *c = NULL;
	struct err e;

	cr_expect_not(customers_new(999999990, 20, 1, &c, &e));
	cr_expect_eq(e.kind, ERR_REJECT);
}

Test(schedule, is_even_and_exact)
{
	struct schedule s = { .start_us = 1000, .rate = 3 };

	for (unsigned i = 0; i < 3 * 3600; i++)
		schedule_advance(&s);
	cr_expect_eq(schedule_due(&s), 1000 + 3600 * US_PER_S);
}

Test(schedule, of_a_burst_is_its_start)
{
	struct schedule s = { .start_us = 1000 };

	schedule_advance(&s);
	cr_expect_eq(schedule_due(&s), 1000);
}

/* Poisson: mean and standard deviation of the intervals are the same. */
Test(schedule, is_random_if_asked)
{
	struct schedule s = { .rate = 100, .poisson = true, .random = 1 };
	double sum = 0, squares = 0, n = 20000;
	int64_t before = 0;

	for (unsigned i = 0; i < (unsigned)n; i++) {
		double interval;

		schedule_advance(&s);
		interval = (double)(schedule_due(&s) - before);
		cr_assert(interval >= 0);
		sum += interval;
		squares += interval * interval;
		before = schedule_due(&s);
	}
	cr_expect(fabs(sum / n - 10000) < 300, "%f", sum / n);
	cr_expect(fabs(sqrt(squares / n - sum / n * sum / n) - 10000) < 400);
}

Test(history, tells_when_an_offset_was_passed)
{
	static struct history h;

	cr_expect_eq(history_passed(&h, 0), 0);
	history_note(&h, 0, 5); /* nothing is folded yet */
	cr_expect_eq(history_passed(&h, 0), 0);
	history_note(&h, 10, 6);
	history_note(&h, 10, 7); /* seen again: passed at 6 all the same */
	history_note(&h, 13, 8);
	cr_expect_eq(history_passed(&h, 0), 6);
	cr_expect_eq(history_passed(&h, 9), 6);
	cr_expect_eq(history_passed(&h, 10), 8);
	cr_expect_eq(history_passed(&h, 12), 8);
	cr_expect_eq(history_passed(&h, 13), 0);
}

Test(history, forgets_what_is_long_ago)
{
	static struct history h;

	for (int64_t i = 1; i <= 3 * HISTORY_MAX; i++)
		history_note(&h, i * 10, i);
	cr_expect_eq(history_passed(&h, 10), 2 * HISTORY_MAX + 1,
		     "never too early");
	for (int64_t i = 2 * HISTORY_MAX + 1; i < 3 * HISTORY_MAX; i++) {
		cr_expect_eq(history_passed(&h, i * 10 - 1), i);
		cr_expect_eq(history_passed(&h, i * 10), i + 1);
	}
	cr_expect_eq(history_passed(&h, INT64_C(30) * HISTORY_MAX), 0);
}
