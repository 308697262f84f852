/* What the next CRL lists. */
#include <string.h>

#include "crl/list.h"
#include "log.h"

#define FAR (T0 + 900 * US_PER_DAY)

struct made {
	struct buffer list;
	size_t unexplained;
};

static struct made
make(const struct log *l, const struct crl_last *last, int64_t now)
{
	struct made m = { 0 };
	struct err e = { 0 };

	cr_assert(
		crl_list_make(l->book, last, now, &m.list, &m.unexplained, &e),
		"%s", e.text);
	return m;
}

/* Publish it: what the next list goes on from. */
static void
published(struct crl_last *last, struct made *m, int64_t now)
{
	crl_last_clear(last);
	last->exists = true;
	last->crl.this_update = now - now % US_PER_S;
	last->entries = m->list;
	m->list = (struct buffer){ 0 };
}

static const struct pki_revoked *
at(const struct buffer *list, size_t i)
{
	return (const struct pki_revoked *)(void *)list->data + i;
}

static size_t
count(const struct buffer *list)
{
	return list->len / sizeof(struct pki_revoked);
}

/* "A2B6": serials by their letter, with the reason. */
static void
lists(const struct log *l, struct crl_last *last, int64_t now,
      const char *expected, size_t unexplained)
{
	struct made m = make(l, last, now);
	char text[64] = "";

	for (size_t i = 0; i < count(&m.list); i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			 "%c%d", at(&m.list, i)->serial_number[1] - 'a' + 'A',
			 at(&m.list, i)->reason);
	cr_assert_str_eq(text, expected);
	cr_assert_eq(m.unexplained, unexplained, "%zu", m.unexplained);
	published(last, &m, now);
}

Test(list, revoked_and_held_are_listed_in_order_and_resumed_are_not)
{
	struct crl_last last = { 0 };
	struct log l;

	log_start(&l);
	log_order(&l, SERIAL_B, FAR);
	log_order(&l, SERIAL_A, FAR);
	log_order(&l, SERIAL_C, FAR);
	lists(&l, &last, l.now, "", 0);
	log_revoke(&l, SERIAL_B, NULL);
	log_suspend(&l, SERIAL_A);
	lists(&l, &last, l.now, "A6B4", 0);
	log_resume(&l, SERIAL_A);
	lists(&l, &last, l.now, "B4", 0);
	log_suspend(&l, SERIAL_A);
	log_revoke(&l, SERIAL_A, NULL);
	lists(&l, &last, l.now, "A4B4", 0);
	crl_last_clear(&last);
	status_book_free(l.book);
}

Test(list, times_are_whole_seconds)
{
	const int64_t invalid = T0 - US_PER_DAY + 3;
	struct crl_last none = { 0 };
	struct made m;
	struct log l;

	log_start(&l);
	log_order(&l, SERIAL_A, FAR);
	log_revoke(&l, SERIAL_A, &invalid);
	m = make(&l, &none, l.now);
	cr_assert_eq(at(&m.list, 0)->revoked_at, T0 + 2 * US_PER_S);
	cr_assert(at(&m.list, 0)->has_invalidity);
	cr_assert_eq(at(&m.list, 0)->invalidity_at, T0 - US_PER_DAY);
	buffer_free(&m.list);
	status_book_free(l.book);
}

Test(list, an_invalidity_date_that_cannot_be_written_is_left_out)
{
	const int64_t dates[] = { -1, INT64_C(253402300800) * US_PER_S };
	struct crl_last none = { 0 };

	for (size_t i = 0; i < 2; i++) {
		struct made m;
		struct log l;

		log_start(&l);
		log_order(&l, SERIAL_A, FAR);
		log_revoke(&l, SERIAL_A, &dates[i]);
		m = make(&l, &none, l.now);
		cr_assert_eq(count(&m.list), 1);
		cr_assert_not(at(&m.list, 0)->has_invalidity);
		buffer_free(&m.list);
		status_book_free(l.book);
	}
}

Test(list, an_ended_certificate_is_on_one_crl_after_its_end)
{
	const int64_t end = T0 + 100 * US_PER_S;
	struct crl_last last = { 0 };
	struct log l;

	log_start(&l);
	log_order(&l, SERIAL_A, end);
	log_revoke(&l, SERIAL_A, NULL);
	lists(&l, &last, end - US_PER_S, "A4", 0);
	lists(&l, &last, end, "A4", 0);
	lists(&l, &last, end + US_PER_S, "A4", 0);
	lists(&l, &last, end + 2 * US_PER_S, "", 0);
	lists(&l, &last, end + 3 * US_PER_S, "", 0);
	crl_last_clear(&last);
	status_book_free(l.book);
}

Test(list, a_first_crl_lists_even_what_ended_long_ago)
{
	struct crl_last last = { 0 };
	struct log l;

	log_start(&l);
	log_order(&l, SERIAL_A, T0 + 5 * US_PER_S);
	log_revoke(&l, SERIAL_A, NULL);
	lists(&l, &last, FAR, "A4", 0);
	lists(&l, &last, FAR + US_PER_S, "", 0);
	crl_last_clear(&last);
	status_book_free(l.book);
}

Test(list, a_late_entry_of_an_ended_certificate_is_listed_once)
{
	const int64_t end = T0 + 5 * US_PER_S;
	struct crl_last last = { 0 };
	struct log l;

	log_start(&l);
	log_order(&l, SERIAL_A, end);
	lists(&l, &last, T0 + 50 * US_PER_S, "", 0);
	l.now = T0 + 60 * US_PER_S;
	log_revoke(&l, SERIAL_A, NULL);
	lists(&l, &last, T0 + 70 * US_PER_S, "A4", 0);
	lists(&l, &last, T0 + 80 * US_PER_S, "", 0);
	lists(&l, &last, T0 + 90 * US_PER_S, "", 0);
	crl_last_clear(&last);
	status_book_free(l.book);
}

Test(list, a_crl_of_a_time_to_come_takes_nothing_off)
{
	struct crl_last last = { 0 };
	struct log l;

	log_start(&l);
	log_order(&l, SERIAL_A, T0 + 50 * US_PER_S);
	log_revoke(&l, SERIAL_A, NULL);
	lists(&l, &last, FAR, "A4", 0);
	lists(&l, &last, T0 + 10 * US_PER_S, "A4", 0);
	crl_last_clear(&last);
	status_book_free(l.book);
}

/* A log that lost its end, restored from an older copy. */
Test(list, what_the_log_does_not_explain_stays)
{
	struct crl_last last = { 0 };
	struct log l, older;

	log_start(&l);
	log_order(&l, SERIAL_A, FAR);
	log_order(&l, SERIAL_B, FAR);
	log_order(&l, SERIAL_C, FAR);
	l.now += 100 * US_PER_S;
	log_suspend(&l, SERIAL_A);
	log_revoke(&l, SERIAL_B, NULL);
	log_revoke(&l, SERIAL_C, NULL);
	lists(&l, &last, l.now, "A6B4C4", 0);
	log_start(&older);
	log_order(&older, SERIAL_A, FAR);
	log_order(&older, SERIAL_B, FAR);
	lists(&older, &last, l.now, "A6B4C4", 3);
	lists(&older, &last, l.now, "A6B4C4", 3);
	/* What it does say counts all the same; but not against itself. */
	log_suspend(&older, SERIAL_A);
	log_resume(&older, SERIAL_A);
	log_suspend(&older, SERIAL_B);
	lists(&older, &last, l.now, "A6B4C4", 3);
	older.now += US_PER_DAY;
	log_resume(&older, SERIAL_B);
	lists(&older, &last, l.now, "A6B4C4", 3);
	crl_last_clear(&last);
	status_book_free(l.book);
	status_book_free(older.book);
}

Test(list, same_means_every_field)
{
	const struct pki_revoked one = { SERIAL_A, T0, 4, true, T0 };
	struct pki_revoked other = one;
	struct bytes a = bytes_of(&one, sizeof(one));
	struct bytes b = bytes_of(&other, sizeof(other));

	cr_assert(crl_list_same(a, b));
	cr_assert_not(crl_list_same(a, bytes_of(&other, 0)));
	other.revoked_at++;
	cr_assert_not(crl_list_same(a, b));
	other = one;
	other.reason = 1;
	cr_assert_not(crl_list_same(a, b));
	other = one;
	other.has_invalidity = false;
	cr_assert_not(crl_list_same(a, b));
	other = one;
	other.invalidity_at++;
	cr_assert_not(crl_list_same(a, b));
	other = one;
	memcpy(other.serial_number, SERIAL_B, sizeof(SERIAL_B));
	cr_assert_not(crl_list_same(a, b));
}
