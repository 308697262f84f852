/*
 * One login per token and epoch, with the rules of hsm.h on PINs.
 */
#include <string.h>

#include "hsm/hsm_internal.h"

/* PKCS#11 2.40, 3.2: flags of CK_TOKEN_INFO about the user PIN. */
static bool
flags_allow(struct hsm *h, const struct hsm_token *t, struct err *e)
{
	CK_TOKEN_INFO info;
	CK_RV rv = HSM_CALL(h, hsm_supervisor_lane(h), C_GetTokenInfo, t->slot,
			    &info);
	const char *why = NULL;

	if (rv != CKR_OK)
		return p11_failed(e, P11_OTHER, "C_GetTokenInfo", rv);
	if ((info.flags & CKF_USER_PIN_LOCKED) != 0)
		why = "the user PIN is locked";
	else if ((info.flags & CKF_USER_PIN_FINAL_TRY) != 0)
		why = "one wrong PIN more locks it";
	else if ((info.flags & CKF_USER_PIN_COUNT_LOW) != 0 &&
		 !p11_pin_explains(&h->pin, t->label))
		why = "a wrong PIN was entered elsewhere";
	else if ((info.flags & CKF_USER_PIN_INITIALIZED) == 0)
		why = "it has no user PIN";
	if (why != NULL)
		return ERR_SET(e, ERR_RETRY, "hsm", 0,
			       "no login to token %s: %s", t->label, why);
	return true;
}

static bool
login(struct hsm *h, size_t index, struct p11_pin_text *pin, struct err *e)
{
	struct hsm_lane *lane = hsm_supervisor_lane(h);
	const struct hsm_token *t = &h->tokens[index];
	CK_SESSION_HANDLE session;
	CK_RV rv;

	if (!flags_allow(h, t, e) || !hsm_session(h, lane, index, &session, e))
		return false;
	rv = HSM_CALL(h, lane, C_Login, session, CKU_USER,
		      (CK_UTF8CHAR *)pin->text, (CK_ULONG)pin->len);
	if (rv == CKR_OK || rv == CKR_USER_ALREADY_LOGGED_IN)
		return true;
	if (p11_pin_is_refused(rv) &&
	    !p11_pin_refused(&h->pin, pin, t->label, e))
		return false;
	(void)p11_failed(e, P11_OTHER, "C_Login", rv);
	return err_context(e, "token %s", t->label);
}

bool
hsm_login_all(struct hsm *h, struct err *e)
{
	struct p11_pin_text pin;
	bool ok = true;

	if (!p11_pin_begin(&h->pin, &pin, e))
		return false;
	for (size_t i = 0; ok && i < h->token_count; i++)
		ok = login(h, i, &pin, e);
	p11_pin_wipe(&pin);
	if (ok)
		p11_pin_accepted(&h->pin);
	p11_pin_unlock(&h->pin);
	return ok;
}
