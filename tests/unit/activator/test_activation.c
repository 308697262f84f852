/* Activation against a real token: the key must be there, and work. */
#include <criterion/criterion.h>

#include "activation.h"
#include "fixture.h"
#include "support.h"

static struct fixture f;
static struct hsm *hsm;

static void
setup(void)
{
	fixture_init(&f, 2);
	hsm = fixture_open(&f);
}

static void
teardown(void)
{
	hsm_close(hsm);
	fixture_remove(&f);
}

TestSuite(activation, .init = setup, .fini = teardown, .timeout = 60);

/* A certificate for this public key. */
static void
certify(struct bytes spki, struct buffer *out)
{
	AUTO(evp_pkey) EVP_PKEY *ca_key = test_key("ca-p256");
	AUTO(pki_ca) struct pki_ca *root = test_root("ca-p256");
	AUTO(pki_profile) struct pki_profile *profile = test_profile();
	AUTO(buffer) struct buffer tbs = { 0 };
	struct pki_order order = test_order(spki);
	struct err e = { 0 };

	cr_assert(pki_tbs_build(profile, root, &order, &tbs, &e), "%s", e.text);
	test_certificate(buffer_view(&tbs), root, ca_key, out);
}

static struct ev_activation_ordered
order_of(const struct hsm_key *key, const struct buffer *certificate)
{
	struct ev_activation_ordered o = {
		.key_ref = { .token = "where it once was" },
		.certificate_der = buffer_view(certificate),
	};

	memcpy(o.key_ref.key_id.b, key->id, sizeof(o.key_ref.key_id.b));
	return o;
}

static struct activation
run(const struct ev_activation_ordered *order)
{
	struct activation a;
	struct err e = { 0 };

	cr_assert(activation_test(hsm, 0, order, &a, &e), "%s", e.text);
	return a;
}

static void
works(enum ev_key_algorithm algorithm)
{
	struct hsm_key key = fixture_key(hsm, algorithm, 1, "a");
	AUTO(buffer) struct buffer certificate = { 0 };
	struct ev_activation_ordered order;
	struct activation a;

	certify(hsm_key_spki(&key), &certificate);
	order = order_of(&key, &certificate);
	a = run(&order);
	cr_expect(a.activated, "%s", a.detail);
	cr_expect_str_eq(a.key.token, key.token);
	cr_expect_gt(a.tested_at, 0);
}

Test(activation, rsa_key_works)
{
	works(EV_KEY_ALGORITHM_RSA_2048);
}

Test(activation, ec_key_works)
{
	works(EV_KEY_ALGORITHM_EC_P256);
}

Test(activation, key_is_gone)
{
	struct hsm_key key = fixture_key(hsm, EV_KEY_ALGORITHM_EC_P256, 1, "a");
	AUTO(buffer) struct buffer certificate = { 0 };
	struct ev_activation_ordered order;
	struct activation a;
	struct err e = { 0 };

	certify(hsm_key_spki(&key), &certificate);
	order = order_of(&key, &certificate);
	cr_assert(hsm_destroy(hsm, 0, &key, &e));
	a = run(&order);
	cr_expect_not(a.activated);
	cr_expect_eq(a.code, EV_ACTIVATION_FAILURE_CODE_KEY_NOT_FOUND);
}

Test(activation, private_half_is_gone)
{
	struct hsm_key key =
		fixture_key(hsm, EV_KEY_ALGORITHM_RSA_2048, 1, "a");
	AUTO(buffer) struct buffer certificate = { 0 };
	struct ev_activation_ordered order;
	struct activation a;
	struct err e = { 0 };

	certify(hsm_key_spki(&key), &certificate);
	order = order_of(&key, &certificate);
	key.has_public = false;
	cr_assert(hsm_destroy(hsm, 0, &key, &e));
	a = run(&order);
	cr_expect_not(a.activated);
	cr_expect_eq(a.code, EV_ACTIVATION_FAILURE_CODE_KEY_NOT_FOUND);
}

Test(activation, another_key_under_this_id)
{
	struct hsm_key key = fixture_key(hsm, EV_KEY_ALGORITHM_EC_P256, 1, "a");
	struct hsm_key other =
		fixture_key(hsm, EV_KEY_ALGORITHM_EC_P256, 2, "b");
	AUTO(buffer) struct buffer certificate = { 0 };
	struct ev_activation_ordered order;
	struct activation a;

	certify(hsm_key_spki(&key), &certificate);
	order = order_of(&other, &certificate);
	a = run(&order);
	cr_expect_not(a.activated);
	cr_expect_eq(a.code, EV_ACTIVATION_FAILURE_CODE_KEY_MISMATCH);
}

static CK_FUNCTION_LIST real;

static CK_RV
wrong_sign(CK_SESSION_HANDLE s, CK_BYTE *in, CK_ULONG in_len, CK_BYTE *out,
	   CK_ULONG *out_len)
{
	CK_RV rv = real.C_Sign(s, in, in_len, out, out_len);

	out[*out_len / 2] ^= 1;
	return rv;
}

Test(activation, a_key_that_signs_wrongly)
{
	struct hsm_key key =
		fixture_key(hsm, EV_KEY_ALGORITHM_RSA_2048, 1, "a");
	CK_FUNCTION_LIST *p11 = fixture_list();
	AUTO(buffer) struct buffer certificate = { 0 };
	struct ev_activation_ordered order;
	struct activation a;

	certify(hsm_key_spki(&key), &certificate);
	order = order_of(&key, &certificate);
	real = *p11;
	p11->C_Sign = wrong_sign;
	a = run(&order);
	cr_expect_not(a.activated);
	cr_expect_eq(a.code, EV_ACTIVATION_FAILURE_CODE_TEST_SIGNATURE_WRONG);
}

Test(activation, no_certificate_in_the_order)
{
	struct hsm_key key = fixture_key(hsm, EV_KEY_ALGORITHM_EC_P256, 1, "a");
	struct buffer none = { 0 };
	struct ev_activation_ordered order = order_of(&key, &none);
	struct activation a;
	struct err e = { 0 };

	order.certificate_der = bytes_of_str("nothing of the kind");
	cr_expect_not(activation_test(hsm, 0, &order, &a, &e));
	cr_expect_eq(e.kind, ERR_REJECT);
}
