#include "csr_support.h"

#include <criterion/criterion.h>

void
csr_add(X509_NAME *name, const char *attribute, const char *value)
{
	cr_assert_eq(X509_NAME_add_entry_by_txt(name, attribute, MBSTRING_UTF8,
						(const unsigned char *)value,
						-1, -1, 0),
		     1, "%s", attribute);
}

X509_REQ *
csr_request(EVP_PKEY *key)
{
	X509_REQ *req = X509_REQ_new();

	X509_REQ_set_version(req, 0);
	X509_REQ_set_pubkey(req, key);
	csr_add(X509_REQ_get_subject_name(req), "C", "VN");
	csr_add(X509_REQ_get_subject_name(req), "UID", "MST:" TAX_CODE);
	return req;
}

void
csr_encode(X509_REQ *req, struct buffer *out)
{
	unsigned char *der = NULL;
	int len = i2d_X509_REQ(req, &der);
	struct err e = { 0 };

	cr_assert_gt(len, 0);
	cr_assert(buffer_add(out, der, (size_t)len, &e));
	OPENSSL_free(der);
}

void
csr_sign(X509_REQ *req, EVP_PKEY *key, const EVP_MD *md, bool pss)
{
	AUTO(evp_md_ctx) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pctx = NULL;

	cr_assert_eq(EVP_DigestSignInit(ctx, &pctx, md, NULL, key), 1);
	if (pss) {
		EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING);
		EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, RSA_PSS_SALTLEN_DIGEST);
	}
	cr_assert_gt(X509_REQ_sign_ctx(req, ctx), 0);
}

void
csr_make(const char *key_name, const EVP_MD *md, bool pss, struct buffer *out)
{
	AUTO(evp_pkey) EVP_PKEY *key = test_key(key_name);
	AUTO(x509_req) X509_REQ *req = csr_request(key);

	csr_sign(req, key, md, pss);
	csr_encode(req, out);
}

enum ev_refusal_code
csr_judge(struct bytes der, struct pki_refusal *why)
{
	const struct pki_csr_policy policy = { .tax_code = TAX_CODE };
	AUTO(pki_csr) struct pki_csr *csr = NULL;
	struct err e = { 0 };

	cr_assert(pki_csr_check(der, &policy, &csr, why, &e), "%s", e.text);
	cr_assert_eq(csr == NULL, why->code != EV_REFUSAL_CODE_UNKNOWN);
	return why->code;
}
