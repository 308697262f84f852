#include "record_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ca_record.h"

/* Failure sticks and is asked for once. */
struct page {
	struct buffer *out;
	struct err *e;
	bool failed;
};

static void PRINTF_LIKE(2, 3)
put(struct page *p, const char *format, ...)
{
	char line[1024];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (n < 0 || n >= (int)sizeof(line))
		p->failed = !ERR_SET(p->e, ERR_FATAL, "certflow", 0,
				     "record: a line is too long");
	else if (!p->failed)
		p->failed = !buffer_add(p->out, line, (size_t)n, p->e);
}

static void
put_scalar(struct page *p, int indent, const char *key, const json_t *value)
{
	const char *text = json_is_string(value)  ? json_string_value(value)
			   : json_is_true(value)  ? "yes"
			   : json_is_false(value) ? "no"
						  : "-";

	put(p, "%*s%-18s %s\n", indent, "", key, text);
}

static void
put_object(struct page *p, int indent, json_t *object)
{
	const char *key;
	json_t *value;

	json_object_foreach(object, key, value)
	{
		if (json_is_object(value)) {
			put(p, "%*s%s\n", indent, "", key);
			put_object(p, indent + 2, value);
		} else if (!json_is_array(value)) {
			put_scalar(p, indent, key, value);
		}
	}
}

static void
put_list(struct page *p, const char *key, const json_t *list)
{
	size_t i;
	json_t *row;

	put(p, "\n%s%s\n", key, json_array_size(list) == 0 ? ": none" : "");
	json_array_foreach(list, i, row)
	{
		if (json_is_object(row)) {
			put(p, "  %zu\n", i + 1);
			put_object(p, 4, row);
		} else {
			put(p, "  %s\n", json_string_value(row));
		}
	}
}

bool
record_text(const json_t *record, const char *json_sha256, struct buffer *out,
	    struct err *e)
{
	struct page p = { .out = out, .e = e };
	json_t *whole = json_incref((json_t *)record);
	const char *key;
	json_t *value;
	size_t i;

	put(&p, "%s\n\n", RECORD_TITLE);
	put_object(&p, 0, whole);
	json_object_foreach(whole, key, value)
	{
		if (json_is_array(value))
			put_list(&p, key, value);
	}
	put(&p, "\n%s%s\n\nSignatures on paper\n", RECORD_JSON_LINE,
	    json_sha256);
	json_array_foreach(json_object_get(whole, "participants"), i, value)
	{
		put(&p, "\n  ______________________________  %s\n",
		    json_string_value(value));
	}
	json_decref(whole);
	return !p.failed;
}
