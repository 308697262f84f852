#include "event/event_path.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "event/event.h"

/* Each field of each event that is read, checked or written passes here: no
 * printf. */
static void
add(struct ev_path *p, const char *text)
{
	size_t len = strnlen(text, sizeof(p->text) - 1 - p->len);

	memcpy(p->text + p->len, text, len);
	p->len += len;
	p->text[p->len] = '\0';
}

static size_t
enter(struct ev_path *p, const char *before, const char *text,
      const char *after)
{
	size_t mark = p->len;

	add(p, before);
	add(p, text);
	add(p, after);
	return mark;
}

size_t
path_enter(struct ev_path *p, const char *field)
{
	return enter(p, p->len > 0 ? "." : "", field, "");
}

size_t
path_enter_index(struct ev_path *p, size_t index)
{
	char digits[24];
	char *at = &digits[sizeof(digits) - 1];

	*at = '\0';
	do {
		*--at = (char)('0' + index % 10);
		index /= 10;
	} while (index > 0);
	return enter(p, "[", at, "]");
}

size_t
path_enter_key(struct ev_path *p, const char *key)
{
	return enter(p, "[\"", key, "\"]");
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
