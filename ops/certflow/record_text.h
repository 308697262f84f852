/*
 * record_text.h - a ceremony record for printing.
 */
#ifndef CERTFLOW_OPS_RECORD_TEXT_H
#define CERTFLOW_OPS_RECORD_TEXT_H

#include <jansson.h>

#include "base/bytes.h"

#define RECORD_JSON_LINE "SHA-256 of the .json file: "

/**
 * Title, everything that record holds, the digest of its JSON text, and a
 * line for each participant to sign on paper; appended to out.
 */
bool record_text(const json_t *record, const char *json_sha256,
		 struct buffer *out, struct err *e) MUST_CHECK;

#endif
