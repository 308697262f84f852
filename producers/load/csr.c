#include "csr.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <string.h>

#include "pki/csr.h"
#include "pki/ossl.h"

#define POINT_LEN 65 /* 0x04, x, y */

/* SubjectPublicKeyInfo of a point of P-256 up to the point (RFC 5480, 2): by
 * far quicker than to let OpenSSL write the 91 octets. */
static const uint8_t spki_head[] = {
	0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
	0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
	0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
};
#define SPKI_LEN (sizeof(spki_head) + POINT_LEN)

struct csr_maker {
	EVP_PKEY_CTX *keygen;
	EVP_MD_CTX *sign;
	struct buffer info;
};

bool
csr_maker_new(struct csr_maker **out, struct err *e)
{
	AUTO(csr_maker) struct csr_maker *m = calloc(1, sizeof(*m));

	if (m == NULL)
		return ERR_NO_MEMORY(e);
	m->keygen = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	m->sign = EVP_MD_CTX_new();
	if (m->keygen == NULL || m->sign == NULL ||
	    EVP_PKEY_keygen_init(m->keygen) != 1 ||
	    EVP_PKEY_CTX_set_group_name(m->keygen, "P-256") != 1)
		return ossl_failed(e, ERR_FATAL, "prepare key generation");
	*out = TAKE(m);
	return true;
}

static bool
write_spki(EVP_PKEY *key, uint8_t spki[SPKI_LEN])
{
	size_t len = 0;

	memcpy(spki, spki_head, sizeof(spki_head));
	return EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY,
					       spki + sizeof(spki_head),
					       POINT_LEN, &len) == 1 &&
	       len == POINT_LEN;
}

static bool
sign(struct csr_maker *m, EVP_PKEY *key, uint8_t *signature, size_t *len)
{
	return EVP_MD_CTX_reset(m->sign) == 1 &&
	       EVP_DigestSignInit(m->sign, NULL, EVP_sha256(), NULL, key) ==
		       1 &&
	       EVP_DigestSign(m->sign, signature, len, m->info.data,
			      m->info.len) == 1;
}

bool
csr_make(struct csr_maker *m, const char *tax_code, const char *id,
	 struct buffer *der, uint8_t spki_sha256[SHA256_LEN], struct err *e)
{
	AUTO(evp_pkey) EVP_PKEY *key = NULL;
	uint8_t spki[SPKI_LEN];
	uint8_t signature[PKI_SIGNATURE_MAX];
	size_t signature_len = sizeof(signature);

	if (EVP_PKEY_generate(m->keygen, &key) != 1)
		return ossl_failed(e, ERR_FATAL, "make a key");
	if (!write_spki(key, spki))
		return ossl_failed(e, ERR_FATAL, "write a public key");
	sha256(bytes_of(spki, sizeof(spki)), spki_sha256);
	der->len = 0;
	m->info.len = 0;
	if (!pki_csr_info_new(bytes_of(spki, sizeof(spki)), tax_code, id,
			      &m->info, e))
		return false;
	if (!sign(m, key, signature, &signature_len))
		return ossl_failed(e, ERR_FATAL, "sign a CSR");
	return pki_csr_assemble(buffer_view(&m->info), PKI_ECDSA_SHA256,
				bytes_of(signature, signature_len), der, e);
}

void
csr_maker_free(struct csr_maker *m)
{
	if (m == NULL)
		return;
	EVP_PKEY_CTX_free(m->keygen);
	EVP_MD_CTX_free(m->sign);
	buffer_free(&m->info);
	free(m);
}
