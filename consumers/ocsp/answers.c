#include "ocsp/answers.h"

#include <pthread.h>
#include <string.h>

struct place {
	struct pki_ocsp_id id;
	enum pki_ocsp_status status;
	int reason;
	int64_t revoked_at;
	uint8_t by[SHA256_LEN];
	struct kept answer;
};

struct answers {
	pthread_mutex_t lock;
	struct place **places; /* NULL: empty */
	size_t count;
};

bool
answers_new(size_t places, struct answers **out, struct err *e)
{
	AUTO(answers) struct answers *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return ERR_NO_MEMORY(e);
	(void)pthread_mutex_init(&c->lock, NULL);
	c->places = calloc(places + 1, sizeof(void *));
	if (c->places == NULL)
		return ERR_NO_MEMORY(e);
	c->count = places;
	*out = TAKE(c);
	return true;
}

/* FNV-1a of the CertID. */
static struct place **
place_of(const struct answers *c, const struct pki_ocsp_id *id)
{
	uint64_t n = UINT64_C(14695981039346656037);

	for (size_t i = 0; i < id->len; i++)
		n = (n ^ id->der[i]) * UINT64_C(1099511628211);
	return &c->places[n % c->count];
}

static bool
is_it(const struct place *p, const struct answer_key *key)
{
	const struct pki_ocsp_single *s = key->single;

	return bytes_equal(bytes_of(p->id.der, p->id.len),
			   bytes_of(s->id->der, s->id->len)) &&
	       p->status == s->status && p->reason == s->reason &&
	       p->revoked_at == s->revoked_at &&
	       memcmp(p->by, key->by->sha256, SHA256_LEN) == 0 &&
	       p->answer.this_update >= key->from_us &&
	       p->answer.this_update <= key->to_us;
}

static bool
copy(const struct kept *from, struct kept *to)
{
	struct err ignored;

	*to = (struct kept){ .this_update = from->this_update,
			     .next_update = from->next_update };
	return buffer_add(&to->der, from->der.data, from->der.len, &ignored);
}

bool
answers_find(struct answers *c, const struct answer_key *key, struct kept *out)
{
	const struct place *p;
	bool found;

	if (c->count == 0)
		return false;
	(void)pthread_mutex_lock(&c->lock);
	p = *place_of(c, key->single->id);
	found = p != NULL && is_it(p, key) && copy(&p->answer, out);
	(void)pthread_mutex_unlock(&c->lock);
	return found;
}

static void
place_free(struct place *p)
{
	if (p == NULL)
		return;
	buffer_free(&p->answer.der);
	free(p);
}
DEFINE_AUTO(place, struct place *, place_free);

void
answers_put(struct answers *c, const struct answer_key *key,
	    const struct kept *answer)
{
	const struct pki_ocsp_single *s = key->single;
	AUTO(place) struct place *p = calloc(1, sizeof(*p));
	struct place **slot, *old;

	if (c->count == 0 || p == NULL || !copy(answer, &p->answer))
		return;
	p->id = *s->id;
	p->status = s->status;
	p->reason = s->reason;
	p->revoked_at = s->revoked_at;
	memcpy(p->by, key->by->sha256, SHA256_LEN);
	(void)pthread_mutex_lock(&c->lock);
	slot = place_of(c, s->id);
	old = *slot;
	*slot = TAKE(p);
	(void)pthread_mutex_unlock(&c->lock);
	place_free(old);
}

void
answers_free(struct answers *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < c->count; i++)
		place_free(c->places[i]);
	free(c->places);
	(void)pthread_mutex_destroy(&c->lock);
	free(c);
}
