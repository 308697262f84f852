/* Many certificates, and many orders open at a time. */
#include <string.h>

#include "bench.h"

#define MANY 20000u

struct listing {
	size_t count;
	uint8_t last[20];
};

static bool
list(void *self, const struct status_entry *entry, struct err *e)
{
	struct listing *l = self;

	(void)e;
	cr_assert_eq(entry->serial_len, 16);
	cr_assert(l->count == 0 || memcmp(l->last, entry->serial, 16) < 0);
	memcpy(l->last, entry->serial, 16);
	l->count++;
	return true;
}

static bool
stop(void *self, const struct status_entry *entry, struct err *e)
{
	(void)self;
	(void)entry;
	return ERR_SET(e, ERR_RETRY, "test", 7, "stop");
}

/* Every third is revoked; orders are open all the while, and then closed in
 * another order than they came. */
Test(book, many_are_found_again_and_listed_in_order)
{
	struct bench b = start(OCTETS(NAME));
	struct listing l = { 0 };
	struct err e = { 0 };
	char serial[33], id[37];

	for (unsigned i = 0; i < MANY; i++) {
		snprintf(serial, sizeof(serial), "4a%014x%016x",
			 i * 7919 % MANY, i);
		snprintf(id, sizeof(id), "aaaaaaaa-0000-4000-8000-%012x", i);
		order(&b, id, serial);
	}
	for (unsigned n = 0, i = 0; n < MANY; n++, i = (i + 7919) % MANY) {
		snprintf(id, sizeof(id), "aaaaaaaa-0000-4000-8000-%012x", i);
		fail(&b, id,
		     i % 3 == 0 ? EV_ISSUANCE_FAILURE_CODE_ORDER_EXPIRED
				: EV_ISSUANCE_FAILURE_CODE_LINT);
	}
	for (unsigned i = 0; i < MANY; i++) {
		snprintf(serial, sizeof(serial), "4a%014x%016x",
			 i * 7919 % MANY, i);
		cr_assert_eq(look(&b, serial).kind,
			     i % 3 == 0 ? STATUS_REVOKED : STATUS_UNKNOWN);
	}
	cr_assert_eq(status_book_count(b.book), MANY);
	cr_assert_eq(status_book_revoked(b.book), (MANY + 2) / 3);
	cr_assert(status_book_each_revoked(b.book, list, &l, &e));
	cr_assert_eq(l.count, (MANY + 2) / 3);
	cr_assert_not(status_book_each_revoked(b.book, stop, NULL, &e));
	cr_assert_eq(e.code, 7);
	status_book_free(b.book);
}
