#include "pki/profile.h"

#include <ini.h>
#include <stdio.h>
#include <string.h>

#include "pki/profile_value.h"

#define KEY_COUNT 9

/* One row a key of the file. */
static const struct {
	const char *section;
	const char *key;
	bool (*set)(struct pki_profile *p, const char *value, struct err *e);
} keys[KEY_COUNT] = {
	{ "profile", "name", profile_set_name },
	{ "profile", "max_months", profile_set_max_months },
	{ "profile", "keys", profile_set_keys },
	{ "subject", "order", profile_set_subject },
	{ "extensions", "key_usage", profile_set_key_usage },
	{ "extensions", "extended_key_usage", profile_set_eku },
	{ "extensions", "policies", profile_set_policies },
	{ "extensions", "crl", profile_set_crl },
	{ "extensions", "ca_issuers", profile_set_ca_issuers },
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
	for (size_t i = 0; i < KEY_COUNT; i++)
		if (!l.seen[i])
			return fail(&l, keys[i].section, keys[i].key,
				    "missing");
	return true;
}

/* "http://host:port" + file; a certificate never names https (RFC 5280
 * 4.2.1.13: fetching it would need the certificate). */
static bool
make_url(char url[PROFILE_TEXT_MAX], const char *base, struct err *e)
{
	char file[PROFILE_TEXT_MAX];
	size_t len = base == NULL ? 0 : strlen(base);

	memcpy(file, url, sizeof(file));
	url[0] = '\0';
	if (len == 0 || file[0] == '\0')
		return true;
	if (strncmp(base, "http://", 7) != 0 || len == 7)
		return ERR_SET(e, ERR_FATAL, "profile", 0,
			       "public address does not begin with http://");
	if (base[len - 1] == '/')
		len--;
	if (snprintf(url, PROFILE_TEXT_MAX, "%.*s/%s", (int)len, base, file) >=
	    PROFILE_TEXT_MAX)
		return ERR_SET(e, ERR_FATAL, "profile", 0,
			       "public address is too long");
	return true;
}

bool
pki_profile_load(const char *path, const char *public_url,
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
	if (!parse((const char *)text.data, p, e) ||
	    !make_url(p->crl_url, public_url, e) ||
	    !make_url(p->ca_issuers_url, public_url, e))
		return err_context(e, "%s", path);
	*out = TAKE(p);
	return true;
}

void
pki_profile_free(struct pki_profile *p)
{
	free(p);
}
