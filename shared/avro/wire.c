#include "avro/wire.h"

#include "event/event.h"

bool
wire_parse(struct bytes msg, int32_t *schema_id, struct bytes *body,
	   struct err *e)
{
	const uint8_t *p = msg.data;
	uint32_t id;

	if (p == NULL || msg.len < WIRE_HEADER_LEN || p[0] != 0)
		return ERR_SET(e, ERR_REJECT, "wire",
			       EV_REFUSAL_CODE_NOT_WIRE_FORMAT,
			       "message does not begin with 0x00 and a "
			       "schema id");
	id = (uint32_t)p[1] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 8 |
	     p[4];
	if (id == 0 || id > INT32_MAX)
		return ERR_SET(
			e, ERR_REJECT, "wire", EV_REFUSAL_CODE_NOT_WIRE_FORMAT,
			"schema id %u is not a positive int", (unsigned)id);
	*schema_id = (int32_t)id;
	*body = bytes_of(p + WIRE_HEADER_LEN, msg.len - WIRE_HEADER_LEN);
	return true;
}

bool
wire_write(int32_t schema_id, struct bytes body, struct buffer *out,
	   struct err *e)
{
	uint32_t id = (uint32_t)schema_id;
	const uint8_t header[WIRE_HEADER_LEN] = { 0, (uint8_t)(id >> 24),
						  (uint8_t)(id >> 16),
						  (uint8_t)(id >> 8),
						  (uint8_t)id };

	if (schema_id <= 0)
		return ERR_SET(e, ERR_FATAL, "wire", 0,
			       "schema id %d is not positive", schema_id);
	return buffer_reserve(out, sizeof(header) + body.len, e) &&
	       buffer_add(out, header, sizeof(header), e) &&
	       buffer_add(out, body.data, body.len, e);
}
