/*
 * ossl.h - how shared/pki and shared/hsm/libp11 use OpenSSL: release of
 * objects, errors, and what a kind of signature means to EVP.
 */
#ifndef CERTFLOW_PKI_OSSL_H
#define CERTFLOW_PKI_OSSL_H

#include <openssl/evp.h>

#include "base/auto.h"
#include "base/err.h"
#include "pki/key.h"

DEFINE_AUTO(evp_pkey, EVP_PKEY *, EVP_PKEY_free);
DEFINE_AUTO(evp_pkey_ctx, EVP_PKEY_CTX *, EVP_PKEY_CTX_free);
DEFINE_AUTO(evp_md_ctx, EVP_MD_CTX *, EVP_MD_CTX_free);

/** The hash of a kind of signature; NULL for PKI_SIGNATURE_NONE. */
const EVP_MD *ossl_hash(enum pki_signature sig);

/** Padding of a sign or verify context as sig wants it. */
bool ossl_set_padding(EVP_PKEY_CTX *ctx, enum pki_signature sig) MUST_CHECK;

/** Takes the first cause off OpenSSL's queue and empties it. False. */
bool ossl_failed(struct err *e, enum err_kind kind, const char *what);

#endif
