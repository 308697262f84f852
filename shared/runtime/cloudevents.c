#include "runtime/cloudevents.h"

#include <stdlib.h>
#include <string.h>

static void
put(struct cloudevents *ce, const char *name, struct bytes value)
{
	if (ce->count == CE_HEADERS_MAX + CE_EXTRA_MAX)
		abort(); /* a bug: all callers are ours */
	ce->headers[ce->count++] = (struct kafka_header){ name, value };
}

void
cloudevents_fill(struct cloudevents *ce, const struct event *ev,
		 const char *source, const char *traceparent)
{
	const struct ev_meta *m = &ev->meta;

	ce->count = 0;
	put(ce, CE_SPECVERSION, bytes_of_str("1.0"));
	put(ce, CE_ID, bytes_of_str(m->event_id));
	put(ce, CE_TYPE, bytes_of_str(event_type_full_name(ev->type)));
	put(ce, CE_SOURCE, bytes_of_str(source));
	put(ce, CE_SUBJECT, bytes_of_str(m->tax_code));
	put(ce, CE_TIME, bytes_of_str(clock_format(m->occurred_at, ce->time)));
	put(ce, CE_CONTENT_TYPE, bytes_of_str(CE_CONTENT));
	if (traceparent != NULL && *traceparent != '\0')
		put(ce, CE_TRACEPARENT, bytes_of_str(traceparent));
}

void
cloudevents_add(struct cloudevents *ce, const char *name, struct bytes value)
{
	put(ce, name, value);
}

enum event_type
cloudevents_type(const struct kafka_message *m)
{
	char name[128];
	enum event_type type;

	if (!kafka_header_text(m, CE_TYPE, name, sizeof(name)) ||
	    !event_type_parse(name, &type))
		return EVENT_NONE;
	return type;
}

/* version "-" trace-id "-" parent-id "-" flags, lower-case hexadecimal:
 * W3C Trace Context 1.0, 3.2. */
static bool
is_traceparent(const char *s)
{
	static const char form[] =
		"xx-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx-xxxxxxxxxxxxxxxx-xx";

	if (strlen(s) != sizeof(form) - 1)
		return false;
	for (size_t i = 0; form[i] != '\0'; i++)
		if (form[i] == 'x' ? strchr("0123456789abcdef", s[i]) == NULL
				   : s[i] != form[i])
			return false;
	return true;
}

const char *
cloudevents_traceparent(const struct kafka_message *m,
			char out[CE_TRACEPARENT_MAX])
{
	if (!kafka_header_text(m, CE_TRACEPARENT, out, CE_TRACEPARENT_MAX) ||
	    !is_traceparent(out))
		return NULL;
	return out;
}
