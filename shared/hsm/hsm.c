#include "hsm/hsm.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "hsm/hsm_internal.h"
#include "hsm/p11_template.h"

static bool
check_settings(const struct hsm_settings *s, struct err *e)
{
	if (s->token_count == 0 || s->token_count > HSM_TOKENS_MAX)
		return ERR_SET(e, ERR_FATAL, "hsm", 0, "1 to %d tokens",
			       HSM_TOKENS_MAX);
	if (s->threads == 0 || s->threads > HSM_THREADS_MAX)
		return ERR_SET(e, ERR_FATAL, "hsm", 0, "1 to %d threads",
			       HSM_THREADS_MAX);
	if (s->own_spki.len > PKI_SPKI_MAX)
		return ERR_SET(e, ERR_FATAL, "hsm", 0, "public key too long");
	if (s->check_every_us <= 0)
		return ERR_SET(e, ERR_FATAL, "hsm", 0, "no check interval");
	for (size_t i = 0; i < s->token_count; i++)
		if (s->tokens[i][0] == '\0' ||
		    strlen(s->tokens[i]) >= HSM_TOKEN_LABEL_MAX)
			return ERR_SET(e, ERR_FATAL, "hsm", 0,
				       "token label %s: 1 to 32 octets",
				       s->tokens[i]);
	return true;
}

static bool
fill(struct hsm *h, const struct hsm_settings *s, struct err *e)
{
	for (size_t i = 0; i < s->token_count; i++)
		snprintf(h->tokens[i].label, sizeof(h->tokens[i].label), "%s",
			 s->tokens[i]);
	h->token_count = s->token_count;
	h->threads = s->threads;
	h->placement = s->placement;
	h->read_only = s->read_only;
	h->ca_keys = s->ca_keys;
	h->own_kinds = s->own_kinds;
	h->check_every_us = s->check_every_us;
	h->call_deadline_us = s->call_deadline_us > 0 ? s->call_deadline_us
						      : HSM_CALL_DEADLINE_US;
	h->why = (struct err){ .kind = ERR_RETRY,
			       .origin = "hsm",
			       .file = __FILE__,
			       .line = __LINE__,
			       .text = "tokens are being opened" };
	h->lanes = calloc(s->threads + 1, sizeof(*h->lanes));
	if (h->lanes == NULL)
		return ERR_NO_MEMORY(e);
	return p11_skip_parse(s->skip_attributes, s->skip_count, &h->skipped,
			      e) &&
	       p11_pin_init(&h->pin, s->pin_file, s->refused_pin_file, e) &&
	       buffer_add(&h->own_spki, s->own_spki.data, s->own_spki.len, e) &&
	       (s->own_spki.len == 0 ||
		pki_verifier_new(s->own_spki, &h->own_verifier, e)) &&
	       p11_load(s->module, &h->p11, e);
}

static void
release(struct hsm *h)
{
	pthread_cond_destroy(&h->unwatched);
	pthread_cond_destroy(&h->changed);
	pthread_mutex_destroy(&h->lock);
	pki_verifier_free(h->own_verifier);
	buffer_free(&h->own_spki);
	free(h->lanes);
	free(h);
}

static void
end_watch(struct hsm *h)
{
	pthread_mutex_lock(&h->lock);
	h->watching = false;
	pthread_cond_broadcast(&h->unwatched);
	pthread_mutex_unlock(&h->lock);
	pthread_join(h->watch, NULL);
}

static bool
start_threads(struct hsm *h, struct err *e)
{
	h->watching = true;
	if (pthread_create(&h->watch, NULL, hsm_watch, h) != 0)
		return ERR_SET(e, ERR_FATAL, "hsm", 0, "no watching thread");
	if (pthread_create(&h->supervisor, NULL, hsm_supervise, h) != 0) {
		end_watch(h);
		return ERR_SET(e, ERR_FATAL, "hsm", 0, "no supervisor thread");
	}
	return true;
}

bool
hsm_open(const struct hsm_settings *settings, struct hsm **out, struct err *e)
{
	pthread_condattr_t attr;
	struct hsm *h;

	if (!check_settings(settings, e))
		return false;
	h = calloc(1, sizeof(*h));
	if (h == NULL)
		return ERR_NO_MEMORY(e);
	pthread_mutex_init(&h->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&h->changed, &attr);
	pthread_cond_init(&h->unwatched, &attr);
	pthread_condattr_destroy(&attr);
	if (!fill(h, settings, e)) {
		release(h);
		return false;
	}
	if (!start_threads(h, e)) {
		release(h);
		return false;
	}
	*out = h;
	return true;
}

void
hsm_close(struct hsm *h)
{
	if (h == NULL)
		return;
	pthread_mutex_lock(&h->lock);
	h->stop = true;
	pthread_cond_broadcast(&h->changed);
	pthread_mutex_unlock(&h->lock);
	pthread_join(h->supervisor, NULL);
	end_watch(h); /* it ends the process if the supervisor hangs */
	release(h);
}

bool
hsm_ready(struct hsm *h, struct err *e)
{
	bool up;

	pthread_mutex_lock(&h->lock);
	up = h->state == HSM_UP;
	if (!up)
		*e = h->why;
	pthread_mutex_unlock(&h->lock);
	return up;
}

bool
hsm_wait_ready(struct hsm *h, int64_t timeout_us, struct err *e)
{
	int64_t at = clock_monotonic_us() + timeout_us;
	struct timespec ts = { .tv_sec = at / US_PER_S,
			       .tv_nsec = at % US_PER_S * 1000 };
	int rc = 0;

	pthread_mutex_lock(&h->lock);
	while (h->state != HSM_UP && rc == 0)
		rc = pthread_cond_timedwait(&h->changed, &h->lock, &ts);
	pthread_mutex_unlock(&h->lock);
	return hsm_ready(h, e);
}

int64_t
hsm_last_good_us(const struct hsm *h)
{
	return atomic_load(&h->last_good_us);
}

uint64_t
hsm_epoch(struct hsm *h)
{
	uint64_t epoch;

	pthread_mutex_lock(&h->lock);
	epoch = h->epoch;
	pthread_mutex_unlock(&h->lock);
	return epoch;
}
