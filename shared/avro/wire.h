/*
 * wire.h - Confluent wire format: 0x00, schema id (4 octets, big-endian,
 * positive), Avro body.
 */
#ifndef CERTFLOW_AVRO_WIRE_H
#define CERTFLOW_AVRO_WIRE_H

#include <stdint.h>

#include "base/bytes.h"

#define WIRE_HEADER_LEN 5

/** @param body borrowed from msg. ERR_REJECT, NOT_WIRE_FORMAT in err.code */
bool wire_parse(struct bytes msg, int32_t *schema_id, struct bytes *body,
		struct err *e) MUST_CHECK;

/** Append header and body to out. */
bool wire_write(int32_t schema_id, struct bytes body, struct buffer *out,
		struct err *e) MUST_CHECK;

#endif
