#include "registry/schemas.h"

#include <string.h>

#include "avro/wire.h"

/* One compiled writer schema. */
struct compiled {
	int32_t id;
	struct avro_writer *writer;
	unsigned long used; /* by struct schemas.clock */
};

/* How we write one type. */
struct own {
	int32_t id; /* 0: not looked up yet */
	struct avro_writer *writer;
};

struct schemas {
	struct registry *registry;
	unsigned long clock;
	size_t count;
	struct compiled compiled[SCHEMAS_COMPILED_MAX];
	struct own own[EVENT__COUNT];
};

bool
schemas_open(struct registry *registry, struct schemas **out, struct err *e)
{
	struct schemas *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return ERR_NO_MEMORY(e);
	s->registry = registry;
	*out = s;
	return true;
}

bool
schemas_id(struct schemas *s, enum event_type type, int32_t *id, struct err *e)
{
	const char *name = event_type_full_name(type);
	const char *text = event_schema_text(type);
	struct own *own;

	if (name == NULL || text == NULL)
		return ERR_SET(e, ERR_FATAL, "schemas", 0, "no such event: %d",
			       (int)type);
	own = &s->own[type];
	if (own->id == 0 &&
	    !registry_id_of(s->registry, name, text, &own->id, e)) {
		own->id = 0;
		return false;
	}
	*id = own->id;
	return true;
}

bool
schemas_learn(struct schemas *s, const enum event_type *types, size_t count,
	      struct err *e)
{
	int32_t id;

	for (size_t i = 0; i < count; i++)
		if (!schemas_id(s, types[i], &id, e))
			return false;
	return true;
}

static struct compiled *
find(struct schemas *s, int32_t id)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->compiled[i].id == id)
			return &s->compiled[i];
	return NULL;
}

/* A free place, or that of the one not used for longest. */
static struct compiled *
place(struct schemas *s)
{
	struct compiled *oldest = &s->compiled[0];

	if (s->count < SCHEMAS_COMPILED_MAX)
		return &s->compiled[s->count++];
	for (size_t i = 1; i < s->count; i++)
		if (s->compiled[i].used < oldest->used)
			oldest = &s->compiled[i];
	avro_writer_release(oldest->writer);
	return oldest;
}

static bool
unknown(struct err *e)
{
	if (e->kind == ERR_REJECT)
		e->code = EV_REFUSAL_CODE_SCHEMA_UNKNOWN;
	return false;
}

bool
schemas_writer(struct schemas *s, int32_t id, const struct avro_writer **out,
	       struct err *e)
{
	struct compiled *c = find(s, id);
	AUTO(avro_writer) struct avro_writer *writer = NULL;
	struct bytes text;

	if (c == NULL) {
		if (!registry_schema(s->registry, id, &text, e))
			return unknown(e);
		if (!avro_writer_new((const char *)text.data, text.len, &writer,
				     e)) {
			err_context(e, "schema %d", (int)id);
			return unknown(e);
		}
		c = place(s);
		c->id = id;
		c->writer = TAKE(writer);
	}
	c->used = ++s->clock;
	*out = c->writer;
	return true;
}

bool
schemas_frame(struct bytes message, size_t max, int32_t *id, struct bytes *body,
	      struct err *e)
{
	if (message.len > max)
		return ERR_SET(
			e, ERR_REJECT, "schemas", EV_REFUSAL_CODE_TOO_LARGE,
			"message of %zu octets, at most %zu", message.len, max);
	if (wire_parse(message, id, body, e))
		return true;
	if (e->kind == ERR_REJECT)
		e->code = EV_REFUSAL_CODE_NOT_WIRE_FORMAT;
	return false;
}

bool
schemas_decode(struct schemas *s, struct bytes message, size_t max,
	       struct event **out, struct err *e)
{
	const struct avro_writer *writer;
	struct bytes body = { 0 };
	int32_t id = 0;

	if (!schemas_frame(message, max, &id, &body, e) ||
	    !schemas_writer(s, id, &writer, e))
		return false;
	if (avro_decode(writer, body, id, out, e))
		return true;
	if (e->kind == ERR_REJECT && e->code == 0)
		e->code = EV_REFUSAL_CODE_BODY_INVALID;
	return false;
}

static bool
own_writer(struct schemas *s, enum event_type type, struct err *e)
{
	const char *text = event_schema_text(type);

	return s->own[type].writer != NULL ||
	       avro_writer_new(text, strlen(text), &s->own[type].writer, e);
}

/* What we made ourselves is no message's fault. */
static bool
our_fault(const struct event *ev, struct err *e)
{
	if (e->kind == ERR_REJECT)
		e->kind = ERR_FATAL;
	return err_context(e, "encode %s", event_type_name(ev->type));
}

bool
schemas_encode(struct schemas *s, const struct event *ev, struct buffer *out,
	       struct err *e)
{
	AUTO(buffer) struct buffer body = { 0 };
	int32_t id = 0;

	out->len = 0;
	if (!schemas_id(s, ev->type, &id, e))
		return false;
	if (!own_writer(s, ev->type, e) ||
	    !avro_encode(s->own[ev->type].writer, ev, &body, e) ||
	    !wire_write(id, buffer_view(&body), out, e))
		return our_fault(ev, e);
	return true;
}

void
schemas_close(struct schemas *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->count; i++)
		avro_writer_release(s->compiled[i].writer);
	for (size_t i = 0; i < EVENT__COUNT; i++)
		avro_writer_release(s->own[i].writer);
	free(s);
}
