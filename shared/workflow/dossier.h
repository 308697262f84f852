/*
 * dossier.h - which documents a dossier must hold, as data.
 *
 * schemas/catalogue/dossier.json: one row per type of document. `required`
 * is true, false, or the condition under which it is: "unit_kind=BRANCH",
 * "request_type=MODIFICATION", "with <another type>". "RevocationRequested"
 * belongs to another event and asks nothing of a submission.
 */
#ifndef CERTFLOW_WORKFLOW_DOSSIER_H
#define CERTFLOW_WORKFLOW_DOSSIER_H

#include "event/event.h"

#define DOSSIER_TYPES_MAX 64

struct dossier_rules; /* opaque; read-only, may be shared between threads */

/** @param json text of the file. ERR_FATAL names row and member. */
bool dossier_parse(struct bytes json, struct dossier_rules **out, struct err *e)
	MUST_CHECK;
void dossier_free(struct dossier_rules *d);
DEFINE_AUTO(dossier, struct dossier_rules *, dossier_free);

/** Index of the first document of an unknown type, or -1. */
int dossier_unknown(const struct dossier_rules *d,
		    const struct ev_submission *sub);

/**
 * Types that are required and not there, "A, B", in the order of the rules.
 * @return false: none is missing
 */
bool dossier_missing(const struct dossier_rules *d,
		     const struct ev_submission *sub, bool branch, char *out,
		     size_t size) MUST_CHECK;

#endif
