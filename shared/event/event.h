/*
 * event.h - the events of certflow as C structs: the manual.
 *
 * schemas/<Event>.avsc are the truth; event_types.h is generated from them
 * at build time:
 *
 *   record FooBar      struct ev_foo_bar, embedded by value
 *   enum FooBar        enum ev_foo_bar { EV_FOO_BAR_UNKNOWN, ... ,
 *                      EV_FOO_BAR__COUNT }, ev_foo_bar_name(), _parse()
 *   fixed Sha256       struct ev_sha256 { uint8_t b[32]; }
 *   string             const char *; optional and null: NULL
 *   bytes              struct bytes; optional and null: .data == NULL
 *   int, long, boolean int32_t, int64_t, bool
 *   other optional     const T *; null: NULL
 *   array              struct { const T *items; size_t count; }
 *   map                the same, of struct ev_string_entry/ev_bytes_entry
 *   uuid, date, timestamp-micros: string, int32_t days, int64_t microseconds
 *
 * struct event is one of them: type says which member of the union holds,
 * meta is the first field of each (except Outcome and PersonalRecord), so
 * ev->meta is valid whatever the type.
 *
 * A decoded event and all it points to live in one arena (ev->arena) and
 * end with event_free(ev).  An event built by hand, `struct event ev = {
 * .type = EVENT_ENROLMENT_SAVED, .enrolment_saved = { ... } }`, borrows all
 * it points to and needs no release.  Events are plain data: they may be
 * handed to another thread, not shared while one changes them.
 */
#ifndef CERTFLOW_EVENT_EVENT_H
#define CERTFLOW_EVENT_EVENT_H

#include "event/event_types.h"

/* Caps; arrays and maps count items, text counts characters. */
#define EVENT_TEXT_MAX 1000u
#define EVENT_NAME_MAX 400u
#define EVENT_ITEMS_MAX 64u
#define EVENT_DER_MAX (16u * 1024)
#define EVENT_INBOX_MAX (64u * 1024) /* octets of an inbox message's value */
#define EVENT_LOG_MAX (96u * 1024)   /* octets of a log record's value     */
#define EVENT_SERIAL_OCTETS_MAX 20u  /* RFC 5280, 4.1.2.2                  */
#define EVENT_ARENA_MAX (1024u * 1024)

/* Which inbox may carry an event; each inbox has one writer. */
enum event_inbox {
	INBOX_NONE = 0, /* the registrar's own events, and what is no event */
	INBOX_EINVOICE,
	INBOX_OFFICER,
	INBOX_MANAGER,
	INBOX_KEYGEN,
	INBOX_ISSUER,
	INBOX_ACTIVATOR,
	INBOX__COUNT
};

/** "RequestSubmitted"; "None" for EVENT_NONE and out of range. */
const char *event_type_name(enum event_type type);

/** "certflow.v1.RequestSubmitted"; NULL for EVENT_NONE and out of range. */
const char *event_type_full_name(enum event_type type);

/** Either form of the name. @return false if there is no such event */
bool event_type_parse(const char *name, enum event_type *out) MUST_CHECK;

/** Text of the .avsc this program was built with, terminated. */
const char *event_schema_text(enum event_type type);

/** The one inbox that may carry this event. */
enum event_inbox event_writer(enum event_type type);

/** "officer"; "none" for INBOX_NONE and out of range. */
const char *event_inbox_name(enum event_inbox inbox);
bool event_inbox_parse(const char *name, enum event_inbox *out) MUST_CHECK;

/** Role that the actor of an event from this inbox has. */
enum ev_actor_role event_inbox_role(enum event_inbox inbox);

/**
 * An empty event in an arena of its own of at most max_bytes; fill in its
 * members from ev->arena. Release with event_free(). ERR_FATAL: no memory.
 */
bool event_new(enum event_type type, size_t max_bytes, struct event **out,
	       struct err *e) MUST_CHECK;

/** Release ev and all it points to; NULL and events without arena are fine. */
void event_free(struct event *ev);
DEFINE_AUTO(event, struct event *, event_free);

/**
 * Caps and forms of every field: text, names, arrays, DER, UUID, serial,
 * whole seconds; no enum is UNKNOWN; strings are present and well-formed.
 * Whether names are NFC and what a tax code must look like are guards of
 * the registrar, not of this. ERR_REJECT; the text begins with the path.
 */
bool event_check(const struct event *ev, struct err *e) MUST_CHECK;

/** A parameter of a refusal, borrowed from it; NULL: it has none of this
 * name. */
const char *event_refusal_param(const struct ev_event_refused *ev,
				const char *name);

/**
 * Is it the refusal of an activation that came too late, when the certificate
 * was no longer good?  Such a certificate is INACTIVE from then on.
 * @return its serial number, borrowed; NULL: something else was refused
 */
const char *event_refused_activation(const struct ev_event_refused *ev);

static inline bool
sha256_equal(const struct ev_sha256 *a, const struct ev_sha256 *b)
{
	return bytes_equal(bytes_of(a->b, sizeof(a->b)),
			   bytes_of(b->b, sizeof(b->b)));
}

#endif
