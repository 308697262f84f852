/*
 * ocsp_support.h - requests made and answers read by OpenSSL, and a
 * responder with a software key.
 */
#ifndef TESTS_UNIT_PKI_OCSP_SUPPORT_H
#define TESTS_UNIT_PKI_OCSP_SUPPORT_H

#include <openssl/ocsp.h>

#include "pki/ocsp.h"
#include "support.h"

#define DAY_US (INT64_C(86400) * 1000000)

DEFINE_AUTO(ocsp_request, OCSP_REQUEST *, OCSP_REQUEST_free);
DEFINE_AUTO(ocsp_response, OCSP_RESPONSE *, OCSP_RESPONSE_free);
DEFINE_AUTO(ocsp_basic, OCSP_BASICRESP *, OCSP_BASICRESP_free);

/* A CA, its key and a request that each test fills. */
struct test_asking {
	EVP_PKEY *ca_key;
	struct pki_ca *ca;
	OCSP_REQUEST *request;
	struct buffer der;
	struct pki_ocsp_request parsed;
};

struct test_asking test_asking(const char *ca_key);
void test_asking_end(struct test_asking *a);

/** What pki_ocsp_parse() says of the request as it is now. */
enum pki_ocsp_code test_asking_parse(struct test_asking *a);

/** A responder's certificate for this key by ca, from NOW_US for 30 days. */
struct pki_responder *test_responder(const char *key_name,
				     const struct pki_ca *ca, EVP_PKEY *ca_key);

/** One more certificate to be asked about. */
void test_ask(OCSP_REQUEST *request, const EVP_MD *md, const struct pki_ca *ca,
	      const char *serial_number);

/** An extension whose value is exactly these octets. */
void test_request_extension(OCSP_REQUEST *request, int nid, bool critical,
			    struct bytes value);

void test_request_der(OCSP_REQUEST *request, struct buffer *out);

/** One certificate, SHA-1, no nonce. */
void test_simple_request(const struct pki_ca *ca, const char *serial_number,
			 struct buffer *out);

/** The answer's OCSPResponseStatus; *basic is NULL unless it is 0. */
int test_read_answer(struct bytes der, OCSP_BASICRESP **basic);

/** Does OpenSSL accept it as signed in the name of ca? Dates are not judged. */
bool test_answer_verifies(OCSP_BASICRESP *basic, const struct pki_ca *ca);

#endif
