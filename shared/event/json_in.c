#include <openssl/evp.h>
#include <string.h>

#include "base/clock.h"
#include "event/event_desc.h"
#include "event/event_json.h"
#include "event/event_path.h"

#define BASE64                                                                 \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

struct reader {
	struct arena *arena;
	struct ev_path path;
	struct err *e;
};

/* Always false, also to a static analyser. */
#define FAIL(r, ...) (path_fail(&(r)->path, (r)->e, "json", __VA_ARGS__), false)

static bool in_record(struct reader *r, const struct ev_record *record,
		      const json_t *json, void *at);
static bool in_value(struct reader *r, const struct ev_type *type,
		     const json_t *json, void *at);

static bool
too_large(struct reader *r)
{
	return FAIL(r, "content needs more than %u octets", EVENT_ARENA_MAX);
}

static bool
in_string(struct reader *r, const json_t *json, const char **out)
{
	if (!json_is_string(json))
		return FAIL(r, "must be a string");
	*out = arena_text(r->arena, json_string_value(json),
			  json_string_length(json));
	return *out != NULL || too_large(r);
}

static bool
in_bytes(struct reader *r, const json_t *json, struct bytes *out)
{
	const char *text = json_string_value(json);
	size_t len, digits;
	uint8_t *data;

	if (text == NULL)
		return FAIL(r, "must be a string of base64");
	len = strlen(text);
	digits = strspn(text, BASE64);
	if (len % 4 != 0 || len - digits > 2 ||
	    strspn(text + digits, "=") != len - digits)
		return FAIL(r, "not base64");
	if (len > EVENT_ARENA_MAX)
		return too_large(r);
	data = arena_alloc(r->arena, len / 4 * 3 + 1);
	if (data == NULL)
		return too_large(r);
	if (EVP_DecodeBlock(data, (const unsigned char *)text, (int)len) < 0)
		return FAIL(r, "not base64");
	*out = bytes_of(data, len / 4 * 3 - (len - digits));
	return true;
}

static bool
in_fixed(struct reader *r, const struct ev_type *type, const json_t *json,
	 void *at)
{
	const char *text = json_string_value(json);
	size_t len = 0;

	if (text == NULL || !hex_decode(text, at, type->size, &len) ||
	    len != type->size)
		return FAIL(r, "must be %zu hexadecimal digits",
			    2 * type->size);
	return true;
}

static bool
in_int(struct reader *r, const struct ev_type *type, const json_t *json,
       void *at)
{
	json_int_t wide = json_integer_value(json);
	int32_t value = 0;

	if (type->format == EV_FORMAT_DATE) {
		if (!json_is_string(json) ||
		    !clock_parse_date(json_string_value(json), &value))
			return FAIL(r, "must be a date like \"2026-03-02\"");
	} else {
		if (!json_is_integer(json))
			return FAIL(r, "must be an integer");
		if (wide < INT32_MIN || wide > INT32_MAX)
			return FAIL(r, "integer out of range");
		value = (int32_t)wide;
	}
	memcpy(at, &value, sizeof(value));
	return true;
}

static bool
in_long(struct reader *r, const struct ev_type *type, const json_t *json,
	void *at)
{
	int64_t value = json_integer_value(json);

	if (type->format != EV_FORMAT_NONE) {
		if (!json_is_string(json) ||
		    !clock_parse(json_string_value(json), &value))
			return FAIL(r, "must be a time like "
				       "\"2026-03-02T09:15:00Z\"");
	} else if (!json_is_integer(json)) {
		return FAIL(r, "must be an integer");
	}
	memcpy(at, &value, sizeof(value));
	return true;
}

static bool
in_boolean(struct reader *r, const json_t *json, void *at)
{
	bool value = json_is_true(json);

	if (!json_is_boolean(json))
		return FAIL(r, "must be true or false");
	memcpy(at, &value, sizeof(value));
	return true;
}

static bool
in_enum(struct reader *r, const struct ev_enum *symbols, const json_t *json,
	void *at)
{
	unsigned value = 0;

	if (!json_is_string(json) ||
	    !ev_symbol_parse(symbols, json_string_value(json), &value))
		return FAIL(r, "not a symbol of %s", symbols->name);
	memcpy(at, &value, sizeof(value));
	return true;
}

static bool
in_array(struct reader *r, const struct ev_type *type, const json_t *json,
	 char *items)
{
	for (size_t i = 0; i < json_array_size(json); i++) {
		size_t mark = path_enter_index(&r->path, i);

		if (!in_value(r, type->item, json_array_get(json, i),
			      items + i * type->item->size))
			return false;
		path_leave(&r->path, mark);
	}
	return true;
}

static bool
in_map(struct reader *r, const struct ev_type *type, const json_t *json,
       char *items)
{
	const size_t size = ev_item_size(type);
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)json, key, value)
	{
		struct ev_string_entry *s = (void *)items;
		struct ev_bytes_entry *b = (void *)items;
		size_t mark = path_enter_key(&r->path, key);
		const char *copy = arena_text(r->arena, key, strlen(key));
		bool text = type->item->kind == EV_STRING;

		if (copy == NULL)
			return too_large(r);
		*(text ? &s->key : &b->key) = copy;
		if (text ? !in_string(r, value, &s->value)
			 : !in_bytes(r, value, &b->value))
			return false;
		path_leave(&r->path, mark);
		items += size;
	}
	return true;
}

static bool
in_list(struct reader *r, const struct ev_type *type, const json_t *json,
	void *at)
{
	bool map = type->kind == EV_MAP;
	size_t size = ev_item_size(type);
	struct ev_list list = { 0 };
	char *items;

	if (map ? !json_is_object(json) : !json_is_array(json))
		return FAIL(r, "must be an %s", map ? "object" : "array");
	list.count = map ? json_object_size(json) : json_array_size(json);
	if (list.count > EVENT_ARENA_MAX / size)
		return too_large(r);
	items = arena_alloc(r->arena, list.count * size);
	if (items == NULL)
		return too_large(r);
	list.items = items;
	memcpy(at, &list, sizeof(list));
	return map ? in_map(r, type, json, items)
		   : in_array(r, type, json, items);
}

static bool
in_value(struct reader *r, const struct ev_type *type, const json_t *json,
	 void *at)
{
	switch (type->kind) {
	case EV_STRING:
		return in_string(r, json, at);
	case EV_BYTES:
		return in_bytes(r, json, at);
	case EV_FIXED:
		return in_fixed(r, type, json, at);
	case EV_INT:
		return in_int(r, type, json, at);
	case EV_LONG:
		return in_long(r, type, json, at);
	case EV_BOOLEAN:
		return in_boolean(r, json, at);
	case EV_ENUM:
		return in_enum(r, type->symbols, json, at);
	case EV_RECORD:
		return in_record(r, type->record, json, at);
	case EV_ARRAY:
	case EV_MAP:
		return in_list(r, type, json, at);
	}
	return FAIL(r, "type is not supported");
}

static bool
in_field(struct reader *r, const struct ev_field *f, const json_t *json,
	 char *at)
{
	void *target = at;

	if (json == NULL || json_is_null(json))
		return f->optional || FAIL(r, "missing");
	if (ev_field_is_pointer(f)) {
		target = arena_alloc(r->arena, f->type.size);
		if (target == NULL)
			return too_large(r);
		memcpy(at, &target, sizeof(target));
	}
	return in_value(r, &f->type, json, target);
}

static bool
is_known(const struct ev_record *record, const char *name)
{
	for (size_t i = 0; i < record->count; i++) {
		if (strcmp(record->fields[i].name, name) == 0)
			return true;
	}
	return false;
}

/* At the top, "type" is no field. */
static bool
check_members(struct reader *r, const struct ev_record *record,
	      const json_t *json)
{
	bool top = r->path.len == 0;
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)json, key, value)
	{
		if (is_known(record, key) || (top && !strcmp(key, "type")))
			continue;
		path_enter(&r->path, key);
		return FAIL(r, "no such field in %s", record->name);
	}
	return true;
}

static bool
in_record(struct reader *r, const struct ev_record *record, const json_t *json,
	  void *at)
{
	if (!json_is_object(json))
		return FAIL(r, "must be an object");
	if (!check_members(r, record, json))
		return false;
	for (size_t i = 0; i < record->count; i++) {
		const struct ev_field *f = &record->fields[i];
		size_t mark = path_enter(&r->path, f->name);

		if (!in_field(r, f, json_object_get(json, f->name),
			      (char *)at + f->offset))
			return false;
		path_leave(&r->path, mark);
	}
	return true;
}

bool
event_from_json(const json_t *json, struct event **out, struct err *e)
{
	const char *name = json_string_value(json_object_get(json, "type"));
	AUTO(event) struct event *ev = NULL;
	struct reader r = { .e = e };
	enum event_type type;

	if (name == NULL)
		return ERR_SET(e, ERR_REJECT, "json", 0,
			       "type: must name the event");
	if (!event_type_parse(name, &type))
		return ERR_SET(e, ERR_REJECT, "json", 0,
			       "type: there is no event %.60s", name);
	if (!event_new(type, EVENT_ARENA_MAX, &ev, e))
		return false;
	r.arena = ev->arena;
	if (!in_record(&r, event_record(type), json, &ev->meta))
		return false;
	*out = TAKE(ev);
	return true;
}
