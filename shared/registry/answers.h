/*
 * answers.h - inside shared/registry only: what JSON from outside may say.
 *
 * Pure: no I/O.  An answer that is not exactly of the expected form is
 * refused with the reason.
 */
#ifndef CERTFLOW_REGISTRY_ANSWERS_H
#define CERTFLOW_REGISTRY_ANSWERS_H

#include "base/bytes.h"

/**
 * {"schema": "..."} [, "schemaType": "AVRO"] of GET /schemas/ids/{id}.
 * @param text  the schema text is appended
 * ERR_RETRY    not such an answer (nonsense is the registry's trouble)
 */
bool answer_schema(struct bytes json, struct buffer *text, struct err *e)
	MUST_CHECK;

/** {"id": n, ...} of POST /subjects/{subject}; the subject must agree if it
 * is named. */
bool answer_id(struct bytes json, const char *subject, int32_t *id,
	       struct err *e) MUST_CHECK;

/** error_code of an error answer, or 0. */
long answer_error_code(struct bytes json);

/** A record of certflow.schemas: {"id", "subject", "version", "schema"}. */
bool answer_record(struct bytes json, int32_t *id, struct buffer *text,
		   struct err *e) MUST_CHECK;

/** {"schema": text}, the question of POST /subjects/{subject}; release with
 * free(). NULL: no memory or text is not UTF-8. */
char *question_schema(const char *text);

#endif
