#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>

#include "pki/der.h"
#include "pki/key.h"
#include "pki/ossl.h"

#define LITERAL(octets)                                                        \
	{                                                                      \
		(const uint8_t *)(octets), sizeof(octets) - 1                  \
	}

/* RFC 4055 5, RFC 5758 3.2; DigestInfo heads: RFC 8017 9.2, note 1. */
#define RSA_ID "\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01"
#define RSA_ID_BARE "\x30\x0b\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01"
#define EC_ID "\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03"
#define SHA2 "\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02"
#define SHA2_ID(n) "\x30\x0d" SHA2 n "\x05\x00"
#define SHA2_ID_BARE(n) "\x30\x0b" SHA2 n
#define PSS_OID "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a"
#define MGF1_OID "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x08"
#define PSS_ID(n, salt)                                                        \
	"\x30\x41" PSS_OID                                                     \
	"\x30\x34\xa0\x0f" SHA2_ID(n) "\xa1\x1c\x30\x1a" MGF1_OID              \
	SHA2_ID(n) "\xa2\x03\x02\x01" salt
#define PSS_ID_BARE(n, salt)                                                   \
	"\x30\x3d" PSS_OID "\x30\x30\xa0\x0d" SHA2_ID_BARE(                    \
		n) "\xa1\x1a\x30"                                              \
		   "\x18" MGF1_OID                                             \
		   SHA2_ID_BARE(n) "\xa2\x03\x02\x01" salt
#define INFO(total, n, len) total SHA2_ID(n) "\x04" len

static const struct {
	const char *name;
	enum pki_signature_kind kind;
	const EVP_MD *(*md)(void);
	struct bytes id;
	struct bytes id_bare; /* parameters absent: accepted, never written */
	struct bytes digest_info;
} rows[PKI_SIGNATURE__COUNT] = {
	[PKI_RSA_SHA256] = { "RSA-SHA256", PKI_KIND_RSA, EVP_sha256,
			     LITERAL(RSA_ID "\x0b\x05\x00"),
			     LITERAL(RSA_ID_BARE "\x0b"),
			     LITERAL(INFO("\x30\x31", "\x01", "\x20")) },
	[PKI_RSA_SHA384] = { "RSA-SHA384", PKI_KIND_RSA, EVP_sha384,
			     LITERAL(RSA_ID "\x0c\x05\x00"),
			     LITERAL(RSA_ID_BARE "\x0c"),
			     LITERAL(INFO("\x30\x41", "\x02", "\x30")) },
	[PKI_RSA_SHA512] = { "RSA-SHA512", PKI_KIND_RSA, EVP_sha512,
			     LITERAL(RSA_ID "\x0d\x05\x00"),
			     LITERAL(RSA_ID_BARE "\x0d"),
			     LITERAL(INFO("\x30\x51", "\x03", "\x40")) },
	[PKI_PSS_SHA256] = { "RSA-PSS-SHA256",
			     PKI_KIND_PSS,
			     EVP_sha256,
			     LITERAL(PSS_ID("\x01", "\x20")),
			     LITERAL(PSS_ID_BARE("\x01", "\x20")),
			     { 0 } },
	[PKI_PSS_SHA384] = { "RSA-PSS-SHA384",
			     PKI_KIND_PSS,
			     EVP_sha384,
			     LITERAL(PSS_ID("\x02", "\x30")),
			     LITERAL(PSS_ID_BARE("\x02", "\x30")),
			     { 0 } },
	[PKI_PSS_SHA512] = { "RSA-PSS-SHA512",
			     PKI_KIND_PSS,
			     EVP_sha512,
			     LITERAL(PSS_ID("\x03", "\x40")),
			     LITERAL(PSS_ID_BARE("\x03", "\x40")),
			     { 0 } },
	[PKI_ECDSA_SHA256] = { "ECDSA-SHA256",
			       PKI_KIND_ECDSA,
			       EVP_sha256,
			       LITERAL(EC_ID "\x02"),
			       { 0 },
			       { 0 } },
	[PKI_ECDSA_SHA384] = { "ECDSA-SHA384",
			       PKI_KIND_ECDSA,
			       EVP_sha384,
			       LITERAL(EC_ID "\x03"),
			       { 0 },
			       { 0 } },
	[PKI_ECDSA_SHA512] = { "ECDSA-SHA512",
			       PKI_KIND_ECDSA,
			       EVP_sha512,
			       LITERAL(EC_ID "\x04"),
			       { 0 },
			       { 0 } },
};

static bool
known(enum pki_signature sig)
{
	return sig > PKI_SIGNATURE_NONE && sig < PKI_SIGNATURE__COUNT;
}

static bool
is_rsa(enum ev_key_algorithm key)
{
	return key == EV_KEY_ALGORITHM_RSA_2048 ||
	       key == EV_KEY_ALGORITHM_RSA_3072 ||
	       key == EV_KEY_ALGORITHM_RSA_4096;
}

static bool
is_ec(enum ev_key_algorithm key)
{
	return key == EV_KEY_ALGORITHM_EC_P256 ||
	       key == EV_KEY_ALGORITHM_EC_P384;
}

enum pki_signature
pki_signature_default(enum ev_key_algorithm algorithm)
{
	if (is_rsa(algorithm))
		return PKI_RSA_SHA256;
	if (algorithm == EV_KEY_ALGORITHM_EC_P256)
		return PKI_ECDSA_SHA256;
	if (algorithm == EV_KEY_ALGORITHM_EC_P384)
		return PKI_ECDSA_SHA384;
	return PKI_SIGNATURE_NONE;
}

bool
pki_signature_fits(enum pki_signature sig, enum ev_key_algorithm key)
{
	if (!known(sig))
		return false;
	return rows[sig].kind == PKI_KIND_ECDSA ? is_ec(key) : is_rsa(key);
}

bool
pki_signature_issues(enum pki_signature sig, enum ev_key_algorithm key)
{
	return known(sig) && (sig == pki_signature_default(key) ||
			      (sig == PKI_PSS_SHA256 && is_rsa(key)));
}

enum pki_signature
pki_signature_named(const char *name)
{
	for (int s = PKI_SIGNATURE_NONE + 1; s < PKI_SIGNATURE__COUNT; s++)
		if (strcmp(rows[s].name, name) == 0)
			return (enum pki_signature)s;
	return PKI_SIGNATURE_NONE;
}

enum pki_signature_kind
pki_signature_kind(enum pki_signature sig)
{
	return known(sig) ? rows[sig].kind : PKI_KIND_RSA;
}

const char *
pki_signature_name(enum pki_signature sig)
{
	return known(sig) ? rows[sig].name : "none";
}

struct bytes
pki_signature_identifier(enum pki_signature sig)
{
	return known(sig) ? rows[sig].id : (struct bytes){ 0 };
}

enum pki_signature
pki_signature_parse(struct bytes id)
{
	if (id.data == NULL)
		return PKI_SIGNATURE_NONE;
	for (int s = PKI_SIGNATURE_NONE + 1; s < PKI_SIGNATURE__COUNT; s++)
		if (bytes_equal(id, rows[s].id) ||
		    bytes_equal(id, rows[s].id_bare))
			return (enum pki_signature)s;
	return PKI_SIGNATURE_NONE;
}

struct pki_digest
pki_digest_to_sign(enum pki_signature sig, struct bytes data)
{
	struct pki_digest d = { 0 };
	unsigned len = 0;

	if (known(sig) && EVP_Digest(data.data, data.len, d.octets, &len,
				     rows[sig].md(), NULL) == 1)
		d.len = len;
	return d;
}

size_t
pki_digest_info(enum pki_signature sig, struct bytes data,
		uint8_t out[PKI_DIGEST_INFO_MAX])
{
	struct pki_digest d;
	struct bytes head;

	if (!known(sig) || rows[sig].kind != PKI_KIND_RSA)
		return 0;
	head = rows[sig].digest_info;
	d = pki_digest_to_sign(sig, data);
	memcpy(out, head.data, head.len);
	memcpy(out + head.len, d.octets, d.len);
	return head.len + d.len;
}

bool
pki_ecdsa_to_der(struct bytes raw, struct buffer *out, struct err *e)
{
	struct der_out w = der_start(out, e);
	size_t half = raw.len / 2;

	if (raw.len == 0 || raw.len % 2 != 0 || raw.len > PKI_SIGNATURE_MAX)
		return ERR_SET(e, ERR_REJECT, "pki", (long)raw.len,
			       "ECDSA signature of %zu octets", raw.len);
	der_open(&w, DER_SEQUENCE);
	der_unsigned(&w, bytes_of(raw.data, half));
	der_unsigned(&w, bytes_of(raw.data + half, half));
	der_close(&w);
	return der_done(&w);
}

const EVP_MD *
ossl_hash(enum pki_signature sig)
{
	return known(sig) ? rows[sig].md() : NULL;
}

bool
ossl_set_padding(EVP_PKEY_CTX *ctx, enum pki_signature sig)
{
	if (pki_signature_kind(sig) != PKI_KIND_PSS)
		return true;
	return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) > 0 &&
	       EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) >
		       0 &&
	       EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, ossl_hash(sig)) > 0;
}
