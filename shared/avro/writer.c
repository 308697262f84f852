#include <string.h>

#include "avro_internal.h"

struct walk {
	unsigned nodes;
	struct err *e;
};

static bool
refuse(struct err *e, const char *why)
{
	return ERR_SET(e, ERR_REJECT, "avro", EV_REFUSAL_CODE_SCHEMA_UNKNOWN,
		       "writer schema: %s", why);
}

avro_schema_t
schema_resolve(avro_schema_t schema)
{
	while (avro_typeof(schema) == AVRO_LINK)
		schema = avro_schema_link_target(schema);
	return schema;
}

static bool walk(struct walk *w, avro_schema_t schema, unsigned depth);

static bool
walk_record(struct walk *w, avro_schema_t schema, unsigned depth)
{
	size_t n = avro_schema_record_size(schema);

	for (size_t i = 0; i < n; i++) {
		if (!walk(w,
			  avro_schema_record_field_get_by_index(schema, (int)i),
			  depth + 1))
			return false;
	}
	return true;
}

static bool
walk_union(struct walk *w, avro_schema_t schema, unsigned depth)
{
	size_t n = avro_schema_union_size(schema);

	if (n == 0)
		return refuse(w->e, "a union without branches");
	for (size_t i = 0; i < n; i++) {
		if (!walk(w, avro_schema_union_branch(schema, (int)i),
			  depth + 1))
			return false;
	}
	return true;
}

/* Named types are walked each time they are used, so that neither their
 * nesting nor their number can be hidden behind references; a recursive
 * type is endlessly deep. */
static bool
walk(struct walk *w, avro_schema_t schema, unsigned depth)
{
	if (schema == NULL)
		return refuse(w->e, "a type is missing");
	schema = schema_resolve(schema);
	if (depth > AVRO_DEPTH_MAX)
		return refuse(w->e, "recursive or nested too deeply");
	if (++w->nodes > AVRO_SCHEMA_NODES_MAX)
		return refuse(w->e, "too many types");
	switch (avro_typeof(schema)) {
	case AVRO_RECORD:
		return walk_record(w, schema, depth);
	case AVRO_UNION:
		return walk_union(w, schema, depth);
	case AVRO_ARRAY:
		return walk(w, avro_schema_array_items(schema), depth + 1);
	case AVRO_MAP:
		return walk(w, avro_schema_map_values(schema), depth + 1);
	case AVRO_ENUM:
		if (avro_schema_enum_number_of_symbols(schema) <= 0)
			return refuse(w->e, "an enum without symbols");
		return true;
	case AVRO_FIXED:
		if (avro_schema_fixed_size(schema) < 0 ||
		    avro_schema_fixed_size(schema) > EVENT_LOG_MAX)
			return refuse(w->e, "a fixed of impossible size");
		return true;
	default:
		return true;
	}
}

static bool
is_meta(avro_schema_t schema)
{
	schema = schema_resolve(schema);
	return avro_typeof(schema) == AVRO_RECORD &&
	       strcmp(avro_schema_name(schema), "Meta") == 0;
}

static bool
check_top(struct avro_writer *w, struct err *e)
{
	struct walk state = { .e = e };

	if (!walk(&state, w->schema, 0))
		return false;
	w->fields = avro_schema_record_size(w->schema);
	if (w->fields > AVRO_FIELDS_MAX)
		return refuse(e, "too many fields");
	w->meta = avro_schema_record_field_get_index(w->schema, "meta");
	w->submission =
		avro_schema_record_field_get_index(w->schema, "submission");
	if (w->meta > 0 ||
	    (w->meta == 0 &&
	     !is_meta(avro_schema_record_field_get_by_index(w->schema, 0))))
		return refuse(e, "meta must be the first field, of type Meta");
	return true;
}

bool
avro_writer_new(const char *schema_text, size_t len, struct avro_writer **out,
		struct err *e)
{
	AUTO(avro_writer) struct avro_writer *w = calloc(1, sizeof(*w));
	const struct ev_record *known;

	if (w == NULL)
		return ERR_NO_MEMORY(e);
	if (!schema_check_text(schema_text, len, e))
		return false;
	if (avro_schema_from_json_length(schema_text, len, &w->schema) != 0)
		return refuse(e, "not an Avro schema");
	if (!check_top(w, e))
		return false;
	if (!event_type_parse(avro_schema_name(w->schema), &w->type))
		w->type = EVENT_NONE;
	known = event_record(w->type);
	if (known != NULL && strcmp(known->fields[0].name, "meta") == 0 &&
	    w->meta != 0)
		return refuse(e, "meta must be the first field, of type Meta");
	w->class = avro_generic_class_from_schema(w->schema);
	if (w->class == NULL)
		return ERR_NO_MEMORY(e);
	*out = TAKE(w);
	return true;
}

void
avro_writer_release(struct avro_writer *w)
{
	if (w == NULL)
		return;
	if (w->class != NULL)
		avro_value_iface_decref(w->class);
	if (w->schema != NULL)
		avro_schema_decref(w->schema);
	free(w);
}

enum event_type
avro_writer_type(const struct avro_writer *w)
{
	return w->type;
}

const char *
avro_writer_name(const struct avro_writer *w)
{
	return avro_schema_name(w->schema);
}
