/*
 * p11_public.h - public keys between PKCS#11 attributes and DER
 * SubjectPublicKeyInfo (RFC 3279 2.3.1, RFC 5480).  Pure; thread-safe.
 */
#ifndef CERTFLOW_HSM_P11_PUBLIC_H
#define CERTFLOW_HSM_P11_PUBLIC_H

#include "hsm/p11_module.h"

#define P11_MODULUS_MAX 1024 /* octets */
#define P11_POINT_MAX 160    /* DER OCTET STRING around a P-521 point */

/* What identifies a public key in a token. */
struct p11_public {
	CK_KEY_TYPE type;
	uint8_t modulus[P11_MODULUS_MAX]; /* RSA: big endian */
	size_t modulus_len;
	uint8_t exponent[16];
	size_t exponent_len;
	uint8_t params[32]; /* EC: DER namedCurve */
	size_t params_len;
	uint8_t point[P11_POINT_MAX]; /* EC: DER OCTET STRING */
	size_t point_len;
};

/** @return octets written to out; 0 if this is no key certflow knows */
size_t p11_public_to_spki(const struct p11_public *key,
			  uint8_t out[PKI_SPKI_MAX]);

/** @return false if spki is not DER of an RSA key, or of one on a curve that
 * certflow knows by its name */
bool p11_public_from_spki(struct bytes spki, struct p11_public *out) MUST_CHECK;

#endif
