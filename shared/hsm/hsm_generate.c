/*
 * Making key pairs, judging what the token made, and destroying them.
 */
#include <string.h>

#include "hsm/hsm_object.h"
#include "hsm/p11_template.h"

/* What is asked for. */
struct wish {
	const struct p11_algorithm *algorithm;
	struct p11_allowed allowed; /* signing mechanisms */
	const uint8_t *id;
	const char *label;
};

static bool
has_name(const struct hsm_key *key, const uint8_t *id, size_t id_len,
	 const char *label)
{
	return key->id_len == id_len && memcmp(key->id, id, id_len) == 0 &&
	       strcmp(key->label, label) == 0;
}

/* What is destroyed is gone for ever: the token says once more what it is. */
static bool
destroy_object(const struct hsm_place *p, CK_OBJECT_HANDLE object,
	       const struct hsm_key *key, struct err *e)
{
	struct hsm_key now;
	CK_RV rv;

	if (!hsm_object_name(p, object, &now, e))
		return false;
	if (!has_name(&now, key->id, key->id_len, key->label))
		return ERR_SET(e, ERR_RETRY, "hsm",
			       (long)CKR_OBJECT_HANDLE_INVALID,
			       "token %s: a handle has become another object's",
			       key->token);
	rv = HSM_CALL(p->h, p->lane, C_DestroyObject, p->session, object);
	return rv == CKR_OK || p11_failed(e, P11_OTHER, "C_DestroyObject", rv);
}

/* The private half first: what then remains harms nobody. */
static bool
destroy_pair(const struct hsm_place *p, const struct hsm_key *key,
	     struct err *e)
{
	return (!key->has_private ||
		destroy_object(p, key->private_handle, key, e)) &&
	       (!key->has_public ||
		destroy_object(p, key->public_handle, key, e));
}

static bool
differs(struct err *e, const struct hsm_key *key, const char *name)
{
	return ERR_SET(e, ERR_REJECT, "hsm", HSM_ATTRIBUTES_NOT_AS_ASKED,
		       "token %s: %s is not as asked", key->token, name);
}

static bool
check_mechanisms(const struct hsm_place *p, const struct wish *w,
		 const struct hsm_key *key, struct err *e)
{
	const size_t one = sizeof(w->allowed.list[0]);
	CK_MECHANISM_TYPE list[4];
	size_t len, found = 0;

	if ((p->h->skipped >> p11_row_mechanisms() & 1) != 0)
		return true;
	if (!hsm_object_read(p, key->private_handle, CKA_ALLOWED_MECHANISMS,
			     list, sizeof(list), &len, e))
		return false;
	for (size_t i = 0; i < len / one; i++)
		for (size_t k = 0; k < w->allowed.count; k++)
			found += list[i] == w->allowed.list[k];
	if (len != w->allowed.count * one || found != w->allowed.count)
		return differs(e, key, "CKA_ALLOWED_MECHANISMS");
	return true;
}

static bool
check_attributes(const struct hsm_place *p, const struct wish *w,
		 const struct hsm_key *key, struct err *e)
{
	size_t count;
	const struct p11_flag *flags = p11_flags(&count);

	for (size_t i = 0; i < count; i++) {
		bool value;

		if ((p->h->skipped >> i & 1) != 0)
			continue;
		if (!hsm_object_flag(p, key->private_handle, flags[i].type,
				     !flags[i].value, &value, e))
			return false;
		if (value != flags[i].value)
			return differs(e, key, flags[i].name);
	}
	return check_mechanisms(p, w, key, e);
}

static bool
check_key(const struct wish *w, const struct hsm_key *key, struct err *e)
{
	if (key->algorithm == w->algorithm->algorithm)
		return true;
	return ERR_SET(e, ERR_REJECT, "hsm", HSM_WEAK_KEY,
		       "token %s: made a key that is not %s", key->token,
		       ev_key_algorithm_name(w->algorithm->algorithm));
}

/*
 * The handles name other objects than we asked for.  If ours is in the token
 * they are just wrong, and the key is found when the order is tried again.
 * Nothing is destroyed: it would be somebody else's.
 */
static bool
is_misnamed(const struct hsm_place *p, const struct wish *w,
	    const struct hsm_key *key, struct err *e)
{
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_ATTRIBUTE match[3] = { { CKA_CLASS, &class, sizeof(class) },
				  { CKA_ID, NULL, HSM_KEY_ID_LEN },
				  { CKA_LABEL, NULL, strlen(w->label) } };
	struct hsm_objects found;

	memcpy(&match[1].pValue, &w->id, sizeof(w->id)); /* drops const */
	memcpy(&match[2].pValue, &w->label, sizeof(w->label));
	if (!hsm_objects_find(p, match, 3, &found, e))
		return false;
	if (found.count == 0)
		return differs(e, key, "CKA_ID or CKA_LABEL");
	return ERR_SET(e, ERR_RETRY, "hsm", (long)CKR_OBJECT_HANDLE_INVALID,
		       "token %s: handles of another key pair", key->token);
}

/* Both halves, the private one last: what key tells of is that one. */
static bool
read_names(const struct hsm_place *p, const struct wish *w, struct hsm_key *key,
	   bool *as_asked, struct err *e)
{
	if (!hsm_object_name(p, key->public_handle, key, e))
		return false;
	*as_asked = has_name(key, w->id, HSM_KEY_ID_LEN, w->label);
	if (!hsm_object_name(p, key->private_handle, key, e))
		return false;
	*as_asked = *as_asked && has_name(key, w->id, HSM_KEY_ID_LEN, w->label);
	return true;
}

/* Everything about the new pair; what is not right is destroyed. */
static bool
judge(const struct hsm_place *p, const struct wish *w, struct hsm_key *key,
      struct err *e)
{
	struct err ignored;
	bool as_asked;

	if (!read_names(p, w, key, &as_asked, e))
		return false;
	if (!as_asked)
		return is_misnamed(p, w, key, e);
	if (hsm_object_private(p, key->private_handle, key, e) &&
	    hsm_object_public(p, key->public_handle, key, e) &&
	    check_attributes(p, w, key, e) && check_key(w, key, e))
		return true;
	/* If that fails the token is at fault and the pair is found by its
	 * label when the order is carried out again. */
	if (!destroy_pair(p, key, &ignored))
		*e = ignored;
	return false;
}

static bool
generate_in(const struct hsm_place *p, const struct wish *w,
	    struct hsm_key *out, long *ckr, struct err *e)
{
	CK_MECHANISM mechanism = { .mechanism = w->algorithm->generate };
	struct hsm_key key = { .has_private = true, .has_public = true };
	struct p11_templates t;
	CK_RV rv;

	p11_templates_fill(&t, w->algorithm, &w->allowed, p->h->skipped, w->id,
			   w->label);
	rv = HSM_CALL_FOR(p->h->call_deadline_us * HSM_GENERATE_FACTOR, p->h,
			  p->lane, C_GenerateKeyPair, p->session, &mechanism,
			  t.public_key, t.public_count, t.private_key,
			  t.private_count, &key.public_handle,
			  &key.private_handle);
	if (rv != CKR_OK) {
		*ckr = (long)rv;
		(void)p11_failed(e, P11_GENERATE, "C_GenerateKeyPair", rv);
		return err_context(e, "token %s", p->h->tokens[p->token].label);
	}
	if (!judge(p, w, &key, e))
		return false;
	*out = key;
	return true;
}

/* Token after token while they are full. */
static bool
generate(struct hsm *h, struct hsm_lane *lane, const struct wish *w,
	 struct hsm_key *out, long *ckr, struct err *e)
{
	size_t first = 0;

	if (h->placement == HSM_ROUND_ROBIN)
		first = atomic_fetch_add(&h->next_token, 1);
	for (size_t i = 0; i < h->token_count; i++) {
		struct hsm_place p;

		if (!hsm_place(h, lane, (first + i) % h->token_count, &p, e))
			return false;
		if (generate_in(&p, w, out, ckr, e))
			return true;
		if (e->kind != ERR_REJECT || e->code != HSM_TOKEN_FULL)
			return false;
	}
	return false;
}

bool
hsm_generate(struct hsm *h, unsigned thread, enum ev_key_algorithm algorithm,
	     const uint8_t id[HSM_KEY_ID_LEN], const char *label,
	     struct hsm_key *out, long *ckr, struct err *e)
{
	struct wish w = { .algorithm = p11_algorithm(algorithm),
			  .id = id,
			  .label = label };
	struct hsm_lane *lane;
	long ignored;

	if (w.algorithm == NULL || strlen(label) >= HSM_LABEL_MAX ||
	    h->read_only)
		return ERR_SET(e, ERR_FATAL, "hsm", 0,
			       "key generation: algorithm, label or mode");
	w.allowed = p11_allowed(w.algorithm, h->ca_keys);
	if (ckr == NULL)
		ckr = &ignored;
	*ckr = 0;
	if (!hsm_enter(h, thread, &lane, e))
		return false;
	return hsm_leave(h, generate(h, lane, &w, out, ckr, e), e);
}

static bool
destroy(struct hsm *h, struct hsm_lane *lane, const struct hsm_key *key,
	struct err *e)
{
	struct hsm_place p;

	if (key->epoch != h->epoch)
		return ERR_SET(e, ERR_RETRY, "hsm", 0,
			       "token %s was opened anew; search the key again",
			       key->token);
	return hsm_place(h, lane, key->token_index, &p, e) &&
	       destroy_pair(&p, key, e);
}

bool
hsm_destroy(struct hsm *h, unsigned thread, const struct hsm_key *key,
	    struct err *e)
{
	struct hsm_lane *lane;

	if (h->read_only)
		return ERR_SET(e, ERR_FATAL, "hsm", 0, "opened read only");
	if (!hsm_enter(h, thread, &lane, e))
		return false;
	return hsm_leave(h, destroy(h, lane, key, e), e);
}
