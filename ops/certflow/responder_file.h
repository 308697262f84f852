/*
 * responder_file.h - where the responder's certificate of a CA is: ocsp.pem
 * for "issuing", ocsp-2.pem for "issuing-2".
 */
#ifndef CERTFLOW_OPS_RESPONDER_FILE_H
#define CERTFLOW_OPS_RESPONDER_FILE_H

#include <limits.h>

#include "base/err.h"

/** ERR_FATAL: not the name of an issuing CA, or the path is too long. */
bool responder_file(const char *dir, const char *ca, char out[PATH_MAX],
		    struct err *e) MUST_CHECK;

#endif
