#include "ocsp/identity.h"

#include <pthread.h>
#include <string.h>
#include <sys/stat.h>

#include "base/bytes.h"
#include "base/log.h"

struct identity {
	pthread_mutex_t lock; /* of now and of users */
	struct pki_ca *cas[IDENTITY_CAS_MAX];
	char *paths[IDENTITY_CAS_MAX];
	struct file_stamp stamps[IDENTITY_CAS_MAX]; /* when looked at */
	size_t count;
	bool refused; /* what was found last is not used */
	struct papers *now;
};

static void
papers_free(struct papers *p)
{
	if (p == NULL)
		return;
	for (size_t i = 0; i < p->count; i++)
		pki_responder_free(p->of[i]);
	free(p);
}
DEFINE_AUTO(papers, struct papers *, papers_free);

/* Has a file been replaced or written since it was last looked at? */
static bool
has_changed(struct identity *id)
{
	bool changed = false;

	for (size_t i = 0; i < id->count; i++) {
		const struct file_stamp stamp = file_stamp(id->paths[i]);

		changed = changed || !file_stamp_equal(&stamp, &id->stamps[i]);
		id->stamps[i] = stamp;
	}
	return changed;
}

static bool
load(const struct identity *id, struct papers **out, struct err *e)
{
	AUTO(papers) struct papers *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return ERR_NO_MEMORY(e);
	for (; p->count < id->count; p->count++)
		if (!pki_responder_load(id->paths[p->count], id->cas[p->count],
					&p->of[p->count], e))
			return false;
	for (size_t i = 1; i < p->count; i++)
		if (!bytes_equal(p->of[i]->spki, p->of[0]->spki))
			return ERR_SET(e, ERR_FATAL, "ocsp", 0,
				       "%s and %s are of different keys",
				       id->paths[0], id->paths[i]);
	*out = TAKE(p);
	return true;
}

static bool
open_files(struct identity *id, const struct identity_files *files,
	   struct err *e)
{
	struct stat st;

	for (size_t i = 0; i < files->count; i++, id->count++) {
		if (stat(files->responder_paths[i], &st) != 0)
			return ERR_SET(e, ERR_RETRY, "ocsp", 0,
				       "no responder's certificate %s: make it "
				       "with certflow ocsp",
				       files->responder_paths[i]);
		if (!pki_ca_load(files->ca_paths[i], &id->cas[i], e))
			return false;
		id->paths[i] = strdup(files->responder_paths[i]);
		if (id->paths[i] == NULL) {
			pki_ca_free(id->cas[i]);
			return ERR_NO_MEMORY(e);
		}
	}
	return true;
}

bool
identity_open(const struct identity_files *files, struct identity **out,
	      struct err *e)
{
	AUTO(identity) struct identity *id = calloc(1, sizeof(*id));

	if (id == NULL)
		return ERR_NO_MEMORY(e);
	(void)pthread_mutex_init(&id->lock, NULL);
	if (!open_files(id, files, e))
		return false;
	(void)has_changed(id);
	if (!load(id, &id->now, e))
		return false;
	*out = TAKE(id);
	return true;
}

struct pki_ca *const *
identity_cas(const struct identity *id, size_t *count)
{
	*count = id->count;
	return id->cas;
}

struct bytes
identity_spki(const struct identity *id)
{
	return id->now->of[0]->spki;
}

struct papers *
identity_take(struct identity *id)
{
	struct papers *p;

	(void)pthread_mutex_lock(&id->lock);
	p = id->now;
	p->users++;
	(void)pthread_mutex_unlock(&id->lock);
	return p;
}

void
identity_return(struct identity *id, struct papers *p)
{
	bool last;

	(void)pthread_mutex_lock(&id->lock);
	last = --p->users == 0 && p != id->now;
	(void)pthread_mutex_unlock(&id->lock);
	if (last)
		papers_free(p);
}

static void
replace(struct identity *id, struct papers *new)
{
	struct papers *old;
	bool unused;

	(void)pthread_mutex_lock(&id->lock);
	old = id->now;
	unused = old->users == 0;
	id->now = new;
	(void)pthread_mutex_unlock(&id->lock);
	if (unused)
		papers_free(old);
	log_line(LOG_INFO, "ocsp", "responder's certificates read again", NULL);
}

bool
identity_watch(struct identity *id, struct err *e)
{
	AUTO(papers) struct papers *new = NULL;
	struct err why = { 0 };

	if (!has_changed(id) && !id->refused)
		return true;
	if (!load(id, &new, &why) || new->count == 0) {
		if (!id->refused)
			log_err(LOG_ERROR, "ocsp", "new certificates not used",
				&why);
		id->refused = true; /* looked at again, said once */
		return true;
	}
	id->refused = false;
	if (!bytes_equal(new->of[0]->spki, identity_spki(id)))
		return ERR_SET(e, ERR_FATAL, "ocsp", 0,
			       "the responder's certificates are of another "
			       "key now");
	replace(id, TAKE(new));
	return true;
}

int64_t
identity_not_after(struct identity *id)
{
	struct papers *p = identity_take(id);
	int64_t end = INT64_MAX;

	for (size_t i = 0; i < p->count; i++)
		if (p->of[i]->not_after < end)
			end = p->of[i]->not_after;
	identity_return(id, p);
	return end;
}

void
identity_close(struct identity *id)
{
	if (id == NULL)
		return;
	papers_free(id->now);
	for (size_t i = 0; i < id->count; i++) {
		pki_ca_free(id->cas[i]);
		free(id->paths[i]);
	}
	(void)pthread_mutex_destroy(&id->lock);
	free(id);
}
