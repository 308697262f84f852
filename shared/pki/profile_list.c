#include "pki/profile_list.h"

#include <string.h>

static bool
load_one(struct pki_profile_list *list, const char *file,
	 const struct pki_places *places, enum ev_key_algorithm ca_key,
	 struct err *e)
{
	AUTO(pki_profile) struct pki_profile *p = NULL;

	if (!pki_profile_load(file, places, &p, e))
		return false;
	if (!pki_profile_fits(p, ca_key, e))
		return err_context(e, "%s", file);
	if (pki_profile_list_find(list, p->name, p->sha256) != NULL)
		return ERR_SET(e, ERR_FATAL, "profile", 0,
			       "%s: the same file is given twice", file);
	list->items[list->count++] = TAKE(p);
	return true;
}

bool
pki_profile_list_load(struct pki_profile_list *list, const char *const *files,
		      size_t count, const struct pki_places *places,
		      enum ev_key_algorithm ca_key, struct err *e)
{
	if (count == 0 || count > PROFILE_LIST_MAX)
		return ERR_SET(e, ERR_FATAL, "profile", 0,
			       "%zu profiles: 1 to %d may be given", count,
			       PROFILE_LIST_MAX);
	for (size_t i = 0; i < count; i++)
		if (!load_one(list, files[i], places, ca_key, e))
			return false;
	return true;
}

void
pki_profile_list_free(struct pki_profile_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		pki_profile_free(list->items[i]);
	list->count = 0;
}

const struct pki_profile *
pki_profile_list_find(const struct pki_profile_list *list, const char *name,
		      const uint8_t *sha256)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct pki_profile *p = list->items[i];

		if (strcmp(p->name, name) == 0 &&
		    (sha256 == NULL ||
		     memcmp(p->sha256, sha256, SHA256_LEN) == 0))
			return p;
	}
	return NULL;
}

static bool
is_among(const struct pki_profile *p, const char *const *digests, size_t count,
	 bool *among, struct err *e)
{
	*among = false;
	for (size_t i = 0; i < count; i++) {
		uint8_t octets[SHA256_LEN];
		size_t len;

		if (!hex_decode(digests[i], octets, sizeof(octets), &len) ||
		    len != SHA256_LEN)
			return ERR_SET(e, ERR_FATAL, "profile", 0,
				       "\"%.80s\" is no SHA-256 in hexadecimal",
				       digests[i]);
		*among = *among || memcmp(octets, p->sha256, SHA256_LEN) == 0;
	}
	return true;
}

bool
pki_profile_list_only(const struct pki_profile_list *list,
		      const char *const *digests, size_t count, struct err *e)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct pki_profile *p = list->items[i];
		char hex[2 * SHA256_LEN + 1];
		bool among;

		if (!is_among(p, digests, count, &among, e))
			return false;
		if (among)
			continue;
		hex_encode(bytes_of(p->sha256, SHA256_LEN), hex);
		return ERR_SET(e, ERR_FATAL, "profile", 0,
			       "profile %s is not on the list: its SHA-256 is "
			       "%s",
			       p->name, hex);
	}
	return true;
}
