#include "pki/profile.h"

#include <ini.h>
#include <stdio.h>
#include <string.h>

#include "pki/profile_value.h"

#define KEY_COUNT 11

/*
 * One row a key of the file.  Keys that came later have a value if they are
 * absent, so that files (and orders) from before them mean what they meant.
 */
static const struct {
	const char *section;
	const char *key;
	bool (*set)(struct pki_profile *p, const char *value, struct err *e);
	const char *if_absent; /* NULL: must be there */
} keys[KEY_COUNT] = {
	{ "profile", "name", profile_set_name, NULL },
	{ "profile", "max_months", profile_set_max_months, NULL },
	{ "profile", "keys", profile_set_keys, NULL },
	{ "profile", "signature", profile_set_signature,
	  "RSA-SHA256, ECDSA-SHA256, ECDSA-SHA384" },
	{ "subject", "order", profile_set_subject, NULL },
	{ "extensions", "key_usage", profile_set_key_usage, NULL },
	{ "extensions", "extended_key_usage", profile_set_eku, NULL },
	{ "extensions", "policies", profile_set_policies, NULL },
	{ "extensions", "crl", profile_set_crl, NULL },
	{ "extensions", "ca_issuers", profile_set_ca_issuers, NULL },
	{ "extensions", "ocsp", profile_set_ocsp, "no" },
};

struct load {
	struct pki_profile *profile;
	struct err *e;
	bool seen[KEY_COUNT];
	bool failed;
};

static bool
fail(struct load *l, const char *section, const char *key, const char *why)
{
	l->failed = true;
	return ERR_SET(l->e, ERR_FATAL, "profile", 0, "[%s] %s: %s", section,
		       key, why);
}

/* inih's callback: 0 makes ini_parse_string() return the line's number. */
static int
on_pair(void *self, const char *section, const char *key, const char *value)
{
	struct load *l = self;

	if (l->failed)
		return 0;
	for (size_t i = 0; i < KEY_COUNT; i++) {
		if (strcmp(keys[i].section, section) != 0 ||
		    strcmp(keys[i].key, key) != 0)
			continue;
		if (l->seen[i])
			return fail(l, section, key, "given twice");
		l->seen[i] = true;
		if (keys[i].set(l->profile, value, l->e))
			return 1;
		l->failed = true;
		return err_context(l->e, "[%s] %s", section, key);
	}
	return fail(l, section, key, "unknown key");
}

static bool
parse(const char *text, struct pki_profile *p, struct err *e)
{
	struct load l = { .profile = p, .e = e };
	int line = ini_parse_string(text, on_pair, &l);

	if (line != 0 && !l.failed)
		return ERR_SET(e, ERR_FATAL, "profile", line,
			       "line %d: neither [section] nor key = value",
			       line);
	if (line != 0)
		return err_context(e, "line %d", line);
	for (size_t i = 0; i < KEY_COUNT; i++) {
		if (l.seen[i])
			continue;
		if (keys[i].if_absent == NULL)
			return fail(&l, keys[i].section, keys[i].key,
				    "missing");
		if (!keys[i].set(p, keys[i].if_absent, e))
			return false;
	}
	return true;
}

/* A key of another kind could not be used for all of the key usage. */
static bool
check_usage(const struct pki_profile *p, struct err *e)
{
	if ((p->key_usage & 1u << 2) != 0 &&
	    (p->keys[EV_KEY_ALGORITHM_EC_P256] ||
	     p->keys[EV_KEY_ALGORITHM_EC_P384]))
		return ERR_SET(e, ERR_FATAL, "profile", 0,
			       "[extensions] key_usage: keyEncipherment is for "
			       "RSA keys, and [profile] keys has others");
	return true;
}

/* A certificate never names https (RFC 5280 4.2.1.13: fetching it would need
 * the certificate). Length without a final slash; 0: no address. */
static bool
check_base(const char *base, const char *what, size_t *len, struct err *e)
{
	*len = base == NULL ? 0 : strlen(base);
	if (*len == 0)
		return true;
	if (strncmp(base, "http://", 7) != 0 || *len == 7)
		return ERR_SET(e, ERR_FATAL, "profile", 0,
			       "%s does not begin with http://", what);
	if (*len >= PROFILE_TEXT_MAX)
		return ERR_SET(e, ERR_FATAL, "profile", 0, "%s is too long",
			       what);
	if (base[*len - 1] == '/')
		(*len)--;
	return true;
}

/* "http://host:port" + file. */
static bool
make_url(char url[PROFILE_TEXT_MAX], const char *base, size_t len,
	 struct err *e)
{
	char file[PROFILE_TEXT_MAX];

	memcpy(file, url, sizeof(file));
	url[0] = '\0';
	if (len == 0 || file[0] == '\0')
		return true;
	if (snprintf(url, PROFILE_TEXT_MAX, "%.*s/%s", (int)len, base, file) >=
	    PROFILE_TEXT_MAX)
		return ERR_SET(e, ERR_FATAL, "profile", 0,
			       "public address is too long");
	return true;
}

static bool
make_urls(struct pki_profile *p, const struct pki_places *places, struct err *e)
{
	const struct pki_places nowhere = { 0 };
	size_t public_len, ocsp_len;

	if (places == NULL)
		places = &nowhere;
	if (!check_base(places->public_url, "public address", &public_len, e) ||
	    !check_base(places->ocsp_url, "OCSP address", &ocsp_len, e))
		return false;
	if (p->ocsp && ocsp_len > 0)
		(void)snprintf(p->ocsp_url, sizeof(p->ocsp_url), "%s",
			       places->ocsp_url);
	return make_url(p->crl_url, places->public_url, public_len, e) &&
	       make_url(p->ca_issuers_url, places->public_url, public_len, e);
}

bool
pki_profile_load(const char *path, const struct pki_places *places,
		 struct pki_profile **out, struct err *e)
{
	AUTO(pki_profile) struct pki_profile *p = calloc(1, sizeof(*p));
	AUTO(buffer) struct buffer text = { 0 };

	if (p == NULL)
		return ERR_NO_MEMORY(e);
	if (!file_read(path, PROFILE_FILE_MAX, &text, e))
		return false;
	if (memchr(text.data, '\0', text.len) != NULL)
		return ERR_SET(e, ERR_FATAL, "profile", 0,
			       "%s: a NUL hides what follows it", path);
	sha256(buffer_view(&text), p->sha256);
	if (!parse((const char *)text.data, p, e) || !check_usage(p, e) ||
	    !make_urls(p, places, e))
		return err_context(e, "%s", path);
	*out = TAKE(p);
	return true;
}

enum pki_signature
pki_profile_signature(const struct pki_profile *p, enum ev_key_algorithm ca_key)
{
	for (int s = PKI_SIGNATURE_NONE + 1; s < PKI_SIGNATURE__COUNT; s++)
		if (p->signatures[s] &&
		    pki_signature_issues((enum pki_signature)s, ca_key))
			return (enum pki_signature)s;
	return PKI_SIGNATURE_NONE;
}

bool
pki_profile_fits(const struct pki_profile *p, enum ev_key_algorithm ca_key,
		 struct err *e)
{
	if (pki_profile_signature(p, ca_key) != PKI_SIGNATURE_NONE)
		return true;
	return ERR_SET(e, ERR_FATAL, "profile", 0,
		       "profile %s: [profile] signature: nothing that the "
		       "issuing CA's key, %s, can sign with",
		       p->name, ev_key_algorithm_name(ca_key));
}

void
pki_profile_free(struct pki_profile *p)
{
	free(p);
}
