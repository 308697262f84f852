/*
 * tool_digests.h - SHA-256 of what runs: this program, the libraries in its
 * memory, the PKCS#11 module.
 */
#ifndef CERTFLOW_OPS_TOOL_DIGESTS_H
#define CERTFLOW_OPS_TOOL_DIGESTS_H

#include <jansson.h>

#include "base/bytes.h"

/** Append {"path", "sha256"} for each file to list. */
bool tool_digests(json_t *list, const char *module, struct err *e) MUST_CHECK;

/** SHA-256 of a file of any length. */
bool file_sha256(const char *path, uint8_t out[SHA256_LEN], struct err *e)
	MUST_CHECK;

#endif
