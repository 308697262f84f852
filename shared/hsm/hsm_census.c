#include "hsm/hsm_census.h"

#include <stdlib.h>
#include <string.h>

#include "hsm/hsm_object.h"

#define HANDLES_AT_ONCE 256

/* One half of a key pair. */
struct half {
	uint8_t id[HSM_KEY_ID_LEN];
	bool is_private;
	uint8_t spki_sha256[SHA256_LEN];
};

struct hsm_census {
	struct half *items; /* by id */
	size_t count;
	size_t room;
};

static bool
add(struct hsm_census *c, const struct half *half, struct err *e)
{
	if (c->count == c->room) {
		size_t room = c->room == 0 ? 1024 : 2 * c->room;
		struct half *more = reallocarray(c->items, room, sizeof(*more));

		if (more == NULL)
			return ERR_NO_MEMORY(e);
		c->items = more;
		c->room = room;
	}
	c->items[c->count++] = *half;
	return true;
}

static bool
read_half(const struct hsm_place *p, CK_OBJECT_HANDLE object, bool is_private,
	  struct hsm_census *c, struct err *e)
{
	struct half half = { .is_private = is_private };
	struct hsm_key key;
	size_t len;

	if (!hsm_object_read(p, object, CKA_ID, half.id, sizeof(half.id), &len,
			     e))
		return false;
	if (len != sizeof(half.id))
		return true;
	if (!is_private && !hsm_object_public(p, object, &key, e))
		return false;
	if (!is_private && key.spki_len > 0)
		sha256(hsm_key_spki(&key), half.spki_sha256);
	return add(c, &half, e);
}

/* One that another thread or program destroys meanwhile is no fault of the
 * token, but what was counted is not what is there. */
static bool
look_at(const struct hsm_place *p, CK_OBJECT_HANDLE object, bool is_private,
	struct hsm_census *c, struct err *e)
{
	if (read_half(p, object, is_private, c, e))
		return true;
	if (e->code != (long)CKR_OBJECT_HANDLE_INVALID)
		return false;
	return ERR_SET(e, ERR_RETRY, "hsm", 0,
		       "a key was destroyed while keys were counted");
}

/* All handles first: attributes are not read amid a search. */
static bool
find_all(const struct hsm_place *p, CK_OBJECT_CLASS class, struct buffer *out,
	 struct err *e)
{
	CK_BBOOL kept = CK_TRUE;
	CK_ATTRIBUTE match[] = { { CKA_CLASS, &class, sizeof(class) },
				 { CKA_TOKEN, &kept, sizeof(kept) } };
	CK_OBJECT_HANDLE some[HANDLES_AT_ONCE];
	CK_ULONG n = 0;
	CK_RV rv, end;
	bool ok = true;

	rv = HSM_CALL(p->h, p->lane, C_FindObjectsInit, p->session, match, 2);
	if (rv != CKR_OK)
		return p11_failed(e, P11_OTHER, "C_FindObjectsInit", rv);
	do {
		rv = HSM_CALL(p->h, p->lane, C_FindObjects, p->session, some,
			      HANDLES_AT_ONCE, &n);
		ok = rv != CKR_OK ||
		     buffer_add(out, some, n * sizeof(some[0]), e);
	} while (ok && rv == CKR_OK && n > 0);
	end = HSM_CALL(p->h, p->lane, C_FindObjectsFinal, p->session);
	if (!ok)
		return false;
	if (rv != CKR_OK)
		return p11_failed(e, P11_OTHER, "C_FindObjects", rv);
	return end == CKR_OK ||
	       p11_failed(e, P11_OTHER, "C_FindObjectsFinal", end);
}

static bool
count_class(const struct hsm_place *p, CK_OBJECT_CLASS class,
	    struct hsm_census *c, struct err *e)
{
	AUTO(buffer) struct buffer handles = { 0 };
	CK_OBJECT_HANDLE object;

	if (!find_all(p, class, &handles, e))
		return false;
	for (size_t at = 0; at < handles.len; at += sizeof(object)) {
		memcpy(&object, handles.data + at, sizeof(object));
		if (!look_at(p, object, class == CKO_PRIVATE_KEY, c, e))
			return false;
	}
	return true;
}

static int
by_id(const void *a, const void *b)
{
	return memcmp(((const struct half *)a)->id,
		      ((const struct half *)b)->id, HSM_KEY_ID_LEN);
}

static bool
count_all(struct hsm *h, struct hsm_lane *lane, struct hsm_census *c,
	  struct err *e)
{
	for (size_t i = 0; i < h->token_count; i++) {
		struct hsm_place p;

		/* A token that has forgotten the login hides private keys. */
		if (!hsm_place(h, lane, i, &p, e) ||
		    !count_class(&p, CKO_PUBLIC_KEY, c, e) ||
		    !count_class(&p, CKO_PRIVATE_KEY, c, e) ||
		    !hsm_is_logged_in(h, lane, i, e))
			return err_context(e, "count the keys of token %s",
					   h->tokens[i].label);
	}
	if (c->count > 0)
		qsort(c->items, c->count, sizeof(c->items[0]), by_id);
	return true;
}

bool
hsm_census_take(struct hsm *h, unsigned thread, struct hsm_census **out,
		struct err *e)
{
	AUTO(hsm_census) struct hsm_census *c = calloc(1, sizeof(*c));
	struct hsm_lane *lane;

	if (c == NULL)
		return ERR_NO_MEMORY(e);
	if (!hsm_enter(h, thread, &lane, e))
		return false;
	if (!hsm_leave(h, count_all(h, lane, c, e), e))
		return false;
	*out = TAKE(c);
	return true;
}

/* The first half of this id, or the end. */
static size_t
first(const struct hsm_census *c, const uint8_t id[HSM_KEY_ID_LEN])
{
	size_t low = 0, high = c->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (memcmp(c->items[middle].id, id, HSM_KEY_ID_LEN) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct hsm_census_count
hsm_census_look(const struct hsm_census *c, const uint8_t id[HSM_KEY_ID_LEN])
{
	struct hsm_census_count n = { 0 };

	for (size_t i = first(c, id);
	     i < c->count && memcmp(c->items[i].id, id, HSM_KEY_ID_LEN) == 0;
	     i++) {
		if (c->items[i].is_private) {
			n.private_keys++;
			continue;
		}
		n.public_keys++;
		memcpy(n.spki_sha256, c->items[i].spki_sha256, SHA256_LEN);
	}
	return n;
}

bool
hsm_census_each(const struct hsm_census *c,
		bool (*each)(void *self, const uint8_t id[HSM_KEY_ID_LEN],
			     const struct hsm_census_count *n),
		void *self)
{
	for (size_t i = 0; i < c->count;) {
		const uint8_t *id = c->items[i].id;
		struct hsm_census_count n = hsm_census_look(c, id);

		if (!each(self, id, &n))
			return false;
		i += n.private_keys + n.public_keys;
	}
	return true;
}

void
hsm_census_free(struct hsm_census *c)
{
	if (c == NULL)
		return;
	free(c->items);
	free(c);
}
