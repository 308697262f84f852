/*
 * ossl.h - how shared/pki releases OpenSSL objects and reads its errors.
 */
#ifndef CERTFLOW_PKI_OSSL_H
#define CERTFLOW_PKI_OSSL_H

#include <openssl/evp.h>

#include "base/auto.h"
#include "base/err.h"

DEFINE_AUTO(evp_pkey, EVP_PKEY *, EVP_PKEY_free);
DEFINE_AUTO(evp_pkey_ctx, EVP_PKEY_CTX *, EVP_PKEY_CTX_free);
DEFINE_AUTO(evp_md_ctx, EVP_MD_CTX *, EVP_MD_CTX_free);

/** Takes the first cause off OpenSSL's queue and empties it. False. */
bool ossl_failed(struct err *e, enum err_kind kind, const char *what);

#endif
