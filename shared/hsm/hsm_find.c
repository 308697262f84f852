/*
 * Searching key pairs in all tokens.
 */
#include <string.h>

#include "hsm/hsm_object.h"

#define MATCH_MAX 6

/* A search in one token. */
struct search {
	struct hsm_place place;
	const struct hsm_query *query;
	const struct p11_public *wanted; /* parts of query->spki, or NULL */
	struct hsm_objects private_keys;
	struct hsm_objects public_keys;
	bool paired[HSM_OBJECTS_MAX]; /* public keys with a private half */
	struct hsm_keys *out;
};

static void
add(CK_ATTRIBUTE *match, CK_ULONG *n, CK_ATTRIBUTE_TYPE type, const void *value,
    size_t len)
{
	match[*n].type = type;
	memcpy(&match[*n].pValue, &value, sizeof(value)); /* drops const */
	match[*n].ulValueLen = len;
	(*n)++;
}

/* id: instead of the query's; only EC private keys are found that way. */
static bool
find_class(struct search *s, CK_OBJECT_CLASS class, struct bytes id,
	   struct hsm_objects *out, struct err *e)
{
	const struct hsm_query *q = s->query;
	CK_ATTRIBUTE match[MATCH_MAX];
	CK_ULONG n = 0;

	add(match, &n, CKA_CLASS, &class, sizeof(class));
	if (id.data != NULL)
		add(match, &n, CKA_ID, id.data, id.len);
	else if (q->id != NULL)
		add(match, &n, CKA_ID, q->id, HSM_KEY_ID_LEN);
	if (q->label != NULL)
		add(match, &n, CKA_LABEL, q->label, strlen(q->label));
	if (s->wanted != NULL && s->wanted->modulus_len > 0)
		add(match, &n, CKA_MODULUS, s->wanted->modulus,
		    s->wanted->modulus_len);
	if (s->wanted != NULL && s->wanted->point_len > 0 &&
	    class == CKO_PUBLIC_KEY)
		add(match, &n, CKA_EC_POINT, s->wanted->point,
		    s->wanted->point_len);
	return hsm_objects_find(&s->place, match, n, out, e);
}

/* An EC private key does not tell its point: go by the public keys' ids. */
static bool
find_private_by_public(struct search *s, struct err *e)
{
	s->private_keys.count = 0;
	for (size_t i = 0; i < s->public_keys.count; i++) {
		struct hsm_objects some;
		struct hsm_key k = { 0 };

		if (!hsm_object_name(&s->place, s->public_keys.items[i], &k, e))
			return false;
		if (k.id_len == 0)
			continue;
		if (!find_class(s, CKO_PRIVATE_KEY, bytes_of(k.id, k.id_len),
				&some, e))
			return false;
		for (size_t j = 0; j < some.count; j++)
			if (s->private_keys.count < HSM_OBJECTS_MAX)
				s->private_keys.items[s->private_keys.count++] =
					some.items[j];
	}
	return true;
}

static bool
find_objects(struct search *s, struct err *e)
{
	bool by_point = s->wanted != NULL && s->wanted->point_len > 0 &&
			s->query->id == NULL;

	if (!find_class(s, CKO_PUBLIC_KEY, (struct bytes){ 0 }, &s->public_keys,
			e))
		return false;
	if (by_point)
		return find_private_by_public(s, e);
	return find_class(s, CKO_PRIVATE_KEY, (struct bytes){ 0 },
			  &s->private_keys, e);
}

static void
keep(struct search *s, const struct hsm_key *key)
{
	struct bytes wanted = s->query->spki;

	if (wanted.data != NULL && !bytes_equal(wanted, hsm_key_spki(key)))
		return;
	if (s->out->count == HSM_KEYS_MAX)
		s->out->more = true;
	else
		s->out->items[s->out->count++] = *key;
}

/* A token may stumble: that a key does not fit is what it says twice. */
static bool
fits(struct search *s, const struct hsm_key *pair, bool *yes, struct err *e)
{
	AUTO(buffer) struct buffer signature = { 0 };

	*yes = false;
	for (int i = 0; i < 2 && !*yes; i++) {
		*yes = hsm_lane_sign(s->place.h, s->place.lane, pair,
				     pki_signature_default(pair->algorithm),
				     bytes_of_str(HSM_TEST_TEXT), &signature,
				     e);
		if (!*yes && e->kind != ERR_REJECT)
			return false;
	}
	return true;
}

/* Do the halves belong together? RSA tells; EC is asked for a signature. */
static bool
belongs(struct search *s, const struct hsm_key *private_key,
	const struct hsm_key *public_key, bool *yes, struct err *e)
{
	struct hsm_key pair = *private_key;

	*yes = false;
	if (public_key->spki_len == 0)
		return true;
	if (private_key->spki_len > 0) {
		*yes = bytes_equal(hsm_key_spki(private_key),
				   hsm_key_spki(public_key));
		return true;
	}
	if (public_key->algorithm != EV_KEY_ALGORITHM_EC_P256 &&
	    public_key->algorithm != EV_KEY_ALGORITHM_EC_P384)
		return true;
	memcpy(pair.spki, public_key->spki, public_key->spki_len);
	pair.spki_len = public_key->spki_len;
	pair.algorithm = public_key->algorithm;
	return fits(s, &pair, yes, e);
}

static bool
pair_up(struct search *s, struct hsm_key *key, struct err *e)
{
	for (size_t i = 0; i < s->public_keys.count; i++) {
		CK_OBJECT_HANDLE object = s->public_keys.items[i];
		struct hsm_key other = { 0 };
		bool yes;

		if (s->paired[i])
			continue;
		if (!hsm_object_public(&s->place, object, &other, e) ||
		    !belongs(s, key, &other, &yes, e))
			return false;
		if (!yes)
			continue;
		s->paired[i] = true;
		memcpy(key->spki, other.spki, other.spki_len);
		key->spki_len = other.spki_len;
		key->algorithm = other.algorithm;
		key->has_public = true;
		key->public_handle = object;
		return true;
	}
	return true;
}

/* A handle that is not what was searched for is the token's fault: nothing may
 * be signed, reported or destroyed by it. */
static bool
check_name(const struct search *s, CK_OBJECT_HANDLE object, struct hsm_key *key,
	   struct err *e)
{
	const struct hsm_query *q = s->query;

	if (!hsm_object_name(&s->place, object, key, e))
		return false;
	if ((q->id == NULL || (key->id_len == HSM_KEY_ID_LEN &&
			       memcmp(key->id, q->id, HSM_KEY_ID_LEN) == 0)) &&
	    (q->label == NULL || strcmp(key->label, q->label) == 0))
		return true;
	return ERR_SET(e, ERR_RETRY, "hsm", (long)CKR_OBJECT_HANDLE_INVALID,
		       "search answers with the handle of another object");
}

static bool
take_private(struct search *s, CK_OBJECT_HANDLE object, struct err *e)
{
	struct hsm_key key = { .has_private = true, .private_handle = object };

	if (!check_name(s, object, &key, e) ||
	    !hsm_object_private(&s->place, object, &key, e) ||
	    !hsm_object_public(&s->place, object, &key, e) ||
	    !pair_up(s, &key, e))
		return false;
	keep(s, &key);
	return true;
}

static bool
take_public(struct search *s, CK_OBJECT_HANDLE object, struct err *e)
{
	struct hsm_key key = { .has_public = true, .public_handle = object };

	if (!check_name(s, object, &key, e) ||
	    !hsm_object_public(&s->place, object, &key, e))
		return false;
	keep(s, &key);
	return true;
}

static bool
search_token(struct search *s, struct err *e)
{
	if (!find_objects(s, e))
		return false;
	for (size_t i = 0; i < s->private_keys.count; i++)
		if (!take_private(s, s->private_keys.items[i], e))
			return false;
	for (size_t i = 0; i < s->public_keys.count; i++)
		if (!s->paired[i] &&
		    !take_public(s, s->public_keys.items[i], e))
			return false;
	s->out->more |= s->private_keys.more || s->public_keys.more;
	/* A token that has forgotten the login hides the private keys. */
	return hsm_is_logged_in(s->place.h, s->place.lane, s->place.token, e);
}

bool
hsm_lane_find(struct hsm *h, struct hsm_lane *lane,
	      const struct hsm_query *query, struct hsm_keys *out,
	      struct err *e)
{
	struct p11_public wanted;

	if (query->id == NULL && query->label == NULL &&
	    query->spki.data == NULL)
		return ERR_SET(e, ERR_FATAL, "hsm", 0, "search for anything");
	if (query->spki.data != NULL &&
	    !p11_public_from_spki(query->spki, &wanted))
		return ERR_SET(e, ERR_FATAL, "hsm", 0,
			       "search for what is no public key");
	out->count = 0;
	out->more = false;
	for (size_t i = 0; i < h->token_count; i++) {
		struct search s = { .query = query, .out = out };

		if (query->spki.data != NULL)
			s.wanted = &wanted;
		if (!hsm_place(h, lane, i, &s.place, e) || !search_token(&s, e))
			return err_context(e, "search in token %s",
					   h->tokens[i].label);
	}
	return true;
}

bool
hsm_find(struct hsm *h, unsigned thread, const struct hsm_query *query,
	 struct hsm_keys *out, struct err *e)
{
	struct hsm_lane *lane;

	if (!hsm_enter(h, thread, &lane, e))
		return false;
	return hsm_leave(h, hsm_lane_find(h, lane, query, out, e), e);
}
