#include "cms_support.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

struct test_person
test_manager(void)
{
	return (struct test_person){ .key = "p256",
				     .attribute = "UID",
				     .id = APPROVER,
				     .from_day = -1,
				     .to_day = 1 };
}

static void
add_attribute(X509_NAME *name, const char *field, const char *value)
{
	cr_assert_eq(X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8,
						(const unsigned char *)value,
						-1, -1, 0),
		     1);
}

static void
add_extension(X509 *x, int nid, const char *value)
{
	X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	cr_assert_not_null(ext);
	cr_assert_eq(X509_add_ext(x, ext, -1), 1);
	X509_EXTENSION_free(ext);
}

X509 *
test_person_certificate(const struct test_person *p)
{
	static long serial = 1000;
	AUTO(evp_pkey) EVP_PKEY *key = test_key(p->key);
	X509 *x = X509_new();
	X509_NAME *name = X509_get_subject_name(x);
	time_t now = NOW_US / 1000000;

	cr_assert_eq(X509_set_version(x, X509_VERSION_3), 1);
	ASN1_INTEGER_set(X509_get_serialNumber(x), serial++);
	add_attribute(name, "C", "VN");
	if (p->attribute != NULL)
		add_attribute(name, p->attribute, p->id);
	if (p->second != NULL)
		add_attribute(name, "UID", p->second);
	cr_assert_eq(X509_set_issuer_name(x, name), 1);
	ASN1_TIME_adj(X509_getm_notBefore(x), now, (int)p->from_day, 0);
	ASN1_TIME_adj(X509_getm_notAfter(x), now, (int)p->to_day, 0);
	cr_assert_eq(X509_set_pubkey(x, key), 1);
	add_extension(x, NID_basic_constraints, "critical,CA:FALSE");
	if (p->usage != NULL)
		add_extension(x, NID_key_usage, p->usage);
	cr_assert_gt(X509_sign(x, key, EVP_sha256()), 0);
	return x;
}

void
test_pem_add(X509 *certificate, struct buffer *out)
{
	AUTO(buffer) struct buffer der = { 0 };
	unsigned char *octets = NULL;
	int len = i2d_X509(certificate, &octets);
	struct err e = { 0 };

	cr_assert_gt(len, 0);
	cr_assert(buffer_add(&der, octets, (size_t)len, &e));
	OPENSSL_free(octets);
	cr_assert(pki_pem("CERTIFICATE", buffer_view(&der), out, &e));
}

struct pki_approvers *
test_approvers(X509 *const *certificates, size_t count)
{
	AUTO(buffer) struct buffer pem = { 0 };
	struct pki_approvers *known = NULL;
	struct err e = { 0 };

	for (size_t i = 0; i < count; i++)
		test_pem_add(certificates[i], &pem);
	cr_assert(pki_approvers_parse(buffer_view(&pem), &known, &e), "%s",
		  e.text);
	return known;
}

void
test_cms(const char *text, const struct test_signer *signers, size_t count,
	 unsigned flags, struct buffer *out)
{
	BIO *content = BIO_new_mem_buf(text, -1);
	CMS_ContentInfo *cms = CMS_sign(NULL, NULL, NULL, NULL,
					flags | CMS_PARTIAL | CMS_BINARY);
	unsigned char *octets = NULL;
	struct err e = { 0 };
	int len;

	cr_assert(content != NULL && cms != NULL);
	for (size_t i = 0; i < count; i++) {
		AUTO(evp_pkey) EVP_PKEY *key = test_key(signers[i].key);

		cr_assert_not_null(CMS_add1_signer(
			cms, signers[i].certificate, key, signers[i].md,
			signers[i].flags | CMS_BINARY));
	}
	cr_assert_eq(CMS_final(cms, content, NULL, flags | CMS_BINARY), 1);
	len = i2d_CMS_ContentInfo(cms, &octets);
	cr_assert_gt(len, 0);
	buffer_free(out);
	cr_assert(buffer_add(out, octets, (size_t)len, &e));
	OPENSSL_free(octets);
	CMS_ContentInfo_free(cms);
	BIO_free(content);
}
