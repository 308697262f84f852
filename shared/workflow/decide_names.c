/* The names that events bring along: of persons, of new objects and keys. */
#include <stdio.h>
#include <string.h>

#include "base/uuid.h"
#include "workflow/judge.h"

#define ACTOR_MAX 64

/*
 * One person, one spelling: four eyes are told apart by comparing ids, so
 * "GDV-017" or "gdv-017 " must not pass for somebody else.
 */
static bool
actor_is_plain(const char *id)
{
	size_t len = strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789-._");

	return len > 0 && len <= ACTOR_MAX && id[len] == '\0';
}

bool
judge_actor(struct judge *j, const char *id, const char *field)
{
	if (actor_is_plain(id))
		return true;
	return judge_refuse_with(j, EV_REFUSAL_CODE_BODY_INVALID, field,
				 "reason",
				 "not 1 to 64 of a-z, 0-9, hyphen, dot and "
				 "underscore");
}

bool
wf_id_digest(const char *kind, const char *id, struct ev_sha256 *out)
{
	char text[UUID_TEXT_MAX + 32];
	int len = snprintf(text, sizeof(text), "certflow %s %s", kind, id);

	if (len < 0 || (size_t)len >= sizeof(text))
		return false;
	sha256(bytes_of(text, (size_t)len), out->b);
	return true;
}

bool
judge_id_free(struct judge *j, const char *kind, const char *id,
	      const char *field)
{
	enum wf_key_claim claim = WF_KEY_FREE;
	struct ev_sha256 digest;

	if (!wf_id_digest(kind, id, &digest))
		return ERR_SET(j->e, ERR_FATAL, "workflow", 0,
			       "an id of that length");
	if (!j->env->id_claim(j->env->self, &digest, subject_tax_code(j->s),
			      &claim, j->e))
		return false;
	if (claim == WF_KEY_TAKEN)
		refuse(j, DUPLICATE_ID, field);
	return true;
}

/* ---- a forecast of what is claimed --------------------------------------- */

static size_t
submission_claims(const struct wf_env *env, const struct ev_submission *sub,
		  struct ev_sha256 out[WF_CLAIMS_MAX])
{
	const struct wf_pki *pki = &env->pki;
	size_t n = 0;

	if (sub->csr_source == EV_CSR_SOURCE_UPLOADED &&
	    sub->csr_der.data != NULL &&
	    pki->csr_key(pki->self, sub->csr_der, &out[n]))
		n++;
	if (sub->revision == 1 &&
	    wf_id_digest(WF_ID_REQUEST, sub->request_id, &out[n]))
		n++;
	return n;
}

/* The key that was approved. */
static size_t
press_claims(const struct subject *s, const struct ev_issuance_requested *ev,
	     struct ev_sha256 *out)
{
	const struct wf_request *rq =
		s != NULL ? subject_request(s, ev->request_id) : NULL;

	if (rq == NULL || rq->approval == NULL)
		return 0;
	*out = rq->approval->spki_sha256;
	return 1;
}

size_t
wf_claims(const struct wf_env *env, const struct subject *s,
	  const struct event *ev, struct ev_sha256 out[WF_CLAIMS_MAX])
{
	const char *change = NULL;

	switch (ev->type) {
	case EVENT_KEY_PAIR_REQUESTED:
		return wf_id_digest(WF_ID_ENROLMENT,
				    ev->key_pair_requested.enrolment_id, out);
	case EVENT_CSR_GENERATED:
		*out = ev->csr_generated.spki_sha256;
		return 1;
	case EVENT_REQUEST_SUBMITTED:
		return submission_claims(env, &ev->request_submitted.submission,
					 out);
	case EVENT_ISSUANCE_REQUESTED:
		return press_claims(s, &ev->issuance_requested, out);
	case EVENT_SUSPENSION_REQUESTED:
		change = ev->suspension_requested.status_change_id;
		break;
	case EVENT_RESUMPTION_REQUESTED:
		change = ev->resumption_requested.status_change_id;
		break;
	case EVENT_REVOCATION_REQUESTED:
		change = ev->revocation_requested.status_change_id;
		break;
	default:
		return 0;
	}
	return wf_id_digest(WF_ID_STATUS_CHANGE, change, out);
}
