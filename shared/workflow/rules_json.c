#include "workflow/rules_json.h"

#include <string.h>

#include "base/clock.h"

#define FILE_MAX (1024u * 1024)

bool
rules_load(struct bytes text, const char *file, const char *array,
	   size_t max_rows, json_t **root, const json_t **rows, struct err *e)
{
	json_error_t why;
	AUTO(json) json_t *doc = NULL;

	if (text.len > FILE_MAX)
		return ERR_SET(e, ERR_FATAL, "rules", 0, "%s: larger than %u",
			       file, FILE_MAX);
	doc = json_loadb((const char *)text.data, text.len,
			 JSON_REJECT_DUPLICATES, &why);
	if (doc == NULL)
		return ERR_SET(e, ERR_FATAL, "rules", 0, "%s: line %d: %s",
			       file, why.line, why.text);
	*rows = json_object_get(doc, array);
	if (!json_is_array(*rows) || json_array_size(*rows) == 0)
		return ERR_SET(e, ERR_FATAL, "rules", 0,
			       "%s: no array \"%s\" with rows", file, array);
	if (json_array_size(*rows) > max_rows)
		return ERR_SET(e, ERR_FATAL, "rules", 0,
			       "%s: more than %zu rows", file, max_rows);
	*root = TAKE(doc);
	return true;
}

bool
rules_bad(const struct rules_row *row, const char *member, const char *why)
{
	return ERR_SET(row->e, ERR_FATAL, "rules", 0, "%s: row %zu: %s: %s",
		       row->file, row->index + 1, member, why);
}

bool
rules_text(const struct rules_row *row, const char *member, const char **out)
{
	const char *text =
		json_string_value(json_object_get(row->object, member));

	if (text == NULL || *text == '\0')
		return rules_bad(row, member, "must be text");
	*out = arena_text(row->a, text, strlen(text));
	return *out != NULL || ERR_NO_MEMORY(row->e);
}

bool
rules_int(const struct rules_row *row, const char *member, int32_t min,
	  int32_t max, int32_t *out)
{
	const json_t *value = json_object_get(row->object, member);
	json_int_t n = json_integer_value(value);

	if (!json_is_integer(value))
		return rules_bad(row, member, "must be a whole number");
	if (n < min || n > max)
		return rules_bad(row, member, "out of range");
	*out = (int32_t)n;
	return true;
}

bool
rules_date(const struct rules_row *row, const char *member,
	   const int32_t *if_null, int32_t *out)
{
	const json_t *value = json_object_get(row->object, member);

	if (if_null != NULL && json_is_null(value)) {
		*out = *if_null;
		return true;
	}
	if (!json_is_string(value) ||
	    !clock_parse_date(json_string_value(value), out))
		return rules_bad(row, member, "must be a day, YYYY-MM-DD");
	return true;
}
