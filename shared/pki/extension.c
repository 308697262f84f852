#include "pki/extension.h"

#include "pki/oid.h"

static void
begin(struct der_out *w, struct bytes oid, bool critical)
{
	der_open(w, DER_SEQUENCE);
	der_oid(w, oid);
	if (critical)
		der_put(w, DER_BOOLEAN, OID("\xff"));
	der_open(w, DER_OCTET_STRING);
}

static void
end(struct der_out *w)
{
	der_close(w);
	der_close(w);
}

void
extension_basic_constraints(struct der_out *w, bool ca, int path_length)
{
	begin(w, OID_BASIC_CONSTRAINTS, true);
	der_open(w, DER_SEQUENCE);
	if (ca)
		der_put(w, DER_BOOLEAN, OID("\xff"));
	if (ca && path_length >= 0)
		der_small(w, (uint64_t)path_length);
	der_close(w);
	end(w);
}

void
extension_key_usage(struct der_out *w, uint16_t bits)
{
	begin(w, OID_KEY_USAGE, true);
	der_named_bits(w, bits);
	end(w);
}

void
extension_eku(struct der_out *w, const struct pki_oid *oids, size_t count)
{
	begin(w, OID_EKU, false);
	der_open(w, DER_SEQUENCE);
	for (size_t i = 0; i < count; i++)
		der_oid(w, bytes_of(oids[i].der, oids[i].len));
	der_close(w);
	end(w);
}

void
extension_policies(struct der_out *w, const struct pki_oid *oids, size_t count)
{
	begin(w, OID_POLICIES, false);
	der_open(w, DER_SEQUENCE);
	for (size_t i = 0; i < count; i++) {
		der_open(w, DER_SEQUENCE);
		der_oid(w, bytes_of(oids[i].der, oids[i].len));
		der_close(w);
	}
	der_close(w);
	end(w);
}

void
extension_ski(struct der_out *w, struct bytes key_id)
{
	begin(w, OID_SKI, false);
	der_put(w, DER_OCTET_STRING, key_id);
	end(w);
}

void
extension_aki(struct der_out *w, struct bytes key_id)
{
	begin(w, OID_AKI, false);
	der_open(w, DER_SEQUENCE);
	der_put(w, DER_CONTEXT(0), key_id);
	der_close(w);
	end(w);
}

/* DistributionPoint{[0]{fullName [0]{URI [6]}}} (RFC 5280 4.2.1.13). */
void
extension_crl_dp(struct der_out *w, const char *url)
{
	if (url == NULL || url[0] == '\0')
		return;
	begin(w, OID_CRL_DP, false);
	der_open(w, DER_SEQUENCE);
	der_open(w, DER_SEQUENCE);
	der_open(w, DER_CONTEXT_OPEN(0));
	der_open(w, DER_CONTEXT_OPEN(0));
	der_text(w, DER_CONTEXT(6), url);
	der_close(w);
	der_close(w);
	der_close(w);
	der_close(w);
	end(w);
}

static bool
is_absent(const char *url)
{
	return url == NULL || url[0] == '\0';
}

static void
access_description(struct der_out *w, struct bytes method, const char *url)
{
	if (is_absent(url))
		return;
	der_open(w, DER_SEQUENCE);
	der_oid(w, method);
	der_text(w, DER_CONTEXT(6), url);
	der_close(w);
}

void
extension_access(struct der_out *w, const char *ocsp_url,
		 const char *ca_issuers_url)
{
	if (is_absent(ocsp_url) && is_absent(ca_issuers_url))
		return;
	begin(w, OID_AIA, false);
	der_open(w, DER_SEQUENCE);
	access_description(w, OID_OCSP, ocsp_url);
	access_description(w, OID_CA_ISSUERS, ca_issuers_url);
	der_close(w);
	end(w);
}

void
extension_crl_number(struct der_out *w, int64_t number)
{
	begin(w, OID_CRL_NUMBER, false);
	der_small(w, (uint64_t)number);
	end(w);
}

void
extension_reason(struct der_out *w, int reason)
{
	const uint8_t code = (uint8_t)reason;

	begin(w, OID_REASON_CODE, false);
	der_put(w, DER_ENUMERATED, bytes_of(&code, 1));
	end(w);
}

void
extension_ocsp_nocheck(struct der_out *w)
{
	begin(w, OID_OCSP_NOCHECK, false);
	der_put(w, DER_NULL, OID(""));
	end(w);
}

void
extension_ocsp_nonce(struct der_out *w, struct bytes nonce)
{
	begin(w, OID_OCSP_NONCE, false);
	der_put(w, DER_OCTET_STRING, nonce);
	end(w);
}

void
extension_invalidity(struct der_out *w, int64_t us)
{
	begin(w, OID_INVALIDITY_DATE, false);
	der_generalized_time(w, us);
	end(w);
}
