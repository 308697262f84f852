#include "db/value.h"

#include <arpa/inet.h>
#include <endian.h>
#include <string.h>

#include "base/uuid.h"
#include "db/internal.h"

#define JSONB_VERSION 1

struct db_array {
	enum db_type type;
	int32_t count;
	bool has_null;
	struct buffer elements; /* length prefix and octets of each */
};

Oid
db_type_oid(enum db_type type, bool array)
{
	static const Oid oids[DB_TYPE__COUNT][2] = {
		[DB_TEXT] = { OID_TEXT, 1009 },
		[DB_INT4] = { OID_INT4, 1007 },
		[DB_INT8] = { OID_INT8, 1016 },
		[DB_BOOL] = { OID_BOOL, 1000 },
		[DB_BYTEA] = { OID_BYTEA, 1001 },
		[DB_UUID] = { OID_UUID, 2951 },
		[DB_TIME] = { OID_TIMESTAMPTZ, 1185 },
		[DB_DATE] = { OID_DATE, 1182 },
		[DB_JSONB] = { OID_JSONB, 3807 },
	};

	return oids[type][array ? 1 : 0];
}

bool
db_put16(struct buffer *out, int16_t n, struct err *e)
{
	uint16_t wire = htons((uint16_t)n);

	return buffer_add(out, &wire, sizeof(wire), e);
}

bool
db_put32(struct buffer *out, int32_t n, struct err *e)
{
	uint32_t wire = htonl((uint32_t)n);

	return buffer_add(out, &wire, sizeof(wire), e);
}

static bool
put64(struct buffer *out, int64_t n, struct err *e)
{
	uint64_t wire = htobe64((uint64_t)n);

	return buffer_add(out, &wire, sizeof(wire), e);
}

static bool
put_uuid(struct buffer *out, const char *text, struct err *e)
{
	uint8_t id[UUID_LEN];

	if (!uuid_parse(text, id))
		return ERR_SET(e, ERR_REJECT, "pg", 0, "not a UUID");
	return buffer_add(out, id, sizeof(id), e);
}

static bool
put_jsonb(struct buffer *out, const char *text, struct err *e)
{
	const uint8_t version = JSONB_VERSION;

	return buffer_add(out, &version, 1, e) &&
	       buffer_add(out, text, strlen(text), e);
}

/* Arrays of ours have one dimension, counted from 1 (array_recv()). */
static bool
put_array(struct buffer *out, const struct db_array *a, struct err *e)
{
	return db_put32(out, a->count == 0 ? 0 : 1, e) &&
	       db_put32(out, a->has_null ? 1 : 0, e) &&
	       db_put32(out, (int32_t)db_type_oid(a->type, false), e) &&
	       (a->count == 0 ||
		(db_put32(out, a->count, e) && db_put32(out, 1, e))) &&
	       buffer_add(out, a->elements.data, a->elements.len, e);
}

bool
db_value_encode(const struct db_value *v, struct buffer *out, struct err *e)
{
	const uint8_t truth = v->number != 0;

	if (v->array != NULL)
		return put_array(out, v->array, e);
	switch (v->type) {
	case DB_TEXT:
		return buffer_add(out, v->text, strlen(v->text), e);
	case DB_UUID:
		return put_uuid(out, v->text, e);
	case DB_JSONB:
		return put_jsonb(out, v->text, e);
	case DB_BYTEA:
		return buffer_add(out, v->bytes.data, v->bytes.len, e);
	case DB_BOOL:
		return buffer_add(out, &truth, 1, e);
	case DB_INT4:
		return db_put32(out, (int32_t)v->number, e);
	case DB_INT8:
		return put64(out, v->number, e);
	case DB_TIME:
		return put64(out, v->number - EPOCH_2000_US, e);
	case DB_DATE:
		return db_put32(out, (int32_t)v->number - EPOCH_2000_DAYS, e);
	case DB_TYPE__COUNT:
		break;
	}
	return ERR_SET(e, ERR_FATAL, "pg", 0, "value without a type");
}

bool
db_array_new(enum db_type type, struct db_array **out, struct err *e)
{
	struct db_array *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return ERR_NO_MEMORY(e);
	a->type = type;
	*out = a;
	return true;
}

/* The length is known only behind the octets: write it afterwards. */
static bool
add_element(struct db_array *a, const struct db_value *v, struct err *e)
{
	size_t at = a->elements.len;
	uint32_t wire;

	if (!db_put32(&a->elements, 0, e) ||
	    !db_value_encode(v, &a->elements, e)) {
		a->elements.len = at;
		return false;
	}
	wire = htonl((uint32_t)(a->elements.len - at - sizeof(wire)));
	memcpy(a->elements.data + at, &wire, sizeof(wire));
	return true;
}

bool
db_array_add(struct db_array *a, struct db_value v, struct err *e)
{
	if (v.type != a->type || v.array != NULL)
		return ERR_SET(e, ERR_FATAL, "pg", 0,
			       "array element of another type");
	if (v.null ? !db_put32(&a->elements, -1, e) : !add_element(a, &v, e))
		return false;
	a->has_null |= v.null;
	a->count++;
	return true;
}

void
db_array_clear(struct db_array *a)
{
	a->count = 0;
	a->has_null = false;
	a->elements.len = 0;
}

size_t
db_array_count(const struct db_array *a)
{
	return (size_t)a->count;
}

struct db_value
db_of_array(const struct db_array *a)
{
	return (struct db_value){ .type = a->type, .array = a };
}

void
db_array_free(struct db_array *a)
{
	if (a == NULL)
		return;
	buffer_free(&a->elements);
	free(a);
}
