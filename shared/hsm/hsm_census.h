/*
 * hsm_census.h - all key pairs of a group of tokens, counted in one pass.
 *
 * For a question about thousands of keys at once: a search walks through the
 * whole token (SoftHSM: some 80 us a key), so that one search a key takes
 * hours where one pass takes seconds.
 */
#ifndef CERTFLOW_HSM_HSM_CENSUS_H
#define CERTFLOW_HSM_HSM_CENSUS_H

#include "hsm/hsm_key.h"

struct hsm_census; /* immutable once made: any thread may read it */

/* What bears one CKA_ID. */
struct hsm_census_count {
	size_t private_keys;
	size_t public_keys;
	/* Of a public key, zero if it cannot be read as one. */
	uint8_t spki_sha256[SHA256_LEN];
};

/**
 * Count the private and public keys of every token.  Keys whose CKA_ID has
 * not HSM_KEY_ID_LEN octets are left out: they are not ours.  Thread numbers
 * and errors as in hsm_key.h.
 * @param out  set only on success; release with hsm_census_free()
 */
bool hsm_census_take(struct hsm *h, unsigned thread, struct hsm_census **out,
		     struct err *e) MUST_CHECK;

/** All zero: nothing bears this id. */
struct hsm_census_count hsm_census_look(const struct hsm_census *c,
					const uint8_t id[HSM_KEY_ID_LEN]);

/** Call each() once for every CKA_ID that a private or public key bears;
 * false stops. @return false if each() said so */
bool hsm_census_each(const struct hsm_census *c,
		     bool (*each)(void *self, const uint8_t id[HSM_KEY_ID_LEN],
				  const struct hsm_census_count *n),
		     void *self) MUST_CHECK;

/** NULL is fine. */
void hsm_census_free(struct hsm_census *c);
DEFINE_AUTO(hsm_census, struct hsm_census *, hsm_census_free);

#endif
