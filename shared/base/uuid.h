/*
 * uuid.h - identifiers (RFC 9562), always lower-case canonical text.
 */
#ifndef CERTFLOW_BASE_UUID_H
#define CERTFLOW_BASE_UUID_H

#include <stdint.h>

#include "base/err.h"

#define UUID_LEN 16
#define UUID_TEXT_MAX 37

/** Random UUID, version 4. ERR_FATAL if the generator fails. */
bool uuid_v4(char out[UUID_TEXT_MAX], struct err *e) MUST_CHECK;

/**
 * UUID version 5 (SHA-1 based, RFC 9562 5.5) of name in the name space given
 * as a UUID; the same input always gives the same id.  certflow derives the
 * id of an outcome from the causing event's id and the outcome's name.
 * @return false if name_space is not a UUID
 */
bool uuid_v5(const char *name_space, const char *name, char out[UUID_TEXT_MAX])
	MUST_CHECK;

/** 36 characters, lower-case hex, hyphens in place; nothing else. */
bool uuid_parse(const char *text, uint8_t out[UUID_LEN]) MUST_CHECK;

/** @return out */
const char *uuid_format(const uint8_t id[UUID_LEN], char out[UUID_TEXT_MAX]);

#endif
