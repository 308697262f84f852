#include "workflow/layout.h"

#include <string.h>

#define DEPTH_MAX 8

static bool
put_text(const char *text, struct buffer *out, struct err *e)
{
	return buffer_add(out, text, strlen(text) + 1, e);
}

static bool describe(const struct ev_record *layout, unsigned depth,
		     struct buffer *out, struct err *e);

static bool
describe_type(const struct ev_type *t, unsigned depth, struct buffer *out,
	      struct err *e)
{
	const bool fixed = t->kind == EV_FIXED;
	const uint8_t head[] = { (uint8_t)t->kind,
				 fixed ? (uint8_t)t->size : 0 };

	if (!buffer_add(out, head, sizeof(head), e))
		return false;
	if (t->kind == EV_RECORD)
		return describe(t->record, depth, out, e);
	if (t->kind == EV_ARRAY || t->kind == EV_MAP)
		return describe_type(t->item, depth, out, e);
	if (t->kind == EV_ENUM) /* they grow at the end only */
		return buffer_add(out, &(uint8_t){ (uint8_t)t->symbols->count },
				  1, e);
	return true;
}

static bool
describe(const struct ev_record *layout, unsigned depth, struct buffer *out,
	 struct err *e)
{
	if (depth == DEPTH_MAX)
		return ERR_SET(e, ERR_FATAL, "workflow", 0, "%s: too deep",
			       layout->name);
	for (size_t i = 0; i < layout->count; i++) {
		const struct ev_field *f = &layout->fields[i];

		if (!put_text(f->name, out, e) ||
		    !put_text(f->optional ? "?" : "", out, e) ||
		    !describe_type(&f->type, depth + 1, out, e))
			return false;
	}
	return put_text(";", out, e);
}

bool
layout_digest(const struct ev_record *layout, uint8_t out[SHA256_LEN],
	      struct err *e)
{
	AUTO(buffer) struct buffer text = { 0 };

	if (!describe(layout, 0, &text, e))
		return false;
	sha256(buffer_view(&text), out);
	return true;
}
