#include <criterion/criterion.h>
#include <openssl/evp.h>

#include "pki/der.h"
#include "support.h"

Test(pki_signature, identifiers_are_read_back)
{
	for (int s = PKI_SIGNATURE_NONE + 1; s < PKI_SIGNATURE__COUNT; s++) {
		struct bytes id =
			pki_signature_identifier((enum pki_signature)s);

		cr_assert(der_is_canonical(id), "%s",
			  pki_signature_name((enum pki_signature)s));
		cr_assert_eq(pki_signature_parse(id), s);
	}
	cr_assert_eq(pki_signature_parse(bytes_of("", 0)), PKI_SIGNATURE_NONE);
	cr_assert_eq(pki_signature_parse(bytes_of(NULL, 0)),
		     PKI_SIGNATURE_NONE);
}

/* OpenSSL's bare RSA operation over our DigestInfo is a PKCS#1 signature. */
Test(pki_signature, digest_info_is_what_a_token_signs)
{
	static const enum pki_signature sigs[] = { PKI_RSA_SHA256,
						   PKI_RSA_SHA384,
						   PKI_RSA_SHA512 };
	AUTO(evp_pkey) EVP_PKEY *key = test_key("rsa2048");
	AUTO(buffer) struct buffer spki = { 0 };
	struct bytes data = bytes_of("to be signed", 12);
	struct err e = { 0 };

	test_spki(key, &spki);
	for (size_t i = 0; i < 3; i++) {
		AUTO(evp_pkey_ctx)
		EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
		uint8_t info[PKI_DIGEST_INFO_MAX], sig[512];
		size_t len = pki_digest_info(sigs[i], data, info);
		size_t sig_len = sizeof(sig);

		cr_assert_eq(EVP_PKEY_sign_init(ctx), 1);
		cr_assert_eq(EVP_PKEY_sign(ctx, sig, &sig_len, info, len), 1);
		cr_assert(pki_signature_verify(buffer_view(&spki), sigs[i],
					       data, bytes_of(sig, sig_len),
					       &e),
			  "%s", e.text);
	}
	cr_assert_eq(pki_digest_info(PKI_PSS_SHA256, data,
				     (uint8_t[PKI_DIGEST_INFO_MAX]){ 0 }),
		     0);
}

Test(pki_signature, raw_ecdsa_becomes_der)
{
	AUTO(buffer) struct buffer out = { 0 };
	uint8_t raw[64] = { 0 };
	struct err e = { 0 };

	raw[0] = 0x80;
	raw[63] = 0x7f;
	cr_assert(pki_ecdsa_to_der(bytes_of(raw, 64), &out, &e));
	cr_assert(der_is_canonical(buffer_view(&out)));
	cr_assert_eq(out.len, 2 + 2 + 33 + 3, "%zu", out.len);
	cr_assert_eq(out.data[4], 0x00, "r stays positive");
	cr_assert_eq(out.data[out.len - 1], 0x7f);
	cr_assert_not(pki_ecdsa_to_der(bytes_of(raw, 63), &out, &e));
	cr_assert_not(pki_ecdsa_to_der(bytes_of(raw, 0), &out, &e));
}

Test(pki_signature, must_fit_the_key)
{
	AUTO(evp_pkey) EVP_PKEY *key = test_key("p256");
	AUTO(buffer) struct buffer spki = { 0 }, sig = { 0 };
	struct bytes data = bytes_of("x", 1);
	struct err e = { 0 };

	test_spki(key, &spki);
	test_sign(key, PKI_ECDSA_SHA256, data, &sig);
	cr_assert(pki_signature_verify(buffer_view(&spki), PKI_ECDSA_SHA256,
				       data, buffer_view(&sig), &e));
	cr_assert_not(pki_signature_verify(buffer_view(&spki), PKI_RSA_SHA256,
					   data, buffer_view(&sig), &e));
	cr_assert_eq(e.kind, ERR_REJECT);
	cr_assert_not(pki_signature_verify(buffer_view(&spki), PKI_ECDSA_SHA384,
					   data, buffer_view(&sig), &e));
	cr_assert_eq(e.kind, ERR_REJECT);
}
