/* The issuer's judgement: one right order, then each part of it wrong. */
#include <criterion/criterion.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "order_check.h"
#include "support.h"

#define APPROVAL "0b54a1f0-0000-4000-8000-000000000001"
#define ENROLMENT "0b54a1f0-0000-4000-8000-000000000002"
#define REQUEST "0b54a1f0-0000-4000-8000-000000000003"
#define SERIAL "4f00112233445566778899aabbccddee"

/* Everything an order points to. */
struct world {
	EVP_PKEY *root_key, *key;
	struct pki_ca *root, *ca;
	struct pki_profile *profile;
	struct pki_profile *profiles[1];
	struct order_policy policy;
	struct pki_guard *guard;
	struct buffer spki, csr, tbs;
	struct ev_submission submission;
	struct ev_issuance_ordered order;
};

static struct world w;

static void
make_csr(EVP_PKEY *key, const char *tax_code, struct buffer *out)
{
	AUTO(buffer) struct buffer spki = { 0 };
	AUTO(buffer) struct buffer info = { 0 };
	AUTO(buffer) struct buffer signature = { 0 };
	struct err e = { 0 };

	buffer_free(out);
	test_spki(key, &spki);
	cr_assert(pki_csr_info_new(buffer_view(&spki), tax_code, ENROLMENT,
				   &info, &e),
		  "%s", e.text);
	test_sign(key, PKI_RSA_SHA256, buffer_view(&info), &signature);
	cr_assert(pki_csr_assemble(buffer_view(&info), PKI_RSA_SHA256,
				   buffer_view(&signature), out, &e),
		  "%s", e.text);
}

/* The TBS of the order as it stands. */
static void
make_tbs(void)
{
	const struct ev_customer *c = &w.submission.customer;
	const struct pki_order order = {
		.subject = { .tax_code = w.order.meta.tax_code,
			     .certificate_name = c->certificate_name,
			     .province = c->province,
			     .locality = c->locality,
			     .country = c->country },
		.spki = buffer_view(&w.spki),
		.serial_number = w.order.serial_number,
		.not_before = w.order.not_before,
		.not_after = w.order.not_after,
	};
	struct err e = { 0 };

	buffer_free(&w.tbs);
	cr_assert(pki_tbs_build(w.profile, w.ca, &order, &w.tbs, &e), "%s",
		  e.text);
	w.order.tbs_certificate = buffer_view(&w.tbs);
}

static void
make_order(void)
{
	struct pki_validity v = pki_validity(NOW_US, 12, w.ca);
	struct ev_issuance_ordered *o = &w.order;
	static const char *const editors[] = { "officer-1", "officer-2" };

	*o = (struct ev_issuance_ordered){
		.meta = { .tax_code = TAX_CODE },
		.request_id = REQUEST,
		.revision = 2,
		.submission = bytes_of_str("the bytes that were approved"),
		.creator_id = "officer-1",
		.editor_ids = { editors, 2 },
		.approval_event_id = APPROVAL,
		.approver_id = "manager-7",
		.profile_name = w.profile->name,
		.csr_der = buffer_view(&w.csr),
		.serial_number = SERIAL,
		.not_before = v.not_before,
		.not_after = v.not_after,
		.validity_shortened = v.shortened,
		.sign_before = NOW_US + US_PER_DAY,
	};
	sha256(o->submission, o->submission_sha256.b);
	sha256(buffer_view(&w.spki), o->spki_sha256.b);
	memcpy(o->profile_sha256.b, w.profile->sha256, SHA256_LEN);
	memcpy(o->issuer_certificate_sha256.b, w.ca->sha256, SHA256_LEN);
}

static void
setup(void)
{
	struct pki_guard_config guard = { 0 };
	struct err e = { 0 };

	w.root_key = test_key("rsa3072");
	w.key = test_key("rsa2048");
	w.root = test_root("rsa3072");
	w.ca = test_issuing("rsa4096", w.root, w.root_key);
	w.profile = w.profiles[0] = test_profile();
	guard.ca = w.ca;
	cr_assert(pki_guard_new(&guard, &w.guard, &e), "%s", e.text);
	w.policy = (struct order_policy){ .ca = w.ca,
					  .guard = w.guard,
					  .profiles = w.profiles,
					  .profile_count = 1 };
	w.submission = (struct ev_submission){
		.request_id = REQUEST,
		.revision = 2,
		.validity_months = 12,
		.customer = { .certificate_name = "CÔNG TY TNHH THỬ NGHIỆM",
			      .province = "Hà Nội",
			      .country = "VN" },
	};
	test_spki(w.key, &w.spki);
	make_csr(w.key, TAX_CODE, &w.csr);
	make_order();
	make_tbs();
}

static void
teardown(void)
{
	EVP_PKEY_free(w.root_key);
	EVP_PKEY_free(w.key);
	pki_guard_free(w.guard);
	pki_ca_free(w.root);
	pki_ca_free(w.ca);
	pki_profile_free(w.profile);
	buffer_free(&w.spki);
	buffer_free(&w.csr);
	buffer_free(&w.tbs);
}

TestSuite(order, .init = setup, .fini = teardown);

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
	make_csr(w.key, "0100109106", &w.csr);
	w.order.csr_der = buffer_view(&w.csr);
	expect(INVALID, "CSR_TAX_CODE");
}

Test(order, csr_with_another_key_than_approved)
{
	EVP_PKEY *other = test_key("rsa3072");

	make_csr(other, TAX_CODE, &w.csr);
	w.order.csr_der = buffer_view(&w.csr);
	expect(INVALID, "spki_sha256");
	EVP_PKEY_free(other);
}

Test(order, the_cas_own_key)
{
	EVP_PKEY *ca_key = test_key("rsa4096");

	make_csr(ca_key, TAX_CODE, &w.csr);
	w.order.csr_der = buffer_view(&w.csr);
	expect(INVALID, "KEY_IS_CA_KEY");
	EVP_PKEY_free(ca_key);
}

Test(order, another_term_than_submitted)
{
	w.order.not_after += US_PER_DAY;
	make_tbs();
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
	make_tbs();
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
	make_tbs();
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
