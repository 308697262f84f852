#include "pki/tbs.h"

#include "pki/extension.h"
#include "pki/name.h"
#include "pki/view.h"

static void
put_extensions(struct der_out *w, const struct pki_profile *p,
	       const struct pki_ca *ca, const struct pki_key *key)
{
	der_open(w, DER_CONTEXT_OPEN(3));
	der_open(w, DER_SEQUENCE);
	extension_basic_constraints(w, false, -1);
	extension_key_usage(w, p->key_usage);
	extension_eku(w, p->eku, p->eku_count);
	extension_policies(w, p->policies, p->policy_count);
	extension_ski(w, bytes_of(key->key_id, sizeof(key->key_id)));
	extension_aki(w, ca->key_id);
	extension_crl_dp(w, p->crl_url);
	extension_access(w, p->ocsp_url, p->ca_issuers_url);
	der_close(w);
	der_close(w);
}

bool
pki_tbs_build(const struct pki_profile *profile, const struct pki_ca *ca,
	      const struct pki_order *order, struct buffer *out, struct err *e)
{
	const enum ev_key_algorithm ca_key = ca->key.algorithm;
	struct der_out w = der_start(out, e);
	struct pki_refusal why;
	struct pki_key key;

	if (!pki_profile_fits(profile, ca_key, e))
		return false;
	if (!pki_key_check(order->spki, &key, &why))
		return ERR_SET(e, ERR_REJECT, "pki", (long)why.code, "key: %s",
			       why.reason);
	der_open(&w, DER_SEQUENCE);
	der_open(&w, DER_CONTEXT_OPEN(0));
	der_small(&w, 2); /* v3 */
	der_close(&w);
	name_put_serial(&w, order->serial_number);
	der_raw(&w, pki_signature_identifier(
			    pki_profile_signature(profile, ca_key)));
	der_raw(&w, ca->subject);
	der_open(&w, DER_SEQUENCE);
	der_time(&w, order->not_before);
	der_time(&w, order->not_after);
	der_close(&w);
	name_put_subject(&w, profile, &order->subject);
	der_raw(&w, order->spki);
	put_extensions(&w, profile, ca, &key);
	der_close(&w);
	return der_done(&w);
}

static bool
differs(const char **field, const char *name, struct err *e)
{
	*field = name;
	return ERR_SET(e, ERR_REJECT, "pki", 0,
		       "TBSCertificate differs from the order in %s", name);
}

static bool
same_subject(const struct pki_profile *profile, const struct pki_order *order,
	     struct bytes subject, bool *same, struct err *e)
{
	AUTO(buffer) struct buffer wanted = { 0 };
	struct der_out w = der_start(&wanted, e);

	name_put_subject(&w, profile, &order->subject);
	if (!der_done(&w))
		return false;
	*same = bytes_equal(buffer_view(&wanted), subject);
	return true;
}

bool
pki_tbs_matches(struct bytes tbs, const struct pki_profile *profile,
		const struct pki_order *order, const char **field,
		struct err *e)
{
	char serial[PKI_SERIAL_TEXT_MAX];
	const char *where = NULL;
	struct view v;
	bool same = false;

	*field = "tbs_certificate";
	if (!view_parse(tbs, &v, &where))
		return ERR_SET(e, ERR_REJECT, "pki", 0, "TBSCertificate: %s",
			       where);
	if (!view_serial_text(v.serial, serial) ||
	    !bytes_equal(bytes_of_str(serial),
			 bytes_of_str(order->serial_number)))
		return differs(field, "serial_number", e);
	if (v.not_before_us != order->not_before)
		return differs(field, "not_before", e);
	if (v.not_after_us != order->not_after)
		return differs(field, "not_after", e);
	if (!bytes_equal(v.spki, order->spki))
		return differs(field, "spki_sha256", e);
	*field = "subject";
	if (!same_subject(profile, order, v.subject, &same, e))
		return false;
	return same || differs(field, "subject", e);
}
