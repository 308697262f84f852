#include "base/config_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define KEY_MAX 128
#define LINE_MAX_LEN (CONFIG_VALUE_MAX + KEY_MAX)
#define BLANKS " \t\r\n"

struct line {
	const char *path;
	unsigned number;
	size_t len;
	char text[LINE_MAX_LEN];
	char section[KEY_MAX / 2];
};

char *
config_without_blanks(char *text)
{
	size_t len;

	text += strspn(text, BLANKS);
	len = strlen(text);
	while (len > 0 && strchr(BLANKS, text[len - 1]) != NULL)
		text[--len] = '\0';
	return text;
}

static bool
wrong(const struct line *l, const char *reason, struct err *e)
{
	return ERR_SET(e, ERR_FATAL, "config", l->number, "%s:%u: %s", l->path,
		       l->number, reason);
}

static bool
take_section(struct line *l, char *text, struct err *e)
{
	char *end = strchr(text, ']');

	if (end == NULL || end[1] != '\0')
		return wrong(l, "not a [section] line", e);
	*end = '\0';
	if (strlen(text + 1) >= sizeof(l->section))
		return wrong(l, "the section's name is too long", e);
	snprintf(l->section, sizeof(l->section), "%s", text + 1);
	return true;
}

static bool
take_pair(const struct line *l, char *text, config_file_take *take, void *user,
	  struct err *e)
{
	char key[KEY_MAX];
	char *value = strchr(text, '=');
	int n;

	if (value == NULL)
		return wrong(l, "not a key = value line", e);
	*value++ = '\0';
	n = snprintf(key, sizeof(key), "%s%s%s", l->section,
		     *l->section == '\0' ? "" : ".",
		     config_without_blanks(text));
	if (n < 0 || (size_t)n >= sizeof(key))
		return wrong(l, "the key is too long", e);
	return take(user, key, config_without_blanks(value), e);
}

static bool
take_line(struct line *l, config_file_take *take, void *user, struct err *e)
{
	char *text;

	if (l->len == sizeof(l->text) - 1)
		return wrong(l, "the line is too long", e);
	if (strlen(l->text) != l->len)
		return wrong(l, "the line holds a NUL", e);
	text = config_without_blanks(l->text);
	if (*text == '\0' || *text == '#' || *text == ';')
		return true;
	if (*text == '[')
		return take_section(l, text, e);
	return take_pair(l, text, take, user, e);
}

/* @return false: nothing is left */
static bool
next_line(struct line *l, FILE *stream)
{
	int c = 0;

	l->len = 0;
	l->number++;
	while (c != '\n' && l->len < sizeof(l->text) - 1 &&
	       (c = getc(stream)) != EOF)
		l->text[l->len++] = (char)c;
	l->text[l->len] = '\0';
	return l->len > 0;
}

bool
config_file_read(const char *path, config_file_take *take, void *user,
		 struct err *e)
{
	AUTO(file) FILE *stream = fopen(path, "re");
	struct line l = { .path = path };

	while (stream != NULL && next_line(&l, stream)) {
		if (!take_line(&l, take, user, e))
			return false;
	}
	if (stream == NULL || ferror(stream) != 0)
		return ERR_SET(e, ERR_FATAL, "config", errno,
			       "cannot read %s: %s", path, strerror(errno));
	return true;
}
