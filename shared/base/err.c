#include "base/err.h"

#undef err_set
#undef err_context

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool
err_set(struct err *e, enum err_kind kind, const char *origin, long code,
	const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	e->kind = kind;
	e->origin = origin;
	e->code = code;
	e->file = file;
	e->line = line;
	va_start(ap, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	return false;
}

bool
err_context(struct err *e, const char *fmt, ...)
{
	char cause[sizeof(e->text)];
	size_t room;
	size_t n;
	va_list ap;

	memcpy(cause, e->text, sizeof(cause));
	va_start(ap, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);

	/* The cause outranks the context: cut the context to fit both. */
	n = strlen(cause) + strlen(": ") + 1;
	room = n < sizeof(e->text) ? sizeof(e->text) - n : 0;
	n = strlen(e->text) < room ? strlen(e->text) : room;
	snprintf(e->text + n, sizeof(e->text) - n, ": %.*s",
		 (int)(sizeof(e->text) - n - sizeof(": ")), cause);
	return false;
}

const char *
err_kind_name(enum err_kind kind)
{
	switch (kind) {
	case ERR_RETRY:
		return "retry";
	case ERR_REJECT:
		return "reject";
	case ERR_FATAL:
		return "fatal";
	case ERR_NONE:
		break;
	}
	return "none";
}
