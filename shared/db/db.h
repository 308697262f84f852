/*
 * db.h - PostgreSQL, behind libpq.
 *
 * The only header that knows there is a database; shared/db is the only
 * folder that includes <libpq-fe.h>.  Values travel in PostgreSQL's binary
 * format with explicit types, so nothing is quoted or parsed as text.
 *
 * One struct db per thread.  Error kinds of every call:
 *   ERR_RETRY   the connection is gone or was never there (class 08, 57P01
 *               to 57P03), serialization failure or deadlock (40001, 40P01),
 *               lock or statement time-out, no resources (53), I/O (58),
 *               a read-only standby (25006), idle for 10 s amid a
 *               transaction (25P03); a table, column, schema or privilege
 *               is missing (42P01, 42703, 3F000, 42501): a deployment
 *               brings it.  Roll back, wait, do it again: the next
 *               db_begin() or statement connects again by itself.
 *   ERR_REJECT  the values were refused: classes 22 and 23, and P0001,
 *               P0002 raised by our own functions, whose message is then
 *               the whole err.text.
 *   ERR_FATAL   the rest: wrong password, SQL that does not parse; the
 *               schema and this program disagree.
 * err.code is db_sqlstate("23505") of the SQLSTATE, 0 if there is none.
 * Neither errors nor output ever quote a parameter: they may be personal
 * data.
 */
#ifndef CERTFLOW_DB_DB_H
#define CERTFLOW_DB_DB_H

#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"
#include "db/value.h"

#define DB_STATEMENTS_MAX 256 /* prepared statements of one connection */
#define DB_PARAMS_MAX 64      /* parameters of one statement           */

struct db;
struct db_result;

struct db_config {
	const char *conninfo;         /* libpq: key=value pairs or a URI    */
	const char *application;      /* shown in pg_stat_activity          */
	const char *search_path;      /* set on each connection; NULL: none */
	int64_t connect_timeout_us;   /* 0: 5 s; conninfo's own wins        */
	int64_t statement_timeout_us; /* 0: no limit                        */
};

/** One SQL text, prepared at its first use on each connection. */
struct db_statement {
	const char *name; /* unique in the program; also named in errors */
	const char *sql;  /* $1, $2...; parameter types never change     */
};

/**
 * Connect.
 * @param cfg  its texts are copied
 * @param out  set only on success; release with db_close()
 */
bool db_open(const struct db_config *cfg, struct db **out, struct err *e)
	MUST_CHECK;

/** NULL is fine; an open transaction is lost. */
void db_close(struct db *db);
DEFINE_AUTO(db, struct db *, db_close);

/**
 * Counts the connections made by this struct, from 1.  A caller that keeps
 * state tied to a session (advisory locks, temporary tables) compares it.
 */
uint64_t db_generation(const struct db *db);

/** BEGIN, after connecting again if need be. Not nested. */
bool db_begin(struct db *db, struct err *e) MUST_CHECK;

/**
 * COMMIT.  After ERR_RETRY the outcome is unknown: look before repeating.
 * Also ERR_RETRY if a statement before it had failed (nothing was written).
 */
bool db_commit(struct db *db, struct err *e) MUST_CHECK;

/** ROLLBACK, or nothing if no transaction is open. Never fails. */
void db_rollback(struct db *db);

/* Rolls back unless taken:
 *	AUTO(db_transaction) struct db *tx = db;
 *	...
 *	return db_commit(TAKE(tx), e);
 */
DEFINE_AUTO(db_transaction, struct db *, db_rollback);

/**
 * Run one statement, prepared on first use.
 *
 * @param params   n values, borrowed for the call
 * @param out      NULL if the rows are not wanted; else set on success,
 *                 release with db_result_free()
 */
bool db_exec(struct db *db, const struct db_statement *st,
	     const struct db_value *params, size_t n, struct db_result **out,
	     struct err *e) MUST_CHECK;

/** The same, but exactly `expected` rows must be affected, else ERR_RETRY:
 * the compare-and-set of offsets and checkpoints. */
bool db_exec_expect(struct db *db, const struct db_statement *st,
		    const struct db_value *params, size_t n, uint64_t expected,
		    struct err *e) MUST_CHECK;

/** Run SQL text without parameters, also several statements (migrations). */
bool db_run(struct db *db, const char *sql, struct err *e) MUST_CHECK;

/*
 * COPY ... FROM STDIN (FORMAT binary): the quick way to many rows.  Inside
 * a transaction of the caller.  Between begin and end nothing else may be
 * run.  After a failure: db_rollback().
 */
bool db_copy_begin(struct db *db, const char *sql, struct err *e) MUST_CHECK;
bool db_copy_row(struct db *db, const struct db_value *columns, size_t n,
		 struct err *e) MUST_CHECK;
bool db_copy_end(struct db *db, uint64_t *rows, struct err *e) MUST_CHECK;

/* ---- results: everything borrowed until db_result_free() ------------- */

size_t db_rows(const struct db_result *r);

/** Rows inserted, updated or deleted. */
uint64_t db_affected(const struct db_result *r);

bool db_is_null(const struct db_result *r, size_t row, size_t column);

/* A column of another type than the accessor's is a bug in the SQL text and
 * aborts with one log line.  NULL reads as NULL, 0, false, absent. */

/** text, varchar, name, json, enum. Terminated. */
const char *db_get_text(const struct db_result *r, size_t row, size_t column);

/** int2, int4, int8. */
int64_t db_get_int(const struct db_result *r, size_t row, size_t column);

bool db_get_bool(const struct db_result *r, size_t row, size_t column);

/** bytea. */
struct bytes db_get_bytes(const struct db_result *r, size_t row, size_t column);

/** uuid, as canonical text in buf of UUID_TEXT_MAX; NULL for NULL. */
const char *db_get_uuid(const struct db_result *r, size_t row, size_t column,
			char *buf);

/** timestamptz in microseconds since 1970. */
int64_t db_get_time(const struct db_result *r, size_t row, size_t column);

/** date in days since 1970. */
int32_t db_get_date(const struct db_result *r, size_t row, size_t column);

/** NULL is fine. */
void db_result_free(struct db_result *r);
DEFINE_AUTO(db_result, struct db_result *, db_result_free);

/** The SQLSTATE as err.code carries it: base 36. */
long db_sqlstate(const char *five_characters);

#endif
