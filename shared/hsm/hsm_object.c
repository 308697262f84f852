#include "hsm/hsm_object.h"

#include <string.h>

#define MECHANISMS_MAX 64

bool
hsm_place(struct hsm *h, struct hsm_lane *lane, size_t token,
	  struct hsm_place *out, struct err *e)
{
	*out = (struct hsm_place){ .h = h, .lane = lane, .token = token };
	if (!hsm_session(h, lane, token, &out->session, e))
		return err_context(e, "token %s", h->tokens[token].label);
	return true;
}

bool
hsm_objects_find(const struct hsm_place *p, CK_ATTRIBUTE *match,
		 CK_ULONG match_count, struct hsm_objects *out, struct err *e)
{
	CK_ULONG n = 0;
	CK_RV rv, end;

	out->count = 0;
	rv = HSM_CALL(p->h, p->lane, C_FindObjectsInit, p->session, match,
		      match_count);
	if (rv != CKR_OK)
		return p11_failed(e, P11_OTHER, "C_FindObjectsInit", rv);
	do {
		rv = HSM_CALL(p->h, p->lane, C_FindObjects, p->session,
			      out->items + out->count,
			      HSM_OBJECTS_MAX - out->count, &n);
		out->count += rv == CKR_OK ? n : 0;
	} while (rv == CKR_OK && n > 0 && out->count < HSM_OBJECTS_MAX);
	out->more = out->count == HSM_OBJECTS_MAX;
	end = HSM_CALL(p->h, p->lane, C_FindObjectsFinal, p->session);
	if (rv != CKR_OK)
		return p11_failed(e, P11_OTHER, "C_FindObjects", rv);
	if (end != CKR_OK)
		return p11_failed(e, P11_OTHER, "C_FindObjectsFinal", end);
	return true;
}

bool
hsm_object_read(const struct hsm_place *p, CK_OBJECT_HANDLE object,
		CK_ATTRIBUTE_TYPE type, void *out, size_t max, size_t *len,
		struct err *e)
{
	CK_ATTRIBUTE a = { .type = type, .pValue = out, .ulValueLen = max };
	CK_RV rv = HSM_CALL(p->h, p->lane, C_GetAttributeValue, p->session,
			    object, &a, 1);

	*len = 0;
	if (rv == CKR_ATTRIBUTE_TYPE_INVALID || rv == CKR_BUFFER_TOO_SMALL ||
	    rv == CKR_ATTRIBUTE_SENSITIVE)
		return true;
	if (rv != CKR_OK)
		return p11_failed(e, P11_OTHER, "C_GetAttributeValue", rv);
	if (a.ulValueLen != CK_UNAVAILABLE_INFORMATION && a.ulValueLen <= max)
		*len = a.ulValueLen;
	return true;
}

bool
hsm_object_flag(const struct hsm_place *p, CK_OBJECT_HANDLE object,
		CK_ATTRIBUTE_TYPE type, bool absent, bool *out, struct err *e)
{
	CK_BBOOL value = CK_FALSE;
	size_t len;

	if (!hsm_object_read(p, object, type, &value, sizeof(value), &len, e))
		return false;
	*out = len == sizeof(value) ? value != CK_FALSE : absent;
	return true;
}

static bool
read_rsa(const struct hsm_place *p, CK_OBJECT_HANDLE object,
	 struct p11_public *k, struct err *e)
{
	return hsm_object_read(p, object, CKA_MODULUS, k->modulus,
			       sizeof(k->modulus), &k->modulus_len, e) &&
	       hsm_object_read(p, object, CKA_PUBLIC_EXPONENT, k->exponent,
			       sizeof(k->exponent), &k->exponent_len, e);
}

static bool
read_ec(const struct hsm_place *p, CK_OBJECT_HANDLE object,
	struct p11_public *k, struct err *e)
{
	return hsm_object_read(p, object, CKA_EC_PARAMS, k->params,
			       sizeof(k->params), &k->params_len, e) &&
	       hsm_object_read(p, object, CKA_EC_POINT, k->point,
			       sizeof(k->point), &k->point_len, e);
}

bool
hsm_object_public(const struct hsm_place *p, CK_OBJECT_HANDLE object,
		  struct hsm_key *key, struct err *e)
{
	struct p11_public k = { .type = CKK_VENDOR_DEFINED };
	struct pki_key facts;
	struct pki_refusal why;
	size_t len;

	key->spki_len = 0;
	key->algorithm = EV_KEY_ALGORITHM_UNKNOWN;
	if (!hsm_object_read(p, object, CKA_KEY_TYPE, &k.type, sizeof(k.type),
			     &len, e))
		return false;
	if (k.type == CKK_RSA && !read_rsa(p, object, &k, e))
		return false;
	if (k.type == CKK_EC && !read_ec(p, object, &k, e))
		return false;
	if (k.modulus_len > 0 || k.point_len > 0)
		key->spki_len = p11_public_to_spki(&k, key->spki);
	if (key->spki_len > 0 && pki_key_check(hsm_key_spki(key), &facts, &why))
		key->algorithm = facts.algorithm;
	return true;
}

bool
hsm_object_name(const struct hsm_place *p, CK_OBJECT_HANDLE object,
		struct hsm_key *key, struct err *e)
{
	size_t len;

	key->token_index = p->token;
	key->epoch = p->lane->epoch;
	memcpy(key->token, p->h->tokens[p->token].label, sizeof(key->token));
	if (!hsm_object_read(p, object, CKA_ID, key->id, sizeof(key->id),
			     &key->id_len, e) ||
	    !hsm_object_read(p, object, CKA_LABEL, key->label,
			     sizeof(key->label) - 1, &len, e))
		return false;
	key->label[len] = '\0';
	return true;
}

/* An empty or absent list allows every mechanism (PKCS#11 2.40, 4.7). */
static bool
read_mechanisms(const struct hsm_place *p, CK_OBJECT_HANDLE object,
		struct hsm_key *key, struct err *e)
{
	CK_MECHANISM_TYPE list[MECHANISMS_MAX];
	size_t len;

	if (!hsm_object_read(p, object, CKA_ALLOWED_MECHANISMS, list,
			     sizeof(list), &len, e))
		return false;
	key->bare_rsa = len == 0;
	for (size_t i = 0; i < len / sizeof(list[0]); i++)
		key->bare_rsa |= list[i] == CKM_RSA_PKCS;
	return true;
}

bool
hsm_object_private(const struct hsm_place *p, CK_OBJECT_HANDLE object,
		   struct hsm_key *key, struct err *e)
{
	struct hsm_attributes *a = &key->attributes;

	/* What the token does not say counts as the unsafe value. */
	return hsm_object_flag(p, object, CKA_SENSITIVE, false, &a->sensitive,
			       e) &&
	       hsm_object_flag(p, object, CKA_EXTRACTABLE, true,
			       &a->extractable, e) &&
	       hsm_object_flag(p, object, CKA_ALWAYS_SENSITIVE, false,
			       &a->always_sensitive, e) &&
	       hsm_object_flag(p, object, CKA_NEVER_EXTRACTABLE, false,
			       &a->never_extractable, e) &&
	       hsm_object_flag(p, object, CKA_LOCAL, false, &a->local, e) &&
	       read_mechanisms(p, object, key, e);
}
