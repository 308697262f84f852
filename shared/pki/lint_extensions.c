#include "pki/lint_rules.h"
#include "pki/oid.h"

#define KEY_ENCIPHERMENT_BIT (1u << 2)
#define SIGN_BITS (1u << 0 | 1u << 1) /* digitalSignature, nonRepudiation */

static struct bytes
value_of(const struct lint *l, struct bytes oid)
{
	const struct view_extension *x = view_extension(&l->view, oid);

	return x == NULL ? (struct bytes){ 0 } : x->value;
}

const char *
lint_extension_unique(const struct lint *l)
{
	const struct view *v = &l->view;

	for (size_t i = 0; i < v->extension_count; i++)
		for (size_t j = 0; j < i; j++)
			if (bytes_equal(v->extensions[i].oid,
					v->extensions[j].oid))
				return "the same extension twice";
	return NULL;
}

struct expected {
	struct bytes oid;
	bool critical;
	bool wanted;
};

#define EXPECTED_COUNT 8

static void
expect(const struct pki_profile *p, struct expected out[EXPECTED_COUNT])
{
	const struct expected all[EXPECTED_COUNT] = {
		{ OID_BASIC_CONSTRAINTS, true, true },
		{ OID_KEY_USAGE, true, true },
		{ OID_EKU, false, p->eku_count > 0 },
		{ OID_POLICIES, false, p->policy_count > 0 },
		{ OID_SKI, false, true },
		{ OID_AKI, false, true },
		{ OID_CRL_DP, false, p->crl_url[0] != '\0' },
		{ OID_AIA, false,
		  p->ca_issuers_url[0] != '\0' || p->ocsp_url[0] != '\0' },
	};

	for (size_t i = 0; i < EXPECTED_COUNT; i++)
		out[i] = all[i];
}

static bool
is_expected(const struct expected rows[EXPECTED_COUNT], struct bytes oid)
{
	for (size_t i = 0; i < EXPECTED_COUNT; i++)
		if (rows[i].wanted && bytes_equal(rows[i].oid, oid))
			return true;
	return false;
}

const char *
lint_extension_set(const struct lint *l)
{
	struct expected rows[EXPECTED_COUNT];

	expect(l->context->profile, rows);
	for (size_t i = 0; i < EXPECTED_COUNT; i++)
		if (rows[i].wanted &&
		    view_extension(&l->view, rows[i].oid) == NULL)
			return "an extension is missing";
	for (size_t i = 0; i < l->view.extension_count; i++)
		if (!is_expected(rows, l->view.extensions[i].oid))
			return "an extension that the profile does not have";
	return NULL;
}

const char *
lint_extension_critical(const struct lint *l)
{
	struct expected rows[EXPECTED_COUNT];
	const struct view_extension *x;

	expect(l->context->profile, rows);
	for (size_t i = 0; i < EXPECTED_COUNT; i++) {
		x = view_extension(&l->view, rows[i].oid);
		if (x != NULL && x->critical != rows[i].critical)
			return rows[i].critical ? "must be critical"
						: "must not be critical";
	}
	return NULL;
}

/* CA:FALSE is the default, so DER leaves an empty sequence. */
const char *
lint_basic_constraints(const struct lint *l)
{
	return bytes_equal(value_of(l, OID_BASIC_CONSTRAINTS), OID("\x30\x00"))
		       ? NULL
		       : "not CA:FALSE";
}

/* Bit n of the named-bit list is 1 << n; 0 if there is none, or if it ends
 * in zero bits (X.690 11.2.2). */
static unsigned
key_usage(const struct lint *l)
{
	struct bytes in = value_of(l, OID_KEY_USAGE), bits;
	unsigned mask = 0;

	if (!der_take(&in, DER_BIT_STRING, &bits) || in.len != 0 ||
	    bits.len < 2 || bits.len > 3 ||
	    (bits.data[bits.len - 1] & 1u << bits.data[0]) == 0)
		return 0;
	for (unsigned bit = 0; bit < 8 * (bits.len - 1); bit++)
		if ((bits.data[1 + bit / 8] & 0x80u >> bit % 8) != 0)
			mask |= 1u << bit;
	return mask;
}

const char *
lint_key_usage(const struct lint *l)
{
	return key_usage(l) == l->context->profile->key_usage
		       ? NULL
		       : "not the key usage of the profile";
}

const char *
lint_key_usage_fits(const struct lint *l)
{
	unsigned usage = key_usage(l);
	bool rsa;

	if (l->key_why.reason != NULL)
		return l->key_why.reason;
	rsa = pki_signature_fits(PKI_RSA_SHA256, l->key.algorithm);
	if ((usage & ~(SIGN_BITS | KEY_ENCIPHERMENT_BIT)) != 0)
		return "only signing, and keyEncipherment with RSA";
	if (!rsa && (usage & KEY_ENCIPHERMENT_BIT) != 0)
		return "keyEncipherment needs an RSA key";
	return NULL;
}

const char *
lint_eku(const struct lint *l)
{
	const struct pki_profile *p = l->context->profile;
	struct bytes in = value_of(l, OID_EKU), list, oid;
	size_t n = 0;

	if (p->eku_count == 0)
		return NULL;
	if (!der_take(&in, DER_SEQUENCE, &list) || in.len != 0)
		return "not a list";
	while (list.len > 0) {
		if (!der_take(&list, DER_OID, &oid) || n == p->eku_count ||
		    !bytes_equal(oid, bytes_of(p->eku[n].der, p->eku[n].len)))
			return "not the purposes of the profile";
		n++;
	}
	return n == p->eku_count ? NULL : "purposes are missing";
}

/* Whatever the profile says. */
const char *
lint_eku_limits(const struct lint *l)
{
	struct bytes in = value_of(l, OID_EKU), list, oid;

	if (!der_take(&in, DER_SEQUENCE, &list))
		return NULL;
	while (der_take(&list, DER_OID, &oid))
		if (pki_purpose_is_barred(oid))
			return "a purpose that no customer's certificate has";
	return NULL;
}

const char *
lint_policies(const struct lint *l)
{
	const struct pki_profile *p = l->context->profile;
	struct bytes in = value_of(l, OID_POLICIES), list, policy, oid;
	size_t n = 0;

	if (p->policy_count == 0)
		return NULL;
	if (!der_take(&in, DER_SEQUENCE, &list) || in.len != 0)
		return "not a list";
	while (list.len > 0) {
		if (!der_take(&list, DER_SEQUENCE, &policy) ||
		    !der_take(&policy, DER_OID, &oid) || policy.len != 0 ||
		    n == p->policy_count ||
		    !bytes_equal(oid, bytes_of(p->policies[n].der,
					       p->policies[n].len)))
			return "not the policies of the profile";
		n++;
	}
	return n == p->policy_count ? NULL : "policies are missing";
}

const char *
lint_ski(const struct lint *l)
{
	struct bytes in = value_of(l, OID_SKI), id;

	if (l->key_why.reason != NULL)
		return l->key_why.reason;
	if (!der_take(&in, DER_OCTET_STRING, &id) || in.len != 0 ||
	    !bytes_equal(id, bytes_of(l->key.key_id, sizeof(l->key.key_id))))
		return "not the leftmost 160 bits of SHA-256 of the key";
	return NULL;
}

const char *
lint_aki(const struct lint *l)
{
	struct bytes in = value_of(l, OID_AKI), seq, id;

	if (!der_take(&in, DER_SEQUENCE, &seq) || in.len != 0 ||
	    !der_take(&seq, DER_CONTEXT(0), &id) || seq.len != 0 ||
	    !bytes_equal(id, l->context->ca->key_id))
		return "not the CA's subject key identifier";
	return NULL;
}

const char *
lint_crl_address(const struct lint *l)
{
	const char *wanted = l->context->profile->crl_url;
	struct bytes in = value_of(l, OID_CRL_DP), point, name, full, url;

	if (wanted[0] == '\0')
		return NULL;
	if (!der_take(&in, DER_SEQUENCE, &point) || in.len != 0 ||
	    !der_take(&point, DER_SEQUENCE, &name) || point.len != 0 ||
	    !der_take(&name, DER_CONTEXT_OPEN(0), &full) || name.len != 0 ||
	    !der_take(&full, DER_CONTEXT_OPEN(0), &name) || full.len != 0 ||
	    !der_take(&name, DER_CONTEXT(6), &url) || name.len != 0 ||
	    !bytes_equal(url, bytes_of_str(wanted)))
		return "not the address of the profile";
	return NULL;
}

/*
 * Is the one address for this method the wanted one ("": none)? Methods that
 * the profile does not know are named by the rule for certificates.
 */
static const char *
access_address(const struct lint *l, struct bytes method, const char *wanted)
{
	const bool names_others = bytes_equal(method, OID_CA_ISSUERS);
	struct bytes in = value_of(l, OID_AIA), list, one, oid, url;
	const char *wrong = "not the address of the profile";
	bool found = false;

	if (in.data == NULL) /* extension_set says whether it may be absent */
		return NULL;
	if (!der_take(&in, DER_SEQUENCE, &list) || in.len != 0)
		return "not a list";
	while (list.len > 0) {
		if (!der_take(&list, DER_SEQUENCE, &one) ||
		    !der_take(&one, DER_OID, &oid) ||
		    !der_take(&one, DER_CONTEXT(6), &url) || one.len != 0)
			return "not a list of addresses";
		if (names_others && !bytes_equal(oid, OID_CA_ISSUERS) &&
		    !bytes_equal(oid, OID_OCSP))
			return "an access method that no profile has";
		if (!bytes_equal(oid, method))
			continue;
		if (found || wanted[0] == '\0' ||
		    !bytes_equal(url, bytes_of_str(wanted)))
			return wrong;
		found = true;
	}
	return found || wanted[0] == '\0' ? NULL : wrong;
}

const char *
lint_ca_address(const struct lint *l)
{
	const struct pki_profile *p = l->context->profile;

	return access_address(l, OID_CA_ISSUERS, p->ca_issuers_url);
}

const char *
lint_ocsp_address(const struct lint *l)
{
	return access_address(l, OID_OCSP, l->context->profile->ocsp_url);
}
