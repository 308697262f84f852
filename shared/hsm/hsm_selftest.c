/*
 * Does the group work?  A signature says so, checked as any other.
 */
#include <string.h>

#include "hsm/hsm_object.h"
#include "hsm/p11_template.h"

static bool
test_kind(struct hsm *h, const struct hsm_key *key, enum pki_signature kind,
	  struct err *e)
{
	AUTO(buffer) struct buffer signature = { 0 };

	if (hsm_lane_sign(h, hsm_supervisor_lane(h), key, kind,
			  bytes_of_str(HSM_TEST_TEXT), &signature, e))
		return true;
	return err_context(e, "test signature %s", pki_signature_name(kind));
}

static bool
test_key(struct hsm *h, const struct hsm_key *key, struct err *e)
{
	return test_kind(h, key, pki_signature_default(key->algorithm), e);
}

static bool
test_own_key(struct hsm *h, struct err *e)
{
	if (h->own_kinds == 0)
		return test_key(h, &h->own_key, e);
	for (int kind = 0; kind < PKI_SIGNATURE__COUNT; kind++)
		if ((h->own_kinds >> kind & 1) != 0 &&
		    !test_kind(h, &h->own_key, (enum pki_signature)kind, e))
			return false;
	return true;
}

bool
hsm_is_logged_in(struct hsm *h, struct hsm_lane *lane, size_t token,
		 struct err *e)
{
	CK_SESSION_HANDLE session;
	CK_SESSION_INFO info;
	CK_RV rv;

	if (!hsm_session(h, lane, token, &session, e))
		return false;
	rv = HSM_CALL(h, lane, C_GetSessionInfo, session, &info);
	if (rv == CKR_OK && info.state != CKS_RW_USER_FUNCTIONS &&
	    info.state != CKS_RO_USER_FUNCTIONS)
		rv = CKR_USER_NOT_LOGGED_IN;
	return rv == CKR_OK || p11_failed(e, P11_OTHER, "C_GetSessionInfo", rv);
}

/* A pair that ends with the session; P-256, for it is made at once. */
static bool
make_passing_pair(const struct hsm_place *p, struct hsm_key *key, struct err *e)
{
	const struct p11_algorithm *a = p11_algorithm(EV_KEY_ALGORITHM_EC_P256);
	CK_MECHANISM mechanism = { .mechanism = a->generate };
	struct p11_templates t;
	CK_RV rv;

	p11_templates_passing(&t, a);
	rv = HSM_CALL_FOR(p->h->call_deadline_us * HSM_GENERATE_FACTOR, p->h,
			  p->lane, C_GenerateKeyPair, p->session, &mechanism,
			  t.public_key, t.public_count, t.private_key,
			  t.private_count, &key->public_handle,
			  &key->private_handle);
	return rv == CKR_OK ||
	       p11_failed(e, P11_GENERATE, "C_GenerateKeyPair", rv);
}

static bool
destroy_passing_pair(const struct hsm_place *p, const struct hsm_key *key,
		     struct err *e)
{
	CK_RV rv = HSM_CALL(p->h, p->lane, C_DestroyObject, p->session,
			    key->private_handle);

	if (rv == CKR_OK)
		rv = HSM_CALL(p->h, p->lane, C_DestroyObject, p->session,
			      key->public_handle);
	return rv == CKR_OK || p11_failed(e, P11_OTHER, "C_DestroyObject", rv);
}

/* What makes customers' keys has none of its own to sign with. */
static bool
test_token(struct hsm *h, size_t token, struct err *e)
{
	struct hsm_lane *lane = hsm_supervisor_lane(h);
	struct hsm_key key = { .has_private = true, .has_public = true };
	struct hsm_place p;

	if (!hsm_is_logged_in(h, lane, token, e) ||
	    !hsm_place(h, lane, token, &p, e))
		return false;
	if (h->read_only)
		return true;
	if (!make_passing_pair(&p, &key, e))
		return e->kind == ERR_REJECT; /* not this token's way */
	return hsm_object_name(&p, key.public_handle, &key, e) &&
	       hsm_object_public(&p, key.public_handle, &key, e) &&
	       test_key(h, &key, e) && destroy_passing_pair(&p, &key, e);
}

bool
hsm_check(struct hsm *h, struct err *e)
{
	if (h->own_spki.len > 0)
		return test_own_key(h, e);
	for (size_t i = 0; i < h->token_count; i++)
		if (!test_token(h, i, e))
			return err_context(e, "token %s", h->tokens[i].label);
	return true;
}
