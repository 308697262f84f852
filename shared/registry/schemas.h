/*
 * schemas.h - events from and to wire bytes.
 *
 * Wire format: 0x00, schema id (4 octets, big endian), Avro body.  A body is
 * always read with the schema it was written in, fetched by id and compiled
 * once; we write in the schema we were built with, under the id that
 * deployment registered it.
 *
 * One thread (avro-c's error buffer is global): the loop thread.
 */
#ifndef CERTFLOW_REGISTRY_SCHEMAS_H
#define CERTFLOW_REGISTRY_SCHEMAS_H

#include "avro/avro_codec.h"
#include "event/event.h"
#include "registry/registry.h"

#define SCHEMAS_COMPILED_MAX 512 /* writers kept; beyond: least used goes */

struct schemas;

/** @param registry  borrowed until schemas_close() */
bool schemas_open(struct registry *registry, struct schemas **out,
		  struct err *e) MUST_CHECK;

/**
 * Look up the ids under which these events are written; before this (or
 * lazily inside schemas_encode()).
 * ERR_RETRY  as registry_id_of()
 */
bool schemas_learn(struct schemas *s, const enum event_type *types,
		   size_t count, struct err *e) MUST_CHECK;

/** Id with which we write events of this type. Errors as above. */
bool schemas_id(struct schemas *s, enum event_type type, int32_t *id,
		struct err *e) MUST_CHECK;

/**
 * The compiled writer schema of an id.
 * @param out  borrowed until the next call with this s
 * ERR_REJECT  no such schema or not one of ours; code
 *             EV_REFUSAL_CODE_SCHEMA_UNKNOWN
 * ERR_RETRY   it may exist but cannot be fetched now
 */
bool schemas_writer(struct schemas *s, int32_t id,
		    const struct avro_writer **out, struct err *e) MUST_CHECK;

/**
 * Take a message apart: frame and size.
 * ERR_REJECT  code EV_REFUSAL_CODE_TOO_LARGE or _NOT_WIRE_FORMAT
 */
bool schemas_frame(struct bytes message, size_t max, int32_t *id,
		   struct bytes *body, struct err *e) MUST_CHECK;

/**
 * Frame, writer schema, validation, decoding. event_check() is not called.
 * @param max  largest message: EVENT_INBOX_MAX or EVENT_LOG_MAX
 * @param out  event_free(); nothing in it points into message
 * ERR_REJECT  the message's fault; err.code is the enum ev_refusal_code:
 *             TOO_LARGE, NOT_WIRE_FORMAT, SCHEMA_UNKNOWN, BODY_INVALID
 * ERR_RETRY   the schema cannot be fetched now: same message again, later
 */
bool schemas_decode(struct schemas *s, struct bytes message, size_t max,
		    struct event **out, struct err *e) MUST_CHECK;

/**
 * Wire bytes of an event, in our own schema; out is emptied first.
 * ERR_RETRY  our id is not known yet and the registry is away
 * ERR_FATAL  the event does not fit its schema: a bug
 */
bool schemas_encode(struct schemas *s, const struct event *ev,
		    struct buffer *out, struct err *e) MUST_CHECK;

/** NULL is fine. */
void schemas_close(struct schemas *s);
DEFINE_AUTO(schemas, struct schemas *, schemas_close);

#endif
