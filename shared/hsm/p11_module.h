/*
 * p11_module.h - the PKCS#11 library: loading it and naming its answers.
 *
 * Only shared/hsm includes this or <p11-kit/pkcs11.h>.  Everything goes
 * through the one function list, so that a module which passes calls on to
 * another one (a test's fault shim) can stand in.
 */
#ifndef CERTFLOW_HSM_P11_MODULE_H
#define CERTFLOW_HSM_P11_MODULE_H

#include <p11-kit/pkcs11.h>

#include "base/err.h"
#include "hsm/hsm_key.h"

/**
 * dlopen() path and fetch the function list.  The library stays loaded until
 * the process ends: modules leave threads and exit handlers behind.
 * @param e  ERR_FATAL: not loadable, not PKCS#11 2.x, pkcs11-spy or
 *           p11-kit-proxy
 */
bool p11_load(const char *path, CK_FUNCTION_LIST **out, struct err *e)
	MUST_CHECK;

/* What was asked, for a code may be definite for one call only. */
enum p11_asked { P11_GENERATE, P11_SIGN, P11_OTHER };

/** "CKR_DEVICE_ERROR"; "CKR_0x..." in buf for codes not in the table. */
const char *p11_code_name(CK_RV rv, char buf[32]);

/**
 * Record rv (not CKR_OK) as the answer to `call`: ERR_REJECT with a code of
 * enum hsm_answer if it is definite, else ERR_RETRY with the CKR_* value.
 * Always returns false.
 */
bool p11_failed(struct err *e, enum p11_asked asked, const char *call,
		CK_RV rv);

/**
 * Is rv an answer of C_Login after which this PIN must not be offered again?
 * Everything but a known session, device or token fault is.
 */
bool p11_pin_is_refused(CK_RV rv);

#endif
