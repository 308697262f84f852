/*
 * shared_factor.h - RSA moduli that share a prime factor.
 *
 * Batch GCD (Bernstein, "How to find smooth parts of integers"; Heninger et
 * al., "Mining your Ps and Qs"): a tree of products, then of remainders, so
 * that n keys take n log^2 n steps and not n^2 divisions.  Pure and
 * thread-safe.
 */
#ifndef CERTFLOW_PKI_SHARED_FACTOR_H
#define CERTFLOW_PKI_SHARED_FACTOR_H

#include "base/bytes.h"

#define SHARED_FACTOR_NONE SIZE_MAX

/**
 * For each modulus, another one that it shares a factor with.
 * @param moduli  big-endian, odd, above 1; no two may be equal
 * @param with    count elements: an index, or SHARED_FACTOR_NONE
 * @return false: a modulus is even, 0 or 1 (ERR_REJECT). Out of memory ends
 *         the process, as libgmp does
 */
bool pki_shared_factors(const struct bytes *moduli, size_t count, size_t *with,
			struct err *e) MUST_CHECK;

#endif
