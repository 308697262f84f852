#include "workflow/layout.h"

#include <string.h>

size_t
layout_room(size_t count)
{
	size_t room = 4;

	while (room < count)
		room *= 2;
	return room;
}

/* --- writing ------------------------------------------------------------ */

static bool
put_number(uint64_t n, struct buffer *out, struct err *e)
{
	uint8_t octets[10];
	size_t len = 0;

	do {
		octets[len] = (uint8_t)(n & 0x7f);
		n >>= 7;
		if (n != 0)
			octets[len] |= 0x80;
		len++;
	} while (n != 0);
	return buffer_add(out, octets, len, e);
}

static bool
put_signed(int64_t n, struct buffer *out, struct err *e)
{
	return put_number(((uint64_t)n << 1) ^ (uint64_t)(n >> 63), out, e);
}

static bool
put_octets(struct bytes b, struct buffer *out, struct err *e)
{
	if (b.data == NULL)
		return put_number(0, out, e);
	return put_number((uint64_t)b.len + 1, out, e) &&
	       buffer_add(out, b.data, b.len, e);
}

static bool put_value(const struct ev_type *t, const void *value,
		      struct buffer *out, struct err *e);

static bool
put_text(const char *text, struct buffer *out, struct err *e)
{
	struct bytes absent = { NULL, 0 };

	return put_octets(text == NULL ? absent : bytes_of_str(text), out, e);
}

static bool
put_list(const struct ev_type *t, const struct ev_list *list,
	 struct buffer *out, struct err *e)
{
	const size_t size = ev_item_size(t);
	const uint8_t *item = list->items;

	if (!put_number(list->count, out, e))
		return false;
	for (size_t i = 0; i < list->count; i++, item += size) {
		const void *value = item;

		if (t->kind == EV_MAP) {
			const struct ev_bytes_entry *entry = value;

			if (!put_text(entry->key, out, e))
				return false;
			value = &entry->value;
		}
		if (!put_value(t->item, value, out, e))
			return false;
	}
	return true;
}

static bool
put_value(const struct ev_type *t, const void *value, struct buffer *out,
	  struct err *e)
{
	switch (t->kind) {
	case EV_STRING:
		return put_text(*(const char *const *)value, out, e);
	case EV_BYTES:
		return put_octets(*(const struct bytes *)value, out, e);
	case EV_INT:
		return put_signed(*(const int32_t *)value, out, e);
	case EV_LONG:
		return put_signed(*(const int64_t *)value, out, e);
	case EV_BOOLEAN:
		return put_number(*(const bool *)value, out, e);
	case EV_ENUM:
		return put_number(*(const unsigned *)value, out, e);
	case EV_FIXED:
		return buffer_add(out, value, t->size, e);
	case EV_RECORD:
		return layout_encode(t->record, value, out, e);
	case EV_ARRAY:
	case EV_MAP:
		return put_list(t, value, out, e);
	}
	return ERR_SET(e, ERR_FATAL, "workflow", 0, "kind %d of a layout",
		       (int)t->kind);
}

bool
layout_encode(const struct ev_record *layout, const void *value,
	      struct buffer *out, struct err *e)
{
	for (size_t i = 0; i < layout->count; i++) {
		const struct ev_field *f = &layout->fields[i];
		const void *at = (const uint8_t *)value + f->offset;

		if (ev_field_is_pointer(f)) {
			at = *(const void *const *)at;
			if (!put_number(at != NULL, out, e))
				return false;
			if (at == NULL)
				continue;
		}
		if (!put_value(&f->type, at, out, e))
			return false;
	}
	return true;
}

/* --- reading ------------------------------------------------------------ */

struct reader {
	struct bytes left;
	struct arena *a;
	struct err *e;
};

static bool
bad(struct reader *r, const char *what)
{
	(void)ERR_SET(r->e, ERR_REJECT, "workflow", 0, "%s", what);
	return false;
}

static bool
take(struct reader *r, size_t n, const uint8_t **at)
{
	if (r->left.data == NULL || n > r->left.len)
		return bad(r, "ends early");
	*at = r->left.data;
	r->left.data += n;
	r->left.len -= n;
	return true;
}

static bool
get_number(struct reader *r, uint64_t max, uint64_t *out)
{
	const uint8_t *at = NULL;
	uint64_t n = 0;

	for (unsigned shift = 0; shift < 64; shift += 7) {
		if (!take(r, 1, &at))
			return false;
		if (shift == 63 && *at > 1)
			return bad(r, "number too long");
		n |= (uint64_t)(*at & 0x7f) << shift;
		if ((*at & 0x80) != 0)
			continue;
		*out = n;
		return n <= max || bad(r, "number out of range");
	}
	return bad(r, "number too long");
}

static bool
get_signed(struct reader *r, int64_t *out)
{
	uint64_t n;

	if (!get_number(r, UINT64_MAX, &n))
		return false;
	*out = (int64_t)(n >> 1) ^ -(int64_t)(n & 1);
	return true;
}

static bool
get_octets(struct reader *r, struct bytes *out)
{
	const uint8_t *at = NULL;
	uint64_t n;

	*out = (struct bytes){ NULL, 0 };
	if (!get_number(r, (uint64_t)r->left.len + 1, &n))
		return false;
	if (n == 0)
		return true;
	if (!take(r, (size_t)n - 1, &at))
		return false;
	*out = arena_bytes(r->a, bytes_of(at, (size_t)n - 1));
	return out->data != NULL || ERR_NO_MEMORY(r->e);
}

static bool
get_text(struct reader *r, const char **out)
{
	struct bytes b;

	if (!get_octets(r, &b)) /* arena_bytes() terminates its copy */
		return false;
	*out = (const char *)b.data;
	return b.data == NULL || memchr(b.data, '\0', b.len) == NULL ||
	       bad(r, "text holds U+0000");
}

static bool get_record(struct reader *r, const struct ev_record *layout,
		       void *value);
static bool get_value(struct reader *r, const struct ev_type *t, void *value);

static bool
get_list(struct reader *r, const struct ev_type *t, struct ev_list *list)
{
	const size_t size = ev_item_size(t);
	uint8_t *items;
	uint64_t n;

	/* Every item takes at least one octet. */
	if (!get_number(r, r->left.len, &n))
		return false;
	if (n == 0)
		return true;
	items = arena_alloc(r->a, layout_room((size_t)n) * size);
	if (items == NULL)
		return ERR_NO_MEMORY(r->e);
	list->items = items;
	list->count = (size_t)n;
	for (size_t i = 0; i < list->count; i++, items += size) {
		void *value = items;

		if (t->kind == EV_MAP) {
			struct ev_bytes_entry *entry = value;

			if (!get_text(r, &entry->key))
				return false;
			value = &entry->value;
		}
		if (!get_value(r, t->item, value))
			return false;
	}
	return true;
}

static bool
get_integer(struct reader *r, const struct ev_type *t, void *value)
{
	int64_t n;

	if (!get_signed(r, &n))
		return false;
	if (t->kind == EV_LONG)
		*(int64_t *)value = n;
	else if (n < INT32_MIN || n > INT32_MAX)
		return bad(r, "int out of range");
	else
		*(int32_t *)value = (int32_t)n;
	return true;
}

static bool
get_value(struct reader *r, const struct ev_type *t, void *value)
{
	const uint8_t *at = NULL;
	uint64_t n;

	switch (t->kind) {
	case EV_STRING:
		return get_text(r, value);
	case EV_BYTES:
		return get_octets(r, value);
	case EV_INT:
	case EV_LONG:
		return get_integer(r, t, value);
	case EV_BOOLEAN:
		if (!get_number(r, 1, &n))
			return false;
		*(bool *)value = n != 0;
		return true;
	case EV_ENUM:
		if (!get_number(r, t->symbols->count - 1, &n))
			return false;
		*(unsigned *)value = (unsigned)n;
		return true;
	case EV_FIXED:
		if (!take(r, t->size, &at))
			return false;
		memcpy(value, at, t->size);
		return true;
	case EV_RECORD:
		return get_record(r, t->record, value);
	case EV_ARRAY:
	case EV_MAP:
		return get_list(r, t, value);
	}
	return bad(r, "kind of a layout");
}

static bool
get_pointer(struct reader *r, const struct ev_type *t, void **slot)
{
	uint64_t there;

	if (!get_number(r, 1, &there))
		return false;
	if (there == 0)
		return true;
	*slot = arena_alloc(r->a, t->size);
	return *slot == NULL ? ERR_NO_MEMORY(r->e) : get_value(r, t, *slot);
}

static bool
get_record(struct reader *r, const struct ev_record *layout, void *value)
{
	for (size_t i = 0; i < layout->count; i++) {
		const struct ev_field *f = &layout->fields[i];
		void *at = (uint8_t *)value + f->offset;
		bool ok = ev_field_is_pointer(f) ? get_pointer(r, &f->type, at)
						 : get_value(r, &f->type, at);

		if (!ok)
			return err_context(r->e, "%s", f->name);
		if (f->type.kind == EV_STRING && !f->optional &&
		    *(const char *const *)at == NULL)
			return ERR_SET(r->e, ERR_REJECT, "workflow", 0,
				       "%s is absent", f->name);
	}
	return true;
}

bool
layout_decode(const struct ev_record *layout, struct bytes octets,
	      struct arena *a, void *value, struct err *e)
{
	struct reader r = { octets, a, e };

	if (!get_record(&r, layout, value))
		return false;
	return r.left.len == 0 || bad(&r, "octets left over");
}
