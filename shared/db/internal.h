/*
 * internal.h - what the files of shared/db share; nobody else includes it.
 */
#ifndef CERTFLOW_DB_INTERNAL_H
#define CERTFLOW_DB_INTERNAL_H

#include <libpq-fe.h>

#include "db/db.h"

#define BINARY 1

/* Type OIDs of PostgreSQL's own catalogue (pg_type.dat); they never change. */
enum {
	OID_BOOL = 16,
	OID_BYTEA = 17,
	OID_NAME = 19,
	OID_INT8 = 20,
	OID_INT2 = 21,
	OID_INT4 = 23,
	OID_TEXT = 25,
	OID_JSON = 114,
	OID_VARCHAR = 1043,
	OID_DATE = 1082,
	OID_TIMESTAMPTZ = 1184,
	OID_UUID = 2950,
	OID_JSONB = 3802,
};

/* PostgreSQL counts from 2000-01-01. */
#define EPOCH_2000_US INT64_C(946684800000000)
#define EPOCH_2000_DAYS 10957

struct db {
	PGconn *conn;
	char *conninfo;
	char *application;
	char *search_path;
	int64_t connect_timeout_us;
	int64_t statement_timeout_us;
	uint64_t generation;
	bool in_transaction;
	size_t prepared_count;
	const char *prepared[DB_STATEMENTS_MAX]; /* names, on this session */
	struct buffer copy;                      /* rows not yet sent      */
};

DEFINE_AUTO(pg_result, PGresult *, PQclear);

/** The OID of a type, or of an array of it. */
Oid db_type_oid(enum db_type type, bool array);

/** Append the binary form of a non-null v, without a length prefix. */
bool db_value_encode(const struct db_value *v, struct buffer *out,
		     struct err *e) MUST_CHECK;

/** Network byte order, appended. */
bool db_put32(struct buffer *out, int32_t n, struct err *e) MUST_CHECK;
bool db_put16(struct buffer *out, int16_t n, struct err *e) MUST_CHECK;

/** Fill e from a failed result (NULL: from the connection). Returns false. */
bool db_failed(struct db *db, const PGresult *res, const char *what,
	       struct err *e);

/** Connect if there is no usable connection; ERR_RETRY in a transaction
 * whose connection was lost. */
bool db_ensure(struct db *db, struct err *e) MUST_CHECK;

struct db_result *db_result_new(PGresult *res);

#endif
