/*
 * Destroying keys that must not be there: all of an abandoned enrolment, and
 * all but the admitted one of any other.
 */
#include <string.h>

#include "keygen.h"

static bool
is_admitted(const struct keygen_job *job, const struct hsm_key *key)
{
	uint8_t digest[SHA256_LEN];

	if (!job->has_admitted || key->spki_len == 0)
		return false;
	sha256(hsm_key_spki(key), digest);
	return memcmp(digest, job->admitted.b, SHA256_LEN) == 0;
}

/*
 * Half a key whose public part is not known could be the admitted one's:
 * it goes only if the admitted pair is there whole.
 */
static bool
may_go(const struct keygen_job *job, const struct hsm_keys *found,
       const struct hsm_key *key)
{
	if (!job->has_admitted)
		return true;
	if (key->spki_len > 0)
		return !is_admitted(job, key);
	for (size_t i = 0; i < found->count; i++)
		if (found->items[i].has_private && found->items[i].has_public &&
		    is_admitted(job, &found->items[i]))
			return true;
	return false;
}

static bool
remove_found(const struct keygen_thread *t, struct keygen_job *job,
	     const struct hsm_keys *found, size_t *gone, struct err *e)
{
	*gone = 0;
	for (size_t i = 0; i < found->count; i++) {
		const struct hsm_key *key = &found->items[i];

		if (!may_go(job, found, key))
			continue;
		if (!hsm_destroy(t->keygen->hsm, t->number, key, e))
			return false;
		(*gone)++;
		/* The outcome names one: rather one whose key is known. */
		if (!job->has_key || job->key.spki_len == 0)
			job->key = *key;
		job->has_key = true;
	}
	return true;
}

/* Once more after each removal: a search reports so many keys at a time. */
bool
keygen_remove(const struct keygen_thread *t, struct keygen_job *job,
	      struct err *e)
{
	const struct hsm_query query = { .id = job->id, .label = job->label };
	struct hsm_keys found;
	size_t gone;
	bool clean = false;

	if (job->task == KEYGEN_SETTLE &&
	    !keygen_census_is_clean(t, job, &clean, e))
		return false;
	if (clean)
		return true;
	do {
		if (!hsm_find(t->keygen->hsm, t->number, &query, &found, e) ||
		    !remove_found(t, job, &found, &gone, e))
			return false;
	} while (gone > 0);
	return true;
}
