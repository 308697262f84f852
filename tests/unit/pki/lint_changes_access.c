#include <criterion/criterion.h>

#include "lint_changes.h"
#include "pki/extension.h"
#include "pki/oid.h"

/* AuthorityInfoAccess with these addresses; NULL: left out. */
static void
set_access(struct parts *p, const char *ocsp, const char *ca_issuers)
{
	static struct buffer room;
	struct bytes in, value = { 0 };
	struct err e = { 0 };
	struct der_out w;

	room.len = 0;
	w = der_start(&room, &e);
	extension_access(&w, ocsp, ca_issuers);
	cr_assert(der_done(&w), "%s", e.text);
	in = buffer_view(&room);
	cr_assert(der_take(&in, DER_SEQUENCE, &value));
	in = value;
	cr_assert(der_take(&in, DER_OID, &value) &&
		  der_take(&in, DER_OCTET_STRING, &value));
	lint_set_value(p, OID_AIA, value);
}

void
lint_change_aia_other(struct parts *p)
{
	set_access(p, OCSP_URL, "http://x");
}

void
lint_change_ocsp_other(struct parts *p)
{
	set_access(p, "http://x", PUBLIC_URL "/issuing.cer");
}

void
lint_change_ocsp_missing(struct parts *p)
{
	set_access(p, NULL, PUBLIC_URL "/issuing.cer");
}

/* Also 1.3.6.1.5.5.7.48.3, time stamping. */
void
lint_change_access_more(struct parts *p)
{
	lint_set_value(
		p, OID_AIA,
		OID("\x30\x6b\x30\x22\x06\x08\x2b\x06\x01\x05\x05\x07\x30\x01"
		    "\x86\x16"
		    "http://127.0.0.1:8081/"
		    "\x30\x2d\x06\x08\x2b\x06\x01\x05\x05\x07\x30\x02\x86\x21"
		    "http://127.0.0.1:8080/issuing.cer"
		    "\x30\x16\x06\x08\x2b\x06\x01\x05\x05\x07\x30\x03\x86\x0a"
		    "http://t.x"));
}
