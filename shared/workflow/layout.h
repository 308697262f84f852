/*
 * layout.h - octets of any C value that has an ev_record table.
 *
 * Used for checkpoints and deep copies. The octets carry no names: both
 * sides must have the same layout, which layout_digest() tells. Integers are
 * LEB128 (signed ones zigzag), text and octets have their length plus one in
 * front (0 = null), lists their count.
 */
#ifndef CERTFLOW_WORKFLOW_LAYOUT_H
#define CERTFLOW_WORKFLOW_LAYOUT_H

#include "base/arena.h"
#include "event/event_desc.h"

/** Append one value. ERR_FATAL: no memory, or BUFFER_MAX. */
bool layout_encode(const struct ev_record *layout, const void *value,
		   struct buffer *out, struct err *e) MUST_CHECK;

/**
 * Read one value and nothing behind it. Every length is checked against the
 * octets left before memory is taken from the arena. Lists get room for the
 * next power of two. ERR_REJECT: the octets are not such a value.
 */
bool layout_decode(const struct ev_record *layout, struct bytes octets,
		   struct arena *a, void *value, struct err *e) MUST_CHECK;

/** SHA-256 over names, kinds and order of all members, nested ones too. */
bool layout_digest(const struct ev_record *layout, uint8_t out[SHA256_LEN],
		   struct err *e) MUST_CHECK;

/** Items that a list of count items has room for: 4, 8, 16 ... */
size_t layout_room(size_t count);

#endif
