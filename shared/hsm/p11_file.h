/*
 * p11_file.h - is this file a PKCS#11 module that may see a PIN?
 * Used by both halves of shared/hsm.
 */
#ifndef CERTFLOW_HSM_P11_FILE_H
#define CERTFLOW_HSM_P11_FILE_H

#include "base/err.h"

#define P11_MODULE_FILE_MAX (256L * 1024 * 1024)

/** ERR_FATAL: no regular file, too large, or pkcs11-spy (by any name). */
bool p11_file_check(const char *path, struct err *e) MUST_CHECK;

#endif
