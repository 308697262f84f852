#include "pki/profile_value.h"

#include <errno.h>
#include <openssl/objects.h>
#include <stdio.h>
#include <string.h>

#include "pki/oid.h"

static bool
bad(struct err *e, const char *what, const char *value)
{
	return ERR_SET(e, ERR_FATAL, "profile", 0, "%s: \"%.100s\"", what,
		       value);
}

/* Calls take for each item of a comma-separated list. */
static bool
each_item(const char *value, struct pki_profile *p,
	  bool (*take)(struct pki_profile *p, const char *item, struct err *e),
	  struct err *e)
{
	char copy[1024];
	char *rest = copy, *item;

	if (snprintf(copy, sizeof(copy), "%s", value) >= (int)sizeof(copy))
		return bad(e, "list too long", value);
	while ((item = strsep(&rest, ",")) != NULL) {
		size_t len;

		item += strspn(item, " \t");
		len = strlen(item);
		while (len > 0 && strchr(" \t", item[len - 1]) != NULL)
			item[--len] = '\0';
		if (len == 0)
			return bad(e, "empty item in list", value);
		if (!take(p, item, e))
			return false;
	}
	return true;
}

bool
profile_set_name(struct pki_profile *p, const char *value, struct err *e)
{
	size_t len = strlen(value);

	if (len == 0 || len >= sizeof(p->name) ||
	    strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789-") != len)
		return bad(e, "not 1 to 63 of a-z 0-9 -", value);
	memcpy(p->name, value, len + 1);
	return true;
}

bool
profile_set_max_months(struct pki_profile *p, const char *value, struct err *e)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(value, &end, 10);
	if (*value == '\0' || *end != '\0' || errno != 0 || n < 1 || n > 1200)
		return bad(e, "not a number of months, 1 to 1200", value);
	p->max_months = (int32_t)n;
	return true;
}

static bool
take_key(struct pki_profile *p, const char *item, struct err *e)
{
	enum ev_key_algorithm algorithm;

	if (!ev_key_algorithm_parse(item, &algorithm) ||
	    algorithm == EV_KEY_ALGORITHM_UNKNOWN)
		return bad(e, "unknown key algorithm", item);
	if (p->keys[algorithm])
		return bad(e, "given twice", item);
	p->keys[algorithm] = true;
	return true;
}

bool
profile_set_keys(struct pki_profile *p, const char *value, struct err *e)
{
	return each_item(value, p, take_key, e);
}

/* One signature for a kind of CA key, or it would be left open which. */
static bool
is_second(const struct pki_profile *p, enum pki_signature sig)
{
	for (int k = 0; k < EV_KEY_ALGORITHM__COUNT; k++)
		if (pki_signature_issues(sig, (enum ev_key_algorithm)k) &&
		    pki_profile_signature(p, (enum ev_key_algorithm)k) !=
			    PKI_SIGNATURE_NONE)
			return true;
	return false;
}

static bool
take_signature(struct pki_profile *p, const char *item, struct err *e)
{
	enum pki_signature sig = pki_signature_named(item);
	bool issues = false;

	for (int k = 0; k < EV_KEY_ALGORITHM__COUNT; k++)
		issues = issues ||
			 pki_signature_issues(sig, (enum ev_key_algorithm)k);
	if (!issues)
		return bad(e,
			   "not RSA-SHA256, RSA-PSS-SHA256, ECDSA-SHA256 or "
			   "ECDSA-SHA384",
			   item);
	if (is_second(p, sig))
		return bad(e, "a second one for the same kind of CA key", item);
	p->signatures[sig] = true;
	return true;
}

bool
profile_set_signature(struct pki_profile *p, const char *value, struct err *e)
{
	return each_item(value, p, take_signature, e);
}

static const char *const attribute_names[PKI_ATTR__COUNT] = {
	[PKI_ATTR_C] = "C", [PKI_ATTR_ST] = "ST", [PKI_ATTR_L] = "L",
	[PKI_ATTR_O] = "O", [PKI_ATTR_CN] = "CN", [PKI_ATTR_UID] = "UID",
};

static bool
take_attribute(struct pki_profile *p, const char *item, struct err *e)
{
	for (size_t i = 0; i < p->subject_count; i++)
		if (strcmp(attribute_names[p->subject[i]], item) == 0)
			return bad(e, "given twice", item);
	for (size_t a = 0; a < PKI_ATTR__COUNT; a++) {
		if (strcmp(attribute_names[a], item) != 0)
			continue;
		p->subject[p->subject_count++] = (enum pki_attribute)a;
		return true;
	}
	return bad(e, "unknown attribute", item);
}

bool
profile_set_subject(struct pki_profile *p, const char *value, struct err *e)
{
	/* Without these no certificate passes lint. */
	static const enum pki_attribute needed[] = { PKI_ATTR_C, PKI_ATTR_O,
						     PKI_ATTR_CN,
						     PKI_ATTR_UID };

	if (!each_item(value, p, take_attribute, e))
		return false;
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		bool there = false;

		for (size_t j = 0; j < p->subject_count; j++)
			there = there || p->subject[j] == needed[i];
		if (!there)
			return bad(e, "attribute is missing",
				   attribute_names[needed[i]]);
	}
	return true;
}

static bool
take_key_usage(struct pki_profile *p, const char *item, struct err *e)
{
	/* What lint lets pass; keyCertSign and cRLSign are for CAs alone. */
	static const char *const names[] = { "digitalSignature",
					     "nonRepudiation",
					     "keyEncipherment" };

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i], item) != 0)
			continue;
		p->key_usage = (uint16_t)(p->key_usage | 1u << i);
		return true;
	}
	return bad(e, "unknown key usage", item);
}

bool
profile_set_key_usage(struct pki_profile *p, const char *value, struct err *e)
{
	return each_item(value, p, take_key_usage, e);
}

static bool
parse_oid(const char *text, struct pki_oid *out, struct err *e)
{
	ASN1_OBJECT *object = OBJ_txt2obj(text, 1);
	size_t len = object == NULL ? 0 : OBJ_length(object);
	bool ok = len > 0 && len <= sizeof(out->der);

	if (ok) {
		memcpy(out->der, OBJ_get0_data(object), len);
		out->len = len;
	}
	ASN1_OBJECT_free(object);
	return ok || bad(e, "not a dotted object identifier", text);
}

static bool
add_oid(struct pki_oid *list, size_t *count, const char *item, struct err *e)
{
	if (*count == PROFILE_ITEMS_MAX)
		return bad(e, "too many items", item);
	if (!parse_oid(item, &list[*count], e))
		return false;
	for (size_t i = 0; i < *count; i++)
		if (bytes_equal(bytes_of(list[i].der, list[i].len),
				bytes_of(list[*count].der, list[*count].len)))
			return bad(e, "given twice", item);
	(*count)++;
	return true;
}

static bool
take_eku(struct pki_profile *p, const char *item, struct err *e)
{
	const struct pki_oid *last = &p->eku[p->eku_count];

	if (!add_oid(p->eku, &p->eku_count, item, e))
		return false;
	if (pki_purpose_is_barred(bytes_of(last->der, last->len)))
		return bad(e, "not a purpose of a customer's certificate",
			   item);
	return true;
}

bool
profile_set_eku(struct pki_profile *p, const char *value, struct err *e)
{
	return each_item(value, p, take_eku, e);
}

static bool
take_policy(struct pki_profile *p, const char *item, struct err *e)
{
	return add_oid(p->policies, &p->policy_count, item, e);
}

bool
profile_set_policies(struct pki_profile *p, const char *value, struct err *e)
{
	return each_item(value, p, take_policy, e);
}

bool
pki_purpose_is_barred(struct bytes oid)
{
	const struct bytes any = OID("\x55\x1d\x25\x00");
	const struct bytes id_kp = OID("\x2b\x06\x01\x05\x05\x07\x03");
	uint8_t last;

	if (bytes_equal(oid, any))
		return true;
	if (oid.len != id_kp.len + 1 ||
	    !bytes_equal(bytes_of(oid.data, id_kp.len), id_kp))
		return false;
	/* serverAuth, clientAuth, codeSigning, emailProtection, timeStamping,
	 * OCSPSigning */
	last = oid.data[id_kp.len];
	return (last >= 1 && last <= 4) || last == 8 || last == 9;
}

static bool
set_file(char to[PROFILE_TEXT_MAX], const char *value, struct err *e)
{
	size_t len = strlen(value);

	if (len >= 64 ||
	    strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			  "0123456789-._") != len)
		return bad(e, "not a file name", value);
	memcpy(to, value, len + 1);
	return true;
}

bool
profile_set_crl(struct pki_profile *p, const char *value, struct err *e)
{
	return set_file(p->crl_url, value, e);
}

bool
profile_set_ca_issuers(struct pki_profile *p, const char *value, struct err *e)
{
	return set_file(p->ca_issuers_url, value, e);
}

bool
profile_set_ocsp(struct pki_profile *p, const char *value, struct err *e)
{
	p->ocsp = strcmp(value, "yes") == 0;
	return p->ocsp || strcmp(value, "no") == 0 ||
	       bad(e, "neither yes nor no", value);
}
