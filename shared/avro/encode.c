/*
 * From the C struct to the writer's schema, by names: the mirror of
 * decode.c.
 */
#include <string.h>

#include "avro_internal.h"

struct encoder {
	struct ev_path path;
	struct err *e;
};

/* Always false, also to a static analyser. */
#define FAIL(c, ...) (path_fail(&(c)->path, (c)->e, "avro", __VA_ARGS__), false)

static bool put_record(struct encoder *c, const struct ev_record *record,
		       const void *at, avro_value_t *v);
static bool put(struct encoder *c, const struct ev_type *type, const void *at,
		avro_value_t *v);

static bool
mismatch(struct encoder *c)
{
	return FAIL(c, "does not fit the type in the writer's schema");
}

static bool
put_string(struct encoder *c, const char *s, avro_value_t *v)
{
	if (s == NULL)
		return FAIL(c, "missing");
	return avro_value_set_string(v, s) == 0 || mismatch(c);
}

static bool
put_bytes(struct encoder *c, struct bytes b, avro_value_t *v)
{
	if (b.data == NULL)
		return FAIL(c, "missing");
	/* avro-c copies; its parameter merely lacks a const. */
	return avro_value_set_bytes(v, (void *)(uintptr_t)b.data, b.len) == 0 ||
	       mismatch(c);
}

static bool
put_int(struct encoder *c, const void *at, avro_value_t *v)
{
	int32_t value;

	memcpy(&value, at, sizeof(value));
	if (avro_value_get_type(v) == AVRO_INT64)
		return avro_value_set_long(v, value) == 0 || mismatch(c);
	return avro_value_set_int(v, value) == 0 || mismatch(c);
}

static bool
put_long(struct encoder *c, const void *at, avro_value_t *v)
{
	int64_t value;

	memcpy(&value, at, sizeof(value));
	return avro_value_set_long(v, value) == 0 || mismatch(c);
}

static bool
put_boolean(struct encoder *c, const void *at, avro_value_t *v)
{
	bool value;

	memcpy(&value, at, sizeof(value));
	return avro_value_set_boolean(v, value) == 0 || mismatch(c);
}

static bool
put_enum(struct encoder *c, const struct ev_enum *symbols, const void *at,
	 avro_value_t *v)
{
	avro_schema_t schema = schema_resolve(avro_value_get_schema(v));
	unsigned value;
	int index;

	memcpy(&value, at, sizeof(value));
	if (value >= symbols->count)
		return FAIL(c, "not a %s", symbols->name);
	if (avro_typeof(schema) != AVRO_ENUM)
		return mismatch(c);
	index = avro_schema_enum_get_by_name(schema, symbols->symbols[value]);
	if (index < 0)
		return FAIL(c, "%s is not in the writer's schema",
			    symbols->symbols[value]);
	return avro_value_set_enum(v, index) == 0 || mismatch(c);
}

static bool
put_fixed(struct encoder *c, size_t size, const void *at, avro_value_t *v)
{
	return avro_value_set_fixed(v, (void *)(uintptr_t)at, size) == 0 ||
	       mismatch(c);
}

static bool
put_array(struct encoder *c, const struct ev_type *type,
	  const struct ev_list *list, avro_value_t *v)
{
	const char *at = list->items;

	for (size_t i = 0; i < list->count; i++, at += type->item->size) {
		size_t mark = path_enter_index(&c->path, i);
		avro_value_t item;

		if (avro_value_append(v, &item, NULL) != 0)
			return mismatch(c);
		if (!put(c, type->item, at, &item))
			return false;
		path_leave(&c->path, mark);
	}
	return true;
}

static bool
put_map(struct encoder *c, const struct ev_type *type,
	const struct ev_list *list, avro_value_t *v)
{
	const struct ev_string_entry *s = list->items;
	const struct ev_bytes_entry *b = list->items;
	bool text = type->item->kind == EV_STRING;

	for (size_t i = 0; i < list->count; i++) {
		const char *key = text ? s[i].key : b[i].key;
		size_t mark = path_enter_index(&c->path, i);
		avro_value_t item;
		int is_new = 0;

		if (key == NULL)
			return FAIL(c, "missing");
		if (avro_value_add(v, key, &item, NULL, &is_new) != 0)
			return mismatch(c);
		if (!is_new)
			return FAIL(c, "the same name twice");
		if (text ? !put_string(c, s[i].value, &item)
			 : !put_bytes(c, b[i].value, &item))
			return false;
		path_leave(&c->path, mark);
	}
	return true;
}

static bool
put_list(struct encoder *c, const struct ev_type *type, const void *at,
	 avro_value_t *v)
{
	bool map = type->kind == EV_MAP;
	struct ev_list list;

	memcpy(&list, at, sizeof(list));
	if (avro_value_get_type(v) != (map ? AVRO_MAP : AVRO_ARRAY))
		return mismatch(c);
	if (list.count > 0 && list.items == NULL)
		return FAIL(c, "missing");
	return map ? put_map(c, type, &list, v) : put_array(c, type, &list, v);
}

static bool
put(struct encoder *c, const struct ev_type *type, const void *at,
    avro_value_t *v)
{
	const char *s;
	struct bytes b;

	switch (type->kind) {
	case EV_STRING:
		memcpy(&s, at, sizeof(s));
		return put_string(c, s, v);
	case EV_BYTES:
		memcpy(&b, at, sizeof(b));
		return put_bytes(c, b, v);
	case EV_FIXED:
		return put_fixed(c, type->size, at, v);
	case EV_INT:
		return put_int(c, at, v);
	case EV_LONG:
		return put_long(c, at, v);
	case EV_BOOLEAN:
		return put_boolean(c, at, v);
	case EV_ENUM:
		return put_enum(c, type->symbols, at, v);
	case EV_RECORD:
		return put_record(c, type->record, at, v);
	case EV_ARRAY:
	case EV_MAP:
		return put_list(c, type, at, v);
	}
	return mismatch(c);
}

/* The branch of the union that is null, or the first that is not. */
static int
find_branch(avro_schema_t schema, bool null)
{
	size_t n = avro_schema_union_size(schema);

	for (size_t i = 0; i < n; i++) {
		avro_schema_t branch = avro_schema_union_branch(schema, (int)i);

		if ((avro_typeof(schema_resolve(branch)) == AVRO_NULL) == null)
			return (int)i;
	}
	return -1;
}

/* f is NULL for a field that only the schema knows. */
static bool
put_field(struct encoder *c, const struct ev_field *f, const void *record,
	  avro_value_t *v)
{
	const void *at = f == NULL ? NULL : ev_field_value(f, record);
	avro_value_t branch = *v;

	if (avro_value_get_type(v) == AVRO_UNION) {
		avro_schema_t schema = schema_resolve(avro_value_get_schema(v));
		int index = find_branch(schema, at == NULL);

		if (index < 0 || avro_value_set_branch(v, index, &branch) != 0)
			return mismatch(c);
	}
	if (at == NULL)
		return avro_value_set_null(&branch) == 0 ||
		       FAIL(c,
			    f == NULL ? "not known to this program" : "null");
	return put(c, &f->type, at, &branch);
}

static const struct ev_field *
find_field(const struct ev_record *record, const char *name)
{
	for (size_t i = 0; i < record->count; i++) {
		if (strcmp(record->fields[i].name, name) == 0)
			return &record->fields[i];
	}
	return NULL;
}

static bool
put_record(struct encoder *c, const struct ev_record *record, const void *at,
	   avro_value_t *v)
{
	size_t n;

	if (avro_value_get_type(v) != AVRO_RECORD ||
	    avro_value_get_size(v, &n) != 0)
		return mismatch(c);
	for (size_t i = 0; i < n; i++) {
		const char *name = NULL;
		avro_value_t field;
		size_t mark;

		if (avro_value_get_by_index(v, i, &field, &name) != 0)
			return mismatch(c);
		mark = path_enter(&c->path, name);
		if (!put_field(c, find_field(record, name), at, &field))
			return false;
		path_leave(&c->path, mark);
	}
	return true;
}

static bool
write_value(avro_value_t *v, struct buffer *out, struct err *e)
{
	avro_writer_t memory;
	size_t size = 0;
	int rc;

	if (avro_value_sizeof(v, &size) != 0)
		return ERR_SET(e, ERR_FATAL, "avro", 0, "cannot be encoded");
	if (!buffer_reserve(out, size, e))
		return false;
	memory = avro_writer_memory((const char *)out->data + out->len,
				    (int64_t)size);
	if (memory == NULL)
		return ERR_NO_MEMORY(e);
	rc = avro_value_write(memory, v);
	avro_writer_free(memory);
	if (rc != 0)
		return ERR_SET(e, ERR_FATAL, "avro", rc, "cannot be encoded");
	out->len += size;
	return true;
}

bool
avro_encode(const struct avro_writer *w, const struct event *ev,
	    struct buffer *out, struct err *e)
{
	struct encoder c = { .e = e };
	avro_value_t v;
	bool done;

	if (w->type != ev->type || w->type == EVENT_NONE)
		return ERR_SET(e, ERR_FATAL, "avro", 0,
			       "%s cannot be encoded as %s",
			       event_type_name(ev->type), avro_writer_name(w));
	if (avro_generic_value_new(w->class, &v) != 0)
		return ERR_NO_MEMORY(e);
	done = put_record(&c, event_record(ev->type), event_body(ev), &v) &&
	       write_value(&v, out, e);
	avro_value_decref(&v);
	return done;
}

bool
avro_encode_meta(const struct avro_writer *w, const struct ev_meta *meta,
		 struct buffer *out, struct err *e)
{
	struct encoder c = { .e = e };
	avro_value_t v, field;
	bool done;

	if (w->meta != 0)
		return ERR_SET(e, ERR_FATAL, "avro", 0, "%s has no meta",
			       avro_writer_name(w));
	if (avro_generic_value_new(w->class, &v) != 0)
		return ERR_NO_MEMORY(e);
	path_enter(&c.path, "meta");
	done = avro_value_get_by_index(&v, 0, &field, NULL) == 0
		       ? put_record(&c, &ev_record_meta, meta, &field)
		       : mismatch(&c);
	done = done && write_value(&field, out, e);
	avro_value_decref(&v);
	return done;
}
