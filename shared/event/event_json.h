/*
 * event_json.h - events as JSON that people write and read.
 *
 *   {"type": "EnrolmentSaved", "meta": {...}, "enrolment_id": "..."}
 *
 * Members are the fields of the schema.  Optional fields may be left out or
 * null; an unknown member is an error, so that a misspelt one is found.
 *
 *   string, int, long, boolean   themselves
 *   enum                         the symbol
 *   timestamp-micros             RFC 3339: "2026-03-02T09:15:00.250000Z"
 *   date                         "2026-03-02"
 *   fixed                        hexadecimal
 *   bytes                        base64 (RFC 4648, 4: with padding)
 *   record, array, map           object, array, object
 */
#ifndef CERTFLOW_EVENT_EVENT_JSON_H
#define CERTFLOW_EVENT_EVENT_JSON_H

#include <jansson.h>

#include "event/event.h"

DEFINE_AUTO(json, json_t *, json_decref);

/** @param out owned by the caller: json_decref() */
bool event_to_json(const struct event *ev, json_t **out, struct err *e)
	MUST_CHECK;

/**
 * @param json an object with a member "type"
 * @param out owned by the caller: event_free()
 * ERR_REJECT: the text begins with the path of the member. Forms and caps
 * beyond the schema's types are event_check()'s.
 */
bool event_from_json(const json_t *json, struct event **out, struct err *e)
	MUST_CHECK;

#endif
