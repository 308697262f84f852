/*
 * token_internal.h - shared by the files of this folder only.
 */
#ifndef CERTFLOW_HSM_LIBP11_TOKEN_INTERNAL_H
#define CERTFLOW_HSM_LIBP11_TOKEN_INTERNAL_H

#include <libp11.h>

#include "hsm/libp11/token.h"

struct token {
	PKCS11_CTX *ctx;
	PKCS11_SLOT *slots;
	unsigned slot_count;
	PKCS11_SLOT *slot; /* the one with our token */
	bool loaded;
};

/** First cause off OpenSSL's queue (libp11 puts CKR_* there). False. */
bool token_failed(struct err *e, const char *what);

/** SPKI of a key object; false if it cannot be had. */
bool token_key_spki(PKCS11_KEY *key, uint8_t spki[PKI_SPKI_MAX], size_t *len)
	MUST_CHECK;

/** The private key of this SPKI; NULL and e filled if there is none. */
PKCS11_KEY *token_find(struct token *t, struct bytes spki, struct err *e);

#endif
