#include "event/event_path.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "event/event.h"

static size_t
append(struct ev_path *p, const char *before, const char *text,
       const char *after)
{
	size_t mark = p->len;
	size_t room = sizeof(p->text) - mark;
	int n = snprintf(p->text + mark, room, "%s%s%s", before, text, after);

	p->len = n < 0 || (size_t)n >= room ? sizeof(p->text) - 1
					    : mark + (size_t)n;
	return mark;
}

size_t
path_enter(struct ev_path *p, const char *field)
{
	return append(p, p->len > 0 ? "." : "", field, "");
}

size_t
path_enter_index(struct ev_path *p, size_t index)
{
	char digits[24];

	snprintf(digits, sizeof(digits), "%zu", index);
	return append(p, "[", digits, "]");
}

size_t
path_enter_key(struct ev_path *p, const char *key)
{
	return append(p, "[\"", key, "\"]");
}

void
path_leave(struct ev_path *p, size_t mark)
{
	p->len = mark;
	p->text[mark] = '\0';
}

bool
path_fail(const struct ev_path *p, struct err *e, const char *origin,
	  const char *fmt, ...)
{
	char reason[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(reason, sizeof(reason), fmt, ap);
	va_end(ap);
	return ERR_SET(e, ERR_REJECT, origin, EV_REFUSAL_CODE_BODY_INVALID,
		       "%s: %s", p->len > 0 ? p->text : "event", reason);
}
