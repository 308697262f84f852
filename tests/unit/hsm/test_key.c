/* Key pairs: making, reading back, searching, signing, destroying. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "fixture.h"

static struct fixture f;

static void
setup(void)
{
	fixture_init(&f, 2);
}

static void
teardown(void)
{
	fixture_remove(&f);
}

TestSuite(hsm_key, .init = setup, .fini = teardown, .timeout = 120);

static size_t
found(struct hsm *h, const struct hsm_query *query, struct hsm_keys *keys)
{
	struct err e = { 0 };

	cr_assert(hsm_find(h, 1, query, keys, &e), "%s", e.text);
	return keys->count;
}

ParameterizedTestParameters(hsm_key, every_algorithm)
{
	static enum ev_key_algorithm all[] = {
		EV_KEY_ALGORITHM_RSA_2048, EV_KEY_ALGORITHM_RSA_3072,
		EV_KEY_ALGORITHM_RSA_4096, EV_KEY_ALGORITHM_EC_P256,
		EV_KEY_ALGORITHM_EC_P384,
	};
	return cr_make_param_array(enum ev_key_algorithm, all,
				   sizeof(all) / sizeof(all[0]));
}

ParameterizedTest(enum ev_key_algorithm *algorithm, hsm_key, every_algorithm)
{
	AUTO(hsm) struct hsm *h = fixture_open(&f);
	AUTO(buffer) struct buffer signature = { 0 };
	struct hsm_key key = fixture_key(h, *algorithm, 1, "0199000112/a");
	enum pki_signature kind = pki_signature_default(*algorithm);
	struct bytes text = bytes_of_str("what is signed");
	struct pki_key facts;
	struct pki_refusal why;
	struct err e = { 0 };

	cr_expect(key.attributes.sensitive && key.attributes.local);
	cr_expect(key.attributes.always_sensitive);
	cr_expect(key.attributes.never_extractable);
	cr_expect_not(key.attributes.extractable);
	cr_expect_str_eq(key.label, "0199000112/a");
	cr_assert(pki_key_check(hsm_key_spki(&key), &facts, &why));
	cr_expect_eq(facts.algorithm, *algorithm);

	cr_assert(hsm_sign(h, 0, &key, kind, text, &signature, &e), "%s",
		  e.text);
	cr_expect(pki_signature_verify(hsm_key_spki(&key), kind, text,
				       buffer_view(&signature), &e),
		  "%s", e.text);
	cr_expect_not(pki_signature_verify(hsm_key_spki(&key), kind,
					   bytes_of_str("something else"),
					   buffer_view(&signature), &e));
}

/* Straight from the token, past our own reading. */
Test(hsm_key, token_shows_the_attributes)
{
	AUTO(hsm) struct hsm *h = fixture_open(&f);
	struct hsm_key key =
		fixture_key(h, EV_KEY_ALGORITHM_RSA_2048, 1, "label");
	const struct {
		CK_ATTRIBUTE_TYPE type;
		CK_BBOOL want;
	} flags[] = {
		{ CKA_TOKEN, CK_TRUE },         { CKA_PRIVATE, CK_TRUE },
		{ CKA_SENSITIVE, CK_TRUE },     { CKA_SIGN, CK_TRUE },
		{ CKA_EXTRACTABLE, CK_FALSE },  { CKA_MODIFIABLE, CK_FALSE },
		{ CKA_COPYABLE, CK_FALSE },     { CKA_DERIVE, CK_FALSE },
		{ CKA_DECRYPT, CK_FALSE },      { CKA_UNWRAP, CK_FALSE },
		{ CKA_SIGN_RECOVER, CK_FALSE },
	};
	CK_FUNCTION_LIST *p11 = fixture_list();
	CK_SLOT_ID slots[8];
	CK_ULONG n = 8;
	CK_MECHANISM_TYPE allowed[4];
	CK_ATTRIBUTE a = { CKA_ALLOWED_MECHANISMS, allowed, sizeof(allowed) };
	CK_SESSION_HANDLE session;
	CK_BYTE secret[1024];

	cr_assert_eq(p11->C_GetSlotList(CK_TRUE, slots, &n), CKR_OK);
	cr_assert_eq(p11->C_OpenSession(slots[0], CKF_SERIAL_SESSION, NULL,
					NULL, &session),
		     CKR_OK);
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		CK_BBOOL value = 7;
		CK_ATTRIBUTE one = { flags[i].type, &value, sizeof(value) };

		cr_expect_eq(p11->C_GetAttributeValue(
				     session, key.private_handle, &one, 1),
			     CKR_OK);
		cr_expect_eq(value, flags[i].want, "attribute 0x%lx",
			     flags[i].type);
	}
	cr_expect_eq(
		p11->C_GetAttributeValue(session, key.private_handle, &a, 1),
		CKR_OK);
	cr_expect_eq(a.ulValueLen, sizeof(allowed[0]));
	cr_expect_eq(allowed[0], CKM_SHA256_RSA_PKCS);
	a = (CK_ATTRIBUTE){ CKA_PRIVATE_EXPONENT, secret, sizeof(secret) };
	cr_expect_neq(
		p11->C_GetAttributeValue(session, key.private_handle, &a, 1),
		CKR_OK);
}

Test(hsm_key, round_robin_and_search_in_all_tokens)
{
	AUTO(hsm) struct hsm *h = fixture_open(&f);
	struct hsm_key a = fixture_key(h, EV_KEY_ALGORITHM_EC_P256, 1, "a");
	struct hsm_key b = fixture_key(h, EV_KEY_ALGORITHM_EC_P256, 2, "b");
	struct hsm_keys keys;

	cr_expect_str_neq(a.token, b.token);
	cr_expect_eq(found(h, &(struct hsm_query){ .id = a.id }, &keys), 1);
	cr_expect_str_eq(keys.items[0].token, a.token);
	cr_expect_eq(found(h, &(struct hsm_query){ .id = b.id }, &keys), 1);
	cr_expect_str_eq(keys.items[0].token, b.token);
	cr_expect(bytes_equal(hsm_key_spki(&keys.items[0]), hsm_key_spki(&b)));
}

Test(hsm_key, first_fit_uses_one_token)
{
	f.settings.placement = HSM_FIRST_FIT;
	AUTO(hsm) struct hsm *h = fixture_open(&f);
	struct hsm_key a = fixture_key(h, EV_KEY_ALGORITHM_EC_P256, 1, "a");
	struct hsm_key b = fixture_key(h, EV_KEY_ALGORITHM_EC_P256, 2, "b");

	cr_expect_str_eq(a.token, "customer-1");
	cr_expect_str_eq(b.token, "customer-1");
}

/* Ids are not unique in a token: pairs are told apart by their keys. */
static void
same_id_twice(enum ev_key_algorithm algorithm)
{
	f.settings.placement = HSM_FIRST_FIT;
	AUTO(hsm) struct hsm *h = fixture_open(&f);
	struct hsm_key a = fixture_key(h, algorithm, 1, "same");
	struct hsm_key b = fixture_key(h, algorithm, 1, "same");
	struct hsm_query query = { .id = a.id, .label = "same" };
	struct hsm_keys keys;

	cr_assert_eq(found(h, &query, &keys), 2);
	for (size_t i = 0; i < 2; i++)
		cr_expect(keys.items[i].has_private &&
			  keys.items[i].has_public);
	cr_expect_not(bytes_equal(hsm_key_spki(&keys.items[0]),
				  hsm_key_spki(&keys.items[1])));

	query.spki = hsm_key_spki(&b);
	cr_assert_eq(found(h, &query, &keys), 1);
	cr_expect_eq(keys.items[0].private_handle, b.private_handle);
	cr_expect_eq(keys.items[0].public_handle, b.public_handle);
}

Test(hsm_key, same_id_twice_rsa)
{
	same_id_twice(EV_KEY_ALGORITHM_RSA_2048);
}

Test(hsm_key, same_id_twice_ec)
{
	same_id_twice(EV_KEY_ALGORITHM_EC_P256);
}

Test(hsm_key, search_by_public_key_alone)
{
	const enum ev_key_algorithm kinds[] = { EV_KEY_ALGORITHM_RSA_2048,
						EV_KEY_ALGORITHM_EC_P384 };
	AUTO(hsm) struct hsm *h = fixture_open(&f);
	struct hsm_keys keys;

	for (size_t i = 0; i < 2; i++) {
		struct hsm_key a = fixture_key(h, kinds[i], 1, "one");
		struct hsm_key b = fixture_key(h, kinds[i], 1, "other");
		struct hsm_query query = { .spki = hsm_key_spki(&a) };

		cr_assert_eq(found(h, &query, &keys), 1);
		cr_expect_str_eq(keys.items[0].label, "one");
		cr_expect(keys.items[0].has_private);
		query.label = "other";
		cr_expect_eq(found(h, &query, &keys), 0);
		query.spki = hsm_key_spki(&b);
		cr_expect_eq(found(h, &query, &keys), 1);
	}
}

Test(hsm_key, destroy_leaves_nothing)
{
	AUTO(hsm) struct hsm *h = fixture_open(&f);
	struct hsm_key a = fixture_key(h, EV_KEY_ALGORITHM_EC_P256, 1, "a");
	struct hsm_query query = { .id = a.id };
	struct hsm_keys keys;
	struct err e = { 0 };

	cr_assert(hsm_destroy(h, 2, &a, &e), "%s", e.text);
	cr_expect_eq(found(h, &query, &keys), 0);
}

/* A crash between the two halves: what is left can be seen and removed. */
Test(hsm_key, one_half_left_over)
{
	AUTO(hsm) struct hsm *h = fixture_open(&f);
	struct hsm_key a = fixture_key(h, EV_KEY_ALGORITHM_EC_P256, 1, "a");
	struct hsm_key b = fixture_key(h, EV_KEY_ALGORITHM_EC_P256, 2, "b");
	struct hsm_keys keys;
	struct err e = { 0 };

	a.has_public = false;
	cr_assert(hsm_destroy(h, 0, &a, &e));
	cr_assert_eq(found(h, &(struct hsm_query){ .id = a.id }, &keys), 1);
	cr_expect(keys.items[0].has_public && !keys.items[0].has_private);
	cr_assert(hsm_destroy(h, 0, &keys.items[0], &e));
	cr_expect_eq(found(h, &(struct hsm_query){ .id = a.id }, &keys), 0);

	b.has_private = false;
	cr_assert(hsm_destroy(h, 0, &b, &e));
	cr_assert_eq(found(h, &(struct hsm_query){ .id = b.id }, &keys), 1);
	cr_expect(keys.items[0].has_private && !keys.items[0].has_public);
	cr_expect_eq(keys.items[0].spki_len, 0);
}

Test(hsm_key, other_hashes_and_padding)
{
	AUTO(hsm) struct hsm *h = fixture_open(&f);
	AUTO(buffer) struct buffer signature = { 0 };
	struct hsm_key key =
		fixture_key(h, EV_KEY_ALGORITHM_RSA_2048, 1, "rsa");
	struct err e = { 0 };

	/* The one allowed mechanism is SHA-256 with PKCS#1 v1.5. */
	cr_expect_not(hsm_sign(h, 0, &key, PKI_PSS_SHA256, bytes_of_str("x"),
			       &signature, &e));
	cr_expect_eq(e.kind, ERR_REJECT);
	cr_expect_eq(e.code, HSM_MECHANISM_UNSUPPORTED);
	cr_expect_not(hsm_sign(h, 0, &key, PKI_ECDSA_SHA256, bytes_of_str("x"),
			       &signature, &e));
	cr_expect_eq(e.kind, ERR_FATAL);
	cr_expect_eq(signature.len, 0);
	cr_expect(hsm_ready(h, &e), "a refusal is no fault");
}

Test(hsm_key, attributes_that_a_module_refuses)
{
	const char *skip[] = { "CKA_COPYABLE", "CKA_ALLOWED_MECHANISMS" };

	f.settings.skip_attributes = skip;
	f.settings.skip_count = 2;
	AUTO(hsm) struct hsm *h = fixture_open(&f);
	AUTO(buffer) struct buffer signature = { 0 };
	struct hsm_key key =
		fixture_key(h, EV_KEY_ALGORITHM_RSA_2048, 1, "rsa");
	struct err e = { 0 };

	cr_expect(key.bare_rsa);
	cr_expect(hsm_sign(h, 0, &key, PKI_RSA_SHA256, bytes_of_str("x"),
			   &signature, &e),
		  "%s", e.text);
	cr_expect(hsm_sign(h, 0, &key, PKI_PSS_SHA384, bytes_of_str("x"),
			   &signature, &e),
		  "%s", e.text);
}

Test(hsm_key, an_rsa_key_of_a_ca)
{
	f.settings.ca_keys = true;
	AUTO(hsm) struct hsm *h = fixture_open(&f);
	AUTO(buffer) struct buffer signature = { 0 };
	struct hsm_key key =
		fixture_key(h, EV_KEY_ALGORITHM_RSA_2048, 1, "issuing");
	struct err e = { 0 };

	cr_expect(key.bare_rsa);
	cr_expect(hsm_sign(h, 0, &key, PKI_RSA_SHA256, bytes_of_str("x"),
			   &signature, &e),
		  "%s", e.text);
	cr_expect(hsm_sign(h, 0, &key, PKI_PSS_SHA256, bytes_of_str("x"),
			   &signature, &e),
		  "%s", e.text);
	cr_expect_not(hsm_sign(h, 0, &key, PKI_PSS_SHA384, bytes_of_str("x"),
			       &signature, &e),
		      "two mechanisms alone are allowed");
	cr_expect_eq(e.code, HSM_MECHANISM_UNSUPPORTED);
}

/* A group that is to sign with PSS is not ready with a key that may not. */
Test(hsm_key, kinds_of_signature_that_are_needed)
{
	AUTO(hsm) struct hsm *h = fixture_open(&f);
	struct hsm_key key =
		fixture_key(h, EV_KEY_ALGORITHM_RSA_2048, 1, "issuing");
	struct err e = { 0 };

	hsm_close(TAKE(h));
	f.settings.read_only = true;
	f.settings.own_spki = hsm_key_spki(&key);
	f.settings.own_kinds = 1u << PKI_RSA_SHA256;
	h = fixture_open(&f);
	hsm_close(TAKE(h));
	f.settings.own_kinds |= 1u << PKI_PSS_SHA256;
	cr_assert(hsm_open(&f.settings, &h, &e), "%s", e.text);
	for (int i = 0; i < 100 && strstr(e.text, "RSA-PSS-SHA256") == NULL;
	     i++)
		cr_expect_not(hsm_wait_ready(h, 300000, &e)); /* or opening */
	cr_expect_not_null(strstr(e.text, "RSA-PSS-SHA256"), "%s", e.text);
}

Test(hsm_key, what_protects_the_key_cannot_be_skipped)
{
	const char *skip[] = { "CKA_SENSITIVE" };
	struct hsm *h = NULL;
	struct err e = { 0 };

	f.settings.skip_attributes = skip;
	f.settings.skip_count = 1;
	cr_expect_not(hsm_open(&f.settings, &h, &e));
	cr_expect_eq(e.kind, ERR_FATAL);
	cr_expect_not_null(strstr(e.text, "CKA_SENSITIVE"));
}

/* A private key is not given the public half of another of the same id. */
static void
public_half_of_another(enum ev_key_algorithm algorithm)
{
	f.settings.placement = HSM_FIRST_FIT;
	AUTO(hsm) struct hsm *h = fixture_open(&f);
	struct hsm_key a = fixture_key(h, algorithm, 1, "same");
	struct hsm_key b = fixture_key(h, algorithm, 1, "same");
	struct hsm_query query = { .id = a.id };
	struct hsm_keys keys;
	struct err e = { 0 };

	/* left: the private half of a, the public half of b */
	a.has_private = b.has_public = false;
	cr_assert(hsm_destroy(h, 0, &a, &e) && hsm_destroy(h, 0, &b, &e));
	cr_assert_eq(found(h, &query, &keys), 2);
	for (size_t i = 0; i < 2; i++)
		cr_expect_neq(keys.items[i].has_private,
			      keys.items[i].has_public);
}

Test(hsm_key, public_half_of_another_rsa)
{
	public_half_of_another(EV_KEY_ALGORITHM_RSA_2048);
}

Test(hsm_key, public_half_of_another_ec)
{
	public_half_of_another(EV_KEY_ALGORITHM_EC_P256);
}
