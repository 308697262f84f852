#include "base/clock.h"
#include "pki/authority.h"
#include "pki/der.h"
#include "pki/extension.h"
#include "pki/name.h"
#include "pki/oid.h"
#include "pki/view.h"

static void
put_revoked(struct der_out *w, const struct pki_revoked *r)
{
	der_open(w, DER_SEQUENCE);
	name_put_serial(w, r->serial_number);
	der_time(w, r->revoked_at - r->revoked_at % US_PER_S);
	if (r->reason != 0 || r->has_invalidity) {
		der_open(w, DER_SEQUENCE);
		if (r->reason != 0)
			extension_reason(w, r->reason);
		if (r->has_invalidity)
			extension_invalidity(
				w,
				r->invalidity_at - r->invalidity_at % US_PER_S);
		der_close(w);
	}
	der_close(w);
}

bool
pki_crl_tbs(const struct pki_ca *ca, const struct pki_crl *crl,
	    struct buffer *out, struct err *e)
{
	struct der_out w = der_start(out, e);

	der_open(&w, DER_SEQUENCE);
	der_small(&w, 1); /* v2 */
	der_raw(&w, pki_signature_identifier(ca->signature));
	der_raw(&w, ca->subject);
	der_time(&w, crl->this_update);
	der_time(&w, crl->next_update);
	/* RFC 5280 5.1.2.6: with nothing revoked the list is absent. */
	if (crl->revoked_count > 0) {
		der_open(&w, DER_SEQUENCE);
		for (size_t i = 0; i < crl->revoked_count; i++)
			put_revoked(&w, &crl->revoked[i]);
		der_close(&w);
	}
	der_open(&w, DER_CONTEXT_OPEN(0));
	der_open(&w, DER_SEQUENCE);
	extension_aki(&w, ca->key_id);
	extension_crl_number(&w, crl->number);
	der_close(&w);
	der_close(&w);
	der_close(&w);
	return der_done(&w);
}

static bool
bad(struct err *e, const char *what)
{
	return ERR_SET(e, ERR_REJECT, "pki", 0, "CRL: %s", what);
}

static bool
take_number(struct bytes extensions, int64_t *number)
{
	struct bytes outer, list, extension, oid, value, n;

	if (!der_take(&extensions, DER_CONTEXT_OPEN(0), &outer) ||
	    !der_take(&outer, DER_SEQUENCE, &list))
		return false;
	while (list.len > 0) {
		if (!der_take(&list, DER_SEQUENCE, &extension) ||
		    !der_take(&extension, DER_OID, &oid))
			return false;
		if (!bytes_equal(oid, OID_CRL_NUMBER))
			continue;
		if (!der_take(&extension, DER_OCTET_STRING, &value) ||
		    !der_take(&value, DER_INTEGER, &n) || n.len > 8 ||
		    (n.data[0] & 0x80) != 0)
			return false;
		*number = 0;
		for (size_t i = 0; i < n.len; i++)
			*number = *number << 8 | n.data[i];
		return true;
	}
	return false;
}

/* ENUMERATED in the reasonCode extension (RFC 5280 5.3.1), GeneralizedTime in
 * the invalidityDate (5.3.2); others are passed over. */
static bool
take_extension(struct bytes oid, struct bytes value, struct pki_revoked *out)
{
	struct der_item date;
	struct bytes code;

	if (bytes_equal(oid, OID_REASON_CODE)) {
		if (!der_take(&value, DER_ENUMERATED, &code) || code.len != 1)
			return false;
		out->reason = code.data[0];
	} else if (bytes_equal(oid, OID_INVALIDITY_DATE)) {
		out->has_invalidity = true;
		return der_next(&value, &date) &&
		       der_time_parse(&date, &out->invalidity_at);
	}
	return true;
}

static bool
take_extensions(struct bytes extensions, struct pki_revoked *out)
{
	struct bytes extension, oid, critical, value;

	while (extensions.len > 0)
		if (!der_take(&extensions, DER_SEQUENCE, &extension) ||
		    !der_take(&extension, DER_OID, &oid) ||
		    (der_peek(extension, DER_BOOLEAN) &&
		     !der_take(&extension, DER_BOOLEAN, &critical)) ||
		    !der_take(&extension, DER_OCTET_STRING, &value) ||
		    !take_extension(oid, value, out))
			return false;
	return true;
}

static bool
take_revoked(struct bytes *list, struct pki_revoked *out)
{
	struct bytes entry, serial, extensions = { 0 };
	struct der_item date;

	*out = (struct pki_revoked){ 0 };
	if (!der_take(list, DER_SEQUENCE, &entry) ||
	    !der_take(&entry, DER_INTEGER, &serial) ||
	    !view_serial_text(serial, out->serial_number) ||
	    !der_next(&entry, &date) ||
	    !der_time_parse(&date, &out->revoked_at))
		return false;
	if (entry.len > 0 && !der_take(&entry, DER_SEQUENCE, &extensions))
		return false;
	return entry.len == 0 && take_extensions(extensions, out);
}

static bool
take_entries(struct bytes list, struct pki_crl *out, struct buffer *entries,
	     struct err *e)
{
	struct pki_revoked entry;

	while (list.len > 0) {
		if (!take_revoked(&list, &entry))
			return bad(e, "revokedCertificates");
		if (entries != NULL &&
		    !buffer_add(entries, &entry, sizeof(entry), e))
			return false;
		out->revoked_count++;
	}
	return true;
}

/* Version, algorithm, issuer and dates; then the number. */
static bool
read_list(struct bytes tbs, const struct pki_ca *ca, struct pki_crl *out,
	  struct buffer *entries, struct err *e)
{
	struct bytes in = tbs, body, version, algorithm, issuer, list;
	struct der_item this_update, next_update;

	if (!der_take(&in, DER_SEQUENCE, &body) ||
	    !der_take(&body, DER_INTEGER, &version) ||
	    !der_take_all(&body, DER_SEQUENCE, &algorithm) ||
	    !der_take_all(&body, DER_SEQUENCE, &issuer) ||
	    !der_next(&body, &this_update) || !der_next(&body, &next_update) ||
	    !der_time_parse(&this_update, &out->this_update) ||
	    !der_time_parse(&next_update, &out->next_update))
		return bad(e, "not a TBSCertList");
	if (!bytes_equal(issuer, ca->subject))
		return bad(e, "issued by another CA");
	if (der_peek(body, DER_SEQUENCE)) {
		if (!der_take(&body, DER_SEQUENCE, &list))
			return bad(e, "revokedCertificates");
		if (!take_entries(list, out, entries, e))
			return false;
	}
	return take_number(body, &out->number) || bad(e, "no CRL number");
}

bool
pki_crl_parse(struct bytes der, const struct pki_ca *ca, struct pki_crl *out,
	      struct buffer *entries, struct err *e)
{
	struct bytes in = der, outer, tbs, algorithm, signature;
	struct pki_crl crl = { 0 };

	if (!der_is_canonical(der) || !der_take(&in, DER_SEQUENCE, &outer) ||
	    !der_take_all(&outer, DER_SEQUENCE, &tbs) ||
	    !der_take_all(&outer, DER_SEQUENCE, &algorithm) ||
	    !der_take_bits(&outer, &signature) || outer.len != 0)
		return bad(e, "not a CertificateList");
	if (!pki_verifier_check(ca->verifier, pki_signature_parse(algorithm),
				tbs, signature, e))
		return err_context(e, "CRL");
	if (!read_list(tbs, ca, &crl, entries, e))
		return false;
	*out = crl;
	return true;
}
