/*
 * rules_json.h - members of JSON rule files, with errors that name the row.
 */
#ifndef CERTFLOW_WORKFLOW_RULES_JSON_H
#define CERTFLOW_WORKFLOW_RULES_JSON_H

#include <jansson.h>

#include "base/arena.h"

DEFINE_AUTO(json, json_t *, json_decref);

struct rules_row {
	const char *file; /* "catalogue" */
	size_t index;
	const json_t *object;
	struct arena *a;
	struct err *e;
};

/** Parse text and find its array. ERR_FATAL names line and reason. */
bool rules_load(struct bytes text, const char *file, const char *array,
		size_t max_rows, json_t **root, const json_t **rows,
		struct err *e) MUST_CHECK;

/** Always returns false; the error names file, row and member. */
bool rules_bad(const struct rules_row *row, const char *member,
	       const char *why);

/** Non-empty text, copied into the arena. */
bool rules_text(const struct rules_row *row, const char *member,
		const char **out) MUST_CHECK;
bool rules_int(const struct rules_row *row, const char *member, int32_t min,
	       int32_t max, int32_t *out) MUST_CHECK;
/** YYYY-MM-DD; when null is allowed, it gives if_null. */
bool rules_date(const struct rules_row *row, const char *member,
		const int32_t *if_null, int32_t *out) MUST_CHECK;

#endif
