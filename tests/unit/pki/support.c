#include "support.h"

#include "pki/view.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509_vfy.h>
#include <stdlib.h>

#define ROOT_SERIAL "4a000000000000000000000000000001"
#define ISSUING_SERIAL "4a000000000000000000000000000002"
#define YEAR_US (INT64_C(365) * 86400 * 1000000)

EVP_PKEY *
test_key(const char *name)
{
	char path[512];
	FILE *f;
	EVP_PKEY *key;

	snprintf(path, sizeof(path), "%s/tests/data/keys/%s.pem",
		 CERTFLOW_SOURCE_DIR, name);
	f = fopen(path, "re");
	cr_assert_not_null(f, "%s", path);
	key = PEM_read_PrivateKey(f, NULL, NULL, NULL);
	fclose(f);
	cr_assert_not_null(key, "%s", path);
	return key;
}

void
test_spki(EVP_PKEY *key, struct buffer *out)
{
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(key, &der);
	struct err e = { 0 };

	cr_assert_gt(len, 0);
	cr_assert(buffer_add(out, der, (size_t)len, &e), "%s", e.text);
	OPENSSL_free(der);
}

void
test_sign(EVP_PKEY *key, enum pki_signature sig, struct bytes data,
	  struct buffer *out)
{
	AUTO(evp_md_ctx) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pctx = NULL;
	unsigned char octets[PKI_SIGNATURE_MAX];
	size_t len = sizeof(octets);
	struct err e = { 0 };

	cr_assert_eq(EVP_DigestSignInit(ctx, &pctx, ossl_hash(sig), NULL, key),
		     1);
	cr_assert(ossl_set_padding(pctx, sig));
	cr_assert_eq(EVP_DigestSign(ctx, octets, &len, data.data, data.len), 1);
	cr_assert(buffer_add(out, octets, len, &e), "%s", e.text);
}

static struct pki_ca *
certify(const struct pki_authority *self, const struct pki_ca *issuer,
	EVP_PKEY *signer, enum pki_signature sig)
{
	AUTO(buffer) struct buffer tbs = { 0 }, signature = { 0 }, der = { 0 };
	struct pki_ca *ca = NULL;
	struct err e = { 0 };

	cr_assert(pki_authority_tbs(self, issuer, &tbs, &e), "%s", e.text);
	test_sign(signer, sig, buffer_view(&tbs), &signature);
	cr_assert(pki_certificate_assemble(buffer_view(&tbs), sig,
					   buffer_view(&signature), &der, &e));
	cr_assert(pki_ca_parse(buffer_view(&der), &ca, &e), "%s", e.text);
	return ca;
}

struct pki_ca *
test_root(const char *key_name)
{
	AUTO(evp_pkey) EVP_PKEY *key = test_key(key_name);
	AUTO(buffer) struct buffer spki = { 0 };
	struct pki_refusal why;
	struct pki_key facts;

	test_spki(key, &spki);
	cr_assert(pki_key_check(buffer_view(&spki), &facts, &why));
	return certify(
		&(struct pki_authority){ .country = "VN",
					 .organisation = "Certflow",
					 .name = "Test Root",
					 .spki = buffer_view(&spki),
					 .serial_number = ROOT_SERIAL,
					 .not_before = NOW_US - YEAR_US,
					 .not_after = NOW_US + 19 * YEAR_US,
					 .path_length = -1 },
		NULL, key, pki_signature_default(facts.algorithm));
}

struct pki_ca *
test_issuing(const char *key_name, const struct pki_ca *root,
	     EVP_PKEY *root_key)
{
	AUTO(evp_pkey) EVP_PKEY *key = test_key(key_name);
	AUTO(buffer) struct buffer spki = { 0 };

	test_spki(key, &spki);
	return certify(
		&(struct pki_authority){ .country = "VN",
					 .organisation = "Certflow",
					 .name = "Test Issuing CA",
					 .spki = buffer_view(&spki),
					 .serial_number = ISSUING_SERIAL,
					 .not_before = NOW_US - YEAR_US / 2,
					 .not_after = NOW_US + 9 * YEAR_US,
					 .path_length = 0,
					 .crl_url = PUBLIC_URL "/root.crl" },
		root, root_key, root->signature);
}

struct pki_profile *
test_profile_named(const char *name)
{
	const struct pki_places places = { PUBLIC_URL, OCSP_URL };
	struct pki_profile *profile = NULL;
	struct err e = { 0 };
	char path[512];

	snprintf(path, sizeof(path), "%s/schemas/profiles/%s.ini",
		 CERTFLOW_SOURCE_DIR, name);
	cr_assert(pki_profile_load(path, &places, &profile, &e), "%s", e.text);
	return profile;
}

struct pki_profile *
test_profile(void)
{
	return test_profile_named("org-hsm-ca4");
}

struct pki_order
test_order(struct bytes spki)
{
	return (struct pki_order){
		.subject = { .tax_code = TAX_CODE,
			     .certificate_name =
				     "CÔNG TY CỔ PHẦN CÔNG NGHỆ SAO MAI MẪU",
			     .province = "Hà Nội",
			     .locality = "Phường Mẫu Một",
			     .country = "VN" },
		.spki = spki,
		.serial_number = "5b0123456789abcdef0123456789abcd",
		.not_before = NOW_US,
		.not_after = pki_validity_end(NOW_US, 12),
	};
}

void
test_tbs(const struct pki_ca *ca, const char *subject_key, struct buffer *out)
{
	AUTO(pki_profile) struct pki_profile *profile = test_profile();
	AUTO(evp_pkey) EVP_PKEY *key = test_key(subject_key);
	AUTO(buffer) struct buffer spki = { 0 };
	struct pki_order order;
	struct err e = { 0 };

	test_spki(key, &spki);
	order = test_order(buffer_view(&spki));
	cr_assert(pki_tbs_build(profile, ca, &order, out, &e), "%s", e.text);
}

void
test_certificate(struct bytes tbs, const struct pki_ca *ca, EVP_PKEY *ca_key,
		 struct buffer *out)
{
	AUTO(buffer) struct buffer signature = { 0 };
	enum pki_signature sig = ca->signature;
	const char *where = NULL;
	struct err e = { 0 };
	struct view v;

	if (view_parse(tbs, &v, &where))
		sig = pki_signature_parse(v.signature);
	test_sign(ca_key, sig, tbs, &signature);
	cr_assert(pki_certificate_assemble(tbs, sig, buffer_view(&signature),
					   out, &e),
		  "%s", e.text);
}

static X509 *
decode(struct bytes der)
{
	const unsigned char *at = der.data;
	X509 *x = d2i_X509(NULL, &at, (long)der.len);

	cr_assert_not_null(x);
	return x;
}

bool
test_openssl_verifies(struct bytes certificate, struct bytes issuing,
		      struct bytes root, int64_t at_us)
{
	AUTO(x509) X509 *leaf = decode(certificate);
	AUTO(x509) X509 *middle = decode(issuing);
	AUTO(x509) X509 *anchor = decode(root);
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	STACK_OF(X509) *chain = sk_X509_new_null();
	int rc;

	X509_STORE_add_cert(store, anchor);
	sk_X509_push(chain, middle);
	X509_STORE_CTX_init(ctx, store, leaf, chain);
	X509_STORE_CTX_set_flags(ctx, X509_V_FLAG_X509_STRICT |
					      X509_V_FLAG_CHECK_SS_SIGNATURE);
	X509_STORE_CTX_set_time(ctx, 0, (time_t)(at_us / 1000000));
	rc = X509_verify_cert(ctx);
	if (rc != 1)
		cr_log_warn("openssl: %s",
			    X509_verify_cert_error_string(
				    X509_STORE_CTX_get_error(ctx)));
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	sk_X509_free(chain);
	return rc == 1;
}

static void
write_chain(const char *path, struct bytes first, struct bytes second)
{
	AUTO(buffer) struct buffer pem = { 0 };
	struct err e = { 0 };

	cr_assert(pki_pem("CERTIFICATE", first, &pem, &e));
	if (second.data != NULL)
		cr_assert(pki_pem("CERTIFICATE", second, &pem, &e));
	cr_assert(file_write(path, buffer_view(&pem), 0600, &e), "%s", e.text);
}

bool
test_gnutls_verifies(struct bytes certificate, struct bytes issuing,
		     struct bytes root)
{
	char dir[] = "/tmp/certflow-pki-XXXXXX";
	char anchor[64], chain[64], command[512];
	int rc;

	cr_assert_not_null(mkdtemp(dir));
	snprintf(anchor, sizeof(anchor), "%s/root.pem", dir);
	snprintf(chain, sizeof(chain), "%s/chain.pem", dir);
	write_chain(anchor, root, (struct bytes){ 0 });
	write_chain(chain, certificate, issuing);
	snprintf(command, sizeof(command),
		 "certtool --verify --verify-profile medium "
		 "--load-ca-certificate %s --infile %s >%s/out 2>&1",
		 anchor, chain, dir);
	rc = system(command);
	snprintf(command, sizeof(command), "rm -r %s", dir);
	(void)!system(command);
	return rc == 0;
}
