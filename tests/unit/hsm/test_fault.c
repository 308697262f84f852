/* Tokens that fail: what is definite, what is tried anew, and recovery. */
#include <criterion/criterion.h>
#include <unistd.h>

#include "base/clock.h"
#include "fixture.h"
#include "hsm/p11_module.h"

static struct fixture f;
static CK_FUNCTION_LIST *p11;
static CK_FUNCTION_LIST real;
static int faults_left;
static CK_RV fault;

static void
setup(void)
{
	fixture_init(&f, 1);
	p11 = fixture_list();
	real = *p11;
}

static void
teardown(void)
{
	fixture_remove(&f);
}

TestSuite(hsm_fault, .init = setup, .fini = teardown, .timeout = 120);

static CK_RV
faulty_sign(CK_SESSION_HANDLE s, CK_BYTE *in, CK_ULONG in_len, CK_BYTE *out,
	    CK_ULONG *out_len)
{
	if (faults_left > 0) {
		faults_left--;
		return fault;
	}
	return real.C_Sign(s, in, in_len, out, out_len);
}

static CK_RV
wrong_sign(CK_SESSION_HANDLE s, CK_BYTE *in, CK_ULONG in_len, CK_BYTE *out,
	   CK_ULONG *out_len)
{
	CK_RV rv = real.C_Sign(s, in, in_len, out, out_len);

	if (faults_left > 0 && rv == CKR_OK) {
		faults_left--;
		out[*out_len / 2] ^= 1;
	}
	return rv;
}

static CK_RV
faulty_generate(CK_SESSION_HANDLE s, CK_MECHANISM *m, CK_ATTRIBUTE *pub,
		CK_ULONG pub_n, CK_ATTRIBUTE *priv, CK_ULONG priv_n,
		CK_OBJECT_HANDLE *pub_h, CK_OBJECT_HANDLE *priv_h)
{
	if (faults_left > 0) {
		faults_left--;
		return fault;
	}
	return real.C_GenerateKeyPair(s, m, pub, pub_n, priv, priv_n, pub_h,
				      priv_h);
}

/* A module that ignores what it is asked: extractable after all. */
static CK_RV
loose_generate(CK_SESSION_HANDLE s, CK_MECHANISM *m, CK_ATTRIBUTE *pub,
	       CK_ULONG pub_n, CK_ATTRIBUTE *priv, CK_ULONG priv_n,
	       CK_OBJECT_HANDLE *pub_h, CK_OBJECT_HANDLE *priv_h)
{
	CK_BBOOL yes = CK_TRUE;

	for (CK_ULONG i = 0; i < priv_n; i++)
		if (priv[i].type == CKA_EXTRACTABLE)
			priv[i].pValue = &yes;
	return real.C_GenerateKeyPair(s, m, pub, pub_n, priv, priv_n, pub_h,
				      priv_h);
}

static struct hsm_key
again(struct hsm *h, const struct hsm_key *key)
{
	struct hsm_query query = { .id = key->id, .spki = hsm_key_spki(key) };
	struct hsm_keys keys;
	struct err e = { 0 };

	cr_assert(hsm_wait_ready(h, READY_US, &e), "%s", e.text);
	cr_assert(hsm_find(h, 0, &query, &keys, &e), "%s", e.text);
	cr_assert_eq(keys.count, 1);
	return keys.items[0];
}

static bool
sign(struct hsm *h, const struct hsm_key *key, struct err *e)
{
	AUTO(buffer) struct buffer signature = { 0 };

	return hsm_sign(h, 0, key, pki_signature_default(key->algorithm),
			bytes_of_str("text"), &signature, e);
}

Test(hsm_fault, all_sessions_closed)
{
	AUTO(hsm) struct hsm *h = fixture_open(&f);
	struct hsm_key key = fixture_key(h, EV_KEY_ALGORITHM_EC_P256, 1, "a");
	uint64_t before = hsm_epoch(h);
	CK_SLOT_ID slots[8];
	CK_ULONG n = 8;
	struct err e = { 0 };

	cr_assert_eq(real.C_GetSlotList(CK_TRUE, slots, &n), CKR_OK);
	for (CK_ULONG i = 0; i < n; i++)
		real.C_CloseAllSessions(slots[i]);
	cr_expect_not(sign(h, &key, &e));
	cr_expect_eq(e.kind, ERR_RETRY);
	cr_expect_eq(e.code, (long)CKR_SESSION_HANDLE_INVALID, "%s", e.text);
	key = again(h, &key);
	cr_expect(hsm_epoch(h) > before);
	cr_expect(sign(h, &key, &e), "%s", e.text);
}

Test(hsm_fault, finalized_by_somebody_else)
{
	AUTO(hsm) struct hsm *h = fixture_open(&f);
	struct hsm_key key = fixture_key(h, EV_KEY_ALGORITHM_EC_P256, 1, "a");
	struct err e = { 0 };

	cr_assert_eq(real.C_Finalize(NULL), CKR_OK);
	cr_expect_not(sign(h, &key, &e));
	cr_expect_eq(e.kind, ERR_RETRY);
	key = again(h, &key);
	cr_expect(sign(h, &key, &e), "%s", e.text);
}

Test(hsm_fault, a_key_of_before_is_not_used)
{
	AUTO(hsm) struct hsm *h = fixture_open(&f);
	struct hsm_key key = fixture_key(h, EV_KEY_ALGORITHM_EC_P256, 1, "a");
	struct err e = { 0 };
	uint64_t now;

	cr_assert_eq(real.C_Finalize(NULL), CKR_OK);
	cr_expect_not(sign(h, &key, &e));
	(void)again(h, &key);
	now = hsm_epoch(h);
	cr_expect_not(sign(h, &key, &e));
	cr_expect_eq(e.kind, ERR_RETRY);
	cr_expect_eq(hsm_epoch(h), now, "a stale handle is no token fault");
	cr_expect(hsm_ready(h, &e));
}

Test(hsm_fault, listed_and_unlisted_codes_begin_anew)
{
	const CK_RV codes[] = { CKR_DEVICE_ERROR,       CKR_DEVICE_REMOVED,
				CKR_GENERAL_ERROR,      CKR_KEY_HANDLE_INVALID,
				CKR_VENDOR_DEFINED | 7, 0x7777 };
	AUTO(hsm) struct hsm *h = fixture_open(&f);
	struct hsm_key key = fixture_key(h, EV_KEY_ALGORITHM_EC_P256, 1, "a");
	struct err e = { 0 };

	p11->C_Sign = faulty_sign;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		fault = codes[i];
		faults_left = 1;
		cr_expect_not(sign(h, &key, &e));
		cr_expect_eq(e.kind, ERR_RETRY, "%s", e.text);
		cr_expect_eq(e.code, (long)codes[i], "%s", e.text);
		key = again(h, &key);
		cr_expect(sign(h, &key, &e), "%s", e.text);
	}
}

Test(hsm_fault, a_wrong_signature_is_not_given_out)
{
	AUTO(hsm) struct hsm *h = fixture_open(&f);
	AUTO(buffer) struct buffer signature = { 0 };
	struct hsm_key key = fixture_key(h, EV_KEY_ALGORITHM_RSA_2048, 1, "a");
	struct err e = { 0 };

	p11->C_Sign = wrong_sign;
	faults_left = 1;
	cr_expect_not(hsm_sign(h, 0, &key, PKI_RSA_SHA256, bytes_of_str("x"),
			       &signature, &e));
	cr_expect_eq(e.kind, ERR_REJECT);
	cr_expect_eq(e.code, HSM_SIGNATURE_WRONG);
	cr_expect_eq(signature.len, 0);
}

Test(hsm_fault, own_key_found_compared_and_used_again)
{
	struct err e = { 0 };
	struct hsm_key key;

	{
		AUTO(hsm) struct hsm *h = fixture_open(&f);

		key = fixture_key(h, EV_KEY_ALGORITHM_RSA_2048, 1, "ca");
	}
	f.settings.own_spki = hsm_key_spki(&key);
	f.settings.read_only = true;
	AUTO(hsm) struct hsm *h = fixture_open(&f);
	AUTO(buffer) struct buffer signature = { 0 };

	p11->C_Sign = wrong_sign;
	faults_left = 1;
	cr_expect_not(hsm_sign_own(h, 0, PKI_RSA_SHA256, bytes_of_str("x"),
				   &signature, &e));
	cr_expect_eq(e.kind, ERR_RETRY);
	cr_assert(hsm_wait_ready(h, READY_US, &e), "%s", e.text);
	cr_expect(hsm_sign_own(h, 0, PKI_RSA_SHA256, bytes_of_str("x"),
			       &signature, &e),
		  "%s", e.text);
	cr_expect_neq(hsm_last_good_us(h), 0);
}

Test(hsm_fault, another_key_than_the_certificates_is_not_ready)
{
	struct hsm_key key;
	struct err e = { 0 };

	{
		AUTO(hsm) struct hsm *h = fixture_open(&f);

		key = fixture_key(h, EV_KEY_ALGORITHM_EC_P256, 1, "ca");
		(void)fixture_key(h, EV_KEY_ALGORITHM_EC_P256, 1, "ca");
		cr_assert(hsm_destroy(h, 0, &key, &e));
	}
	f.settings.own_spki = hsm_key_spki(&key);
	struct hsm *h = fixture_open_not_ready(&f, INT64_C(500000), &e);

	cr_expect_not_null(strstr(e.text, "no private key"), "%s", e.text);
	hsm_close(h);
}

Test(hsm_fault, definite_answers_of_generation)
{
	const struct {
		CK_RV rv;
		long answer;
	} cases[] = {
		{ CKR_DEVICE_MEMORY, HSM_TOKEN_FULL },
		{ CKR_MECHANISM_INVALID, HSM_MECHANISM_UNSUPPORTED },
		{ CKR_KEY_SIZE_RANGE, HSM_MECHANISM_UNSUPPORTED },
		{ CKR_TEMPLATE_INCONSISTENT, HSM_ATTRIBUTES_NOT_AS_ASKED },
	};
	AUTO(hsm) struct hsm *h = fixture_open(&f);
	uint8_t id[HSM_KEY_ID_LEN];
	struct hsm_key key;
	struct err e = { 0 };
	long ckr;

	fixture_id(id, 1);
	p11->C_GenerateKeyPair = faulty_generate;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fault = cases[i].rv;
		faults_left = 1;
		cr_expect_not(hsm_generate(h, 0, EV_KEY_ALGORITHM_EC_P256, id,
					   "a", &key, &ckr, &e));
		cr_expect_eq(e.kind, ERR_REJECT, "%s", e.text);
		cr_expect_eq(e.code, cases[i].answer, "%s", e.text);
		cr_expect_eq(ckr, (long)cases[i].rv);
		cr_expect(hsm_ready(h, &e));
	}
}

Test(hsm_fault, a_full_token_passes_on_to_the_next)
{
	fixture_remove(&f);
	fixture_init(&f, 2);
	f.settings.placement = HSM_FIRST_FIT;
	AUTO(hsm) struct hsm *h = fixture_open(&f);

	p11->C_GenerateKeyPair = faulty_generate;
	fault = CKR_DEVICE_MEMORY;
	faults_left = 1;
	cr_expect_str_eq(fixture_key(h, EV_KEY_ALGORITHM_EC_P256, 1, "a").token,
			 "customer-2");
}

Test(hsm_fault, a_loose_key_is_destroyed)
{
	AUTO(hsm) struct hsm *h = fixture_open(&f);
	uint8_t id[HSM_KEY_ID_LEN];
	struct hsm_query query = { .id = id };
	struct hsm_keys keys;
	struct hsm_key key;
	struct err e = { 0 };

	fixture_id(id, 1);
	p11->C_GenerateKeyPair = loose_generate;
	cr_expect_not(hsm_generate(h, 0, EV_KEY_ALGORITHM_RSA_2048, id, "a",
				   &key, NULL, &e));
	cr_expect_eq(e.code, HSM_ATTRIBUTES_NOT_AS_ASKED, "%s", e.text);
	cr_expect_not_null(strstr(e.text, "CKA_EXTRACTABLE"), "%s", e.text);
	cr_assert(hsm_find(h, 0, &query, &keys, &e), "%s", e.text);
	cr_expect_eq(keys.count, 0);
}

static const struct hsm *watched;
static const char *seen_overdue;

/* Looks at the watch from inside a call, as if the deadline had passed. */
static CK_RV
watched_sign(CK_SESSION_HANDLE s, CK_BYTE *in, CK_ULONG in_len, CK_BYTE *out,
	     CK_ULONG *out_len)
{
	int64_t now = clock_monotonic_us();

	if (hsm_overdue(watched, now + HSM_CALL_DEADLINE_US - 1000000) == NULL)
		seen_overdue =
			hsm_overdue(watched, now + HSM_CALL_DEADLINE_US + 1000);
	return real.C_Sign(s, in, in_len, out, out_len);
}

Test(hsm_fault, calls_publish_their_deadline)
{
	AUTO(hsm) struct hsm *h = fixture_open(&f);
	struct hsm_key key = fixture_key(h, EV_KEY_ALGORITHM_EC_P256, 1, "a");
	struct err e = { 0 };

	watched = h;
	p11->C_Sign = watched_sign;
	cr_assert(sign(h, &key, &e), "%s", e.text);
	cr_assert_not_null(seen_overdue);
	cr_expect_str_eq(seen_overdue, "C_Sign");
	cr_expect_null(hsm_overdue(h, INT64_MAX));
}

Test(hsm_fault, idle_group_is_checked)
{
	f.settings.check_every_us = INT64_C(100000);
	AUTO(hsm) struct hsm *h = fixture_open(&f);
	uint64_t before = hsm_epoch(h);
	int64_t until = clock_monotonic_us() + READY_US;

	cr_assert_eq(real.C_Finalize(NULL), CKR_OK);
	while (hsm_epoch(h) == before && clock_monotonic_us() < until)
		usleep(10000);
	cr_expect(hsm_epoch(h) > before, "nobody called, yet it was noticed");
}

Test(hsm_code, return_values_are_named)
{
	char buf[32];

	cr_expect_str_eq(p11_code_name(CKR_PIN_INCORRECT, buf),
			 "CKR_PIN_INCORRECT");
	cr_expect_str_eq(p11_code_name(CKR_DEVICE_MEMORY, buf),
			 "CKR_DEVICE_MEMORY");
	cr_expect_str_eq(p11_code_name(0x80000001UL, buf), "CKR_0x80000001");
}
