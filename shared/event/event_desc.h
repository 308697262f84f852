/*
 * event_desc.h - what the C structs of events look like, as tables.
 *
 * Generated from schemas/ beside event_types.h.  Decoding, encoding, JSON
 * and checks walk these tables, so that a new event needs no code there.
 */
#ifndef CERTFLOW_EVENT_EVENT_DESC_H
#define CERTFLOW_EVENT_EVENT_DESC_H

#include "event/event.h"

enum ev_kind {
	EV_STRING,  /* const char *                                  */
	EV_BYTES,   /* struct bytes                                  */
	EV_INT,     /* int32_t                                       */
	EV_LONG,    /* int64_t                                       */
	EV_BOOLEAN, /* bool                                          */
	EV_ENUM,    /* an enum, as large as unsigned                 */
	EV_FIXED,   /* struct with an array of octets                */
	EV_RECORD,  /* struct ev_...                                 */
	EV_ARRAY,   /* struct ev_list of items                       */
	EV_MAP,     /* struct ev_list of ev_string_entry/_bytes_entry */
};

/* Form of a scalar beyond its Avro type; event_check() enforces it. */
enum ev_format {
	EV_FORMAT_NONE = 0,
	EV_FORMAT_TEXT,          /* string: EVENT_TEXT_MAX characters      */
	EV_FORMAT_NAME,          /* string: EVENT_NAME_MAX characters      */
	EV_FORMAT_TAX_CODE,      /* string: as a name; its form is a guard */
	EV_FORMAT_UUID,          /* string: lower-case canonical           */
	EV_FORMAT_SERIAL,        /* string: lower-case hex, even length    */
	EV_FORMAT_DER,           /* bytes: EVENT_DER_MAX octets            */
	EV_FORMAT_PAYLOAD,       /* bytes: EVENT_INBOX_MAX octets          */
	EV_FORMAT_TIME,          /* long: microseconds since 1970, UTC     */
	EV_FORMAT_WHOLE_SECONDS, /* long: the same, whole seconds          */
	EV_FORMAT_DATE,          /* int: days since 1970-01-01             */
};

struct ev_enum {
	const char *name;
	const char *const *symbols; /* the first is UNKNOWN */
	size_t count;
};

struct ev_type {
	enum ev_kind kind;
	enum ev_format format;
	size_t size;                    /* of the C value           */
	const char *name;               /* EV_FIXED                 */
	const struct ev_record *record; /* EV_RECORD                */
	const struct ev_enum *symbols;  /* EV_ENUM                  */
	const struct ev_type *item;     /* EV_ARRAY, EV_MAP: values */
};

/*
 * An optional string or bytes is NULL itself when null; any other optional
 * value is a pointer to type, NULL when null.
 */
struct ev_field {
	const char *name;
	size_t offset;
	bool optional;
	bool has_default; /* the zero of its type: "", 0, false, ... */
	struct ev_type type;
};

struct ev_record {
	const char *name;
	size_t size;
	const struct ev_field *fields;
	size_t count;
};

/* Every array and map member has this layout. */
struct ev_list {
	const void *items;
	size_t count;
};

struct event_info {
	const char *name;
	const char *full_name;
	const struct ev_record *record; /* NULL for EVENT_NONE */
	const char *text;
	size_t text_len;
};

extern const struct ev_record ev_record_meta;
extern const struct ev_record ev_record_submission;
extern const struct ev_record ev_record_customer;
extern const struct ev_record ev_record_source_position;
extern const struct ev_enum ev_enum_key_algorithm;
extern const struct ev_enum ev_enum_request_state;
extern const struct ev_enum ev_enum_revocation_reason;
extern const struct ev_enum ev_enum_outcome_result;
extern const struct ev_enum ev_enum_refusal_code;
extern const struct event_info event_infos[EVENT__COUNT];

/** Is a null value of this field a NULL pointer to the value? */
static inline bool
ev_field_is_pointer(const struct ev_field *f)
{
	return f->optional && f->type.kind != EV_STRING &&
	       f->type.kind != EV_BYTES;
}

/** Where the value of a field stands in record; NULL if it is null. */
const void *ev_field_value(const struct ev_field *f, const void *record);

/** The record's table, or NULL for EVENT_NONE and out of range. */
const struct ev_record *event_record(enum event_type type);

/** The member of the union that type names. */
static inline const void *
event_body(const struct event *ev)
{
	return &ev->meta;
}

/** Symbol of a value; "UNKNOWN" out of range. */
const char *ev_symbol(const struct ev_enum *en, unsigned value);
bool ev_symbol_parse(const struct ev_enum *en, const char *name, unsigned *out)
	MUST_CHECK;

/** Octets that one item of an array or map takes in C. */
size_t ev_item_size(const struct ev_type *list);

#endif
