/* The names that events bring along: of persons, and of new objects. */
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
