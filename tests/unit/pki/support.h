/*
 * support.h - software keys, CAs and orders for the tests of shared/pki.
 *
 * Everything aborts the test on a technical failure.  Keys are those of
 * tests/data/keys.
 */
#ifndef TESTS_UNIT_PKI_SUPPORT_H
#define TESTS_UNIT_PKI_SUPPORT_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "pki/authority.h"
#include "pki/certificate.h"
#include "pki/csr.h"
#include "pki/lint.h"
#include "pki/ossl.h"
#include "pki/tbs.h"

#define TAX_CODE "0199000112"
#define PROFILE CERTFLOW_SOURCE_DIR "/schemas/profiles/org-hsm-ca4.ini"
#define PUBLIC_URL "http://127.0.0.1:8080"
#define OCSP_URL "http://127.0.0.1:8081/"
/* 2026-03-02T09:15:00Z */
#define NOW_US (INT64_C(1772442900) * 1000000)

DEFINE_AUTO(x509, X509 *, X509_free);
DEFINE_AUTO(x509_req, X509_REQ *, X509_REQ_free);

/** "rsa2048" reads tests/data/keys/rsa2048.pem. */
EVP_PKEY *test_key(const char *name);
void test_spki(EVP_PKEY *key, struct buffer *out);

/** Signature over data; ECDSA as DER. */
void test_sign(EVP_PKEY *key, enum pki_signature sig, struct bytes data,
	       struct buffer *out);

/** Self-signed root, or an issuing CA below a root. */
struct pki_ca *test_root(const char *key_name);
struct pki_ca *test_issuing(const char *key_name, const struct pki_ca *root,
			    EVP_PKEY *root_key);

struct pki_profile *test_profile(void);

/** "org-hsm-ca4-pss" reads schemas/profiles/org-hsm-ca4-pss.ini. */
struct pki_profile *test_profile_named(const char *name);

/** An order for this key, valid for 12 months from NOW_US. */
struct pki_order test_order(struct bytes spki);

/** A TBS that lint accepts, for ca and the key called subject_key. */
void test_tbs(const struct pki_ca *ca, const char *subject_key,
	      struct buffer *out);

/** The whole certificate, signed with ca_key as tbs says. */
void test_certificate(struct bytes tbs, const struct pki_ca *ca,
		      EVP_PKEY *ca_key, struct buffer *out);

/** Path validation by GnuTLS (certtool), now. */
bool test_gnutls_verifies(struct bytes certificate, struct bytes issuing,
			  struct bytes root);

/** Path validation by OpenSSL with X509_V_FLAG_X509_STRICT. */
bool test_openssl_verifies(struct bytes certificate, struct bytes issuing,
			   struct bytes root, int64_t at_us);

#endif
