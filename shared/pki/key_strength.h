/*
 * key_strength.h - RSA moduli that look well-formed and are weak (inside
 * shared/pki).  Pure and thread-safe.
 */
#ifndef CERTFLOW_PKI_KEY_STRENGTH_H
#define CERTFLOW_PKI_KEY_STRENGTH_H

#include <openssl/bn.h>

#include "pki/ossl.h"

DEFINE_AUTO(bn, BIGNUM *, BN_free);
DEFINE_AUTO(bn_ctx, BN_CTX *, BN_CTX_free);

/* CA/B Forum BR 6.1.6 (NIST SP 800-89 5.3.3) asks for 752. */
#define RSA_FACTOR_BOUND 2048
#define RSA_FACTOR_PRIMES 308 /* odd primes below the bound */

/* Rounds of Fermat's factorization, BR 6.1.1.3. */
#define RSA_FERMAT_ROUNDS 100

/**
 * n modulo the odd primes below RSA_FACTOR_BOUND, in order.
 * @return false: the library failed
 */
bool rsa_residues(const BIGNUM *n, uint16_t out[RSA_FACTOR_PRIMES]) MUST_CHECK;

/** The i-th odd prime; i < RSA_FACTOR_PRIMES. */
unsigned rsa_prime(size_t i);

/**
 * Fingerprint of keys made by Infineon's RSALib (CVE-2017-15361): is n a
 * power of 65537 modulo the product of the primes up to 167? A sound key is
 * so with a probability below 2^-150.
 */
bool rsa_is_roca(const uint16_t residues[RSA_FACTOR_PRIMES]);

/**
 * Are the two factors so close that Fermat's method finds them within
 * RSA_FERMAT_ROUNDS rounds? n is odd and positive.
 * @return false: the library failed
 */
bool rsa_has_close_primes(const BIGNUM *n, bool *close) MUST_CHECK;

#endif
