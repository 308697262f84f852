/*
 * answers.h - signed answers that may be given again.
 *
 * One place for each hash of a CertID: a fixed number of answers, the newer
 * one stays.  An answer counts only while everything that it says of the
 * certificate is still so, and it was signed by the certificate in use: a
 * change of status needs no clearing.  Thread-safe.
 */
#ifndef CERTFLOW_OCSP_ANSWERS_H
#define CERTFLOW_OCSP_ANSWERS_H

#include "pki/ocsp.h"

struct answers;

/** What an answer says, to be compared. */
struct answer_key {
	const struct pki_ocsp_single *single;
	const struct pki_responder *by;
	int64_t from_us; /* an older this_update does not count, */
	int64_t to_us;   /* nor a later one: the clock was set back */
};

struct kept {
	struct buffer der;
	int64_t this_update;
	int64_t next_update;
};

/** @param places  0: keeps nothing */
bool answers_new(size_t places, struct answers **out, struct err *e) MUST_CHECK;

/** @return true: out is a copy, its buffer the caller's; false: none, or no
 * memory for it */
bool answers_find(struct answers *c, const struct answer_key *key,
		  struct kept *out) MUST_CHECK;

/** Keeps a copy; without memory it does not. */
void answers_put(struct answers *c, const struct answer_key *key,
		 const struct kept *answer);

/** NULL is fine. */
void answers_free(struct answers *c);
DEFINE_AUTO(answers, struct answers *, answers_free);

#endif
