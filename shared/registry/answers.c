#include "registry/answers.h"

#include <jansson.h>
#include <string.h>

#include "registry/registry.h"

#define ORIGIN "registry"

DEFINE_AUTO(json, json_t *, json_decref);

static bool
parse(struct bytes text, json_t **out, struct err *e)
{
	json_error_t why;
	AUTO(json)
	json_t *root = json_loadb((const char *)text.data, text.len,
				  JSON_REJECT_DUPLICATES, &why);

	if (root == NULL)
		return ERR_SET(e, ERR_RETRY, ORIGIN, 0,
			       "answer is not JSON: %s", why.text);
	if (!json_is_object(root))
		return ERR_SET(e, ERR_RETRY, ORIGIN, 0,
			       "answer is not a JSON object");
	*out = TAKE(root);
	return true;
}

static bool
take_schema(const json_t *root, struct buffer *text, struct err *e)
{
	const json_t *schema = json_object_get(root, "schema");
	const json_t *type = json_object_get(root, "schemaType");
	size_t len = json_string_length(schema);

	if (type != NULL && (!json_is_string(type) ||
			     strcmp(json_string_value(type), "AVRO") != 0))
		return ERR_SET(e, ERR_RETRY, ORIGIN, 0,
			       "answer: schemaType is not AVRO");
	if (!json_is_string(schema) || len == 0)
		return ERR_SET(e, ERR_RETRY, ORIGIN, 0,
			       "answer has no schema text");
	if (len > REGISTRY_TEXT_MAX)
		return ERR_SET(e, ERR_RETRY, ORIGIN, 0,
			       "answer: schema of %zu octets", len);
	return buffer_add(text, json_string_value(schema), len, e);
}

static bool
take_id(const json_t *root, int32_t *id, struct err *e)
{
	const json_t *n = json_object_get(root, "id");
	json_int_t value = json_integer_value(n);

	if (!json_is_integer(n) || value < 1 || value > INT32_MAX)
		return ERR_SET(e, ERR_RETRY, ORIGIN, 0,
			       "answer has no positive id");
	*id = (int32_t)value;
	return true;
}

bool
answer_schema(struct bytes json, struct buffer *text, struct err *e)
{
	AUTO(json) json_t *root = NULL;

	return parse(json, &root, e) && take_schema(root, text, e);
}

bool
answer_id(struct bytes json, const char *subject, int32_t *id, struct err *e)
{
	AUTO(json) json_t *root = NULL;
	const json_t *named;

	if (!parse(json, &root, e))
		return false;
	named = json_object_get(root, "subject");
	if (named != NULL && (!json_is_string(named) ||
			      strcmp(json_string_value(named), subject) != 0))
		return ERR_SET(e, ERR_RETRY, ORIGIN, 0,
			       "answer is about another subject than %s",
			       subject);
	return take_id(root, id, e);
}

long
answer_error_code(struct bytes json)
{
	struct err e;
	AUTO(json) json_t *root = NULL;

	if (!parse(json, &root, &e))
		return 0;
	return (long)json_integer_value(json_object_get(root, "error_code"));
}

bool
answer_record(struct bytes json, int32_t *id, struct buffer *text,
	      struct err *e)
{
	AUTO(json) json_t *root = NULL;

	return parse(json, &root, e) && take_id(root, id, e) &&
	       take_schema(root, text, e);
}

char *
question_schema(const char *text)
{
	AUTO(json) json_t *root = json_pack("{s:s}", "schema", text);

	return root == NULL ? NULL : json_dumps(root, JSON_COMPACT);
}
