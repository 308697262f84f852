/*
 * pem.h - reading RFC 7468 text (inside shared/pki).
 */
#ifndef CERTFLOW_PKI_PEM_H
#define CERTFLOW_PKI_PEM_H

#include "base/bytes.h"

/** The first PEM block of text, whatever its label, appended to out. */
bool pem_decode(struct bytes text, struct buffer *out, struct err *e)
	MUST_CHECK;

/** The first object of a file of at most max octets, DER or PEM, as DER
 * appended to out. Errors name the file, but of file_read() its own. */
bool pem_load(const char *path, size_t max, struct buffer *out, struct err *e)
	MUST_CHECK;

#endif
