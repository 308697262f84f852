/*
 * A key pair and its CSR.  A key that an earlier try left behind is adopted
 * instead of making a second one.
 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "keygen.h"
#include "pki/csr.h"

static bool
is_usable(const struct keygen_job *job, const struct hsm_key *key)
{
	return key->has_private && key->has_public && key->spki_len > 0 &&
	       key->algorithm == job->algorithm;
}

/* The same choice in every life: the lowest public key. */
static bool
is_before(const struct hsm_key *a, const struct hsm_key *b)
{
	return memcmp(a->spki, b->spki, sizeof(a->spki)) < 0;
}

static bool
adopt(const struct keygen_thread *t, struct keygen_job *job, struct err *e)
{
	const struct hsm_query query = { .id = job->id, .label = job->label };
	struct hsm_keys found;

	if (!hsm_find(t->keygen->hsm, t->number, &query, &found, e))
		return false;
	for (size_t i = 0; i < found.count; i++) {
		const struct hsm_key *key = &found.items[i];

		if (!is_usable(job, key) ||
		    (job->has_key && !is_before(key, &job->key)))
			continue;
		job->key = *key;
		job->has_key = true;
	}
	job->several = found.more || found.count > (job->has_key ? 1 : 0);
	return true;
}

/* Answers that waiting will not change; what is not here is tried again. */
static enum ev_key_pair_failure_code
definite(long answer)
{
	switch (answer) {
	case HSM_TOKEN_FULL:
		return EV_KEY_PAIR_FAILURE_CODE_TOKEN_FULL;
	case HSM_MECHANISM_UNSUPPORTED:
		return EV_KEY_PAIR_FAILURE_CODE_MECHANISM_UNSUPPORTED;
	case HSM_ATTRIBUTES_NOT_AS_ASKED:
		return EV_KEY_PAIR_FAILURE_CODE_ATTRIBUTES_NOT_AS_ASKED;
	case HSM_WEAK_KEY:
		return EV_KEY_PAIR_FAILURE_CODE_WEAK_KEY;
	default:
		return EV_KEY_PAIR_FAILURE_CODE_UNKNOWN;
	}
}

static bool
generate(const struct keygen_thread *t, struct keygen_job *job, struct err *e)
{
	long ckr = 0;

	if (hsm_generate(t->keygen->hsm, t->number, job->algorithm, job->id,
			 job->label, &job->key, &ckr, e)) {
		job->has_key = true;
		return true;
	}
	if (e->kind != ERR_REJECT)
		return false;
	job->failed = true;
	job->doubtful = e->code == HSM_ATTRIBUTES_NOT_AS_ASKED;
	job->code = definite(e->code);
	job->ckr = ckr;
	snprintf(job->detail, sizeof(job->detail), "%s",
		 text_is_utf8(e->text, strlen(e->text)) ? e->text
							: "see the code");
	return true;
}

static bool
sign_csr(const struct keygen_thread *t, struct keygen_job *job, struct err *e)
{
	enum pki_signature kind = pki_signature_default(job->algorithm);
	AUTO(buffer) struct buffer info = { 0 };
	AUTO(buffer) struct buffer signature = { 0 };

	if (!pki_csr_info_new(hsm_key_spki(&job->key), job->tax_code,
			      job->enrolment_id, &info, e))
		return false;
	if (!hsm_sign(t->keygen->hsm, t->number, &job->key, kind,
		      buffer_view(&info), &signature, e)) {
		/* The key is new and sound: the token is not. */
		if (e->kind == ERR_REJECT)
			e->kind = ERR_RETRY;
		return false;
	}
	return pki_csr_assemble(buffer_view(&info), kind,
				buffer_view(&signature), &job->csr, e);
}

bool
keygen_make(const struct keygen_thread *t, struct keygen_job *job,
	    struct err *e)
{
	if (job->look_first && !adopt(t, job, e))
		return false;
	if (!job->has_key && !generate(t, job, e))
		return false;
	return job->failed || sign_csr(t, job, e);
}
