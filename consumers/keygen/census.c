/*
 * After a start every recent enrolment is settled (see observe.c), and nearly
 * none has a key too many.  A search walks through the whole token, so they
 * share one count of all keys, and only who has another key is searched for.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "keygen.h"

/* A count serves so long, and events that are this much older than it. */
#define CENSUS_US (60 * US_PER_S)

struct keygen_census {
	pthread_mutex_t lock; /* guards the rest; held while counting */
	struct hsm_census *keys;
	int64_t taken_us; /* wall clock, as the events' recorded_at */
};

bool
keygen_census_new(struct keygen_census **out, struct err *e)
{
	*out = calloc(1, sizeof(**out));
	if (*out == NULL)
		return ERR_NO_MEMORY(e);
	pthread_mutex_init(&(*out)->lock, NULL);
	return true;
}

void
keygen_census_free(struct keygen_census *c)
{
	if (c == NULL)
		return;
	hsm_census_free(c->keys);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

/* With the lock held. */
static bool
renew(struct keygen_census *c, const struct keygen_thread *t, struct err *e)
{
	int64_t now = clock_now_us();

	/* A clock that was set back makes it no younger. */
	if (c->keys != NULL && now >= c->taken_us &&
	    now - c->taken_us < CENSUS_US)
		return true;
	hsm_census_free(c->keys);
	c->keys = NULL;
	c->taken_us = now;
	return hsm_census_take(t->keygen->hsm, t->number, &c->keys, e);
}

static bool
has_only_the_admitted(const struct keygen_job *job,
		      const struct hsm_census_count *n)
{
	if (n->private_keys + n->public_keys == 0)
		return true;
	return job->has_admitted && n->private_keys == 1 &&
	       n->public_keys == 1 &&
	       memcmp(n->spki_sha256, job->admitted.b, SHA256_LEN) == 0;
}

bool
keygen_census_is_clean(const struct keygen_thread *t,
		       const struct keygen_job *job, bool *clean, struct err *e)
{
	struct keygen_census *c = t->keygen->census;
	struct hsm_census_count n;
	bool ok;

	*clean = false;
	if (job->recorded_us > clock_now_us() - CENSUS_US)
		return true;
	pthread_mutex_lock(&c->lock);
	ok = renew(c, t, e);
	if (ok && job->recorded_us < c->taken_us - CENSUS_US) {
		n = hsm_census_look(c->keys, job->id);
		*clean = has_only_the_admitted(job, &n);
	}
	pthread_mutex_unlock(&c->lock);
	return ok;
}
