/* The bundle of approvers: what may stand in it. */
#include <criterion/criterion.h>
#include <string.h>

#include "cms_support.h"

static struct buffer pem;

static void
teardown(void)
{
	buffer_free(&pem);
}

TestSuite(approvers, .fini = teardown);

static void
add(const struct test_person *p)
{
	AUTO(x509) X509 *x = test_person_certificate(p);

	test_pem_add(x, &pem);
}

static void
add_text(const char *s)
{
	struct err e = { 0 };

	cr_assert(buffer_add(&pem, s, strlen(s), &e));
}

/* The text of the error holds this. */
static void
expect_refused(const char *part)
{
	struct pki_approvers *known = NULL;
	struct err e = { 0 };

	cr_assert_not(pki_approvers_parse(buffer_view(&pem), &known, &e),
		      "%s is taken", part);
	cr_expect_eq(e.kind, ERR_FATAL);
	cr_expect_not_null(strstr(e.text, part), "%s instead of %s", e.text,
			   part);
	cr_expect_null(known);
	buffer_free(&pem);
}

static void
expect_taken(void)
{
	AUTO(pki_approvers) struct pki_approvers *known = NULL;
	struct err e = { 0 };

	cr_expect(pki_approvers_parse(buffer_view(&pem), &known, &e), "%s",
		  e.text);
}

Test(approvers, several_with_text_between)
{
	struct test_person p = test_manager();

	add_text("# the managers\n");
	add(&p);
	add_text("\nsubject=UID = ql-005\n");
	p.id = "ql-005";
	p.key = "rsa2048";
	p.usage = "digitalSignature";
	add(&p);
	expect_taken();
}

Test(approvers, not_a_bundle)
{
	expect_refused("no certificate");
	add_text("no PEM at all\n");
	expect_refused("no certificate");
	add_text("-----BEGIN CERTIFICATE-----\nMIIB\n");
	expect_refused("certificate 1");
	add_text("-----BEGIN CERTIFICATE-----\nAAAA\n"
		 "-----END CERTIFICATE-----\n");
	expect_refused("certificate 1");
	add_text("-----BEGIN PUBLIC KEY-----\nAAAA\n"
		 "-----END PUBLIC KEY-----\n");
	expect_refused("certificate 1: is a PUBLIC KEY");
}

Test(approvers, account_id)
{
	struct test_person p = test_manager();

	p.attribute = NULL;
	add(&p);
	expect_refused("no serialNumber or UID");
	p = test_manager();
	p.second = "ql-005";
	add(&p);
	expect_refused("several account ids");
	p = test_manager();
	p.id = "quản lý";
	add(&p);
	expect_refused("not graphic ASCII");
	p = test_manager();
	add(&p);
	p.key = "p384";
	p.attribute = "serialNumber";
	p.second = "ql-005";
	add(&p);
	expect_refused("certificate 2: subject names several account ids");
}

Test(approvers, key_and_usage)
{
	struct test_person p = test_manager();

	p.key = "rsa1024";
	add(&p);
	expect_refused("certificate 1");
	p.key = "secp256k1";
	add(&p);
	expect_refused("certificate 1");
	p = test_manager();
	p.usage = "keyEncipherment";
	add(&p);
	expect_refused("key usage allows no signatures");
}

/* One person under two accounts would be two pairs of eyes. */
Test(approvers, one_key_for_two)
{
	struct test_person p = test_manager();

	add(&p);
	add(&p);
	expect_taken();
	p.id = "ql-005";
	add(&p);
	expect_refused("certificate 3: its key is another approver's too");
}

Test(approvers, too_many)
{
	struct test_person p = test_manager();
	AUTO(x509) X509 *x = test_person_certificate(&p);

	for (int i = 0; i < APPROVERS_MAX; i++)
		test_pem_add(x, &pem);
	expect_taken();
	test_pem_add(x, &pem);
	expect_refused("more than 256");
}

Test(approvers, file)
{
	struct pki_approvers *known = NULL;
	struct err e = { 0 };

	cr_expect_not(
		pki_approvers_load("/nonexistent/approvers.pem", &known, &e));
	cr_expect_not_null(strstr(e.text, "/nonexistent/approvers.pem"));
	e = (struct err){ 0 };
	cr_expect_not(pki_approvers_load(
		CERTFLOW_SOURCE_DIR "/tests/data/keys/p256.pem", &known, &e));
	cr_expect_not_null(strstr(e.text, "is a PRIVATE KEY"), "%s", e.text);
}
