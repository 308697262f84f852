#include "store_fixture.h"

#include <criterion/criterion.h>
#include <stdlib.h>

struct err e;
struct store *store;
struct fold *f;
struct db *db;
const struct event *events; /* what write_range() writes */
size_t count;

const char truncate_all[] =
	"TRUNCATE customer, legal_representative, personal_erasure, enrolment,"
	" request, issuance_order, certificate, certificate_use_history,"
	" certificate_ca_history, certificate_rejected, request_event, refusal,"
	" deferred_event, dead_letter, log_position";

void
store_set_up(void)
{
	const char *conninfo = getenv("PG_CONNINFO");
	const struct db_config cfg = { .conninfo = conninfo,
				       .application = "test",
				       .search_path = "read_model" };

	cr_assert_not_null(conninfo, "run by test_read_model");
	cr_assert(db_open(&cfg, &db, &e), "%s", e.text);
	cr_assert(db_run(db, truncate_all, &e), "%s", e.text);
	cr_assert(store_open(conninfo, "read_model", &store, &e), "%s", e.text);
	cr_assert(fold_new(&f, &e));
	events = journey(&count);
}

void
store_tear_down(void)
{
	fold_free(f);
	store_close(store);
	db_close(db);
}

void
write_range(size_t from, size_t to)
{
	static const uint8_t digest[SHA256_LEN] = { 0x5d };
	const struct store_move move = { TOPIC, 0, (int64_t)from, (int64_t)to };
	int64_t next;

	cr_assert(store_position(store, TOPIC, 0, &next, &e), "%s", e.text);
	cr_assert_eq((size_t)next, from);
	for (size_t i = from; i < to; i++)
		cr_assert(fold_expect(f, &events[i], &e), "%s", e.text);
	cr_assert(store_look_up(store, f, &e), "%s", e.text);
	for (size_t i = from; i < to; i++) {
		const struct fold_record r = {
			.event = &events[i],
			.offset = (int64_t)i,
			.submission_sha256 = bytes_of(digest, SHA256_LEN),
		};

		cr_assert(fold_event(f, &r, &e), "event %zu: %s", i, e.text);
	}
	cr_assert(store_write(store, f, &move, 1, &e), "%s", e.text);
	fold_clear(f);
}

void
forget_positions(void)
{
	cr_assert(db_run(db, "TRUNCATE log_position", &e), "%s", e.text);
}
