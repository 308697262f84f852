#include "sample.h"

#include <criterion/criterion.h>
#include <string.h>

#include "event/event_desc.h"

struct filler {
	struct arena *arena;
	bool full;
	unsigned count; /* makes values differ */
};

static void fill_record(struct filler *f, const struct ev_record *record,
			char *at);

static void *
get(struct filler *f, size_t size)
{
	void *p = arena_alloc(f->arena, size);

	cr_assert_not_null(p);
	return p;
}

static const char *
fill_string(struct filler *f, enum ev_format format)
{
	char *s = get(f, 80);

	f->count++;
	switch (format) {
	case EV_FORMAT_UUID:
		snprintf(s, 80, "6f1f0c1e-6b0a-4c55-9d0f-%012x", f->count);
		break;
	case EV_FORMAT_SERIAL:
		snprintf(s, 80, "4f3a9c0d5e6b7a8192a3b4c5%08x", f->count);
		break;
	default:
		snprintf(s, 80, "CÔNG TY \"%u\"\\\t\xf0\x9f\x94\x91", f->count);
		break;
	}
	return s;
}

static struct bytes
fill_bytes(struct filler *f)
{
	uint8_t *p = get(f, 40);
	size_t len = ++f->count % 40;

	for (size_t i = 0; i < len; i++)
		p[i] = (uint8_t)(f->count * 7 + i * 3);
	return bytes_of(p, len);
}

static void
fill_number(struct filler *f, const struct ev_type *type, char *at)
{
	int64_t wide = INT64_C(1772442900) * 1000000 + (int64_t)f->count++;
	int32_t narrow = 20000 + (int32_t)f->count;
	unsigned symbol = (unsigned)(1 + f->count % 3);

	if (type->format == EV_FORMAT_WHOLE_SECONDS)
		wide -= wide % 1000000;
	if (type->kind == EV_LONG)
		memcpy(at, &wide, sizeof(wide));
	if (type->kind == EV_INT)
		memcpy(at, &narrow, sizeof(narrow));
	if (type->kind == EV_BOOLEAN)
		*(bool *)at = f->count % 2;
	if (type->kind == EV_ENUM && symbol >= type->symbols->count)
		symbol = 1;
	if (type->kind == EV_ENUM)
		memcpy(at, &symbol, sizeof(symbol));
}

static void fill_value(struct filler *f, const struct ev_type *type, char *at);

static void
fill_list(struct filler *f, const struct ev_type *type, char *at)
{
	struct ev_list list = { .count = f->full ? 3 : 0 };
	size_t size = ev_item_size(type);
	char *items = get(f, 3 * size);

	list.items = items;
	memcpy(at, &list, sizeof(list));
	for (size_t i = 0; i < list.count; i++, items += size) {
		struct ev_string_entry *s = (void *)items;
		struct ev_bytes_entry *b = (void *)items;

		if (type->kind == EV_ARRAY) {
			fill_value(f, type->item, items);
			continue;
		}
		if (type->item->kind == EV_STRING)
			*s = (struct ev_string_entry){
				fill_string(f, EV_FORMAT_NAME),
				fill_string(f, EV_FORMAT_TEXT)
			};
		else
			*b = (struct ev_bytes_entry){
				fill_string(f, EV_FORMAT_NAME), fill_bytes(f)
			};
	}
}

static void
fill_value(struct filler *f, const struct ev_type *type, char *at)
{
	switch (type->kind) {
	case EV_STRING:
		*(const char **)(void *)at = fill_string(f, type->format);
		break;
	case EV_BYTES:
		*(struct bytes *)(void *)at = fill_bytes(f);
		break;
	case EV_FIXED:
		memset(at, (int)(++f->count & 0xff), type->size);
		break;
	case EV_RECORD:
		fill_record(f, type->record, at);
		break;
	case EV_ARRAY:
	case EV_MAP:
		fill_list(f, type, at);
		break;
	default:
		fill_number(f, type, at);
		break;
	}
}

static void
fill_record(struct filler *f, const struct ev_record *record, char *at)
{
	for (size_t i = 0; i < record->count; i++) {
		const struct ev_field *field = &record->fields[i];
		char *target = at + field->offset;

		if (field->optional && !f->full)
			continue;
		if (ev_field_is_pointer(field)) {
			char *value = get(f, field->type.size);

			memcpy(target, &value, sizeof(value));
			target = value;
		}
		fill_value(f, &field->type, target);
	}
}

struct event *
sample_event(enum event_type type, bool full)
{
	struct filler f = { .full = full };
	struct event *ev;
	struct err e;

	cr_assert(event_new(type, EVENT_ARENA_MAX, &ev, &e));
	f.arena = ev->arena;
	fill_record(&f, event_record(type), (char *)&ev->meta);
	return ev;
}

struct avro_writer *
sample_writer(enum event_type type)
{
	const char *text = event_schema_text(type);
	struct avro_writer *w;
	struct err e;

	cr_assert(avro_writer_new(text, strlen(text), &w, &e), "%s: %s",
		  event_type_name(type), e.text);
	return w;
}

void
sample_body(enum event_type type, bool full, struct buffer *out)
{
	AUTO(event) struct event *ev = sample_event(type, full);
	AUTO(avro_writer) struct avro_writer *w = sample_writer(type);
	struct err e;

	cr_assert(avro_encode(w, ev, out, &e), "%s", e.text);
}
