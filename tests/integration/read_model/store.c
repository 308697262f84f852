/*
 * The projector's writing, against a real database: however the log is cut
 * into batches, and however often it is read again, the rows are the same.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "store_fixture.h"

/* All tables of the read model as one text. */
static const struct db_statement dump = {
	"dump",
	"SELECT string_agg(x::text, E'\\n') FROM (SELECT query_to_xml("
	"format('SELECT * FROM %I t ORDER BY t::text', relname), true, true,"
	" '') AS x FROM pg_class WHERE relkind = 'r' AND relname NOT IN"
	" ('log_position', 'event_text')"
	" AND relnamespace = current_schema()::regnamespace"
	" ORDER BY relname) q"
};

TestSuite(store, .init = store_set_up, .fini = store_tear_down);

static char *
dump_all(void)
{
	AUTO(db_result) struct db_result *res = NULL;

	cr_assert(db_exec(db, &dump, NULL, 0, &res, &e), "%s", e.text);
	return strdup(db_get_text(res, 0, 0));
}

static char *
written_at_once(void)
{
	write_range(0, count);
	return dump_all();
}

Test(store, batches_of_any_size_give_the_same_rows)
{
	AUTO(str) char *whole = written_at_once();
	cr_expect_not_null(strstr(whole, "Cấp chứng thư số thành công"));
	cr_expect_not_null(strstr(whole, "Kích hoạt chứng thư số thành công"));
	for (size_t size = 1; size < count; size++) {
		AUTO(str) char *cut = NULL;

		cr_assert(db_run(db, truncate_all, &e), "%s", e.text);
		for (size_t at = 0; at < count; at += size)
			write_range(at, at + size < count ? at + size : count);
		cut = dump_all();
		cr_expect_str_eq(cut, whole, "batches of %zu", size);
	}
}

Test(store, reading_again_after_lost_offsets_changes_nothing)
{
	AUTO(str) char *whole = written_at_once();
	for (size_t size = 1; size <= count; size += 5) {
		AUTO(str) char *again = NULL;

		forget_positions();
		for (size_t at = 0; at < count; at += size)
			write_range(at, at + size < count ? at + size : count);
		again = dump_all();
		cr_expect_str_eq(again, whole, "batches of %zu", size);
	}
}

/* The offsets were lost in the middle; the next batch overlaps what is
 * there and goes beyond it. */
Test(store, overlap_goes_on_where_it_stopped)
{
	AUTO(str) char *whole = written_at_once();
	for (size_t stop = 1; stop < count; stop++) {
		AUTO(str) char *again = NULL;

		cr_assert(db_run(db, truncate_all, &e), "%s", e.text);
		write_range(0, stop);
		forget_positions();
		write_range(0, count);
		again = dump_all();
		cr_expect_str_eq(again, whole, "stopped at %zu", stop);
	}
}

/* In the middle of a replay the rows are already those of the end. */
Test(store, replay_never_shows_an_older_state)
{
	for (size_t stop = 1; stop <= count; stop++) {
		AUTO(str) char *before = NULL;

		cr_assert(db_run(db, truncate_all, &e), "%s", e.text);
		write_range(0, stop);
		before = dump_all();
		for (size_t part = 1; part < stop; part++) {
			AUTO(str) char *during = NULL;

			forget_positions();
			write_range(0, part);
			during = dump_all();
			cr_assert_str_eq(during, before, "%zu of %zu", part,
					 stop);
		}
	}
}

Test(store, second_writer_changes_nothing)
{
	const struct store_move late = { TOPIC, 0, 0, 5 };
	AUTO(str) char *before = written_at_once();
	AUTO(str) char *after = NULL;

	cr_expect_not(store_write(store, f, &late, 1, &e));
	cr_expect_eq(e.kind, ERR_RETRY);
	after = dump_all();
	cr_expect_str_eq(after, before);
}

Test(store, lost_connection_is_tried_again)
{
	const char *kill = "SELECT pg_terminate_backend(pid) FROM "
			   "pg_stat_activity WHERE application_name = "
			   "'certflow-projector'";
	const struct store_move move = { TOPIC, 0, 0, 1 };
	int64_t next;

	cr_assert(store_position(store, TOPIC, 0, &next, &e), "%s", e.text);
	cr_assert(db_run(db, kill, &e), "%s", e.text);
	cr_expect_not(store_write(store, f, &move, 1, &e));
	cr_expect_eq(e.kind, ERR_RETRY, "%s", e.text);
	cr_expect(store_position(store, TOPIC, 0, &next, &e), "%s", e.text);
	cr_expect_eq(next, 0);
	cr_expect(store_write(store, f, &move, 1, &e), "%s", e.text);
}

/* ---- persons ----------------------------------------------------------- */

static void
person(const char *name, int64_t offset)
{
	static const uint8_t commitment[SHA256_LEN] = { 1 };
	const struct ev_personal_record p = {
		.full_name = name,
		.position = "Giám đốc",
		.id_document_type = EV_ID_DOCUMENT_TYPE_CCCD,
		.id_number = "001885000101",
		.email = "e01@example.vn.invalid",
	};
	const struct fold_person_record r = {
		.personal_ref = JOURNEY_PERSON,
		.person = name == NULL ? NULL : &p,
		.commitment = bytes_of(commitment, SHA256_LEN),
		.offset = offset,
		.timestamp_us = JOURNEY_T0,
	};

	cr_assert(fold_person(f, &r, &e), "%s", e.text);
}

static int64_t
persons(void)
{
	static const struct db_statement st = {
		"persons", "SELECT count(*) FROM legal_representative"
	};
	AUTO(db_result) struct db_result *res = NULL;

	cr_assert(db_exec(db, &st, NULL, 0, &res, &e), "%s", e.text);
	return db_get_int(res, 0, 0);
}

static void
write_persons(void)
{
	cr_assert(store_write(store, f, NULL, 0, &e), "%s", e.text);
	fold_clear(f);
}

Test(store, person_is_erased_and_stays_erased)
{
	person("Nguyễn Văn Mẫu", 3);
	write_persons();
	cr_expect_eq(persons(), 1);
	person(NULL, 4);
	write_persons();
	cr_expect_eq(persons(), 0);
	person("Nguyễn Văn Mẫu", 3); /* a replay */
	write_persons();
	cr_expect_eq(persons(), 0);
	person("Trần Thị Thử", 5); /* written anew by the portal */
	write_persons();
	cr_expect_eq(persons(), 1);
}

Test(store, erased_within_one_batch)
{
	person("Nguyễn Văn Mẫu", 3);
	person(NULL, 4);
	write_persons();
	cr_expect_eq(persons(), 0);
}

Test(store, dead_letter_is_recorded)
{
	static const struct db_statement st = {
		"dead", "SELECT reason FROM dead_letter WHERE record_offset = 9"
	};
	AUTO(db_result) struct db_result *res = NULL;

	cr_assert(fold_dead_letter(f, TOPIC, 0, 9, "trailing octets", &e));
	write_persons();
	cr_assert(db_exec(db, &st, NULL, 0, &res, &e), "%s", e.text);
	cr_assert_eq(db_rows(res), 1);
	cr_expect_str_eq(db_get_text(res, 0, 0), "trailing octets");
}
