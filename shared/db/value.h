/*
 * value.h - typed SQL values and arrays for parameters.
 *
 * A struct db_value borrows what it points to, until the call that it is
 * given to has returned.  A struct db_array collects one column of many
 * rows, for unnest($1, $2, ...): one statement, any number of rows.
 */
#ifndef CERTFLOW_DB_VALUE_H
#define CERTFLOW_DB_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/auto.h"
#include "base/bytes.h"
#include "base/err.h"

enum db_type {
	DB_TEXT,
	DB_INT4,
	DB_INT8,
	DB_BOOL,
	DB_BYTEA,
	DB_UUID,
	DB_TIME, /* timestamptz */
	DB_DATE,
	DB_JSONB,
	DB_TYPE__COUNT,
};

struct db_array;

struct db_value {
	enum db_type type;
	bool null;
	union {
		const char *text; /* DB_TEXT, DB_UUID (canonical), DB_JSONB */
		int64_t number;   /* integers, bool, microseconds, days     */
		struct bytes bytes;
	};
	const struct db_array *array; /* not NULL: an array of type */
};

/** NULL is SQL NULL, here and in the constructors below that take texts. */
static inline struct db_value
db_text(const char *text)
{
	return (struct db_value){ .type = DB_TEXT,
				  .null = text == NULL,
				  .text = text };
}

static inline struct db_value
db_uuid(const char *text)
{
	return (struct db_value){ .type = DB_UUID,
				  .null = text == NULL,
				  .text = text };
}

static inline struct db_value
db_jsonb(const char *text)
{
	return (struct db_value){ .type = DB_JSONB,
				  .null = text == NULL,
				  .text = text };
}

static inline struct db_value
db_int4(int32_t n)
{
	return (struct db_value){ .type = DB_INT4, .number = n };
}

static inline struct db_value
db_int8(int64_t n)
{
	return (struct db_value){ .type = DB_INT8, .number = n };
}

static inline struct db_value
db_bool(bool b)
{
	return (struct db_value){ .type = DB_BOOL, .number = b ? 1 : 0 };
}

/** Microseconds since 1970, UTC. */
static inline struct db_value
db_time(int64_t us)
{
	return (struct db_value){ .type = DB_TIME, .number = us };
}

/** Days since 1970-01-01. */
static inline struct db_value
db_date(int32_t days)
{
	return (struct db_value){ .type = DB_DATE, .number = days };
}

/** Absent bytes (data NULL) are SQL NULL. */
static inline struct db_value
db_bytea(struct bytes b)
{
	return (struct db_value){ .type = DB_BYTEA,
				  .null = b.data == NULL,
				  .bytes = b };
}

static inline struct db_value
db_null(enum db_type type)
{
	return (struct db_value){ .type = type, .null = true };
}

/** @param out release with db_array_free() */
bool db_array_new(enum db_type type, struct db_array **out, struct err *e)
	MUST_CHECK;

/**
 * Append a copy of v, which must have the array's type.
 * ERR_REJECT if a DB_UUID text is not a UUID; ERR_FATAL when the array is
 * full (BUFFER_MAX octets) or v has another type.
 */
bool db_array_add(struct db_array *a, struct db_value v, struct err *e)
	MUST_CHECK;

/** Forget the elements, keep the memory. */
void db_array_clear(struct db_array *a);

size_t db_array_count(const struct db_array *a);

/** The array as a parameter; a is borrowed. */
struct db_value db_of_array(const struct db_array *a);

/** The same where the type is known: it must be the array's. */
static inline struct db_value
db_array_value(const struct db_array *a, enum db_type type)
{
	return (struct db_value){ .type = type, .array = a };
}

/** NULL is fine. */
void db_array_free(struct db_array *a);
DEFINE_AUTO(db_array, struct db_array *, db_array_free);

#endif
