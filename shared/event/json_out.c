#include <openssl/evp.h>
#include <string.h>

#include "base/clock.h"
#include "event/event_desc.h"
#include "event/event_json.h"

static json_t *out_record(const struct ev_record *record, const void *at);
static json_t *out_value(const struct ev_type *type, const void *at);

static json_t *
out_bytes(struct bytes b)
{
	AUTO(u8) unsigned char *text = NULL;

	if (b.data == NULL || b.len > BUFFER_MAX)
		return NULL;
	text = malloc(b.len / 3 * 4 + 5);
	if (text == NULL)
		return NULL;
	EVP_EncodeBlock(text, b.data, (int)b.len);
	return json_string((const char *)text);
}

static json_t *
out_fixed(const void *at, size_t size)
{
	AUTO(str) char *text = malloc(2 * size + 1);

	if (text == NULL)
		return NULL;
	hex_encode(bytes_of(at, size), text);
	return json_string(text);
}

static json_t *
out_long(const struct ev_type *type, const void *at)
{
	char text[CLOCK_TEXT_MAX];
	int64_t value;

	memcpy(&value, at, sizeof(value));
	if (type->format == EV_FORMAT_NONE)
		return json_integer(value);
	return json_string(clock_format(value, text));
}

static json_t *
out_int(const struct ev_type *type, const void *at)
{
	char text[CLOCK_TEXT_MAX];
	int32_t value;

	memcpy(&value, at, sizeof(value));
	if (type->format != EV_FORMAT_DATE)
		return json_integer(value);
	return json_string(clock_format_date(value, text));
}

static json_t *
out_array(const struct ev_type *type, const struct ev_list *list)
{
	AUTO(json) json_t *array = json_array();
	const char *at = list->items;

	for (size_t i = 0; i < list->count; i++, at += type->item->size) {
		if (json_array_append_new(array, out_value(type->item, at)))
			return NULL;
	}
	return TAKE(array);
}

static json_t *
out_map(const struct ev_type *type, const struct ev_list *list)
{
	const struct ev_string_entry *s = list->items;
	const struct ev_bytes_entry *b = list->items;
	AUTO(json) json_t *object = json_object();

	for (size_t i = 0; i < list->count; i++) {
		bool text = type->item->kind == EV_STRING;
		const char *key = text ? s[i].key : b[i].key;
		json_t *value =
			text ? json_string(s[i].value) : out_bytes(b[i].value);

		if (key == NULL || json_object_set_new(object, key, value)) {
			return NULL;
		}
	}
	return TAKE(object);
}

static json_t *
out_list(const struct ev_type *type, const void *at)
{
	struct ev_list list;

	memcpy(&list, at, sizeof(list));
	return type->kind == EV_MAP ? out_map(type, &list)
				    : out_array(type, &list);
}

static json_t *
out_enum(const struct ev_type *type, const void *at)
{
	unsigned value;

	memcpy(&value, at, sizeof(value));
	return json_string(ev_symbol(type->symbols, value));
}

static json_t *
out_value(const struct ev_type *type, const void *at)
{
	switch (type->kind) {
	case EV_STRING:
		return json_string(*(const char *const *)at);
	case EV_BYTES:
		return out_bytes(*(const struct bytes *)at);
	case EV_INT:
		return out_int(type, at);
	case EV_LONG:
		return out_long(type, at);
	case EV_BOOLEAN:
		return json_boolean(*(const bool *)at);
	case EV_ENUM:
		return out_enum(type, at);
	case EV_FIXED:
		return out_fixed(at, type->size);
	case EV_RECORD:
		return out_record(type->record, at);
	case EV_ARRAY:
	case EV_MAP:
		return out_list(type, at);
	}
	return NULL;
}

static bool
out_fields(const struct ev_record *record, const void *at, json_t *object)
{
	for (size_t i = 0; i < record->count; i++) {
		const struct ev_field *f = &record->fields[i];
		const void *value = ev_field_value(f, at);
		json_t *json = value == NULL ? json_null()
					     : out_value(&f->type, value);

		if (json_object_set_new(object, f->name, json) != 0)
			return false;
	}
	return true;
}

static json_t *
out_record(const struct ev_record *record, const void *at)
{
	AUTO(json) json_t *object = json_object();

	if (object == NULL || !out_fields(record, at, object))
		return NULL;
	return TAKE(object);
}

bool
event_to_json(const struct event *ev, json_t **out, struct err *e)
{
	const struct ev_record *record = event_record(ev->type);
	AUTO(json) json_t *object = json_object();

	if (record == NULL)
		return ERR_SET(e, ERR_FATAL, "json", 0,
			       "event: of no known type");
	if (object == NULL ||
	    json_object_set_new(object, "type",
				json_string(event_type_name(ev->type))) != 0)
		return ERR_NO_MEMORY(e);
	if (!out_fields(record, event_body(ev), object))
		return ERR_SET(e, ERR_FATAL, "json", 0,
			       "%s: has no JSON form, a value is missing",
			       event_type_name(ev->type));
	*out = TAKE(object);
	return true;
}
