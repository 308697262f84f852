/* avro_internal.h - shared by the files of this folder only. */
#ifndef CERTFLOW_AVRO_AVRO_INTERNAL_H
#define CERTFLOW_AVRO_AVRO_INTERNAL_H

#include <avro.h>

#include "avro/avro_codec.h"
#include "event/event_desc.h"
#include "event/event_path.h"

#define AVRO_NAMESPACE "certflow.v1"

struct avro_writer {
	avro_schema_t schema; /* a record */
	avro_value_iface_t *class;
	enum event_type type;
	size_t fields;
	int meta; /* index of the top-level field, -1 if there is none */
	int submission;
};

/** The named type that a reference stands for. */
avro_schema_t schema_resolve(avro_schema_t schema);

/** Is the text one that avro-c can be given? */
bool schema_check_text(const char *text, size_t len, struct err *e) MUST_CHECK;

/** Check the octets of one value of schema; they must be all of body. */
bool validate_value(avro_schema_t schema, struct bytes body, struct err *e)
	MUST_CHECK;

#endif
