/* The issuer's judgement: one right order, then each part of it wrong. */
#include <criterion/criterion.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "order_world.h"

TestSuite(order, .init = order_world_open, .fini = order_world_close);

static struct order_verdict
judge(const struct ev_submission *submission)
{
	struct order_verdict verdict;
	struct err e = { 0 };

	cr_assert(order_check(&w.order, submission, &w.policy, NOW_US, &verdict,
			      &e),
		  "%s", e.text);
	return verdict;
}

static void
expect(enum ev_issuance_failure_code code, const char *rule)
{
	struct order_verdict v = judge(&w.submission);

	cr_expect_eq(v.code, code, "%s %s: %s",
		     ev_issuance_failure_code_name(v.code), v.rule, v.detail);
	cr_assert_not_null(v.rule);
	cr_expect_str_eq(v.rule, rule, "%s", v.detail);
	cr_expect_neq(v.detail[0], '\0');
}

#define INVALID EV_ISSUANCE_FAILURE_CODE_ORDER_INVALID
#define UNAPPROVED EV_ISSUANCE_FAILURE_CODE_APPROVAL_INVALID

Test(order, a_right_order_is_signed)
{
	struct order_verdict v = judge(&w.submission);

	cr_expect_eq(v.code, EV_ISSUANCE_FAILURE_CODE_UNKNOWN, "%s: %s", v.rule,
		     v.detail);
	cr_expect_null(v.rule);
	cr_expect_eq(v.signature, PKI_RSA_SHA256);
}

/* An order that was made by a profile of before is carried out as long as that
 * file is on the list, beside the one of today under the same name. */
Test(order, made_by_an_earlier_profile)
{
	AUTO(pki_profile) struct pki_profile *today = test_profile();

	today->sha256[0] ^= 1;
	today->max_months = 6;
	w.profiles = (struct pki_profile_list){ { today, w.profile }, 2 };
	cr_expect_eq(judge(&w.submission).code,
		     EV_ISSUANCE_FAILURE_CODE_UNKNOWN);
	w.profiles.count = 1;
	expect(EV_ISSUANCE_FAILURE_CODE_PROFILE_UNKNOWN, "profile_sha256");
}

Test(order, signed_as_the_profile_says)
{
	pki_profile_free(w.profile);
	w.profile = test_profile_named("org-hsm-ca4-pss");
	w.profiles = (struct pki_profile_list){ { w.profile }, 1 };
	order_make();
	order_make_tbs();
	cr_expect_eq(judge(&w.submission).code,
		     EV_ISSUANCE_FAILURE_CODE_UNKNOWN);
	cr_expect_eq(judge(&w.submission).signature, PKI_PSS_SHA256);
}

Test(order, expired_at_sign_before_exactly)
{
	w.order.sign_before = NOW_US + 1;
	cr_expect_eq(judge(&w.submission).code,
		     EV_ISSUANCE_FAILURE_CODE_UNKNOWN);
	w.order.sign_before = NOW_US;
	expect(EV_ISSUANCE_FAILURE_CODE_ORDER_EXPIRED, "sign_before");
}

Test(order, expiry_outranks_everything_else)
{
	w.order.sign_before = NOW_US - 1;
	w.order.approver_id = w.order.creator_id;
	expect(EV_ISSUANCE_FAILURE_CODE_ORDER_EXPIRED, "sign_before");
}

Test(order, creator_approved)
{
	w.order.approver_id = "officer-1";
	w.order.editor_ids.count = 0;
	expect(UNAPPROVED, "four_eyes");
}

Test(order, any_editor_approved)
{
	w.order.approver_id = "officer-2";
	expect(UNAPPROVED, "four_eyes");
}

Test(order, no_approval)
{
	w.order.approval_event_id = "";
	expect(UNAPPROVED, "approval_event_id");
	w.order.approval_event_id = APPROVAL;
	w.order.approver_id = "";
	expect(UNAPPROVED, "approver_id");
}

Test(order, submission_other_than_approved)
{
	w.order.submission = bytes_of_str("the bytes that were approveD");
	expect(INVALID, "submission_sha256");
}

Test(order, submission_unreadable)
{
	struct order_verdict v = judge(NULL);

	cr_expect_eq(v.code, INVALID);
	cr_expect_str_eq(v.rule, "submission");
}

Test(order, submission_of_another_request_or_revision)
{
	w.submission.revision = 1;
	expect(INVALID, "revision");
	w.submission.request_id = ENROLMENT;
	expect(INVALID, "request_id");
}

Test(order, another_issuing_ca)
{
	w.order.issuer_certificate_sha256.b[31] ^= 1;
	expect(EV_ISSUANCE_FAILURE_CODE_ISSUER_UNKNOWN,
	       "issuer_certificate_sha256");
}

/* Ordered in time, and signed when the CA's own term is over. */
Test(order, issuing_ca_is_not_valid_now)
{
	int64_t to = w.ca->not_after;

	w.ca->not_after = NOW_US - 1;
	expect(INVALID, "issuer_validity");
	w.ca->not_after = to;
	w.ca->not_before = NOW_US + 1;
	expect(INVALID, "issuer_validity");
}

Test(order, profile_not_on_the_list)
{
	w.order.profile_sha256.b[0] ^= 1;
	expect(EV_ISSUANCE_FAILURE_CODE_PROFILE_UNKNOWN, "profile_sha256");
	w.order.profile_sha256.b[0] ^= 1;
	w.order.profile_name = "another";
	expect(EV_ISSUANCE_FAILURE_CODE_PROFILE_UNKNOWN, "profile_sha256");
}

Test(order, csr_does_not_prove_possession)
{
	w.csr.data[w.csr.len - 1] ^= 1;
	expect(INVALID, "CSR_SIGNATURE");
}

Test(order, csr_of_another_tax_code)
{
	order_make_csr(w.key, "0100109106", &w.csr);
	w.order.csr_der = buffer_view(&w.csr);
	expect(INVALID, "CSR_TAX_CODE");
}

Test(order, csr_with_another_key_than_approved)
{
	EVP_PKEY *other = test_key("rsa3072");

	order_make_csr(other, TAX_CODE, &w.csr);
	w.order.csr_der = buffer_view(&w.csr);
	expect(INVALID, "spki_sha256");
	EVP_PKEY_free(other);
}

Test(order, the_cas_own_key)
{
	EVP_PKEY *ca_key = test_key("rsa4096");

	order_make_csr(ca_key, TAX_CODE, &w.csr);
	w.order.csr_der = buffer_view(&w.csr);
	expect(INVALID, "KEY_IS_CA_KEY");
	EVP_PKEY_free(ca_key);
}

Test(order, another_term_than_submitted)
{
	w.order.not_after += US_PER_DAY;
	order_make_tbs();
	expect(INVALID, "not_after");
	w.submission.validity_months = 0;
	expect(INVALID, "validity_months");
	w.submission.validity_months = 48;
	expect(INVALID, "validity_months");
}

Test(order, shortened_without_consent)
{
	struct pki_validity v;
	int64_t late = w.ca->not_after - 30 * US_PER_DAY;

	v = pki_validity(late, 12, w.ca);
	w.order.not_before = v.not_before;
	w.order.not_after = v.not_after;
	w.order.validity_shortened = true;
	order_make_tbs();
	expect(INVALID, "validity_shortened");
	w.submission.accept_shortened_validity = true;
	cr_expect_eq(judge(&w.submission).code,
		     EV_ISSUANCE_FAILURE_CODE_UNKNOWN);
	w.order.validity_shortened = false;
	expect(INVALID, "validity_shortened");
}

Test(order, tbs_with_another_name_than_approved)
{
	struct order_verdict v;

	w.submission.customer.certificate_name = "CÔNG TY KHÁC";
	v = judge(&w.submission);
	cr_expect_eq(v.code, INVALID, "%s", v.detail);
}

Test(order, tbs_with_another_serial)
{
	w.order.serial_number = "4f00112233445566778899aabbccddef";
	cr_expect_eq(judge(&w.submission).code, INVALID);
}

Test(order, tbs_with_another_key)
{
	EVP_PKEY *other = test_key("rsa3072");
	struct order_verdict v;

	buffer_free(&w.spki);
	test_spki(other, &w.spki);
	order_make_tbs();
	v = judge(&w.submission);
	cr_expect_neq(v.code, EV_ISSUANCE_FAILURE_CODE_UNKNOWN);
	EVP_PKEY_free(other);
}

/* One octet anywhere in the TBS: never "sign it". */
Test(order, every_octet_of_the_tbs_counts)
{
	for (size_t i = 0; i < w.tbs.len; i++) {
		w.tbs.data[i] ^= 1;
		cr_expect_neq(judge(&w.submission).code,
			      EV_ISSUANCE_FAILURE_CODE_UNKNOWN, "octet %zu", i);
		w.tbs.data[i] ^= 1;
	}
}

Test(order, truncated_tbs)
{
	for (size_t i = 0; i < w.tbs.len; i += 7) {
		w.order.tbs_certificate.len = i;
		cr_expect_neq(judge(&w.submission).code,
			      EV_ISSUANCE_FAILURE_CODE_UNKNOWN);
	}
}

/* The registrar's list may be older, or not its own: the issuer has one. */
Test(order, keys_on_the_issuers_own_list)
{
	char path[] = "/tmp/certflow-blocklist-XXXXXX";
	AUTO(pki_guard) struct pki_guard *guard = NULL;
	struct pki_guard_config cfg = { .ca = w.ca, .blocklist = path };
	char digest[2 * SHA256_LEN + 1];
	struct err e = { 0 };

	hex_encode(bytes_of(w.order.spki_sha256.b, SHA256_LEN), digest);
	cr_assert_geq(close(mkstemp(path)), 0);
	cr_assert(file_write(path, bytes_of_str(digest), 0600, &e));
	cr_assert(pki_guard_new(&cfg, &guard, &e), "%s", e.text);
	unlink(path);
	w.policy.guard = guard;
	expect(INVALID, "KEY_BLOCKLISTED");
}
