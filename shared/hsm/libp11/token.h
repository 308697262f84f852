/*
 * token.h - one token through libp11, for short, single-threaded programs:
 * ceremonies, CRLs, listing.  Workers use hsm/hsm.h instead.
 *
 * Never in a process that has used certflow_hsm: libp11's login and unload
 * break raw sessions.  Never fork while a token is open.  One struct token
 * per process; C_Initialize reads SOFTHSM2_CONF, so another group of tokens
 * needs another process.
 */
#ifndef CERTFLOW_HSM_LIBP11_TOKEN_H
#define CERTFLOW_HSM_LIBP11_TOKEN_H

#include "pki/key.h"

#define TOKEN_LABEL_MAX 128
#define TOKEN_ID_MAX 64
#define TOKEN_OBJECTS_MAX 256 /* listed at most; more is said, not shown */

struct token;

struct token_settings {
	const char *module;   /* path; pkcs11-spy is refused (it prints PINs) */
	const char *label;    /* of exactly one token                         */
	const char *pin_file; /* first line is the user PIN                   */
};

struct token_key {
	char label[TOKEN_LABEL_MAX];
	uint8_t id[TOKEN_ID_MAX];
	size_t id_len;
	enum ev_key_algorithm algorithm; /* UNKNOWN: not one of ours     */
	uint8_t spki[PKI_SPKI_MAX];
	size_t spki_len; /* 0: public key not known */
};

struct token_certificate {
	char label[TOKEN_LABEL_MAX];
	uint8_t sha256[SHA256_LEN];
};

struct token_list {
	struct token_key keys[TOKEN_OBJECTS_MAX]; /* private keys */
	size_t key_count;
	struct token_certificate certificates[TOKEN_OBJECTS_MAX];
	size_t certificate_count;
	bool more;
};

/**
 * Load the module, find the token, log in once.
 *
 * The PIN is read, used and wiped.  With COUNT_LOW, FINAL_TRY or LOCKED set
 * there is no login at all; a refused PIN is not tried again.
 *
 * @param out  release with token_close()
 * @param e    ERR_FATAL: module, token or PIN file missing, PIN refused
 */
bool token_open(const struct token_settings *settings, struct token **out,
		struct err *e) MUST_CHECK;

/** Log out, unload. NULL is fine. */
void token_close(struct token *t);
DEFINE_AUTO(token, struct token *, token_close);

/* As the token says of itself. */
struct token_info {
	char label[TOKEN_LABEL_MAX];
	char serial[TOKEN_LABEL_MAX];
	char manufacturer[TOKEN_LABEL_MAX];
	char model[TOKEN_LABEL_MAX];
};

void token_describe(const struct token *t, struct token_info *out);

/** Private keys and certificates; out is large: allocate it. */
bool token_enumerate(struct token *t, struct token_list *out, struct err *e)
	MUST_CHECK;

/**
 * Sign with the private key that belongs to this SPKI and verify the result
 * before it is given out.
 * @param sig        must fit the key
 * @param signature  appended; ECDSA as DER
 * @param e          ERR_FATAL: no such key, token fault, wrong signature
 */
bool token_sign(struct token *t, struct bytes spki, enum pki_signature sig,
		struct bytes data, struct buffer *signature, struct err *e)
	MUST_CHECK;

/** Keep a certificate beside its key: same CKA_ID and label. */
bool token_store_certificate(struct token *t, struct bytes der, struct err *e)
	MUST_CHECK;

#endif
