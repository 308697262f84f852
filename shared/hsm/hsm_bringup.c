/*
 * From C_Initialize to a group that is known to work.
 */
#include <string.h>

#include "base/clock.h"
#include "hsm/hsm_internal.h"

#define SLOTS_MAX 1024

static bool
initialize(struct hsm *h, struct err *e)
{
	CK_C_INITIALIZE_ARGS args = { .flags = CKF_OS_LOCKING_OK };
	struct hsm_lane *lane = hsm_supervisor_lane(h);
	CK_RV rv = HSM_CALL(h, lane, C_Initialize, &args);

	/* A C_Finalize that failed half-way leaves the old state: begin anew.
	 */
	if (rv == CKR_CRYPTOKI_ALREADY_INITIALIZED) {
		(void)HSM_CALL(h, lane, C_Finalize, NULL);
		rv = HSM_CALL(h, lane, C_Initialize, &args);
	}
	return rv == CKR_OK || p11_failed(e, P11_OTHER, "C_Initialize", rv);
}

/* CK_TOKEN_INFO.label: 32 octets, padded with blanks, not terminated. */
static bool
label_is(const CK_TOKEN_INFO *info, const char *label)
{
	size_t len = sizeof(info->label);

	while (len > 0 && info->label[len - 1] == ' ')
		len--;
	return len == strlen(label) && memcmp(info->label, label, len) == 0;
}

static bool
list_slots(struct hsm *h, CK_SLOT_ID slots[SLOTS_MAX], CK_ULONG *count,
	   struct err *e)
{
	CK_RV rv;

	*count = SLOTS_MAX;
	rv = HSM_CALL(h, hsm_supervisor_lane(h), C_GetSlotList, CK_TRUE, slots,
		      count);
	return rv == CKR_OK || p11_failed(e, P11_OTHER, "C_GetSlotList", rv);
}

static bool
find_token(struct hsm *h, struct hsm_token *t, const CK_SLOT_ID *slots,
	   CK_ULONG count, struct err *e)
{
	unsigned found = 0;

	for (CK_ULONG i = 0; i < count; i++) {
		CK_TOKEN_INFO info;
		CK_RV rv = HSM_CALL(h, hsm_supervisor_lane(h), C_GetTokenInfo,
				    slots[i], &info);

		/* Somebody else's broken token must not stop us. */
		if (rv != CKR_OK || !label_is(&info, t->label))
			continue;
		t->slot = slots[i];
		found++;
	}
	if (found == 1)
		return true;
	return ERR_SET(e, ERR_RETRY, "hsm", (long)CKR_TOKEN_NOT_PRESENT,
		       found == 0 ? "token %s: not present"
				  : "token %s: several have this label",
		       t->label);
}

static bool
find_tokens(struct hsm *h, struct err *e)
{
	CK_SLOT_ID slots[SLOTS_MAX];
	CK_ULONG count;

	if (!list_slots(h, slots, &count, e))
		return false;
	for (size_t i = 0; i < h->token_count; i++)
		if (!find_token(h, &h->tokens[i], slots, count, e))
			return false;
	return true;
}

/* The one pair whose public key is the certificate's. */
static bool
find_own_key(struct hsm *h, struct err *e)
{
	struct hsm_query query = { .spki = buffer_view(&h->own_spki) };
	struct hsm_keys keys;

	if (!hsm_lane_find(h, hsm_supervisor_lane(h), &query, &keys, e))
		return false;
	for (size_t i = 0; i < keys.count; i++) {
		if (!keys.items[i].has_private)
			continue;
		h->own_key = keys.items[i];
		return true;
	}
	return ERR_SET(e, ERR_RETRY, "hsm", 0,
		       "token %s: no private key for the certificate's key",
		       h->tokens[0].label);
}

void
hsm_bring_down(struct hsm *h)
{
	(void)HSM_CALL(h, hsm_supervisor_lane(h), C_Finalize, NULL);
}

/* A PIN that may not be offered is found before the module is troubled. */
static bool
pin_is_usable(struct hsm *h, struct err *e)
{
	struct p11_pin_text pin;

	if (!p11_pin_begin(&h->pin, &pin, e))
		return false;
	p11_pin_wipe(&pin);
	p11_pin_unlock(&h->pin);
	return true;
}

bool
hsm_bring_up(struct hsm *h, struct err *e)
{
	bool ok;

	/* Sessions and handles of before are void from here on. */
	pthread_mutex_lock(&h->lock);
	h->epoch++;
	pthread_mutex_unlock(&h->lock);

	if (!pin_is_usable(h, e) || !initialize(h, e))
		return false;
	ok = find_tokens(h, e) && hsm_login_all(h, e) &&
	     (h->own_spki.len == 0 || find_own_key(h, e)) && hsm_check(h, e);
	if (!ok)
		hsm_bring_down(h);
	return ok;
}
