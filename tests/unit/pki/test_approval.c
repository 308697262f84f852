/* Signatures of approvals: one right one, then each part of it wrong. */
#include <criterion/criterion.h>
#include <string.h>

#include "cms_support.h"

#define REQUEST "3d0c9d2c-8b1c-4b0e-9a53-0d8e0c5a7a10"

static uint8_t submission_digest[SHA256_LEN], spki_digest[SHA256_LEN];
static X509 *manager;
static struct pki_approvers *known;
static struct pki_approval what;
static struct buffer text, cms;

/* What the portal of the manager has to write, byte by byte. */
static const char expected[] =
	"certflow-approval-v1\n"
	"0199000112\n"
	"3d0c9d2c-8b1c-4b0e-9a53-0d8e0c5a7a10\n"
	"2\n"
	"abababababababababababababababababababababababababababababababab\n"
	"0102cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd\n"
	"ql-004\n";

static void
setup(void)
{
	struct test_person p = test_manager();

	memset(submission_digest, 0xab, SHA256_LEN);
	memset(spki_digest, 0xcd, SHA256_LEN);
	spki_digest[0] = 1;
	spki_digest[1] = 2;
	what = (struct pki_approval){ .tax_code = TAX_CODE,
				      .request_id = REQUEST,
				      .revision = 2,
				      .submission_sha256 = submission_digest,
				      .spki_sha256 = spki_digest,
				      .approver_id = APPROVER };
	manager = test_person_certificate(&p);
	known = test_approvers(&manager, 1);
}

static void
teardown(void)
{
	X509_free(manager);
	pki_approvers_free(known);
	buffer_free(&text);
	buffer_free(&cms);
}

TestSuite(approval, .init = setup, .fini = teardown);

static const char *
check_at(int64_t at)
{
	const char *why = "untouched";
	struct err e = { 0 };

	cr_assert(pki_approval_check(known, &what, buffer_view(&cms), at, &why,
				     &e),
		  "%s", e.text);
	return why;
}

static void
expect(const char *reason)
{
	const char *why = check_at(NOW_US);

	if (reason == NULL)
		cr_expect_null(why, "%s", why);
	else
		cr_expect(why != NULL && strcmp(why, reason) == 0,
			  "%s instead of %s", why, reason);
}

static struct test_signer
signer(void)
{
	return (struct test_signer){ manager, "p256", EVP_sha256(), 0 };
}

static void
sign_text(const char *content, unsigned flags)
{
	struct test_signer one = signer();

	test_cms(content, &one, 1, flags, &cms);
}

#define WRONG "does not verify"

Test(approval, text_is_exactly_this)
{
	struct err e = { 0 };

	cr_assert(pki_approval_text(&what, &text, &e));
	cr_expect(bytes_equal(buffer_view(&text), bytes_of_str(expected)),
		  "%.*s", (int)text.len, (const char *)text.data);
}

Test(approval, right_with_and_without_attributes_and_certificate)
{
	static const unsigned flags[] = { 0, CMS_NOATTR, CMS_NOCERTS,
					  CMS_NOSMIMECAP,
					  CMS_NOATTR | CMS_NOCERTS };

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		struct test_signer one = signer();

		one.flags = flags[i];
		test_cms(expected, &one, 1, CMS_DETACHED, &cms);
		expect(NULL);
	}
}

Test(approval, better_digests)
{
	struct test_signer one = signer();

	one.md = EVP_sha384();
	test_cms(expected, &one, 1, CMS_DETACHED, &cms);
	expect(NULL);
	one.md = EVP_sha512();
	test_cms(expected, &one, 1, CMS_DETACHED, &cms);
	expect(NULL);
}

Test(approval, weak_digests)
{
	const EVP_MD *weak[] = { EVP_sha1(), EVP_sha224() };

	for (size_t i = 0; i < 2; i++) {
		struct test_signer one = signer();

		one.md = weak[i];
		test_cms(expected, &one, 1, CMS_DETACHED, &cms);
		expect("its algorithms are not allowed");
	}
}

Test(approval, every_field_is_bound)
{
	sign_text(expected, CMS_DETACHED);
	what.tax_code = "0199000112-001";
	expect(WRONG);
	what.tax_code = TAX_CODE;
	what.request_id = "3d0c9d2c-8b1c-4b0e-9a53-0d8e0c5a7a11";
	expect(WRONG);
	what.request_id = REQUEST;
	what.revision = 3;
	expect(WRONG);
	what.revision = 2;
	submission_digest[31] ^= 1;
	expect(WRONG);
	submission_digest[31] ^= 1;
	spki_digest[0] ^= 1;
	expect(WRONG);
	spki_digest[0] ^= 1;
	expect(NULL);
}

/* Whoever signs, the account that approves must be the certificate's. */
Test(approval, of_another_account)
{
	sign_text(expected, CMS_DETACHED);
	what.approver_id = "ql-005";
	expect("no certificate of this approver is known");
	what.approver_id = "ql-004\n";
	expect("the approver's id is not graphic ASCII");
	what.approver_id = "";
	expect("the approver's id is not graphic ASCII");
}

/* The right text signed by one who is known under another id. */
Test(approval, by_another_known_approver)
{
	struct test_person p = test_manager();
	AUTO(x509) X509 *other = NULL;
	X509 *both[2] = { manager, NULL };
	struct test_signer one;

	p.id = "ql-005";
	p.key = "p384";
	both[1] = other = test_person_certificate(&p);
	pki_approvers_free(known);
	known = test_approvers(both, 2);
	one = (struct test_signer){ other, "p384", EVP_sha256(), 0 };
	test_cms(expected, &one, 1, CMS_DETACHED, &cms);
	expect("not by a known certificate of this approver");
}

/* A certificate that says it is the manager's, brought along in the CMS. */
Test(approval, embedded_certificate_counts_for_nothing)
{
	struct test_person p = test_manager();
	AUTO(x509) X509 *forged = NULL;
	struct test_signer one;

	p.key = "p384";
	forged = test_person_certificate(&p);
	one = (struct test_signer){ forged, "p384", EVP_sha256(), 0 };
	test_cms(expected, &one, 1, CMS_DETACHED, &cms);
	expect("not by a known certificate of this approver");
	/* with the issuer and serial number of the real one */
	cr_assert_eq(
		X509_set_serialNumber(forged, X509_get_serialNumber(manager)),
		1);
	test_cms(expected, &one, 1, CMS_DETACHED, &cms);
	expect(WRONG);
}

Test(approval, two_certificates_of_one_approver)
{
	struct test_person p = test_manager();
	X509 *both[2] = { NULL, manager };

	p.key = "rsa2048";
	p.attribute = "serialNumber";
	p.usage = "critical,nonRepudiation";
	both[0] = test_person_certificate(&p);
	pki_approvers_free(known);
	known = test_approvers(both, 2);
	for (int i = 0; i < 2; i++) {
		struct test_signer one = { both[i], i == 0 ? "rsa2048" : "p256",
					   EVP_sha256(), 0 };

		test_cms(expected, &one, 1, CMS_DETACHED, &cms);
		expect(NULL);
		one.flags = CMS_USE_KEYID;
	}
	X509_free(both[0]);
}

Test(approval, dates_are_inclusive)
{
	static const char outside[] =
		"no certificate of this approver is valid now";

	sign_text(expected, CMS_DETACHED);
	cr_expect_null(check_at(NOW_US - DAY_S * 1000000));
	cr_expect_null(check_at(NOW_US + DAY_S * 1000000));
	cr_expect_str_eq(check_at(NOW_US - DAY_S * 1000000 - 1), outside);
	cr_expect_str_eq(check_at(NOW_US + DAY_S * 1000000 + 1), outside);
}

Test(approval, content_inside)
{
	sign_text(expected, 0);
	expect("not detached");
}

Test(approval, two_signers)
{
	struct test_signer two[2] = { signer(), signer() };

	two[1].md = EVP_sha384();
	two[1].flags = CMS_NOCERTS; /* it is there once already */
	test_cms(expected, two, 2, CMS_DETACHED, &cms);
	expect("not exactly one signer");
}

Test(approval, other_octets_around)
{
	static const char not_der[] = "not DER, or followed by other octets";
	struct err e = { 0 };

	sign_text(expected, CMS_DETACHED);
	cr_assert(buffer_add(&cms, "", 1, &e));
	expect(not_der);
	cms.len -= 2;
	expect(not_der);
	cms.len = 0;
	expect("missing");
	cr_assert(buffer_add(&cms, "\x30\x00", 2, &e));
	expect("not CMS");
	cr_assert(buffer_reserve(&cms, APPROVAL_CMS_MAX, &e));
	memset(cms.data, 0, APPROVAL_CMS_MAX + 1);
	cms.len = APPROVAL_CMS_MAX + 1;
	expect("larger than 16 KiB");
}

/* Each octet changed: only the two version numbers mean nothing. */
Test(approval, any_octet_changed)
{
	struct test_signer one = signer();
	size_t taken = 0;

	one.flags = CMS_NOCERTS | CMS_NOSMIMECAP;
	test_cms(expected, &one, 1, CMS_DETACHED, &cms);
	for (size_t i = 0; i < cms.len; i++) {
		cms.data[i] ^= 1;
		taken += check_at(NOW_US) == NULL;
		cms.data[i] ^= 1;
	}
	expect(NULL);
	cr_expect_eq(taken, 2, "%zu instead of the version numbers", taken);
}

Test(approval, other_kind_of_cms)
{
	CMS_ContentInfo *data = CMS_data_create(NULL, CMS_BINARY);
	BIO *in = BIO_new_mem_buf(expected, -1);
	unsigned char *octets = NULL;
	struct err e = { 0 };
	int len;

	CMS_ContentInfo_free(data);
	data = CMS_data_create(in, CMS_BINARY);
	len = i2d_CMS_ContentInfo(data, &octets);
	cr_assert_gt(len, 0);
	cr_assert(buffer_add(&cms, octets, (size_t)len, &e));
	expect("not SignedData");
	OPENSSL_free(octets);
	CMS_ContentInfo_free(data);
	BIO_free(in);
}
