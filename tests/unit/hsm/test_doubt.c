/* Tokens that answer, but not the truth: whose key is it, and can it sign? */
#include <criterion/criterion.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "fixture.h"

static struct fixture f;
static CK_FUNCTION_LIST *p11;
static CK_FUNCTION_LIST real;
static _Atomic int faults_left;
static CK_OBJECT_HANDLE other_private, other_public;
static bool only_private;

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

TestSuite(hsm_doubt, .init = setup, .fini = teardown, .timeout = 120);

static bool
due(void)
{
	if (faults_left <= 0)
		return false;
	faults_left--;
	return true;
}

static CK_RV
other_find(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE *out, CK_ULONG max,
	   CK_ULONG *n)
{
	CK_RV rv = real.C_FindObjects(s, out, max, n);

	if (rv == CKR_OK && *n > 0 && out[0] != other_private && due())
		out[0] = other_private;
	return rv;
}

static CK_RV
other_generate(CK_SESSION_HANDLE s, CK_MECHANISM *m, CK_ATTRIBUTE *pub,
	       CK_ULONG pub_n, CK_ATTRIBUTE *priv, CK_ULONG priv_n,
	       CK_OBJECT_HANDLE *pub_h, CK_OBJECT_HANDLE *priv_h)
{
	CK_RV rv = real.C_GenerateKeyPair(s, m, pub, pub_n, priv, priv_n, pub_h,
					  priv_h);

	if (rv == CKR_OK && due()) {
		*priv_h = other_private;
		if (!only_private)
			*pub_h = other_public;
	}
	return rv;
}

static CK_RV
logged_out_find(CK_SESSION_HANDLE s, CK_ATTRIBUTE *match, CK_ULONG n)
{
	if (due())
		cr_assert_eq(real.C_Logout(s), CKR_OK);
	return real.C_FindObjectsInit(s, match, n);
}

static CK_RV
wrong_sign(CK_SESSION_HANDLE s, CK_BYTE *in, CK_ULONG in_len, CK_BYTE *out,
	   CK_ULONG *out_len)
{
	CK_RV rv = real.C_Sign(s, in, in_len, out, out_len);

	if (rv == CKR_OK && due())
		out[*out_len / 2] ^= 1;
	return rv;
}

static CK_RV
no_sign(CK_SESSION_HANDLE s, CK_BYTE *in, CK_ULONG in_len, CK_BYTE *out,
	CK_ULONG *out_len)
{
	if (faults_left > 0)
		return CKR_DEVICE_ERROR;
	return real.C_Sign(s, in, in_len, out, out_len);
}

static CK_RV
hanging_sign(CK_SESSION_HANDLE s, CK_BYTE *in, CK_ULONG in_len, CK_BYTE *out,
	     CK_ULONG *out_len)
{
	if (due())
		sleep(60);
	return real.C_Sign(s, in, in_len, out, out_len);
}

static size_t
count(struct hsm *h, const char *label)
{
	struct hsm_query query = { .label = label };
	struct hsm_keys keys;
	struct err e = { 0 };

	cr_assert(hsm_wait_ready(h, READY_US, &e), "%s", e.text);
	cr_assert(hsm_find(h, 0, &query, &keys, &e), "%s", e.text);
	return keys.count;
}

Test(hsm_doubt, another_keys_handle_is_not_found)
{
	AUTO(hsm) struct hsm *h = fixture_open(&f);
	struct hsm_key other =
		fixture_key(h, EV_KEY_ALGORITHM_RSA_2048, 1, "other");
	struct hsm_key key = fixture_key(h, EV_KEY_ALGORITHM_RSA_2048, 2, "a");
	struct hsm_query query = { .id = key.id, .label = key.label };
	uint64_t before = hsm_epoch(h);
	struct hsm_keys keys;
	struct err e = { 0 };

	other_private = other.private_handle;
	p11->C_FindObjects = other_find;
	faults_left = 1;
	cr_expect_not(hsm_find(h, 0, &query, &keys, &e));
	cr_expect_eq(e.kind, ERR_RETRY, "%s", e.text);
	cr_assert(hsm_wait_ready(h, READY_US, &e), "%s", e.text);
	cr_expect_gt(hsm_epoch(h), before, "such a token is opened anew");
	cr_assert(hsm_find(h, 0, &query, &keys, &e), "%s", e.text);
	cr_expect_eq(keys.count, 1);
}

static void
generated(bool private_alone)
{
	AUTO(hsm) struct hsm *h = fixture_open(&f);
	struct hsm_key other =
		fixture_key(h, EV_KEY_ALGORITHM_RSA_2048, 1, "other");
	uint8_t id[HSM_KEY_ID_LEN];
	struct hsm_key key;
	struct err e = { 0 };

	fixture_id(id, 2);
	only_private = private_alone;
	other_private = other.private_handle;
	other_public = other.public_handle;
	p11->C_GenerateKeyPair = other_generate;
	faults_left = 1;
	cr_expect_not(hsm_generate(h, 0, EV_KEY_ALGORITHM_RSA_2048, id, "a",
				   &key, NULL, &e));
	cr_expect_eq(e.kind, ERR_RETRY, "%s", e.text);
	cr_expect_eq(count(h, "other"), 1, "somebody else's key stays");
	cr_expect_eq(count(h, "a"), 1, "to be adopted");
}

Test(hsm_doubt, another_pairs_handles_of_a_new_key)
{
	generated(false);
}

Test(hsm_doubt, another_private_keys_handle_of_a_new_key)
{
	generated(true);
}

Test(hsm_doubt, a_handle_that_has_changed_is_not_destroyed)
{
	AUTO(hsm) struct hsm *h = fixture_open(&f);
	struct hsm_key other =
		fixture_key(h, EV_KEY_ALGORITHM_RSA_2048, 1, "other");
	struct hsm_key key = fixture_key(h, EV_KEY_ALGORITHM_RSA_2048, 2, "a");
	struct err e = { 0 };

	key.private_handle = other.private_handle;
	cr_expect_not(hsm_destroy(h, 0, &key, &e));
	cr_expect_eq(e.kind, ERR_RETRY, "%s", e.text);
	cr_expect_eq(count(h, "other"), 1);
	cr_expect_eq(count(h, "a"), 1);
}

/* It would look as if there were no key, and a second one would be made. */
Test(hsm_doubt, a_forgotten_login_hides_no_key)
{
	AUTO(hsm) struct hsm *h = fixture_open(&f);
	struct hsm_key key = fixture_key(h, EV_KEY_ALGORITHM_RSA_2048, 1, "a");
	struct hsm_query query = { .id = key.id };
	struct hsm_keys keys;
	struct err e = { 0 };

	p11->C_FindObjectsInit = logged_out_find;
	faults_left = 1;
	cr_expect_not(hsm_find(h, 0, &query, &keys, &e));
	cr_expect_eq(e.code, (long)CKR_USER_NOT_LOGGED_IN, "%s", e.text);
	cr_expect_eq(count(h, "a"), 1);
}

Test(hsm_doubt, one_wrong_signature_separates_no_pair)
{
	AUTO(hsm) struct hsm *h = fixture_open(&f);
	struct hsm_key key = fixture_key(h, EV_KEY_ALGORITHM_EC_P256, 1, "a");
	struct hsm_query query = { .id = key.id };
	struct hsm_keys keys;
	struct err e = { 0 };

	p11->C_Sign = wrong_sign;
	faults_left = 1;
	cr_assert(hsm_find(h, 0, &query, &keys, &e), "%s", e.text);
	cr_expect_eq(faults_left, 0);
	cr_expect_eq(keys.count, 1);
	cr_expect(keys.items[0].has_private && keys.items[0].has_public);
}

/* A group without a key of its own: ready means that it can sign, too. */
Test(hsm_doubt, not_ready_while_the_token_cannot_sign)
{
	struct err e = { 0 };
	struct hsm *h;

	faults_left = 1;
	p11->C_Sign = no_sign;
	h = fixture_open_not_ready(&f, INT64_C(300000), &e);
	cr_expect_not_null(strstr(e.text, "C_Sign"), "%s", e.text);
	faults_left = 0;
	cr_expect(hsm_wait_ready(h, READY_US, &e), "%s", e.text);
	hsm_close(h);
}

static CK_RV
no_generate(CK_SESSION_HANDLE s, CK_MECHANISM *m, CK_ATTRIBUTE *pub,
	    CK_ULONG pub_n, CK_ATTRIBUTE *priv, CK_ULONG priv_n,
	    CK_OBJECT_HANDLE *pub_h, CK_OBJECT_HANDLE *priv_h)
{
	(void)s, (void)m, (void)pub, (void)pub_n;
	(void)priv, (void)priv_n, (void)pub_h, (void)priv_h;
	return CKR_MECHANISM_INVALID;
}

Test(hsm_doubt, a_token_that_makes_no_passing_keys_is_ready)
{
	p11->C_GenerateKeyPair = no_generate;
	hsm_close(fixture_open(&f));
}

/* Sessions after sessions lost: not begun anew without end. */
Test(hsm_doubt, a_group_that_fails_at_once_is_given_pauses)
{
	AUTO(hsm) struct hsm *h = fixture_open(&f);
	struct hsm_key key = fixture_key(h, EV_KEY_ALGORITHM_RSA_2048, 1, "a");
	struct hsm_query query = { .id = key.id };
	int64_t until = clock_monotonic_us() + INT64_C(3000000);
	uint64_t before = hsm_epoch(h);
	struct hsm_keys keys;
	struct err e = { 0 };

	p11->C_FindObjectsInit = logged_out_find;
	while (clock_monotonic_us() < until) {
		faults_left = 1;
		if (hsm_wait_ready(h, INT64_C(100000), &e))
			(void)!hsm_find(h, 0, &query, &keys, &e);
	}
	faults_left = 0;
	cr_expect_lt(hsm_epoch(h) - before, 10);
	cr_expect(hsm_wait_ready(h, INT64_C(3000000), &e), "%s", e.text);
}

Test(hsm_doubt, a_hung_call_ends_the_process)
{
	int64_t begin = clock_monotonic_us();
	int status;
	pid_t pid = fork(); /* before any hsm_open() */

	cr_assert_neq(pid, -1);
	if (pid == 0) {
		AUTO(buffer) struct buffer signature = { 0 };
		struct hsm_key key;
		struct err e = { 0 };
		struct hsm *h;

		f.settings.call_deadline_us = INT64_C(2000000);
		h = fixture_open(&f);
		key = fixture_key(h, EV_KEY_ALGORITHM_RSA_2048, 1, "a");
		p11->C_Sign = hanging_sign;
		faults_left = 1;
		(void)!hsm_sign(h, 0, &key, PKI_RSA_SHA256, bytes_of_str("x"),
				&signature, &e);
		_exit(1);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFEXITED(status));
	cr_expect_eq(WEXITSTATUS(status), HSM_EXIT_HUNG);
	cr_expect_lt(clock_monotonic_us() - begin, INT64_C(30000000));
}
