#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

/* The one process-wide setting; written once before threads start. */
static _Atomic int threshold = LOG_INFO;

struct line {
	char text[LOG_LINE_MAX];
	size_t len;
};

void
log_set_level(enum log_level level)
{
	atomic_store(&threshold, (int)level);
}

static const char *const level_names[] = { "debug", "info", "warn", "error" };

bool
log_level_parse(const char *name, enum log_level *out)
{
	for (int i = LOG_DEBUG; i <= LOG_ERROR; i++) {
		if (strcmp(name, level_names[i]) == 0) {
			*out = (enum log_level)i;
			return true;
		}
	}
	return false;
}

static void
put(struct line *l, char c)
{
	if (l->len < sizeof(l->text) - 1)
		l->text[l->len++] = c;
}

static void
put_text(struct line *l, const char *s)
{
	while (*s != '\0')
		put(l, *s++);
}

static bool
is_bare(const char *s)
{
	for (const char *p = s; *p != '\0'; p++)
		if ((unsigned char)*p <= ' ' || *p == '"' || *p == '=' ||
		    *p == '\\' || *p == 0x7f)
			return false;
	return *s != '\0';
}

static void
put_quoted(struct line *l, const char *s)
{
	static const char digits[] = "0123456789abcdef";

	put(l, '"');
	for (; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '"' || c == '\\') {
			put(l, '\\');
			put(l, (char)c);
		} else if (c < ' ' || c == 0x7f) {
			put_text(l, "\\x");
			put(l, digits[c >> 4]);
			put(l, digits[c & 0xf]);
		} else {
			put(l, (char)c);
		}
	}
	put(l, '"');
}

static void
put_pair(struct line *l, const char *key, const char *value)
{
	put(l, ' ');
	put_text(l, key);
	put(l, '=');
	if (value == NULL)
		put(l, '-');
	else if (is_bare(value))
		put_text(l, value);
	else
		put_quoted(l, value);
}

static void
begin(struct line *l, enum log_level level, const char *subject,
      const char *msg)
{
	char now[CLOCK_TEXT_MAX];

	l->len = 0;
	put_text(l, clock_format(clock_now_us(), now));
	put(l, ' ');
	put_text(l, level_names[level]);
	put_pair(l, "subject", subject);
	put_pair(l, "msg", msg);
}

static void
end(struct line *l)
{
	l->text[l->len++] = '\n';
	(void)!write(STDERR_FILENO, l->text, l->len);
}

void
log_line(enum log_level level, const char *subject, const char *msg, ...)
{
	struct line l;
	const char *key;
	va_list ap;

	if ((int)level < atomic_load(&threshold))
		return;
	begin(&l, level, subject, msg);
	va_start(ap, msg);
	while ((key = va_arg(ap, const char *)) != NULL)
		put_pair(&l, key, va_arg(ap, const char *));
	va_end(ap);
	end(&l);
}

void
log_err(enum log_level level, const char *subject, const char *msg,
	const struct err *e)
{
	char code[24];
	char line[24];

	log_line(level, subject, msg, "kind", err_kind_name(e->kind), "origin",
		 e->origin, "code", log_int(code, e->code), "error", e->text,
		 "at", e->file, "line", log_int(line, e->line), NULL);
}

const char *
log_int(char buf[24], long long n)
{
	snprintf(buf, 24, "%lld", n);
	return buf;
}
