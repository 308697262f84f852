/*
 * From a generic value of the writer's schema to the C struct, by names.
 */
#include <string.h>

#include "avro_internal.h"

struct projection {
	struct arena *arena;
	struct ev_path path;
	struct err *e;
};

/* Always false, also to a static analyser. */
#define FAIL(p, ...) (path_fail(&(p)->path, (p)->e, "avro", __VA_ARGS__), false)

static bool
too_large(struct projection *p)
{
	return FAIL(p, "content needs more than %u octets", EVENT_ARENA_MAX);
}

static bool
mismatch(struct projection *p)
{
	return FAIL(p, "the writer's type does not fit");
}

static bool project_record(struct projection *p, const struct ev_record *record,
			   avro_value_t *v, void *at);
static bool project(struct projection *p, const struct ev_type *type,
		    avro_value_t *v, void *at);

static bool
project_string(struct projection *p, avro_value_t *v, const char **out)
{
	const char *text;
	size_t size; /* terminator included */

	if (avro_value_get_type(v) != AVRO_STRING ||
	    avro_value_get_string(v, &text, &size) != 0)
		return mismatch(p);
	*out = arena_text(p->arena, text, size - 1);
	return *out != NULL || too_large(p);
}

static bool
project_bytes(struct projection *p, avro_value_t *v, struct bytes *out)
{
	const void *data;
	size_t len;

	if (avro_value_get_type(v) != AVRO_BYTES ||
	    avro_value_get_bytes(v, &data, &len) != 0)
		return mismatch(p);
	*out = arena_bytes(p->arena, bytes_of(data, len));
	return out->data != NULL || too_large(p);
}

static bool
project_fixed(struct projection *p, size_t size, avro_value_t *v, void *at)
{
	const void *data;
	size_t len;

	if (avro_value_get_type(v) != AVRO_FIXED ||
	    avro_value_get_fixed(v, &data, &len) != 0 || len != size)
		return mismatch(p);
	memcpy(at, data, len);
	return true;
}

static bool
project_long(struct projection *p, const struct ev_type *type, avro_value_t *v,
	     void *at)
{
	int32_t narrow = 0;
	int64_t wide = 0;

	if (avro_value_get_type(v) == AVRO_INT32) {
		if (avro_value_get_int(v, &narrow) != 0)
			return mismatch(p);
		wide = narrow;
	} else if (type->kind == EV_INT ||
		   avro_value_get_type(v) != AVRO_INT64 ||
		   avro_value_get_long(v, &wide) != 0) {
		return mismatch(p);
	}
	if (type->kind == EV_INT)
		memcpy(at, &narrow, sizeof(narrow));
	else
		memcpy(at, &wide, sizeof(wide));
	return true;
}

static bool
project_boolean(struct projection *p, avro_value_t *v, void *at)
{
	int value;
	bool truth;

	if (avro_value_get_type(v) != AVRO_BOOLEAN ||
	    avro_value_get_boolean(v, &value) != 0)
		return mismatch(p);
	truth = value != 0;
	memcpy(at, &truth, sizeof(truth));
	return true;
}

static bool
project_enum(struct projection *p, const struct ev_enum *symbols,
	     avro_value_t *v, void *at)
{
	const char *name;
	unsigned value = 0;
	int index;

	if (avro_value_get_type(v) != AVRO_ENUM ||
	    avro_value_get_enum(v, &index) != 0)
		return mismatch(p);
	name = avro_schema_enum_get(schema_resolve(avro_value_get_schema(v)),
				    index);
	if (name == NULL || !ev_symbol_parse(symbols, name, &value))
		value = 0; /* UNKNOWN */
	memcpy(at, &value, sizeof(value));
	return true;
}

static bool
project_entry(struct projection *p, const struct ev_type *type, const char *key,
	      avro_value_t *v, void *at)
{
	const char *copy = arena_text(p->arena, key, strlen(key));
	struct ev_string_entry *s = at;
	struct ev_bytes_entry *b = at;

	if (copy == NULL)
		return too_large(p);
	if (type->item->kind == EV_STRING) {
		s->key = copy;
		return project_string(p, v, &s->value);
	}
	b->key = copy;
	return project_bytes(p, v, &b->value);
}

static bool
project_list(struct projection *p, const struct ev_type *type, avro_value_t *v,
	     void *at)
{
	bool map = type->kind == EV_MAP;
	size_t size = ev_item_size(type);
	struct ev_list list = { 0 };
	char *items;

	if (avro_value_get_type(v) != (map ? AVRO_MAP : AVRO_ARRAY) ||
	    avro_value_get_size(v, &list.count) != 0)
		return mismatch(p);
	if (list.count > EVENT_ARENA_MAX / size)
		return too_large(p);
	items = arena_alloc(p->arena, list.count * size);
	if (items == NULL)
		return too_large(p);
	list.items = items;
	memcpy(at, &list, sizeof(list));
	for (size_t i = 0; i < list.count; i++, items += size) {
		size_t mark = path_enter_index(&p->path, i);
		const char *key = NULL;
		avro_value_t item;

		if (avro_value_get_by_index(v, i, &item, &key) != 0)
			return mismatch(p);
		if (map ? !project_entry(p, type, key, &item, items)
			: !project(p, type->item, &item, items))
			return false;
		path_leave(&p->path, mark);
	}
	return true;
}

static bool
project(struct projection *p, const struct ev_type *type, avro_value_t *v,
	void *at)
{
	switch (type->kind) {
	case EV_STRING:
		return project_string(p, v, at);
	case EV_BYTES:
		return project_bytes(p, v, at);
	case EV_FIXED:
		return project_fixed(p, type->size, v, at);
	case EV_INT:
	case EV_LONG:
		return project_long(p, type, v, at);
	case EV_BOOLEAN:
		return project_boolean(p, v, at);
	case EV_ENUM:
		return project_enum(p, type->symbols, v, at);
	case EV_RECORD:
		if (avro_value_get_type(v) != AVRO_RECORD)
			return mismatch(p);
		return project_record(p, type->record, v, at);
	case EV_ARRAY:
	case EV_MAP:
		return project_list(p, type, v, at);
	}
	return mismatch(p);
}

/* The field's memory is zero, which is null and every default we allow but
 * that of a string. */
static bool
project_missing(struct projection *p, const struct ev_field *f, char *at)
{
	const char **text = (void *)at;

	if (f->optional)
		return true;
	if (!f->has_default)
		return FAIL(p, "missing in the writer's schema");
	if (f->type.kind == EV_STRING)
		*text = "";
	return true;
}

static bool
project_field(struct projection *p, const struct ev_field *f,
	      avro_value_t *record, char *at)
{
	avro_value_t v, branch;
	void *target = at;

	if (avro_value_get_by_name(record, f->name, &v, NULL) != 0)
		return project_missing(p, f, at);
	if (avro_value_get_type(&v) == AVRO_UNION) {
		if (avro_value_get_current_branch(&v, &branch) != 0)
			return mismatch(p);
		v = branch;
	}
	if (avro_value_get_type(&v) == AVRO_NULL)
		return f->optional || FAIL(p, "null");
	if (ev_field_is_pointer(f)) {
		target = arena_alloc(p->arena, f->type.size);
		if (target == NULL)
			return too_large(p);
		memcpy(at, &target, sizeof(target));
	}
	return project(p, &f->type, &v, target);
}

static bool
project_record(struct projection *p, const struct ev_record *record,
	       avro_value_t *v, void *at)
{
	for (size_t i = 0; i < record->count; i++) {
		const struct ev_field *f = &record->fields[i];
		size_t mark = path_enter(&p->path, f->name);

		if (!project_field(p, f, v, (char *)at + f->offset))
			return false;
		path_leave(&p->path, mark);
	}
	return true;
}

/* Read a validated body into a generic value; the caller decrefs it. */
static bool
read_value(avro_value_iface_t *class, struct bytes body, avro_value_t *v,
	   struct err *e)
{
	avro_reader_t reader;
	int rc;

	if (avro_generic_value_new(class, v) != 0)
		return ERR_NO_MEMORY(e);
	reader = avro_reader_memory((const char *)body.data, (int64_t)body.len);
	if (reader == NULL) {
		avro_value_decref(v);
		return ERR_NO_MEMORY(e);
	}
	rc = avro_value_read(reader, v);
	avro_reader_free(reader);
	if (rc == 0)
		return true;
	avro_value_decref(v);
	return ERR_SET(e, ERR_REJECT, "avro", EV_REFUSAL_CODE_BODY_INVALID,
		       "event: avro-c cannot read the body");
}

bool
avro_decode(const struct avro_writer *w, struct bytes body, int32_t schema_id,
	    struct event **out, struct err *e)
{
	AUTO(event) struct event *ev = NULL;
	struct projection p = { .e = e };
	avro_value_t v;
	bool done;

	if (!avro_validate(w, body, NULL, e))
		return false;
	if (w->type == EVENT_NONE)
		return ERR_SET(e, ERR_REJECT, "avro",
			       EV_REFUSAL_CODE_SCHEMA_UNKNOWN,
			       "event: %s is not known to this program",
			       avro_writer_name(w));
	if (!event_new(w->type, EVENT_ARENA_MAX, &ev, e) ||
	    !read_value(w->class, body, &v, e))
		return false;
	p.arena = ev->arena;
	done = project_record(&p, event_record(w->type), &v, &ev->meta);
	avro_value_decref(&v);
	if (!done)
		return false;
	ev->schema_id = schema_id;
	*out = TAKE(ev);
	return true;
}

static bool
decode_submission(avro_value_iface_t *class, struct bytes span,
		  struct event *ev, struct err *e)
{
	struct projection p = { .arena = ev->arena, .e = e };
	avro_value_t v;
	bool done;

	if (!read_value(class, span, &v, e))
		return false;
	path_enter(&p.path, "submission");
	done = project_record(&p, &ev_record_submission, &v,
			      &ev->request_submitted.submission);
	avro_value_decref(&v);
	return done;
}

bool
avro_decode_submission(const struct avro_writer *w, struct bytes span,
		       struct event **out, struct err *e)
{
	AUTO(event) struct event *ev = NULL;
	avro_value_iface_t *class;
	avro_schema_t schema;
	bool done;

	if (w->type != EVENT_REQUEST_SUBMITTED || w->submission < 0)
		return ERR_SET(e, ERR_REJECT, "avro",
			       EV_REFUSAL_CODE_SCHEMA_UNKNOWN,
			       "submission: %s has none", avro_writer_name(w));
	schema = schema_resolve(avro_schema_record_field_get_by_index(
		w->schema, w->submission));
	if (avro_typeof(schema) != AVRO_RECORD)
		return ERR_SET(e, ERR_REJECT, "avro",
			       EV_REFUSAL_CODE_SCHEMA_UNKNOWN,
			       "submission: not a record in the schema");
	if (!validate_value(schema, span, e))
		return err_context(e, "submission");
	if (!event_new(w->type, EVENT_ARENA_MAX, &ev, e))
		return false;
	class = avro_generic_class_from_schema(schema);
	if (class == NULL)
		return ERR_NO_MEMORY(e);
	done = decode_submission(class, span, ev, e);
	avro_value_iface_decref(class);
	if (done)
		*out = TAKE(ev);
	return done;
}
