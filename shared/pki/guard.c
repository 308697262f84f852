#include "pki/guard.h"

#include <pthread.h>
#include <string.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/log.h"
#include "pki/blocklist.h"

struct pki_guard {
	uint8_t ca_keys[GUARD_CAS_MAX][SHA256_LEN];
	size_t ca_count;
	char *path; /* NULL: no blocklist */
	struct file_stamp stamp;
	int64_t looked_us; /* monotonic */
	pthread_rwlock_t lock;
	struct blocklist list; /* under lock */
};

static bool
add_cas(struct pki_guard *g, const struct pki_guard_config *cfg, struct err *e)
{
	if (cfg->other_count >= GUARD_CAS_MAX)
		return ERR_SET(e, ERR_FATAL, "pki", 0, "more than %d other CAs",
			       GUARD_CAS_MAX - 1);
	memcpy(g->ca_keys[g->ca_count++], cfg->ca->key.spki_sha256, SHA256_LEN);
	for (size_t i = 0; i < cfg->other_count; i++) {
		AUTO(pki_ca) struct pki_ca *ca = NULL;

		if (!pki_ca_load(cfg->other_cas[i], &ca, e))
			return false;
		memcpy(g->ca_keys[g->ca_count++], ca->key.spki_sha256,
		       SHA256_LEN);
	}
	return true;
}

bool
pki_guard_new(const struct pki_guard_config *cfg, struct pki_guard **out,
	      struct err *e)
{
	AUTO(pki_guard) struct pki_guard *g = calloc(1, sizeof(*g));

	if (g == NULL || pthread_rwlock_init(&g->lock, NULL) != 0)
		return ERR_NO_MEMORY(e);
	if (!add_cas(g, cfg, e))
		return false;
	if (cfg->blocklist != NULL && *cfg->blocklist != '\0') {
		g->path = strdup(cfg->blocklist);
		if (g->path == NULL)
			return ERR_NO_MEMORY(e);
		/* Before reading: a change meanwhile is seen next time. */
		g->stamp = file_stamp(g->path);
		if (!blocklist_read(g->path, &g->list, e))
			return false;
	}
	*out = TAKE(g);
	return true;
}

void
pki_guard_free(struct pki_guard *g)
{
	if (g == NULL)
		return;
	blocklist_free(&g->list);
	(void)pthread_rwlock_destroy(&g->lock);
	free(g->path);
	free(g);
}

enum pki_guard_news
pki_guard_refresh(struct pki_guard *g, struct err *e)
{
	const int64_t now = clock_monotonic_us();
	struct blocklist fresh = { 0 }, old;
	struct file_stamp stamp;

	if (g->path == NULL || now - g->looked_us < US_PER_S)
		return PKI_GUARD_SAME;
	g->looked_us = now;
	stamp = file_stamp(g->path);
	if (file_stamp_equal(&stamp, &g->stamp))
		return PKI_GUARD_SAME;
	g->stamp = stamp;
	if (!blocklist_read(g->path, &fresh, e))
		return PKI_GUARD_KEPT;
	(void)pthread_rwlock_wrlock(&g->lock);
	old = g->list;
	g->list = fresh;
	(void)pthread_rwlock_unlock(&g->lock);
	blocklist_free(&old);
	return PKI_GUARD_READ;
}

void
pki_guard_watch(struct pki_guard *g)
{
	struct err e = { 0 };
	char digests[24];

	switch (pki_guard_refresh(g, &e)) {
	case PKI_GUARD_SAME:
		return;
	case PKI_GUARD_READ:
		log_line(LOG_INFO, g->path, "blocklist read", "digests",
			 log_int(digests, (long long)pki_guard_count(g)), NULL);
		return;
	case PKI_GUARD_KEPT:
		log_err(LOG_ERROR, g->path,
			"the blocklist changed and cannot be used, the last "
			"good one stays in force",
			&e);
	}
}

size_t
pki_guard_count(struct pki_guard *g)
{
	size_t n;

	(void)pthread_rwlock_rdlock(&g->lock);
	n = blocklist_count(&g->list);
	(void)pthread_rwlock_unlock(&g->lock);
	return n;
}

static bool
refuse(struct pki_refusal *why, enum ev_refusal_code code, const char *reason)
{
	*why = (struct pki_refusal){ code, "subjectPublicKeyInfo", reason };
	return false;
}

bool
pki_guard_check(struct pki_guard *g, struct bytes spki,
		const struct pki_key *key, struct pki_refusal *why)
{
	bool listed;

	for (size_t i = 0; i < g->ca_count; i++)
		if (memcmp(g->ca_keys[i], key->spki_sha256, SHA256_LEN) == 0)
			return refuse(why, EV_REFUSAL_CODE_KEY_IS_CA_KEY,
				      "is the key of a CA");
	(void)pthread_rwlock_rdlock(&g->lock);
	listed = blocklist_holds(&g->list, spki, key);
	(void)pthread_rwlock_unlock(&g->lock);
	return !listed || refuse(why, EV_REFUSAL_CODE_KEY_BLOCKLISTED,
				 "is publicly known to be compromised");
}
