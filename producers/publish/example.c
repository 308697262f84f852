/*
 * Examples from the schemas themselves: each field's doc ends with
 * "Example: ...".
 */
#include <string.h>

#include "base/clock.h"
#include "document.h"
#include "event/event_json.h"

struct maker {
	json_t *named; /* definitions seen so far, by name */
	enum ev_actor_role role;
};

static json_t *example(struct maker *m, json_t *type, const char *doc);

/* What stands behind "Example: ", without its full stop; "" if nothing. */
static json_t *
example_text(const char *doc)
{
	static const char mark[] = "Example: ";
	const char *at = doc == NULL ? NULL : strstr(doc, mark);
	size_t len;

	if (at == NULL)
		return json_string("");
	at += strlen(mark);
	len = strlen(at);
	if (len > 0 && at[len - 1] == '.')
		len--;
	return json_stringn(at, len);
}

static json_t *
example_string(const json_t *type, const char *doc)
{
	const char *logical =
		json_string_value(json_object_get(type, "logicalType"));
	char id[UUID_TEXT_MAX];
	struct err e;

	if (logical == NULL || strcmp(logical, "uuid") != 0)
		return example_text(doc);
	return uuid_v4(id, &e) ? json_string(id) : NULL;
}

static json_t *
example_boolean(const char *doc)
{
	AUTO(json) json_t *text = example_text(doc);

	return json_boolean(!strcmp(json_string_value(text), "true"));
}

static json_t *
example_number(const json_t *type, const char *doc)
{
	const char *logical =
		json_string_value(json_object_get(type, "logicalType"));
	AUTO(json) json_t *text = example_text(doc);
	char now[CLOCK_TEXT_MAX];

	if (logical == NULL)
		return json_integer(strtoll(json_string_value(text), NULL, 10));
	if (strcmp(logical, "date") == 0)
		return TAKE(text);
	return json_string(clock_format(clock_now_us(), now));
}

static json_t *
example_enum(const struct maker *m, const json_t *type, const char *doc)
{
	const json_t *symbols = json_object_get(type, "symbols");
	const char *name = json_string_value(json_object_get(type, "name"));
	AUTO(json) json_t *text = example_text(doc);

	if (strcmp(name, "ActorRole") == 0)
		return json_string(ev_actor_role_name(m->role));
	for (size_t i = 0; i < json_array_size(symbols); i++) {
		if (json_equal(json_array_get(symbols, i), text))
			return TAKE(text);
	}
	return json_incref(json_array_get(symbols, 1));
}

static json_t *
example_fixed(const json_t *type)
{
	json_int_t size = json_integer_value(json_object_get(type, "size"));
	char text[2 * 64 + 1];

	if (size < 0 || size > 64)
		return NULL;
	memset(text, '0', (size_t)(2 * size));
	text[2 * size] = '\0';
	return json_string(text);
}

/* Filled in by publish, or set by the registrar. */
static bool
is_left_out(const char *record, const char *field)
{
	if (strcmp(record, "Meta") == 0)
		return strcmp(field, "tax_code") != 0 &&
		       strcmp(field, "actor") != 0;
	return strcmp(record, "PersonalRecord") == 0 &&
	       strcmp(field, "salt") == 0;
}

static json_t *
example_field(struct maker *m, json_t *field)
{
	const char *doc = json_string_value(json_object_get(field, "doc"));
	json_t *type = json_object_get(field, "type");
	const char *kind;

	if (!json_is_array(type))
		return example(m, type, doc);
	type = json_array_get(type, 1);
	kind = json_string_value(json_object_get(type, "type"));
	if (kind != NULL && strcmp(kind, "record") == 0)
		return example(m, type, doc);
	json_decref(example(m, type, doc)); /* notes definitions within */
	return json_null();
}

/* A made-up account or staff number, as people of this role have them. */
static json_t *
example_actor(enum ev_actor_role role)
{
	switch (role) {
	case EV_ACTOR_ROLE_SUBSCRIBER:
		return json_string("kh-0199000112");
	case EV_ACTOR_ROLE_OFFICER:
		return json_string("gdv-0042");
	case EV_ACTOR_ROLE_MANAGER:
		return json_string("ql-0007");
	default:
		return json_string("worker-0");
	}
}

static json_t *
example_record(struct maker *m, const json_t *type)
{
	const char *name = json_string_value(json_object_get(type, "name"));
	const json_t *fields = json_object_get(type, "fields");
	AUTO(json) json_t *object = json_object();

	for (size_t i = 0; i < json_array_size(fields); i++) {
		json_t *field = json_array_get(fields, i);
		const char *key =
			json_string_value(json_object_get(field, "name"));
		json_t *value =
			strcmp(name, "Actor") == 0 && strcmp(key, "id") == 0
				? example_actor(m->role)
				: example_field(m, field);

		if (is_left_out(name, key))
			json_decref(value);
		else if (json_object_set_new(object, key, value) != 0)
			return NULL;
	}
	return TAKE(object);
}

static json_t *
example_named(struct maker *m, json_t *type, const char *kind, const char *doc)
{
	const char *name = json_string_value(json_object_get(type, "name"));

	if (json_object_set(m->named, name, type) != 0)
		return NULL;
	if (strcmp(kind, "record") == 0)
		return example_record(m, type);
	if (strcmp(kind, "enum") == 0)
		return example_enum(m, type, doc);
	return example_fixed(type);
}

static json_t *
example_array(struct maker *m, const json_t *type, const char *doc)
{
	AUTO(json) json_t *array = json_array();
	json_t *item = example(m, json_object_get(type, "items"), doc);

	if (json_array_append_new(array, item) != 0)
		return NULL;
	return TAKE(array);
}

/* The schemas are our own, checked when they were compiled in. */
static json_t *
example(struct maker *m, json_t *type, const char *doc)
{
	const char *kind = json_string_value(type);

	if (kind != NULL && json_object_get(m->named, kind) != NULL)
		type = json_object_get(m->named, kind);
	if (json_is_object(type))
		kind = json_string_value(json_object_get(type, "type"));
	if (kind == NULL)
		return NULL;
	if (strcmp(kind, "string") == 0)
		return example_string(type, doc);
	if (strcmp(kind, "int") == 0 || strcmp(kind, "long") == 0)
		return example_number(type, doc);
	if (strcmp(kind, "bytes") == 0)
		return json_string("");
	if (strcmp(kind, "boolean") == 0)
		return example_boolean(doc);
	if (strcmp(kind, "array") == 0)
		return example_array(m, type, doc);
	if (strcmp(kind, "map") == 0)
		return json_object();
	return example_named(m, type, kind, doc);
}

static bool
load_schema(enum event_type type, json_t **out, struct err *e)
{
	*out = json_loads(event_schema_text(type), 0, NULL);
	return *out != NULL || ERR_NO_MEMORY(e);
}

bool
document_example(enum event_type type, json_t **out, struct err *e)
{
	AUTO(json) json_t *schema = NULL, *named = json_object();
	AUTO(json) json_t *fields = NULL, *object = NULL;
	struct maker m = { .role = event_inbox_role(event_writer(type)) };

	if (!load_schema(type, &schema, e))
		return false;
	m.named = named;
	fields = example(&m, schema, NULL);
	object = json_pack("{s:s}", "type", event_type_name(type));
	if (fields == NULL || object == NULL ||
	    json_object_update(object, fields) != 0)
		return ERR_NO_MEMORY(e);
	*out = TAKE(object);
	return true;
}

bool
document_meaning(enum event_type type, char **out, struct err *e)
{
	AUTO(json) json_t *schema = NULL;

	if (!load_schema(type, &schema, e))
		return false;
	*out = strdup(json_string_value(json_object_get(schema, "doc")));
	return *out != NULL || ERR_NO_MEMORY(e);
}
