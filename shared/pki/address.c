#include "pki/address.h"

#include <string.h>

/* The last part of a path or address, without what follows its last dot. */
static struct bytes
stem(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash == NULL ? path : slash + 1;
	const char *dot = strrchr(name, '.');

	return bytes_of(name,
			dot == NULL ? strlen(name) : (size_t)(dot - name));
}

static bool
check(const struct pki_profile *profile, const char *const *other_cas,
      size_t count, struct err *e)
{
	const char *const addresses[] = { profile->crl_url,
					  profile->ca_issuers_url };

	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < 2; k++)
			if (*addresses[k] != '\0' &&
			    bytes_equal(stem(other_cas[i]), stem(addresses[k])))
				return ERR_SET(e, ERR_FATAL, "pki", 0,
					       "profile %s: %s belongs to "
					       "another CA (%s)",
					       profile->name, addresses[k],
					       other_cas[i]);
	return true;
}

bool
pki_address_check(const struct pki_profile_list *profiles,
		  const char *const *other_cas, size_t count, struct err *e)
{
	for (size_t i = 0; i < profiles->count; i++)
		if (!check(profiles->items[i], other_cas, count, e))
			return err_context(e, "ca.others");
	return true;
}
