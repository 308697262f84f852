/*
 * document.h - an event as people write it: filling in, and examples.
 */
#ifndef CERTFLOW_PUBLISH_DOCUMENT_H
#define CERTFLOW_PUBLISH_DOCUMENT_H

#include <jansson.h>

#include "base/uuid.h"
#include "event/event.h"

/**
 * The next of several documents in a stream.
 * @param out  json_decref(); NULL: there is none any more
 * ERR_REJECT  it is no JSON
 */
bool document_read(FILE *in, json_t **out, struct err *e) MUST_CHECK;

/** Members of meta that are missing: event_id (random), occurred_at (now),
 * actor (if given), actor.role (of the inbox's writer). */
bool document_fill_meta(json_t *document, enum event_inbox inbox,
			const char *actor, struct err *e) MUST_CHECK;

/**
 * Take the member personal_ref (random if missing) out of a PersonalRecord,
 * and fill in its salt. ERR_REJECT: not a PersonalRecord, or not a UUID.
 */
bool document_fill_personal(json_t *document, char ref[UUID_TEXT_MAX],
			    struct err *e) MUST_CHECK;

/** An example made of the schema's own examples; what would be filled in is
 * left out. @param out json_decref() */
bool document_example(enum event_type type, json_t **out, struct err *e)
	MUST_CHECK;

/** What the schema says the event means. @param out free() */
bool document_meaning(enum event_type type, char **out, struct err *e)
	MUST_CHECK;

#endif
