#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/uuid.h"
#include "db/internal.h"

struct db_result {
	PGresult *res;
};

struct db_result *
db_result_new(PGresult *res)
{
	struct db_result *r = calloc(1, sizeof(*r));

	if (r != NULL)
		r->res = res;
	return r;
}

void
db_result_free(struct db_result *r)
{
	if (r == NULL)
		return;
	PQclear(r->res);
	free(r);
}

size_t
db_rows(const struct db_result *r)
{
	return (size_t)PQntuples(r->res);
}

uint64_t
db_affected(const struct db_result *r)
{
	return strtoull(PQcmdTuples(r->res), NULL, 10);
}

bool
db_is_null(const struct db_result *r, size_t row, size_t column)
{
	return PQgetisnull(r->res, (int)row, (int)column) != 0;
}

static const char *
value(const struct db_result *r, size_t row, size_t column)
{
	return PQgetvalue(r->res, (int)row, (int)column);
}

static Oid
type_of(const struct db_result *r, size_t column)
{
	return PQftype(r->res, (int)column);
}

/* The SQL text and its reader are both ours: they disagree, a bug. */
static _Noreturn void
wrong_type(const struct db_result *r, size_t column)
{
	const char *name = PQfname(r->res, (int)column);

	log_line(LOG_ERROR, "db", "column read as another type", "column", name,
		 NULL);
	abort();
}

static void
need_type(const struct db_result *r, size_t column, Oid type)
{
	if (type_of(r, column) != type)
		wrong_type(r, column);
}

const char *
db_get_text(const struct db_result *r, size_t row, size_t column)
{
	switch (type_of(r, column)) {
	case OID_TEXT:
	case OID_VARCHAR:
	case OID_NAME:
	case OID_JSON:
		break;
	default:
		wrong_type(r, column);
	}
	return db_is_null(r, row, column) ? NULL : value(r, row, column);
}

static uint64_t
big_endian(const char *at, size_t len)
{
	uint64_t n = 0;

	for (size_t i = 0; i < len; i++)
		n = n << 8 | (uint8_t)at[i];
	return n;
}

int64_t
db_get_int(const struct db_result *r, size_t row, size_t column)
{
	const char *at = value(r, row, column);
	bool null = db_is_null(r, row, column);

	switch (type_of(r, column)) {
	case OID_INT2:
		return null ? 0 : (int16_t)big_endian(at, 2);
	case OID_INT4:
		return null ? 0 : (int32_t)big_endian(at, 4);
	case OID_INT8:
		return null ? 0 : (int64_t)big_endian(at, 8);
	default:
		wrong_type(r, column);
	}
}

bool
db_get_bool(const struct db_result *r, size_t row, size_t column)
{
	need_type(r, column, OID_BOOL);
	return !db_is_null(r, row, column) && *value(r, row, column) != 0;
}

struct bytes
db_get_bytes(const struct db_result *r, size_t row, size_t column)
{
	need_type(r, column, OID_BYTEA);
	if (db_is_null(r, row, column))
		return bytes_of(NULL, 0);
	return bytes_of(value(r, row, column),
			(size_t)PQgetlength(r->res, (int)row, (int)column));
}

const char *
db_get_uuid(const struct db_result *r, size_t row, size_t column, char *buf)
{
	need_type(r, column, OID_UUID);
	if (db_is_null(r, row, column))
		return NULL;
	return uuid_format((const uint8_t *)value(r, row, column), buf);
}

int64_t
db_get_time(const struct db_result *r, size_t row, size_t column)
{
	need_type(r, column, OID_TIMESTAMPTZ);
	if (db_is_null(r, row, column))
		return 0;
	return (int64_t)big_endian(value(r, row, column), 8) + EPOCH_2000_US;
}

int32_t
db_get_date(const struct db_result *r, size_t row, size_t column)
{
	need_type(r, column, OID_DATE);
	if (db_is_null(r, row, column))
		return 0;
	return (int32_t)big_endian(value(r, row, column), 4) + EPOCH_2000_DAYS;
}
