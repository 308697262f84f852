#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "base/uuid.h"
#include "event/event_desc.h"
#include "event/event_path.h"

struct check {
	struct ev_path path;
	struct err *e;
};

static bool check_record(struct check *c, const struct ev_record *record,
			 const void *at);

/* Always false, also to a static analyser. */
#define FAIL(c, ...)                                                           \
	(path_fail(&(c)->path, (c)->e, "event", __VA_ARGS__), false)

static bool
check_serial(struct check *c, const char *s)
{
	uint8_t octets[EVENT_SERIAL_OCTETS_MAX];
	size_t len = 0;

	if (strspn(s, "0123456789abcdef") != strlen(s) ||
	    !hex_decode(s, octets, sizeof(octets), &len) || len == 0)
		return FAIL(c,
			    "not a serial number (2 to %u lower-case "
			    "hexadecimal digits, even count)",
			    2 * EVENT_SERIAL_OCTETS_MAX);
	return true;
}

static bool
check_string(struct check *c, enum ev_format format, const char *s)
{
	uint8_t id[UUID_LEN];
	size_t max = format == EV_FORMAT_TEXT ? EVENT_TEXT_MAX : EVENT_NAME_MAX;
	size_t len;

	if (s == NULL)
		return FAIL(c, "missing");
	/* A code point has at most 4 octets: bounds the work below. */
	len = strlen(s);
	if (len > 4 * (size_t)max)
		return FAIL(c, "longer than %zu characters", max);
	if (!text_is_utf8(s, len))
		return FAIL(c, "not well-formed UTF-8");
	if (text_chars(s) > max)
		return FAIL(c, "longer than %zu characters", max);
	if (format == EV_FORMAT_UUID && !uuid_parse(s, id))
		return FAIL(c, "not a lower-case UUID");
	if (format == EV_FORMAT_SERIAL)
		return check_serial(c, s);
	return true;
}

static bool
check_bytes(struct check *c, enum ev_format format, struct bytes b)
{
	size_t max = format == EV_FORMAT_DER ? EVENT_DER_MAX : EVENT_INBOX_MAX;

	if (b.data == NULL)
		return FAIL(c, "missing");
	if (b.len > max)
		return FAIL(c, "larger than %zu octets", max);
	return true;
}

static bool
check_map(struct check *c, const struct ev_type *type,
	  const struct ev_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct ev_string_entry *s = list->items;
		const struct ev_bytes_entry *b = list->items;
		bool text = type->item->kind == EV_STRING;
		const char *key = text ? s[i].key : b[i].key;
		size_t mark = path_enter_index(&c->path, i);

		if (!check_string(c, EV_FORMAT_NAME, key))
			return false;
		if (text && !check_string(c, EV_FORMAT_TEXT, s[i].value))
			return false;
		if (!text && !check_bytes(c, EV_FORMAT_PAYLOAD, b[i].value))
			return false;
		path_leave(&c->path, mark);
	}
	return true;
}

static bool check_value(struct check *c, const struct ev_type *type,
			const void *at);

static bool
check_list(struct check *c, const struct ev_type *type,
	   const struct ev_list *list)
{
	if (list->count > EVENT_ITEMS_MAX)
		return FAIL(c, "more than %u items", EVENT_ITEMS_MAX);
	if (list->count > 0 && list->items == NULL)
		return FAIL(c, "missing");
	if (type->kind == EV_MAP)
		return check_map(c, type, list);
	for (size_t i = 0; i < list->count; i++) {
		const char *item = list->items;
		size_t mark = path_enter_index(&c->path, i);

		if (!check_value(c, type->item, item + i * type->item->size))
			return false;
		path_leave(&c->path, mark);
	}
	return true;
}

/* Years 1 to 9999, so that the value can be printed and read again. */
static bool
check_time(struct check *c, enum ev_format format, int64_t us)
{
	const int64_t first = -719162 * US_PER_DAY;
	const int64_t end = 2932897 * US_PER_DAY;

	if (us < first || us >= end)
		return FAIL(c, "not a time between the years 1 and 9999");
	if (format == EV_FORMAT_WHOLE_SECONDS && us % US_PER_S != 0)
		return FAIL(c, "not a whole second");
	return true;
}

static bool
check_scalar(struct check *c, const struct ev_type *type, const void *at)
{
	unsigned symbol;
	int64_t us;
	int32_t days;

	switch (type->kind) {
	case EV_ENUM:
		memcpy(&symbol, at, sizeof(symbol));
		if (symbol == 0 || symbol >= type->symbols->count)
			return FAIL(c, "not a known %s", type->symbols->name);
		return true;
	case EV_LONG:
		memcpy(&us, at, sizeof(us));
		return type->format == EV_FORMAT_NONE ||
		       check_time(c, type->format, us);
	case EV_INT:
		memcpy(&days, at, sizeof(days));
		return type->format != EV_FORMAT_DATE ||
		       check_time(c, type->format, days * US_PER_DAY);
	default:
		return true;
	}
}

static bool
check_value(struct check *c, const struct ev_type *type, const void *at)
{
	const char *s;
	struct bytes b;
	struct ev_list list;

	switch (type->kind) {
	case EV_STRING:
		memcpy(&s, at, sizeof(s));
		return check_string(c, type->format, s);
	case EV_BYTES:
		memcpy(&b, at, sizeof(b));
		return check_bytes(c, type->format, b);
	case EV_RECORD:
		return check_record(c, type->record, at);
	case EV_ARRAY:
	case EV_MAP:
		memcpy(&list, at, sizeof(list));
		return check_list(c, type, &list);
	default:
		return check_scalar(c, type, at);
	}
}

const void *
ev_field_value(const struct ev_field *f, const void *record)
{
	const char *at = (const char *)record + f->offset;
	const void *pointer;

	if (!f->optional)
		return at;
	/* A string, a pointer and the first member of bytes are alike here. */
	memcpy(&pointer, at, sizeof(pointer));
	if (pointer == NULL)
		return NULL;
	return ev_field_is_pointer(f) ? pointer : at;
}

static bool
check_record(struct check *c, const struct ev_record *record, const void *at)
{
	for (size_t i = 0; i < record->count; i++) {
		const struct ev_field *f = &record->fields[i];
		const void *value = ev_field_value(f, at);
		size_t mark = path_enter(&c->path, f->name);

		if (value != NULL && !check_value(c, &f->type, value))
			return false;
		path_leave(&c->path, mark);
	}
	return true;
}

bool
event_check(const struct event *ev, struct err *e)
{
	const struct ev_record *record = event_record(ev->type);
	struct check c = { .e = e };

	if (record == NULL)
		return ERR_SET(e, ERR_REJECT, "event",
			       EV_REFUSAL_CODE_BODY_INVALID,
			       "event: of no known type");
	return check_record(&c, record, event_body(ev));
}
