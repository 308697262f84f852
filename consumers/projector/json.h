/*
 * json.h - the two JSON columns of the read model.
 */
#ifndef CERTFLOW_PROJECTOR_JSON_H
#define CERTFLOW_PROJECTOR_JSON_H

#include "event/event.h"

/** [{type, sha256, size, uploaded_at, uploaded_by}]; memory of a. */
bool json_dossier(struct arena *a, const struct ev_submission *s,
		  const char **out, struct err *e) MUST_CHECK;

/** {key: value} of a refusal's parameters; memory of a. */
bool json_params(struct arena *a, const struct ev_event_refused *r,
		 const char **out, struct err *e) MUST_CHECK;

#endif
