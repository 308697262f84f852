/* Writing answers, RFC 6960 4.2.1. */
#include "base/clock.h"
#include "pki/extension.h"
#include "pki/ocsp.h"
#include "pki/oid.h"

static void
put_time(struct der_out *w, int64_t us)
{
	der_generalized_time(w, us - us % US_PER_S);
}

static void
put_status(struct der_out *w, const struct pki_ocsp_single *s)
{
	const uint8_t reason = (uint8_t)s->reason;

	if (s->status != PKI_OCSP_REVOKED) {
		der_put(w,
			s->status == PKI_OCSP_GOOD ? DER_CONTEXT(0)
						   : DER_CONTEXT(2),
			OID(""));
		return;
	}
	der_open(w, DER_CONTEXT_OPEN(1));
	put_time(w, s->revoked_at);
	if (s->reason != 0) {
		der_open(w, DER_CONTEXT_OPEN(0));
		der_put(w, DER_ENUMERATED, bytes_of(&reason, 1));
		der_close(w);
	}
	der_close(w);
}

static void
put_single(struct der_out *w, const struct pki_ocsp_answer *a,
	   const struct pki_ocsp_single *s)
{
	der_open(w, DER_SEQUENCE);
	der_raw(w, bytes_of(s->id->der, s->id->len));
	put_status(w, s);
	put_time(w, s->this_update);
	der_open(w, DER_CONTEXT_OPEN(0));
	put_time(w, a->next_update);
	der_close(w);
	der_close(w);
}

bool
pki_ocsp_tbs(const struct pki_responder *by,
	     const struct pki_ocsp_answer *answer, struct buffer *out,
	     struct err *e)
{
	struct der_out w = der_start(out, e);

	der_open(&w, DER_SEQUENCE);
	der_open(&w, DER_CONTEXT_OPEN(2)); /* byKey */
	der_put(&w, DER_OCTET_STRING,
		bytes_of(by->key_hash, sizeof(by->key_hash)));
	der_close(&w);
	put_time(&w, answer->produced_at);
	der_open(&w, DER_SEQUENCE);
	for (size_t i = 0; i < answer->single_count; i++)
		put_single(&w, answer, &answer->singles[i]);
	der_close(&w);
	if (answer->nonce.len > 0) {
		der_open(&w, DER_CONTEXT_OPEN(1));
		der_open(&w, DER_SEQUENCE);
		extension_ocsp_nonce(&w, answer->nonce);
		der_close(&w);
		der_close(&w);
	}
	der_close(&w);
	return der_done(&w);
}

bool
pki_ocsp_assemble(const struct pki_responder *by, struct bytes tbs,
		  struct bytes signature, struct buffer *out, struct err *e)
{
	static const uint8_t successful = PKI_OCSP_SUCCESSFUL;
	struct der_out w = der_start(out, e);

	der_open(&w, DER_SEQUENCE);
	der_put(&w, DER_ENUMERATED, bytes_of(&successful, 1));
	der_open(&w, DER_CONTEXT_OPEN(0));
	der_open(&w, DER_SEQUENCE);
	der_oid(&w, OID_OCSP_BASIC);
	der_open(&w, DER_OCTET_STRING);
	der_open(&w, DER_SEQUENCE); /* BasicOCSPResponse */
	der_raw(&w, tbs);
	der_raw(&w, pki_signature_identifier(by->signature));
	der_bits(&w, signature);
	der_open(&w, DER_CONTEXT_OPEN(0));
	der_open(&w, DER_SEQUENCE);
	der_raw(&w, buffer_view(&by->der));
	for (int i = 0; i < 7; i++)
		der_close(&w);
	return der_done(&w);
}

struct bytes
pki_ocsp_refusal(enum pki_ocsp_code code)
{
	switch (code) {
	case PKI_OCSP_MALFORMED:
		return OID("\x30\x03\x0a\x01\x01");
	case PKI_OCSP_TRY_LATER:
		return OID("\x30\x03\x0a\x01\x03");
	case PKI_OCSP_UNAUTHORIZED:
		return OID("\x30\x03\x0a\x01\x06");
	default:
		return OID("\x30\x03\x0a\x01\x02");
	}
}
