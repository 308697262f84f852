/* Making and removing keys in a real token. */
#include <criterion/criterion.h>

#include "base/clock.h"
#include "fixture.h"
#include "keygen.h"
#include "pki/csr.h"

#define ENROLMENT "5a5a5a5a-5a5a-5a5a-5a5a-5a5a5a5a5a01"
#define TAX_CODE "0199000112"
#define LABEL TAX_CODE "/" ENROLMENT

static struct fixture f;
static struct keygen kg;
static struct keygen_thread thread = { .keygen = &kg };

static void
setup(void)
{
	struct err e = { 0 };

	fixture_init(&f, 2);
	kg.hsm = fixture_open(&f);
	cr_assert(keygen_census_new(&kg.census, &e));
}

static void
teardown(void)
{
	hsm_close(kg.hsm);
	keygen_census_free(kg.census);
	fixture_remove(&f);
}

TestSuite(keygen_make, .init = setup, .fini = teardown, .timeout = 60);

static struct keygen_job
job(enum keygen_task task, enum ev_key_algorithm algorithm)
{
	struct keygen_job j = { .task = task,
				.tax_code = TAX_CODE,
				.algorithm = algorithm,
				.look_first = true,
				.recorded_us = INT64_MAX };

	strcpy(j.enrolment_id, ENROLMENT);
	strcpy(j.label, LABEL);
	cr_assert(uuid_parse(ENROLMENT, j.id));
	return j;
}

static void
make(struct keygen_job *j)
{
	struct err e = { 0 };

	cr_assert(keygen_make(&thread, j, &e), "%s", e.text);
	cr_assert_not(j->failed, "%s", j->detail);
}

static void
remove_keys(struct keygen_job *j)
{
	struct err e = { 0 };

	cr_assert(keygen_remove(&thread, j, &e), "%s", e.text);
}

static size_t
count(void)
{
	struct hsm_query query = { .label = LABEL };
	struct hsm_keys keys;
	struct err e = { 0 };

	cr_assert(hsm_find(kg.hsm, 0, &query, &keys, &e), "%s", e.text);
	return keys.count;
}

static void
admit(struct keygen_job *settle, const struct hsm_key *key)
{
	settle->has_admitted = true;
	sha256(hsm_key_spki(key), settle->admitted.b);
}

static void
check_csr(enum ev_key_algorithm algorithm)
{
	const struct pki_csr_policy policy = { .tax_code = TAX_CODE };
	struct keygen_job j = job(KEYGEN_MAKE, algorithm);
	AUTO(pki_csr) struct pki_csr *csr = NULL;
	struct pki_refusal why;
	struct err e = { 0 };

	make(&j);
	cr_assert(pki_csr_check(buffer_view(&j.csr), &policy, &csr, &why, &e));
	cr_assert_not_null(csr, "%s: %s", why.field, why.reason);
	cr_expect_eq(csr->key.algorithm, algorithm);
	cr_expect_str_eq(csr->enrolment_id, ENROLMENT);
	cr_expect(bytes_equal(csr->spki, hsm_key_spki(&j.key)));
	cr_expect_not(j.several);
	buffer_free(&j.csr);
}

Test(keygen_make, csr_is_accepted_rsa)
{
	check_csr(EV_KEY_ALGORITHM_RSA_2048);
}

Test(keygen_make, csr_is_accepted_p256)
{
	check_csr(EV_KEY_ALGORITHM_EC_P256);
}

Test(keygen_make, csr_is_accepted_p384)
{
	check_csr(EV_KEY_ALGORITHM_EC_P384);
}

Test(keygen_make, a_second_life_adopts_the_key)
{
	struct keygen_job first = job(KEYGEN_MAKE, EV_KEY_ALGORITHM_EC_P256);
	struct keygen_job second = first;

	make(&first);
	make(&second);
	cr_expect_eq(count(), 1);
	cr_expect(bytes_equal(hsm_key_spki(&first.key),
			      hsm_key_spki(&second.key)));
	cr_expect_not(second.several);
	buffer_free(&first.csr);
	buffer_free(&second.csr);
}

Test(keygen_make, a_key_of_another_label_is_not_adopted)
{
	struct keygen_job j = job(KEYGEN_MAKE, EV_KEY_ALGORITHM_EC_P256);
	struct hsm_key other =
		fixture_key(kg.hsm, EV_KEY_ALGORITHM_EC_P256, 1, "another");

	make(&j);
	cr_expect_not(bytes_equal(hsm_key_spki(&other), hsm_key_spki(&j.key)));
	buffer_free(&j.csr);
}

Test(keygen_make, of_several_one_is_kept_and_the_rest_settled)
{
	struct keygen_job j = job(KEYGEN_MAKE, EV_KEY_ALGORITHM_EC_P256);
	struct keygen_job again = j;
	struct keygen_job settle = job(KEYGEN_SETTLE, 0);

	for (int i = 0; i < 3; i++)
		(void)fixture_key(kg.hsm, EV_KEY_ALGORITHM_EC_P256, 1, LABEL);
	make(&j);
	cr_expect(j.several);
	cr_expect_eq(count(), 3, "nothing goes before the CSR is admitted");
	make(&again);
	cr_expect(bytes_equal(hsm_key_spki(&j.key), hsm_key_spki(&again.key)),
		  "each life chooses the same");

	admit(&settle, &j.key);
	remove_keys(&settle);
	cr_expect_eq(count(), 1);
	cr_expect(settle.has_key);
	cr_expect_not(
		bytes_equal(hsm_key_spki(&settle.key), hsm_key_spki(&j.key)));
	remove_keys(&settle);
	cr_expect_eq(count(), 1, "settled once and for all");
	buffer_free(&j.csr);
	buffer_free(&again.csr);
}

static CK_FUNCTION_LIST real_list;
static unsigned searches;

static CK_RV
search(CK_SESSION_HANDLE s, CK_ATTRIBUTE *match, CK_ULONG n)
{
	searches++;
	return real_list.C_FindObjectsInit(s, match, n);
}

/* After a start: thousands of enrolments, and nearly all are in order. */
Test(keygen_make, many_are_settled_by_one_count)
{
	struct keygen_job made = job(KEYGEN_MAKE, EV_KEY_ALGORITHM_EC_P256);
	struct keygen_job old = job(KEYGEN_SETTLE, 0);
	struct keygen_job absent = job(KEYGEN_SETTLE, 0);
	unsigned before;

	make(&made);
	real_list = *fixture_list();
	fixture_list()->C_FindObjectsInit = search;
	old.recorded_us = absent.recorded_us = 1;
	absent.id[0] ^= 1;
	admit(&old, &made.key);
	remove_keys(&old);
	before = searches;
	for (int i = 0; i < 1000; i++) {
		remove_keys(&old);
		remove_keys(&absent);
	}
	cr_expect_eq(searches, before);
	cr_expect_not(old.has_key);
	cr_expect_eq(count(), 1);
	buffer_free(&made.csr);
}

/* What is too many is found by the count, then by a search. */
Test(keygen_make, a_count_finds_who_has_a_key_too_many)
{
	struct keygen_job made = job(KEYGEN_MAKE, EV_KEY_ALGORITHM_EC_P256);
	struct keygen_job other = made;
	struct keygen_job old = job(KEYGEN_SETTLE, 0);

	make(&made);
	other.look_first = false;
	make(&other);
	cr_assert_eq(count(), 2);
	old.recorded_us = 1;
	admit(&old, &made.key);
	remove_keys(&old);
	cr_expect_eq(count(), 1);
	cr_expect(old.has_key);
	cr_expect(
		bytes_equal(hsm_key_spki(&old.key), hsm_key_spki(&other.key)));
	buffer_free(&made.csr);
	buffer_free(&other.csr);
}

/* One key, but not the admitted one; and one that none was admitted for. */
Test(keygen_make, a_count_tells_another_key_from_the_admitted)
{
	struct keygen_job made = job(KEYGEN_MAKE, EV_KEY_ALGORITHM_EC_P256);
	struct keygen_job again = made;
	struct keygen_job old = job(KEYGEN_SETTLE, 0);

	make(&made);
	old.recorded_us = 1;
	old.has_admitted = true;
	remove_keys(&old);
	cr_expect_eq(count(), 0);

	make(&again);
	old.has_key = old.has_admitted = false;
	remove_keys(&old);
	cr_expect_eq(count(), 0);
	cr_expect(old.has_key);
	buffer_free(&made.csr);
	buffer_free(&again.csr);
}

/* A younger event may speak of a key that the count has not seen. */
Test(keygen_make, the_count_is_not_asked_about_what_is_younger)
{
	struct keygen_job old = job(KEYGEN_SETTLE, 0);
	struct keygen_job young = job(KEYGEN_SETTLE, 0);
	struct keygen_job made = job(KEYGEN_MAKE, EV_KEY_ALGORITHM_EC_P256);

	old.recorded_us = 1;
	remove_keys(&old); /* the count, of an empty token */
	make(&made);
	young.recorded_us = clock_now_us();
	remove_keys(&young);
	cr_expect_eq(count(), 0);
	buffer_free(&made.csr);
}

Test(keygen_make, half_a_key_is_not_adopted)
{
	struct keygen_job j = job(KEYGEN_MAKE, EV_KEY_ALGORITHM_EC_P256);
	struct keygen_job settle = job(KEYGEN_SETTLE, 0);
	struct hsm_key half =
		fixture_key(kg.hsm, EV_KEY_ALGORITHM_EC_P256, 1, LABEL);
	struct err e = { 0 };

	half.has_private = false;
	cr_assert(hsm_destroy(kg.hsm, 0, &half, &e));
	make(&j);
	cr_expect(j.several);
	admit(&settle, &j.key);
	remove_keys(&settle);
	cr_expect_eq(count(), 1);
	buffer_free(&j.csr);
}

/* The admitted pair lost its public half: better nothing than a guess. */
Test(keygen_make, a_half_that_may_be_the_admitted_key_stays)
{
	struct keygen_job settle = job(KEYGEN_SETTLE, 0);
	struct hsm_key half =
		fixture_key(kg.hsm, EV_KEY_ALGORITHM_EC_P256, 1, LABEL);
	struct err e = { 0 };

	admit(&settle, &half);
	half.has_private = false;
	cr_assert(hsm_destroy(kg.hsm, 0, &half, &e));
	remove_keys(&settle);
	cr_expect_eq(count(), 1);
	cr_expect_not(settle.has_key);
}

Test(keygen_make, abandoned_with_and_without_a_key)
{
	struct keygen_job j = job(KEYGEN_MAKE, EV_KEY_ALGORITHM_RSA_2048);
	struct keygen_job destroy = job(KEYGEN_DESTROY, 0);
	struct keygen_job nothing = job(KEYGEN_DESTROY, 0);

	make(&j);
	remove_keys(&destroy);
	cr_expect_eq(count(), 0);
	cr_expect(destroy.has_key);
	cr_expect(
		bytes_equal(hsm_key_spki(&destroy.key), hsm_key_spki(&j.key)));
	remove_keys(&nothing);
	cr_expect_not(nothing.has_key);
	buffer_free(&j.csr);
}

static CK_RV
full(CK_SESSION_HANDLE s, CK_MECHANISM *m, CK_ATTRIBUTE *pub, CK_ULONG pub_n,
     CK_ATTRIBUTE *priv, CK_ULONG priv_n, CK_OBJECT_HANDLE *pub_h,
     CK_OBJECT_HANDLE *priv_h)
{
	(void)s, (void)m, (void)pub, (void)pub_n;
	(void)priv, (void)priv_n, (void)pub_h, (void)priv_h;
	return CKR_DEVICE_MEMORY;
}

Test(keygen_make, a_full_token_is_a_definite_failure)
{
	struct keygen_job j = job(KEYGEN_MAKE, EV_KEY_ALGORITHM_EC_P256);
	struct err e = { 0 };

	fixture_list()->C_GenerateKeyPair = full;
	cr_assert(keygen_make(&thread, &j, &e), "%s", e.text);
	cr_expect(j.failed);
	cr_expect_eq(j.code, EV_KEY_PAIR_FAILURE_CODE_TOKEN_FULL);
	cr_expect_eq(j.ckr, (int64_t)CKR_DEVICE_MEMORY);
	cr_expect_neq(j.detail[0], '\0');
}

static CK_RV
inconsistent(CK_SESSION_HANDLE s, CK_MECHANISM *m, CK_ATTRIBUTE *pub,
	     CK_ULONG pub_n, CK_ATTRIBUTE *priv, CK_ULONG priv_n,
	     CK_OBJECT_HANDLE *pub_h, CK_OBJECT_HANDLE *priv_h)
{
	(void)s, (void)m, (void)pub, (void)pub_n;
	(void)priv, (void)priv_n, (void)pub_h, (void)priv_h;
	return CKR_TEMPLATE_INCONSISTENT;
}

/* A token has said so of a template that it took before and after. */
Test(keygen_make, doubts_about_the_template_are_doubtful)
{
	struct keygen_job j = job(KEYGEN_MAKE, EV_KEY_ALGORITHM_EC_P256);
	struct err e = { 0 };

	fixture_list()->C_GenerateKeyPair = inconsistent;
	cr_assert(keygen_make(&thread, &j, &e), "%s", e.text);
	cr_expect(j.failed);
	cr_expect(j.doubtful);
	cr_expect_eq(j.code, EV_KEY_PAIR_FAILURE_CODE_ATTRIBUTES_NOT_AS_ASKED);
}
