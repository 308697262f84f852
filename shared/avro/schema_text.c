/*
 * The form of a schema's text, checked before avro-c reads it: avro-c leaks
 * when it refuses one.  Stricter than the specification where our schemas
 * never need more: one name space, types defined before use (so nothing is
 * recursive), no union within a union.
 */
#include <jansson.h>
#include <string.h>

#include "avro_internal.h"
#include "event/event_json.h"

#define NAME_MAX_LEN 100u

struct form {
	json_t *named; /* by name: true, or false within the definition */
	struct err *e;
};

static bool check(struct form *f, const json_t *type, unsigned depth);

static bool
refuse(struct form *f, const char *why)
{
	return ERR_SET(f->e, ERR_REJECT, "avro", EV_REFUSAL_CODE_SCHEMA_UNKNOWN,
		       "writer schema: %s", why);
}

/* Avro 1.11, "Names"; without dots. */
static bool
is_name(const char *s)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ_";
	static const char others[] = "abcdefghijklmnopqrstuvwxyz"
				     "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";

	return s != NULL && s[0] != '\0' && strchr(letters, s[0]) != NULL &&
	       strspn(s, others) == strlen(s) && strlen(s) <= NAME_MAX_LEN;
}

static bool
is_primitive(const char *s)
{
	static const char *const names[] = { "null",   "boolean", "int",
					     "long",   "float",   "double",
					     "string", "bytes" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(s, names[i]) == 0)
			return true;
	}
	return false;
}

static const char *
without_name_space(const char *name)
{
	const size_t len = strlen(AVRO_NAMESPACE);

	if (strncmp(name, AVRO_NAMESPACE ".", len + 1) == 0)
		return name + len + 1;
	return name;
}

static bool
check_reference(struct form *f, const char *name)
{
	if (is_primitive(name) ||
	    json_is_true(json_object_get(f->named, without_name_space(name))))
		return true;
	return refuse(f, "a type is recursive, or used before its definition");
}

/* What decides whether two branches of a union are the same. */
static const char *
branch_name(const json_t *type)
{
	const char *kind = json_string_value(json_object_get(type, "type"));
	const char *name = json_string_value(json_object_get(type, "name"));

	if (json_is_string(type))
		return without_name_space(json_string_value(type));
	return name != NULL ? name : kind;
}

static bool
check_union(struct form *f, const json_t *type, unsigned depth)
{
	AUTO(json) json_t *seen = json_object();
	size_t n = json_array_size(type);

	if (n == 0)
		return refuse(f, "a union without branches");
	for (size_t i = 0; i < n; i++) {
		const json_t *branch = json_array_get(type, i);
		const char *name;

		if (json_is_array(branch))
			return refuse(f, "a union within a union");
		if (!check(f, branch, depth + 1))
			return false;
		name = branch_name(branch);
		if (name == NULL || json_object_get(seen, name) != NULL)
			return refuse(f, "a union with two branches alike");
		if (json_object_set_new(seen, name, json_true()) != 0)
			return ERR_NO_MEMORY(f->e);
	}
	return true;
}

static bool
check_names(struct form *f, const json_t *names, const char *member)
{
	AUTO(json) json_t *seen = json_object();
	size_t n = json_array_size(names);

	if (n == 0)
		return refuse(f, "a record or enum without members");
	for (size_t i = 0; i < n; i++) {
		const json_t *item = json_array_get(names, i);
		const char *name;

		if (member != NULL)
			item = json_object_get(item, member);
		name = json_string_value(item);
		if (!is_name(name) || json_object_get(seen, name) != NULL)
			return refuse(f, "a member has no name of its own");
		if (json_object_set_new(seen, name, json_true()) != 0)
			return ERR_NO_MEMORY(f->e);
	}
	return true;
}

static bool
check_fields(struct form *f, const json_t *type, unsigned depth)
{
	const json_t *fields = json_object_get(type, "fields");

	if (!check_names(f, fields, "name"))
		return false;
	for (size_t i = 0; i < json_array_size(fields); i++) {
		const json_t *field = json_array_get(fields, i);

		if (!check(f, json_object_get(field, "type"), depth + 1))
			return false;
	}
	return true;
}

static bool
check_size(struct form *f, const json_t *type)
{
	const json_t *size = json_object_get(type, "size");

	if (!json_is_integer(size) || json_integer_value(size) < 0 ||
	    json_integer_value(size) > EVENT_LOG_MAX)
		return refuse(f, "a fixed of impossible size");
	return true;
}

/* A name is known behind its definition only. */
static bool
check_named(struct form *f, const json_t *type, const char *kind,
	    unsigned depth)
{
	const char *name = json_string_value(json_object_get(type, "name"));
	const json_t *space = json_object_get(type, "namespace");

	if (!is_name(name) || is_primitive(name) ||
	    json_object_get(f->named, name) != NULL)
		return refuse(f, "a type has no name of its own");
	if (depth == 0 && space == NULL)
		return refuse(f, "not in the name space " AVRO_NAMESPACE);
	if (space != NULL &&
	    (!json_is_string(space) ||
	     strcmp(json_string_value(space), AVRO_NAMESPACE) != 0))
		return refuse(f, "not in the name space " AVRO_NAMESPACE);
	if (json_object_set_new(f->named, name, json_false()) != 0)
		return ERR_NO_MEMORY(f->e);
	if (strcmp(kind, "record") == 0 && !check_fields(f, type, depth))
		return false;
	if (strcmp(kind, "enum") == 0 &&
	    !check_names(f, json_object_get(type, "symbols"), NULL))
		return false;
	if (strcmp(kind, "fixed") == 0 && !check_size(f, type))
		return false;
	if (json_object_set_new(f->named, name, json_true()) != 0)
		return ERR_NO_MEMORY(f->e);
	return true;
}

static bool
check_object(struct form *f, const json_t *type, unsigned depth)
{
	const char *kind = json_string_value(json_object_get(type, "type"));

	if (kind == NULL)
		return refuse(f, "a type is missing");
	if (strcmp(kind, "array") == 0)
		return check(f, json_object_get(type, "items"), depth + 1);
	if (strcmp(kind, "map") == 0)
		return check(f, json_object_get(type, "values"), depth + 1);
	if (strcmp(kind, "record") == 0 || strcmp(kind, "enum") == 0 ||
	    strcmp(kind, "fixed") == 0)
		return check_named(f, type, kind, depth);
	return is_primitive(kind) || refuse(f, "a type of unknown kind");
}

static bool
check(struct form *f, const json_t *type, unsigned depth)
{
	if (depth > AVRO_DEPTH_MAX)
		return refuse(f, "nested too deeply");
	if (json_is_string(type))
		return check_reference(f, json_string_value(type));
	if (json_is_array(type))
		return check_union(f, type, depth);
	return check_object(f, type, depth);
}

bool
schema_check_text(const char *text, size_t len, struct err *e)
{
	AUTO(json) json_t *json = NULL;
	AUTO(json) json_t *named = json_object();
	struct form f = { .named = named, .e = e };
	const char *kind;

	if (len > AVRO_SCHEMA_TEXT_MAX)
		return refuse(&f, "text too long");
	json = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	if (json == NULL)
		return refuse(&f, "not JSON");
	kind = json_string_value(json_object_get(json, "type"));
	if (kind == NULL || strcmp(kind, "record") != 0)
		return refuse(&f, "not a record");
	return check(&f, json, 0);
}
