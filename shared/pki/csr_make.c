#include <stdio.h>

#include "pki/certificate.h"
#include "pki/csr.h"
#include "pki/name.h"
#include "pki/oid.h"

bool
pki_csr_info_new(struct bytes spki, const char *tax_code,
		 const char *enrolment_id, struct buffer *out, struct err *e)
{
	struct der_out w = der_start(out, e);
	char uid[64];

	if (snprintf(uid, sizeof(uid), "MST:%s", tax_code) >= (int)sizeof(uid))
		return ERR_SET(e, ERR_REJECT, "pki", 0, "tax code too long");
	der_open(&w, DER_SEQUENCE);
	der_small(&w, 0);
	der_open(&w, DER_SEQUENCE);
	name_put(&w, PKI_ATTR_UID, uid);
	/* X.520 6.2.9: serialNumber is a PrintableString. */
	name_put_rdn(&w, OID_SERIAL_NUMBER, DER_PRINTABLE_STRING, enrolment_id);
	der_close(&w);
	der_raw(&w, spki);
	der_open(&w, DER_CONTEXT_OPEN(0)); /* attributes: none, not absent */
	der_close(&w);
	der_close(&w);
	return der_done(&w);
}

bool
pki_csr_assemble(struct bytes info, enum pki_signature sig,
		 struct bytes signature, struct buffer *out, struct err *e)
{
	return pki_certificate_assemble(info, sig, signature, out, e);
}
