/*
 * cms_support.h - approvers, their certificates, and signatures of approvals
 * made by OpenSSL, right and wrong.
 *
 * Everything aborts the test on a technical failure.
 */
#ifndef TESTS_UNIT_PKI_CMS_SUPPORT_H
#define TESTS_UNIT_PKI_CMS_SUPPORT_H

#include <openssl/cms.h>

#include "pki/approval.h"
#include "support.h"

#define APPROVER "ql-004"
#define DAY_S 86400L

/** A certificate by hand. */
struct test_person {
	const char *key;       /* of tests/data/keys                       */
	const char *attribute; /* "UID", "serialNumber"; NULL: no id       */
	const char *id;
	const char *second; /* a further UID, or NULL                      */
	const char *usage;  /* keyUsage as in openssl.cnf, or NULL         */
	long from_day;      /* relative to NOW_US                          */
	long to_day;
};

/** UID=ql-004, key p256, valid from yesterday to tomorrow. */
struct test_person test_manager(void);

/** Self-signed. */
X509 *test_person_certificate(const struct test_person *p);

/** PEM, appended. */
void test_pem_add(X509 *certificate, struct buffer *out);

/** The bundle of these; aborts if it is refused. */
struct pki_approvers *test_approvers(X509 *const *certificates, size_t count);

/** One signer added with this hash and these flags of CMS_add1_signer(). */
struct test_signer {
	X509 *certificate;
	const char *key;
	const EVP_MD *md;
	unsigned flags;
};

/** SignedData over text; flags 0: with the content inside. DER. */
void test_cms(const char *text, const struct test_signer *signers, size_t count,
	      unsigned flags, struct buffer *out);

#endif
