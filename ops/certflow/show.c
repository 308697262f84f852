#include "show.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define CELL_MAX 512
#define COLUMNS_MAX 16

/* "2026-03-02T10:00:00.123456+00:00", as PostgreSQL prints times in JSON. */
static bool
is_time(const char *s)
{
	return strlen(s) >= 25 && s[4] == '-' && s[10] == 'T' && s[13] == ':' &&
	       strcmp(s + strlen(s) - 6, "+00:00") == 0;
}

static void
join(const json_t *array, char *out, size_t size)
{
	size_t i;
	json_t *item;
	size_t at = 0;

	out[0] = '\0';
	json_array_foreach(array, i, item)
	{
		const char *text = json_string_value(item);
		int n = snprintf(out + at, size - at, "%s%s",
				 i == 0 ? "" : ", ", text == NULL ? "?" : text);

		if (n < 0 || (size_t)n >= size - at)
			return;
		at += (size_t)n;
	}
}

static const char *
cell(const json_t *value, char out[CELL_MAX])
{
	const char *text = json_string_value(value);

	out[0] = '\0';
	if (text != NULL && is_time(text))
		snprintf(out, CELL_MAX, "%.10s %.8sZ", text, text + 11);
	else if (text != NULL)
		snprintf(out, CELL_MAX, "%s", text);
	else if (json_is_integer(value))
		snprintf(out, CELL_MAX, "%lld",
			 (long long)json_integer_value(value));
	else if (json_is_real(value))
		snprintf(out, CELL_MAX, "%.3f", json_real_value(value));
	else if (json_is_boolean(value))
		snprintf(out, CELL_MAX, "%s",
			 json_is_true(value) ? "yes" : "no");
	else if (json_is_array(value))
		join(value, out, CELL_MAX);
	return out;
}

/* printf counts octets, people count characters. */
static void
print_padded(const char *text, size_t width)
{
	size_t have = text_is_utf8(text, strlen(text)) ? text_chars(text)
						       : strlen(text);

	fputs(text, stdout);
	for (; have < width; have++)
		putchar(' ');
}

void
show_record(const json_t *object, const struct show_field *fields, size_t count)
{
	char text[CELL_MAX];
	size_t width = 0;

	for (size_t i = 0; i < count; i++)
		if (text_chars(fields[i].title) > width)
			width = text_chars(fields[i].title);
	for (size_t i = 0; i < count; i++) {
		if (*cell(json_object_get(object, fields[i].key), text) == '\0')
			continue;
		print_padded(fields[i].title, width + 2);
		puts(text);
	}
}

static size_t
width_of(const json_t *array, const struct show_field *f)
{
	char text[CELL_MAX];
	size_t width = text_chars(f->title);
	size_t i;
	json_t *row;

	json_array_foreach(array, i, row)
	{
		size_t n = text_chars(cell(json_object_get(row, f->key), text));

		if (n > width)
			width = n;
	}
	return width;
}

void
show_table(const json_t *array, const struct show_field *fields, size_t count)
{
	size_t widths[COLUMNS_MAX];
	char text[CELL_MAX];
	size_t i;
	json_t *row;

	if (count > COLUMNS_MAX)
		count = COLUMNS_MAX;
	for (size_t c = 0; c < count; c++) {
		widths[c] = width_of(array, &fields[c]);
		print_padded(fields[c].title,
			     c + 1 < count ? widths[c] + 2 : 0);
	}
	putchar('\n');
	json_array_foreach(array, i, row)
	{
		for (size_t c = 0; c < count; c++)
			print_padded(
				cell(json_object_get(row, fields[c].key), text),
				c + 1 < count ? widths[c] + 2 : 0);
		putchar('\n');
	}
}
