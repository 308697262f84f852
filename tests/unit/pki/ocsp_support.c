#include "ocsp_support.h"

#include <criterion/criterion.h>
#include <openssl/bn.h>

#define RESPONDER_SERIAL "4a000000000000000000000000000003"

static X509 *
decode(const struct pki_ca *ca)
{
	const unsigned char *at = ca->der.data;
	X509 *x = d2i_X509(NULL, &at, (long)ca->der.len);

	cr_assert_not_null(x);
	return x;
}

struct test_asking
test_asking(const char *ca_key)
{
	return (struct test_asking){ .ca_key = test_key(ca_key),
				     .ca = test_root(ca_key),
				     .request = OCSP_REQUEST_new() };
}

void
test_asking_end(struct test_asking *a)
{
	buffer_free(&a->der);
	OCSP_REQUEST_free(a->request);
	pki_ca_free(a->ca);
	EVP_PKEY_free(a->ca_key);
}

enum pki_ocsp_code
test_asking_parse(struct test_asking *a)
{
	test_request_der(a->request, &a->der);
	return pki_ocsp_parse(buffer_view(&a->der), a->ca, &a->parsed);
}

struct pki_responder *
test_responder(const char *key_name, const struct pki_ca *ca, EVP_PKEY *ca_key)
{
	AUTO(evp_pkey) EVP_PKEY *key = test_key(key_name);
	AUTO(buffer) struct buffer spki = { 0 }, tbs = { 0 }, der = { 0 };
	struct pki_responder *r = NULL;
	struct err e = { 0 };

	test_spki(key, &spki);
	cr_assert(pki_responder_tbs(ca, buffer_view(&spki), RESPONDER_SERIAL,
				    NOW_US, NOW_US + 30 * DAY_US, &tbs, &e),
		  "%s", e.text);
	test_certificate(buffer_view(&tbs), ca, ca_key, &der);
	cr_assert(pki_responder_parse(buffer_view(&der), ca, &r, &e), "%s",
		  e.text);
	return r;
}

void
test_ask(OCSP_REQUEST *request, const EVP_MD *md, const struct pki_ca *ca,
	 const char *serial_number)
{
	AUTO(x509) X509 *issuer = decode(ca);
	BIGNUM *n = NULL;
	ASN1_INTEGER *serial;
	OCSP_CERTID *id;

	cr_assert_gt(BN_hex2bn(&n, serial_number), 0);
	serial = BN_to_ASN1_INTEGER(n, NULL);
	id = OCSP_cert_id_new(md, X509_get_subject_name(issuer),
			      X509_get0_pubkey_bitstr(issuer), serial);
	cr_assert_not_null(id);
	cr_assert_not_null(OCSP_request_add0_id(request, id));
	ASN1_INTEGER_free(serial);
	BN_free(n);
}

void
test_request_extension(OCSP_REQUEST *request, int nid, bool critical,
		       struct bytes value)
{
	ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();
	X509_EXTENSION *x;

	cr_assert_eq(ASN1_OCTET_STRING_set(octets, value.data, (int)value.len),
		     1);
	x = X509_EXTENSION_create_by_NID(NULL, nid, critical, octets);
	cr_assert_not_null(x);
	cr_assert_eq(OCSP_REQUEST_add_ext(request, x, -1), 1);
	X509_EXTENSION_free(x);
	ASN1_OCTET_STRING_free(octets);
}

void
test_request_der(OCSP_REQUEST *request, struct buffer *out)
{
	unsigned char *der = NULL;
	int len = i2d_OCSP_REQUEST(request, &der);
	struct err e = { 0 };

	cr_assert_gt(len, 0);
	out->len = 0;
	cr_assert(buffer_add(out, der, (size_t)len, &e));
	OPENSSL_free(der);
}

void
test_simple_request(const struct pki_ca *ca, const char *serial_number,
		    struct buffer *out)
{
	AUTO(ocsp_request) OCSP_REQUEST *request = OCSP_REQUEST_new();

	test_ask(request, EVP_sha1(), ca, serial_number);
	test_request_der(request, out);
}

int
test_read_answer(struct bytes der, OCSP_BASICRESP **basic)
{
	const unsigned char *at = der.data;
	AUTO(ocsp_response)
	OCSP_RESPONSE *r = d2i_OCSP_RESPONSE(NULL, &at, (long)der.len);
	int code;

	cr_assert_not_null(r);
	cr_assert_eq(at, der.data + der.len);
	code = OCSP_response_status(r);
	*basic = code == 0 ? OCSP_response_get1_basic(r) : NULL;
	cr_assert((code == 0) == (*basic != NULL));
	return code;
}

/* OpenSSL's own rules for a delegated responder (RFC 6960 4.2.2.2). */
bool
test_answer_verifies(OCSP_BASICRESP *basic, const struct pki_ca *ca)
{
	AUTO(x509) X509 *issuer = decode(ca);
	X509_STORE *store = X509_STORE_new();
	STACK_OF(X509) *certificates = sk_X509_new_null();
	bool ok;

	cr_assert_eq(X509_STORE_add_cert(store, issuer), 1);
	cr_assert_gt(sk_X509_push(certificates, issuer), 0);
	X509_STORE_set_flags(store, X509_V_FLAG_NO_CHECK_TIME |
					    X509_V_FLAG_PARTIAL_CHAIN);
	ok = OCSP_basic_verify(basic, certificates, store, 0) == 1;
	sk_X509_free(certificates);
	X509_STORE_free(store);
	return ok;
}
