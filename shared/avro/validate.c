/*
 * Strict check of a body, octet by octet, against the writer schema
 * (Avro 1.11, "Binary Encoding").  Nothing is allocated; the work is bound
 * by the length of the body and AVRO_VALUES_MAX.
 */
#include <string.h>

#include "avro_internal.h"
#include "base/text.h"

struct cursor {
	const uint8_t *at;
	const uint8_t *end;
	unsigned values;
	struct ev_path path;
	struct err *e;
};

/* Always false, also to a static analyser. */
#define FAIL(c, ...) (path_fail(&(c)->path, (c)->e, "avro", __VA_ARGS__), false)
#define LEFT(c) ((size_t)((c)->end - (c)->at))

static bool check(struct cursor *c, avro_schema_t schema);

/* Zigzag varint of at most 10 octets, in its shortest form only: else the
 * same content could have several digests. */
static bool
read_long(struct cursor *c, int64_t *out)
{
	uint64_t raw = 0;

	for (unsigned i = 0; i < 10; i++) {
		uint8_t octet;

		if (c->at == c->end)
			return FAIL(c, "truncated");
		octet = *c->at++;
		if (i == 9 && octet > 1)
			return FAIL(c, "integer of more than 64 bits");
		raw |= (uint64_t)(octet & 0x7f) << (7 * i);
		if (octet & 0x80)
			continue;
		if (octet == 0 && i > 0)
			return FAIL(c, "integer is not in its shortest form");
		*out = (int64_t)(raw >> 1 ^ (~(raw & 1) + 1));
		return true;
	}
	return FAIL(c, "integer of more than 64 bits");
}

static bool
skip(struct cursor *c, size_t len)
{
	if (LEFT(c) < len)
		return FAIL(c, "truncated");
	c->at += len;
	return true;
}

static bool
check_int(struct cursor *c)
{
	int64_t value;

	if (!read_long(c, &value))
		return false;
	if (value < INT32_MIN || value > INT32_MAX)
		return FAIL(c, "int out of range");
	return true;
}

static bool
check_octets(struct cursor *c, bool text)
{
	int64_t len;

	if (!read_long(c, &len))
		return false;
	if (len < 0)
		return FAIL(c, "negative length");
	if ((uint64_t)len > LEFT(c))
		return FAIL(c, "length exceeds the message");
	if (text && !text_is_utf8((const char *)c->at, (size_t)len))
		return FAIL(c, "not well-formed UTF-8");
	return skip(c, (size_t)len);
}

static bool
check_boolean(struct cursor *c)
{
	if (!skip(c, 1))
		return false;
	if (c->at[-1] > 1)
		return FAIL(c, "boolean is neither 0 nor 1");
	return true;
}

static bool
check_enum(struct cursor *c, avro_schema_t schema)
{
	int64_t index;

	if (!read_long(c, &index))
		return false;
	if (index < 0 || index >= avro_schema_enum_number_of_symbols(schema))
		return FAIL(c, "enum index out of range");
	return true;
}

static bool
check_union(struct cursor *c, avro_schema_t schema)
{
	int64_t branch;

	if (!read_long(c, &branch))
		return false;
	if (branch < 0 || (uint64_t)branch >= avro_schema_union_size(schema))
		return FAIL(c, "union index out of range");
	return check(c, avro_schema_union_branch(schema, (int)branch));
}

/* One block of an array or map; *count is 0 behind the last one. */
static bool
check_block(struct cursor *c, avro_schema_t item, bool map, size_t *index,
	    int64_t *count)
{
	const uint8_t *begin;
	int64_t size = -1;

	if (!read_long(c, count))
		return false;
	if (*count < 0) { /* then the block's size in octets follows */
		if (*count < -(int64_t)AVRO_VALUES_MAX)
			return FAIL(c, "too many items");
		*count = -*count;
		if (!read_long(c, &size))
			return false;
		if (size < 0 || (uint64_t)size > LEFT(c))
			return FAIL(c, "block size exceeds the message");
	}
	if (*count > AVRO_VALUES_MAX)
		return FAIL(c, "too many items");
	begin = c->at;
	for (int64_t i = 0; i < *count; i++) {
		size_t mark = path_enter_index(&c->path, (*index)++);

		if (map && !check_octets(c, true))
			return false;
		if (!check(c, item))
			return false;
		path_leave(&c->path, mark);
	}
	if (size >= 0 && c->at - begin != size)
		return FAIL(c, "block size is wrong");
	return true;
}

static bool
check_blocks(struct cursor *c, avro_schema_t item, bool map)
{
	int64_t count;
	size_t index = 0;

	do {
		if (!check_block(c, item, map, &index, &count))
			return false;
	} while (count != 0);
	return true;
}

static bool
check_field(struct cursor *c, avro_schema_t schema, int i)
{
	size_t mark =
		path_enter(&c->path, avro_schema_record_field_name(schema, i));

	if (!check(c, avro_schema_record_field_get_by_index(schema, i)))
		return false;
	path_leave(&c->path, mark);
	return true;
}

static bool
check_record(struct cursor *c, avro_schema_t schema)
{
	size_t n = avro_schema_record_size(schema);

	for (size_t i = 0; i < n; i++) {
		if (!check_field(c, schema, (int)i))
			return false;
	}
	return true;
}

static bool
check(struct cursor *c, avro_schema_t schema)
{
	int64_t value;

	schema = schema_resolve(schema);
	if (++c->values > AVRO_VALUES_MAX)
		return FAIL(c, "too many values");
	switch (avro_typeof(schema)) {
	case AVRO_NULL:
		return true;
	case AVRO_BOOLEAN:
		return check_boolean(c);
	case AVRO_INT32:
		return check_int(c);
	case AVRO_INT64:
		return read_long(c, &value);
	case AVRO_FLOAT:
		return skip(c, sizeof(float));
	case AVRO_DOUBLE:
		return skip(c, sizeof(double));
	case AVRO_STRING:
		return check_octets(c, true);
	case AVRO_BYTES:
		return check_octets(c, false);
	case AVRO_FIXED:
		return skip(c, (size_t)avro_schema_fixed_size(schema));
	case AVRO_ENUM:
		return check_enum(c, schema);
	case AVRO_UNION:
		return check_union(c, schema);
	case AVRO_ARRAY:
		return check_blocks(c, avro_schema_array_items(schema), false);
	case AVRO_MAP:
		return check_blocks(c, avro_schema_map_values(schema), true);
	case AVRO_RECORD:
		return check_record(c, schema);
	default:
		return FAIL(c, "type is not supported");
	}
}

static bool
begin(struct cursor *c, struct bytes body, struct err *e)
{
	*c = (struct cursor){ .at = body.data, .e = e };
	c->end = body.data == NULL ? NULL : body.data + body.len;
	if (body.data == NULL)
		return FAIL(c, "no body");
	if (body.len > EVENT_LOG_MAX)
		return ERR_SET(e, ERR_REJECT, "avro", EV_REFUSAL_CODE_TOO_LARGE,
			       "event: body of %zu octets, at most %u allowed",
			       body.len, EVENT_LOG_MAX);
	return true;
}

static bool
finish(struct cursor *c)
{
	return c->at == c->end ? true : FAIL(c, "%zu octets too many", LEFT(c));
}

bool
validate_value(avro_schema_t schema, struct bytes body, struct err *e)
{
	struct cursor c;

	return begin(&c, body, e) && check(&c, schema) && finish(&c);
}

bool
avro_validate(const struct avro_writer *w, struct bytes body,
	      struct avro_spans *spans, struct err *e)
{
	struct avro_spans found = { .count = w->fields };
	struct cursor c;

	if (!begin(&c, body, e))
		return false;
	for (size_t i = 0; i < w->fields; i++) {
		const uint8_t *from = c.at;

		if (!check_field(&c, w->schema, (int)i))
			return false;
		found.field[i].name =
			avro_schema_record_field_name(w->schema, (int)i);
		found.field[i].span = bytes_of(from, (size_t)(c.at - from));
	}
	if (!finish(&c))
		return false;
	if (spans != NULL)
		*spans = found;
	return true;
}

struct bytes
avro_span(const struct avro_spans *spans, const char *field)
{
	for (size_t i = 0; i < spans->count; i++) {
		if (strcmp(spans->field[i].name, field) == 0)
			return spans->field[i].span;
	}
	return (struct bytes){ NULL, 0 };
}

struct bytes
avro_after_meta(const struct avro_spans *spans, struct bytes body)
{
	size_t n = avro_span(spans, "meta").len;

	return bytes_of(body.data + n, body.len - n);
}
