#include "ocsp/known.h"

#include <pthread.h>

#include "base/clock.h"
#include "pki/certificate.h"

struct known {
	pthread_mutex_t lock;
	struct status_book **books;
	size_t count;
	int64_t limit_us;
	int64_t wall_us; /* as of; 0: never */
	int64_t monotonic_us;
};

bool
known_new(struct pki_ca *const *cas, size_t count, int64_t limit_us,
	  struct known **out, struct err *e)
{
	AUTO(known) struct known *k = calloc(1, sizeof(*k));

	if (k == NULL)
		return ERR_NO_MEMORY(e);
	(void)pthread_mutex_init(&k->lock, NULL);
	k->limit_us = limit_us;
	k->books = calloc(count + 1, sizeof(void *));
	if (k->books == NULL)
		return ERR_NO_MEMORY(e);
	for (; k->count < count; k->count++) {
		struct status_book **book = &k->books[k->count];

		if (!status_book_new(cas[k->count]->subject, book, e))
			return false;
		status_book_verify(*book, pki_certificate_is_by, cas[k->count]);
	}
	*out = TAKE(k);
	return true;
}

bool
known_apply(struct known *k, const struct event *ev, struct err *e)
{
	bool ok = true;

	(void)pthread_mutex_lock(&k->lock);
	for (size_t i = 0; i < k->count && ok; i++)
		ok = status_book_apply(k->books[i], ev, e);
	(void)pthread_mutex_unlock(&k->lock);
	return ok;
}

void
known_until(struct known *k, int64_t wall_us, int64_t monotonic_us)
{
	(void)pthread_mutex_lock(&k->lock);
	k->wall_us = wall_us;
	k->monotonic_us = monotonic_us;
	(void)pthread_mutex_unlock(&k->lock);
}

int64_t
known_as_of(struct known *k, int64_t monotonic_us)
{
	int64_t as_of;

	(void)pthread_mutex_lock(&k->lock);
	as_of = monotonic_us - k->monotonic_us > k->limit_us ? 0 : k->wall_us;
	(void)pthread_mutex_unlock(&k->lock);
	return as_of;
}

int64_t
known_age(struct known *k, int64_t monotonic_us)
{
	int64_t age;

	(void)pthread_mutex_lock(&k->lock);
	age = k->wall_us == 0 ? -1 : monotonic_us - k->monotonic_us;
	(void)pthread_mutex_unlock(&k->lock);
	return age;
}

static void
ask(const struct status_book *book, struct pki_ocsp_single *s)
{
	struct status_entry entry = { 0 };
	uint8_t serial[EVENT_SERIAL_OCTETS_MAX];
	size_t len = 0;

	s->status = PKI_OCSP_UNKNOWN;
	s->reason = 0;
	s->revoked_at = 0;
	if (!hex_decode(s->id->serial_number, serial, sizeof(serial), &len) ||
	    len == 0 || !status_book_find(book, bytes_of(serial, len), &entry))
		return;
	if (entry.kind == STATUS_GOOD)
		s->status = PKI_OCSP_GOOD;
	if (entry.kind != STATUS_REVOKED)
		return;
	s->status = PKI_OCSP_REVOKED;
	s->reason = (int)entry.reason;
	s->revoked_at = entry.revoked_at_us;
}

void
known_ask(struct known *k, size_t ca, struct pki_ocsp_single *singles,
	  size_t count)
{
	(void)pthread_mutex_lock(&k->lock);
	for (size_t i = 0; i < count; i++)
		ask(k->books[ca], &singles[i]);
	(void)pthread_mutex_unlock(&k->lock);
}

size_t
known_count(struct known *k)
{
	size_t n = 0;

	(void)pthread_mutex_lock(&k->lock);
	for (size_t i = 0; i < k->count; i++)
		n += status_book_count(k->books[i]);
	(void)pthread_mutex_unlock(&k->lock);
	return n;
}

void
known_free(struct known *k)
{
	if (k == NULL)
		return;
	for (size_t i = 0; i < k->count; i++)
		status_book_free(k->books[i]);
	free(k->books);
	(void)pthread_mutex_destroy(&k->lock);
	free(k);
}
