/* Searching, making and using keys through the shim. */
#include <stdio.h>
#include <string.h>

#include "p11_shim.h"

/* A private key of the session's token that is not this one. */
static bool
another_key(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE not_this,
	    CK_OBJECT_HANDLE *out)
{
	const struct shim_session *s = shim_session_find(session);
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_ATTRIBUTE match = { CKA_CLASS, &class, sizeof(class) };
	CK_OBJECT_HANDLE found[64];
	CK_SESSION_HANDLE own;
	CK_ULONG n = 0;

	if (s == NULL || shim_real->C_OpenSession(s->slot, CKF_SERIAL_SESSION,
						  NULL, NULL, &own) != CKR_OK)
		return false;
	if (shim_real->C_FindObjectsInit(own, &match, 1) != CKR_OK ||
	    shim_real->C_FindObjects(own, found, 64, &n) != CKR_OK)
		n = 0;
	(void)shim_real->C_CloseSession(own);
	for (CK_ULONG i = 0; i < n; i++)
		if (found[i] != not_this) {
			*out = found[i];
			return true;
		}
	return false;
}

/* After a call that answered with *key. */
static void
maybe_swap(struct shim_place *p, CK_SESSION_HANDLE session,
	   CK_OBJECT_HANDLE *key, CK_RV *rv)
{
	CK_OBJECT_HANDLE other = 0;

	shim_enter();
	p->other_key = *rv == CKR_OK && key != NULL && shim_wants_other_key() &&
		       another_key(session, *key, &other);
	shim_leave();
	if (shim_after(p, session, rv) == SHIM_OTHER_KEY && key != NULL)
		*key = other;
}

static bool
asks_for_private(const CK_ATTRIBUTE *match, CK_ULONG n)
{
	CK_OBJECT_CLASS class;

	for (CK_ULONG i = 0; i < n; i++) {
		if (match[i].type != CKA_CLASS ||
		    match[i].ulValueLen != sizeof(class))
			continue;
		memcpy(&class, match[i].pValue, sizeof(class));
		return class == CKO_PRIVATE_KEY;
	}
	return false;
}

static CK_RV
shim_find_objects_init(CK_SESSION_HANDLE session, CK_ATTRIBUTE *match,
		       CK_ULONG n)
{
	struct shim_place p = shim_place("C_FindObjectsInit", session);
	struct shim_session *s;
	CK_RV rv;

	if (shim_before(&p, session, &rv))
		return rv;
	s = shim_session_find(session);
	if (s != NULL)
		s->private_search = asks_for_private(match, n);
	SHIM_CALL(rv, C_FindObjectsInit(session, match, n));
	return rv;
}

static CK_RV
shim_find_objects(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *out,
		  CK_ULONG max, CK_ULONG *count)
{
	struct shim_place p = shim_place("C_FindObjects", session);
	const struct shim_session *s;
	bool found;
	CK_RV rv;

	if (shim_before(&p, session, &rv))
		return rv;
	SHIM_CALL(rv, C_FindObjects(session, out, max, count));
	s = shim_session_find(session);
	found = rv == CKR_OK && *count > 0 && s != NULL && s->private_search;
	maybe_swap(&p, session, found ? &out[0] : NULL, &rv);
	return rv;
}

static CK_RV
shim_generate(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
	      CK_ATTRIBUTE *pub, CK_ULONG pub_n, CK_ATTRIBUTE *priv,
	      CK_ULONG priv_n, CK_OBJECT_HANDLE *pub_key,
	      CK_OBJECT_HANDLE *priv_key)
{
	struct shim_place p = shim_place("C_GenerateKeyPair", session);
	CK_RV rv;

	if (shim_before(&p, session, &rv))
		return rv;
	SHIM_CALL(rv, C_GenerateKeyPair(session, mechanism, pub, pub_n, priv,
					priv_n, pub_key, priv_key));
	maybe_swap(&p, session, priv_key, &rv);
	return rv;
}

/* ---- signing ------------------------------------------------------------ */

static void
name_key(struct shim_session *s, CK_OBJECT_HANDLE key)
{
	CK_BYTE id[64];
	CK_ATTRIBUTE a = { CKA_ID, id, sizeof(id) };
	CK_RV rv;

	if (s->key == key && s->key_id[0] != '\0')
		return;
	s->key = key;
	strcpy(s->key_id, "-");
	SHIM_CALL(rv, C_GetAttributeValue(s->handle, key, &a, 1));
	if (rv != CKR_OK || a.ulValueLen > sizeof(id))
		return;
	for (CK_ULONG i = 0; i < a.ulValueLen; i++)
		sprintf(s->key_id + 2 * i, "%02x", id[i]);
}

static CK_RV
shim_sign_init(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
	       CK_OBJECT_HANDLE key)
{
	struct shim_place p = shim_place("C_SignInit", session);
	struct shim_session *s;
	CK_RV rv;

	if (shim_before(&p, session, &rv))
		return rv;
	SHIM_CALL(rv, C_SignInit(session, mechanism, key));
	s = shim_session_find(session);
	if (rv == CKR_OK && s != NULL) {
		s->mechanism = mechanism->mechanism;
		name_key(s, key);
	}
	return rv;
}

static CK_RV
shim_sign(CK_SESSION_HANDLE session, CK_BYTE *in, CK_ULONG in_len, CK_BYTE *out,
	  CK_ULONG *out_len)
{
	struct shim_session *s = shim_session_find(session);
	char data[SHIM_DATA_MAX] = "";
	struct shim_place p = shim_place("C_Sign", session);
	CK_RV rv;

	if (out == NULL) { /* only asks for the length */
		SHIM_CALL(rv, C_Sign(session, in, in_len, out, out_len));
		return rv;
	}
	if (s != NULL)
		shim_data(s->mechanism, in, in_len, data);
	p.data = data;
	if (shim_before(&p, session, &rv))
		return rv;
	SHIM_CALL(rv, C_Sign(session, in, in_len, out, out_len));
	if (rv != CKR_OK)
		return rv;
	if (s == NULL)
		shim_complain("a signature in a session unknown to us", data);
	else
		shim_record_signature(s, data);
	if (shim_after(&p, session, &rv) == SHIM_WRONG)
		out[*out_len / 2] ^= 1;
	return rv;
}

static CK_RV
shim_sign_update(CK_SESSION_HANDLE session, CK_BYTE *in, CK_ULONG in_len)
{
	(void)session, (void)in, (void)in_len;
	return CKR_FUNCTION_NOT_SUPPORTED;
}

static CK_RV
shim_sign_final(CK_SESSION_HANDLE session, CK_BYTE *out, CK_ULONG *out_len)
{
	(void)session, (void)out, (void)out_len;
	return CKR_FUNCTION_NOT_SUPPORTED;
}

void
shim_keys_replace(CK_FUNCTION_LIST *list)
{
	list->C_FindObjectsInit = shim_find_objects_init;
	list->C_FindObjects = shim_find_objects;
	list->C_GenerateKeyPair = shim_generate;
	list->C_SignInit = shim_sign_init;
	list->C_Sign = shim_sign;
	list->C_SignUpdate = shim_sign_update;
	list->C_SignFinal = shim_sign_final;
}
