/* The issuer's own look at the signature of the approval.  The order has no
 * readable submission: what passes ends at that rule, which comes next. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/clock.h"
#include "cms_support.h"
#include "order_check.h"

static X509 *manager;
static struct pki_approvers *known;
static struct order_policy policy;
static struct ev_issuance_ordered order;
static struct buffer cms;

static void
sign(void)
{
	const struct test_signer one = { manager, "p256", EVP_sha256(), 0 };
	const struct pki_approval what = {
		.tax_code = order.meta.tax_code,
		.request_id = order.request_id,
		.revision = order.revision,
		.submission_sha256 = order.submission_sha256.b,
		.spki_sha256 = order.spki_sha256.b,
		.approver_id = order.approver_id,
	};
	AUTO(buffer) struct buffer text = { 0 };
	struct err e = { 0 };

	cr_assert(pki_approval_text(&what, &text, &e));
	cr_assert(buffer_add(&text, "", 1, &e));
	test_cms((const char *)text.data, &one, 1, CMS_DETACHED, &cms);
	order.approval_cms = buffer_view(&cms);
}

static void
setup(void)
{
	struct test_person p = test_manager();

	manager = test_person_certificate(&p);
	known = test_approvers(&manager, 1);
	policy = (struct order_policy){ .approvers = known };
	order = (struct ev_issuance_ordered){
		.meta = { .tax_code = TAX_CODE },
		.request_id = "0b54a1f0-0000-4000-8000-000000000003",
		.revision = 2,
		.submission = bytes_of_str("the bytes that were approved"),
		.creator_id = "officer-1",
		.approval_event_id = "0b54a1f0-0000-4000-8000-000000000001",
		.approver_id = APPROVER,
		.sign_before = NOW_US + 30 * US_PER_DAY,
	};
	sha256(order.submission, order.submission_sha256.b);
	sign();
}

static void
teardown(void)
{
	X509_free(manager);
	pki_approvers_free(known);
	buffer_free(&cms);
}

TestSuite(approval, .init = setup, .fini = teardown);

static void
expect_at(int64_t now, enum ev_issuance_failure_code code, const char *rule,
	  const char *detail)
{
	struct order_verdict v;
	struct err e = { 0 };

	cr_assert(order_check(&order, NULL, &policy, now, &v, &e), "%s",
		  e.text);
	cr_expect_eq(v.code, code, "%s", ev_issuance_failure_code_name(v.code));
	cr_assert_not_null(v.rule);
	cr_expect_str_eq(v.rule, rule);
	cr_expect_str_eq(v.detail, detail);
}

static void
expect_passed(void)
{
	expect_at(NOW_US, EV_ISSUANCE_FAILURE_CODE_ORDER_INVALID, "submission",
		  "cannot be read");
}

static void
expect_unapproved(const char *detail)
{
	expect_at(NOW_US, EV_ISSUANCE_FAILURE_CODE_APPROVAL_INVALID,
		  "approval_cms", detail);
}

Test(approval, right)
{
	expect_passed();
}

Test(approval, missing)
{
	order.approval_cms = (struct bytes){ 0 };
	expect_unapproved("missing");
	policy.approvers = NULL;
	expect_passed();
}

Test(approval, of_another_key)
{
	order.spki_sha256.b[5] ^= 1;
	expect_unapproved("does not verify");
	policy.approvers = NULL;
	expect_passed();
}

Test(approval, of_another_tax_code_request_or_revision)
{
	order.meta.tax_code = "0100109106";
	expect_unapproved("does not verify");
	order.meta.tax_code = TAX_CODE;
	order.request_id = "0b54a1f0-0000-4000-8000-000000000004";
	expect_unapproved("does not verify");
	order.request_id = "0b54a1f0-0000-4000-8000-000000000003";
	order.revision = 3;
	expect_unapproved("does not verify");
	order.revision = 2;
	expect_passed();
}

Test(approval, of_another_submission)
{
	order.submission = bytes_of_str("the bytes that were approveD");
	sha256(order.submission, order.submission_sha256.b);
	expect_unapproved("does not verify");
}

Test(approval, of_an_unknown_approver)
{
	order.approver_id = "ql-009";
	expect_unapproved("no certificate of this approver is known");
}

Test(approval, certificate_has_ended_since)
{
	expect_at(NOW_US + 2 * US_PER_DAY,
		  EV_ISSUANCE_FAILURE_CODE_APPROVAL_INVALID, "approval_cms",
		  "no certificate of this approver is valid now");
}
