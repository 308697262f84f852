#include "pki/ossl.h"

#include <openssl/err.h>

bool
ossl_failed(struct err *e, enum err_kind kind, const char *what)
{
	unsigned long code = ERR_get_error();
	char why[120] = "no reason given";

	if (code != 0)
		ERR_error_string_n(code, why, sizeof(why));
	ERR_clear_error();
	return ERR_SET(e, kind, "openssl", (long)code, "%s: %s", what, why);
}
