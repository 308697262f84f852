/*
 * hsm_key.h - key pairs in the tokens of a struct hsm.
 *
 * Every call names the calling thread by a number below settings.threads;
 * at most one call per number at a time.  Calls block while the token works
 * (deadlines in hsm.h).  Error kinds of all of them:
 *   ERR_RETRY   the group is not ready, or a session, device or token fault
 *               happened (code = CKR_*): nothing definite was learnt, ask
 *               again once hsm_ready()
 *   ERR_REJECT  a definite answer, in code one of enum hsm_answer
 *   ERR_FATAL   wrong use, no memory
 * A code of the token that is not known to be definite is a fault.
 */
#ifndef CERTFLOW_HSM_HSM_KEY_H
#define CERTFLOW_HSM_HSM_KEY_H

#include "hsm/hsm.h"
#include "pki/key.h"

#define HSM_KEY_ID_LEN 16
#define HSM_LABEL_MAX 128
#define HSM_TOKEN_LABEL_MAX 33 /* CK_TOKEN_INFO.label and terminator */
#define HSM_KEYS_MAX 16        /* key pairs reported by one search   */

/* err.code of ERR_REJECT; negative, so never a CKR_* value. */
enum hsm_answer {
	HSM_TOKEN_FULL = -1,
	HSM_MECHANISM_UNSUPPORTED = -2,
	HSM_ATTRIBUTES_NOT_AS_ASKED = -3,
	HSM_WEAK_KEY = -4,        /* generated, checked, destroyed again  */
	HSM_SIGNATURE_WRONG = -5, /* does not verify with the public key */
};

/* As read back from the token. */
struct hsm_attributes {
	bool sensitive;
	bool extractable;
	bool always_sensitive;
	bool never_extractable;
	bool local;
};

/*
 * A key pair, or one half that was left over.  Plain data; handles inside
 * hold for the epoch in which it was found, later calls answer ERR_RETRY.
 */
struct hsm_key {
	char token[HSM_TOKEN_LABEL_MAX];
	uint8_t id[HSM_KEY_ID_LEN];
	size_t id_len;
	char label[HSM_LABEL_MAX];
	enum ev_key_algorithm algorithm; /* UNKNOWN: not one of ours */
	bool has_private;
	bool has_public;
	bool bare_rsa; /* CKM_RSA_PKCS is allowed; else the token hashes */
	struct hsm_attributes attributes; /* of the private half           */
	uint8_t spki[PKI_SPKI_MAX];       /* DER SubjectPublicKeyInfo      */
	size_t spki_len;                  /* 0: public key not known       */
	uint64_t epoch;
	size_t token_index;
	unsigned long private_handle;
	unsigned long public_handle;
};

/* What to search; absent members match anything, at least one is given. */
struct hsm_query {
	const uint8_t *id; /* HSM_KEY_ID_LEN octets or NULL               */
	const char *label; /* CKA_LABEL or NULL                           */
	struct bytes spki; /* DER; only this public key                   */
};

struct hsm_keys {
	struct hsm_key items[HSM_KEYS_MAX];
	size_t count;
	bool more; /* the tokens hold further ones */
};

/** SubjectPublicKeyInfo of a key, borrowed from it. */
static inline struct bytes
hsm_key_spki(const struct hsm_key *key)
{
	return bytes_of(key->spki, key->spki_len);
}

/**
 * Make a key pair that never leaves its token: CKA_TOKEN, PRIVATE,
 * SENSITIVE, SIGN true; EXTRACTABLE, MODIFIABLE, COPYABLE, DERIVE, DECRYPT,
 * UNWRAP, SIGN_RECOVER false; one ALLOWED_MECHANISMS, two for an RSA key of a
 * CA (settings.ca_keys).  Attributes are read
 * back; a pair that differs or is weak is destroyed before the answer.
 *
 * @param label  CKA_LABEL, shorter than HSM_LABEL_MAX
 * ERR_REJECT: HSM_TOKEN_FULL (every token of the group),
 * HSM_MECHANISM_UNSUPPORTED, HSM_ATTRIBUTES_NOT_AS_ASKED, HSM_WEAK_KEY;
 * *ckr (nullable) is the token's own code, 0 if it had none.
 */
bool hsm_generate(struct hsm *h, unsigned thread,
		  enum ev_key_algorithm algorithm,
		  const uint8_t id[HSM_KEY_ID_LEN], const char *label,
		  struct hsm_key *out, long *ckr, struct err *e) MUST_CHECK;

/**
 * Search every token of the group.  None found is success with count 0.
 * Public and private halves are paired by what they are (RSA: modulus; EC: a
 * test signature), not by their id, for ids are not unique in a token.
 */
bool hsm_find(struct hsm *h, unsigned thread, const struct hsm_query *query,
	      struct hsm_keys *out, struct err *e) MUST_CHECK;

/**
 * Destroy both halves.  After ERR_RETRY one half may be gone: search again.
 */
bool hsm_destroy(struct hsm *h, unsigned thread, const struct hsm_key *key,
		 struct err *e) MUST_CHECK;

/**
 * Sign data (hashing included) and verify the result with the key's public
 * half before it is given out.
 * @param signature  appended; ECDSA as DER Ecdsa-Sig-Value (RFC 3279)
 * ERR_REJECT: HSM_SIGNATURE_WRONG, HSM_MECHANISM_UNSUPPORTED.
 */
bool hsm_sign(struct hsm *h, unsigned thread, const struct hsm_key *key,
	      enum pki_signature kind, struct bytes data,
	      struct buffer *signature, struct err *e) MUST_CHECK;

/** As hsm_sign() with the key of settings.own_spki, in any epoch. */
bool hsm_sign_own(struct hsm *h, unsigned thread, enum pki_signature kind,
		  struct bytes data, struct buffer *signature, struct err *e)
	MUST_CHECK;

#endif
