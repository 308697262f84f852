/*
 * shared/db against a real database.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "base/uuid.h"
#include "db/db.h"

#define ID "22222222-2222-4222-8222-222222222222"

static struct err e;
static struct db *db;

static void
set_up(void)
{
	const struct db_config cfg = { .conninfo = getenv("PG_CONNINFO"),
				       .application = "test" };

	cr_assert(db_open(&cfg, &db, &e), "%s", e.text);
	cr_assert(db_run(db,
			 "CREATE TEMPORARY TABLE t (n int8 PRIMARY KEY, "
			 "s text)",
			 &e));
}

static void
tear_down(void)
{
	db_close(db);
}

TestSuite(door, .init = set_up, .fini = tear_down);

Test(door, every_type_comes_back)
{
	static const struct db_statement st = {
		"types", "SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9::text"
	};
	const struct db_value in[] = { db_text("Đã cấp"),
				       db_int4(-5),
				       db_int8(INT64_MIN),
				       db_bool(true),
				       db_bytea(bytes_of("\0x", 2)),
				       db_uuid(ID),
				       db_time(-1),
				       db_date(-20000),
				       db_jsonb("{\"a\": 1}") };
	AUTO(db_result) struct db_result *res = NULL;
	char id[UUID_TEXT_MAX];

	cr_assert(db_exec(db, &st, in, 9, &res, &e), "%s", e.text);
	cr_expect_str_eq(db_get_text(res, 0, 0), "Đã cấp");
	cr_expect_eq(db_get_int(res, 0, 1), -5);
	cr_expect_eq(db_get_int(res, 0, 2), INT64_MIN);
	cr_expect(db_get_bool(res, 0, 3));
	cr_expect(bytes_equal(db_get_bytes(res, 0, 4), bytes_of("\0x", 2)));
	cr_expect_str_eq(db_get_uuid(res, 0, 5, id), ID);
	cr_expect_eq(db_get_time(res, 0, 6), -1);
	cr_expect_eq(db_get_date(res, 0, 7), -20000);
	cr_expect_str_eq(db_get_text(res, 0, 8), "{\"a\": 1}");
}

Test(door, null_and_empty_are_different)
{
	static const struct db_statement st = {
		"nulls", "SELECT $1, $2, $3, $4, $5::text"
	};
	const struct db_value in[] = { db_text(NULL), db_text(""),
				       db_bytea(bytes_of(NULL, 0)),
				       db_bytea(bytes_of("", 0)),
				       db_null(DB_TIME) };
	AUTO(db_result) struct db_result *res = NULL;

	cr_assert(db_exec(db, &st, in, 5, &res, &e), "%s", e.text);
	cr_expect(db_is_null(res, 0, 0));
	cr_expect_str_eq(db_get_text(res, 0, 1), "");
	cr_expect(db_is_null(res, 0, 2));
	cr_expect_not(db_is_null(res, 0, 3));
	cr_expect_not_null(db_get_bytes(res, 0, 3).data);
	cr_expect(db_is_null(res, 0, 4));
}

Test(door, arrays_unnest_with_nulls_and_empty)
{
	static const struct db_statement st = {
		"arrays", "SELECT s, n FROM unnest($1, $2) AS x(s, n)"
	};
	AUTO(db_array) struct db_array *s = NULL;
	AUTO(db_array) struct db_array *n = NULL;
	AUTO(db_result) struct db_result *res = NULL;
	AUTO(db_result) struct db_result *none = NULL;
	struct db_value in[2];

	cr_assert(db_array_new(DB_TEXT, &s, &e));
	cr_assert(db_array_new(DB_INT4, &n, &e));
	in[0] = db_of_array(s);
	in[1] = db_of_array(n);
	cr_assert(db_exec(db, &st, in, 2, &none, &e), "%s", e.text);
	cr_expect_eq(db_rows(none), 0);
	cr_assert(db_array_add(s, db_text("a"), &e));
	cr_assert(db_array_add(s, db_text(NULL), &e));
	cr_assert(db_array_add(n, db_int4(1), &e));
	cr_assert(db_array_add(n, db_int4(2), &e));
	cr_assert(db_exec(db, &st, in, 2, &res, &e), "%s", e.text);
	cr_expect_eq(db_rows(res), 2);
	cr_expect(db_is_null(res, 1, 0));
	cr_expect_eq(db_get_int(res, 1, 1), 2);
	cr_expect_not(db_array_add(n, db_text("x"), &e));
	cr_expect_eq(e.kind, ERR_FATAL);
}

Test(door, errors_are_classified_and_quote_no_value)
{
	static const struct db_statement add = {
		"add", "INSERT INTO t VALUES ($1, $2)"
	};
	static const struct db_statement missing = { "missing",
						     "SELECT * FROM nope" };
	static const struct db_statement bad = { "bad", "SELECT FROM FROM" };
	const struct db_value row[] = { db_int8(424242), db_text("secret") };

	cr_assert(db_exec(db, &add, row, 2, NULL, &e), "%s", e.text);
	cr_expect_not(db_exec(db, &add, row, 2, NULL, &e));
	cr_expect_eq(e.kind, ERR_REJECT);
	cr_expect_eq(e.code, db_sqlstate("23505"));
	cr_expect_null(strstr(e.text, "424242"));
	cr_expect_null(strstr(e.text, "secret"));
	cr_expect_not(db_exec(db, &missing, NULL, 0, NULL, &e));
	cr_expect_eq(e.kind, ERR_RETRY);
	cr_expect_eq(e.code, db_sqlstate("42P01"));
	cr_expect_not(db_exec(db, &bad, NULL, 0, NULL, &e));
	cr_expect_eq(e.kind, ERR_FATAL);
	cr_expect_eq(e.code, db_sqlstate("42601"));
}

Test(door, copy_and_transactions)
{
	static const struct db_statement count = { "count",
						   "SELECT count(*) FROM t" };
	AUTO(db_result) struct db_result *res = NULL;
	uint64_t rows;

	cr_assert(db_begin(db, &e));
	cr_assert(db_copy_begin(db, "COPY t FROM STDIN (FORMAT binary)", &e),
		  "%s", e.text);
	for (int64_t i = 0; i < 20000; i++) {
		const struct db_value row[] = { db_int8(i),
						i % 2 ? db_text("x")
						      : db_text(NULL) };

		cr_assert(db_copy_row(db, row, 2, &e), "%s", e.text);
	}
	cr_assert(db_copy_end(db, &rows, &e), "%s", e.text);
	cr_expect_eq(rows, 20000);
	cr_assert(db_commit(db, &e), "%s", e.text);
	cr_assert(db_begin(db, &e));
	cr_assert(db_run(db, "DELETE FROM t", &e));
	db_rollback(db);
	cr_assert(db_exec(db, &count, NULL, 0, &res, &e));
	cr_expect_eq(db_get_int(res, 0, 0), 20000);
}

Test(door, rollback_in_the_middle_of_a_copy)
{
	cr_assert(db_begin(db, &e));
	cr_assert(db_copy_begin(db, "COPY t FROM STDIN (FORMAT binary)", &e));
	db_rollback(db);
	cr_expect(db_run(db, "SELECT 1", &e), "%s", e.text);
	cr_expect_eq(db_generation(db), 2);
}

Test(door, commit_of_a_failed_transaction_is_no_commit)
{
	cr_assert(db_begin(db, &e));
	cr_expect_not(db_run(db, "SELECT 1/0", &e));
	cr_expect_not(db_commit(db, &e));
	cr_expect_eq(e.kind, ERR_RETRY);
}

Test(door, lost_connection_comes_back_outside_a_transaction)
{
	const char *suicide = "SELECT pg_terminate_backend(pg_backend_pid())";

	cr_expect_not(db_run(db, suicide, &e));
	cr_expect_eq(e.kind, ERR_RETRY, "%s", e.text);
	cr_expect(db_run(db, "SELECT 1", &e), "%s", e.text);
	cr_assert(db_begin(db, &e));
	cr_expect_not(db_run(db, suicide, &e));
	cr_expect_not(db_run(db, "SELECT 1", &e));
	cr_expect_eq(e.kind, ERR_RETRY);
	db_rollback(db);
	cr_expect(db_begin(db, &e), "%s", e.text);
}

Test(door, no_server_is_a_reason_to_wait)
{
	const struct db_config cfg = { .conninfo = "host=/nonexistent dbname=x",
				       .application = "test" };
	struct db *none = NULL;

	cr_expect_not(db_open(&cfg, &none, &e));
	cr_expect_eq(e.kind, ERR_RETRY);
	cr_expect_null(none);
}
