/* OCSP requests as OpenSSL makes them, and as nobody should. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#include "ocsp_support.h"
#include "pki/der.h"

#define SERIAL "5b0123456789abcdef0123456789abcd"
#define LITERAL(octets) bytes_of(octets, sizeof(octets) - 1)
#define CA_KEY "ca-p256"

Test(pki_ocsp, request_of_openssl)
{
	const EVP_MD *const hashes[] = { EVP_sha1(), EVP_sha256() };

	for (size_t i = 0; i < 2; i++) {
		struct test_asking b = test_asking(CA_KEY);

		test_ask(b.request, hashes[i], b.ca, SERIAL);
		test_ask(b.request, hashes[i], b.ca, "01");
		cr_assert_eq(OCSP_request_add1_nonce(b.request, NULL, 32), 1);
		cr_assert_eq(test_asking_parse(&b), PKI_OCSP_SUCCESSFUL);
		cr_assert_eq(b.parsed.id_count, 2);
		cr_assert_str_eq(b.parsed.ids[0].serial_number, SERIAL);
		cr_assert_str_eq(b.parsed.ids[1].serial_number, "01");
		cr_assert_eq(b.parsed.nonce_len, 32);
		cr_assert(der_is_canonical(
			bytes_of(b.parsed.ids[0].der, b.parsed.ids[0].len)));
		test_asking_end(&b);
	}
}

Test(pki_ocsp, another_ca)
{
	AUTO(pki_ca) struct pki_ca *other = test_root("ca-rsa2048");
	struct test_asking b = test_asking(CA_KEY);

	/* The same name, another key: the hash of the key tells. */
	test_ask(b.request, EVP_sha256(), other, SERIAL);
	cr_assert_eq(test_asking_parse(&b), PKI_OCSP_UNAUTHORIZED);
	/* Ours beside it changes nothing. */
	test_ask(b.request, EVP_sha256(), b.ca, SERIAL);
	cr_assert_eq(test_asking_parse(&b), PKI_OCSP_UNAUTHORIZED);
	test_asking_end(&b);
}

Test(pki_ocsp, another_name)
{
	struct test_asking b = test_asking(CA_KEY);
	AUTO(pki_ca)
	struct pki_ca *other = test_issuing(CA_KEY, b.ca, b.ca_key);

	test_ask(b.request, EVP_sha1(), other, SERIAL);
	cr_assert_eq(test_asking_parse(&b), PKI_OCSP_UNAUTHORIZED);
	test_asking_end(&b);
}

Test(pki_ocsp, hash_that_is_not_computed)
{
	struct test_asking b = test_asking(CA_KEY);

	test_ask(b.request, EVP_sha512(), b.ca, SERIAL);
	cr_assert_eq(test_asking_parse(&b), PKI_OCSP_UNAUTHORIZED);
	test_asking_end(&b);
}

static void
expect_nonce(struct bytes value, enum pki_ocsp_code code, size_t len)
{
	struct test_asking b = test_asking(CA_KEY);

	test_ask(b.request, EVP_sha1(), b.ca, SERIAL);
	test_request_extension(b.request, NID_id_pkix_OCSP_Nonce, false, value);
	cr_assert_eq(test_asking_parse(&b), code, "%zu octets", value.len);
	if (code == PKI_OCSP_SUCCESSFUL)
		cr_assert_eq(b.parsed.nonce_len, len);
	test_asking_end(&b);
}

/* RFC 9654, 2.1. */
Test(pki_ocsp, nonces)
{
	uint8_t value[3 + 129] = { 0x04, 0x81, 128 };

	expect_nonce(LITERAL("\x04\x01x"), PKI_OCSP_SUCCESSFUL, 1);
	expect_nonce(bytes_of(value, 3 + 128), PKI_OCSP_SUCCESSFUL, 128);
	value[2] = 129;
	expect_nonce(bytes_of(value, 3 + 129), PKI_OCSP_MALFORMED, 0);
	expect_nonce(LITERAL("\x04\x00"), PKI_OCSP_MALFORMED, 0);
	expect_nonce(LITERAL("12345678"), PKI_OCSP_MALFORMED, 0);
	expect_nonce(LITERAL("\x04\x01xx"), PKI_OCSP_MALFORMED, 0);
}

Test(pki_ocsp, two_nonces)
{
	struct test_asking b = test_asking(CA_KEY);

	test_ask(b.request, EVP_sha1(), b.ca, SERIAL);
	for (int i = 0; i < 2; i++)
		test_request_extension(b.request, NID_id_pkix_OCSP_Nonce, false,
				       LITERAL("\x04\x01x"));
	cr_assert_eq(test_asking_parse(&b), PKI_OCSP_MALFORMED);
	test_asking_end(&b);
}

Test(pki_ocsp, extensions_that_are_not_known)
{
	struct test_asking b = test_asking(CA_KEY);

	test_ask(b.request, EVP_sha1(), b.ca, SERIAL);
	test_request_extension(b.request, NID_id_pkix_OCSP_acceptableResponses,
			       false, LITERAL("\x30\x00"));
	cr_assert_eq(test_asking_parse(&b), PKI_OCSP_SUCCESSFUL);
	test_request_extension(b.request, NID_id_pkix_OCSP_serviceLocator, true,
			       LITERAL("\x30\x00"));
	cr_assert_eq(test_asking_parse(&b), PKI_OCSP_MALFORMED);
	test_asking_end(&b);
}

Test(pki_ocsp, as_many_as_allowed)
{
	struct test_asking b = test_asking(CA_KEY);

	cr_assert_eq(test_asking_parse(&b), PKI_OCSP_MALFORMED); /* none */
	for (int i = 0; i < PKI_OCSP_IDS_MAX; i++)
		test_ask(b.request, EVP_sha1(), b.ca, SERIAL);
	cr_assert_eq(test_asking_parse(&b), PKI_OCSP_SUCCESSFUL);
	cr_assert_eq(b.parsed.id_count, PKI_OCSP_IDS_MAX);
	test_ask(b.request, EVP_sha1(), b.ca, SERIAL);
	cr_assert_eq(test_asking_parse(&b), PKI_OCSP_MALFORMED);
	test_asking_end(&b);
}

/* Whatever is cut off, added or flipped: no crash, and no other serial. */
Test(pki_ocsp, not_der)
{
	struct test_asking b = test_asking(CA_KEY);
	struct pki_ocsp_request p;
	struct err e;

	test_ask(b.request, EVP_sha1(), b.ca, SERIAL);
	cr_assert_eq(test_asking_parse(&b), PKI_OCSP_SUCCESSFUL);
	for (size_t n = 0; n < b.der.len; n++)
		cr_assert_eq(pki_ocsp_parse(bytes_of(b.der.data, n), b.ca, &p),
			     PKI_OCSP_MALFORMED, "%zu", n);
	cr_assert(buffer_add(&b.der, "", 1, &e));
	cr_assert_eq(pki_ocsp_parse(buffer_view(&b.der), b.ca, &p),
		     PKI_OCSP_MALFORMED);
	b.der.len--;
	cr_assert_eq(pki_ocsp_parse((struct bytes){ 0 }, b.ca, &p),
		     PKI_OCSP_MALFORMED);
	test_asking_end(&b);
}

/* Serial numbers that no certificate of ours can have: "unknown", later. */
Test(pki_ocsp, serials_out_of_range)
{
	static const char *const serials[] = {
		"-01", "00",
		"7f0123456789abcdef0123456789abcdef01234567" /* 21 */
	};

	for (size_t i = 0; i < 3; i++) {
		struct test_asking b = test_asking(CA_KEY);

		test_ask(b.request, EVP_sha1(), b.ca, serials[i]);
		cr_assert_eq(test_asking_parse(&b), PKI_OCSP_SUCCESSFUL, "%zu",
			     i);
		cr_assert_str_eq(b.parsed.ids[0].serial_number, "", "%zu", i);
		test_asking_end(&b);
	}
}

Test(pki_ocsp, serial_longer_than_anything)
{
	char serial[2 * 200 + 1];
	struct test_asking b = test_asking(CA_KEY);

	memset(serial, '7', sizeof(serial) - 1);
	serial[sizeof(serial) - 1] = '\0';
	test_ask(b.request, EVP_sha1(), b.ca, serial);
	cr_assert_eq(test_asking_parse(&b), PKI_OCSP_MALFORMED);
	test_asking_end(&b);
}

/* v1 is what DER leaves out; there is no other. */
Test(pki_ocsp, version_that_is_named)
{
	AUTO(buffer) struct buffer der = { 0 };
	struct test_asking b = test_asking(CA_KEY);
	struct bytes in, outer, tbs;
	struct der_out w;
	struct err e = { 0 };

	test_ask(b.request, EVP_sha1(), b.ca, SERIAL);
	cr_assert_eq(test_asking_parse(&b), PKI_OCSP_SUCCESSFUL);
	in = buffer_view(&b.der);
	cr_assert(der_take(&in, DER_SEQUENCE, &outer) &&
		  der_take(&outer, DER_SEQUENCE, &tbs));
	w = der_start(&der, &e);
	der_open(&w, DER_SEQUENCE);
	der_open(&w, DER_SEQUENCE);
	der_open(&w, DER_CONTEXT_OPEN(0));
	der_small(&w, 1);
	der_close(&w);
	der_raw(&w, tbs);
	der_close(&w);
	der_close(&w);
	cr_assert(der_done(&w));
	cr_assert_eq(pki_ocsp_parse(buffer_view(&der), b.ca, &b.parsed),
		     PKI_OCSP_MALFORMED);
	test_asking_end(&b);
}

Test(pki_ocsp, base64_of_a_path)
{
	static const char *const bad[] = { "",     "A",       "AAA",    "AA=A",
					   "A===", "====",    "AAAA\n", " AAA",
					   "AA-_", "AA%3D%3D" };
	AUTO(buffer) struct buffer out = { 0 };
	struct err e;

	cr_assert(pki_ocsp_from_path("MAMKAQY=", &out, &e));
	cr_assert(bytes_equal(buffer_view(&out),
			      LITERAL("\x30\x03\x0a\x01\x06")));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_assert_not(pki_ocsp_from_path(bad[i], &out, &e), "%s",
			      bad[i]);
}
