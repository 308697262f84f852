#include "responder_file.h"

#include <stdio.h>
#include <string.h>

bool
responder_file(const char *dir, const char *ca, char out[PATH_MAX],
	       struct err *e)
{
	static const char issuing[] = "issuing";
	const size_t len = sizeof(issuing) - 1;
	const char *rest = ca + len;

	if (strncmp(ca, issuing, len) != 0 ||
	    strspn(rest, "-0123456789") != strlen(rest))
		return ERR_SET(e, ERR_FATAL, "certflow", 0,
			       "%s is not the name of an issuing CA", ca);
	if (snprintf(out, PATH_MAX, "%s/ocsp%s.pem", dir, rest) >= PATH_MAX)
		return ERR_SET(e, ERR_FATAL, "certflow", 0, "path too long");
	return true;
}
