/*
 * profile_list.h - the profiles that a program was given.
 *
 * Immutable after loading: may be shared between threads.
 */
#ifndef CERTFLOW_PKI_PROFILE_LIST_H
#define CERTFLOW_PKI_PROFILE_LIST_H

#include "pki/profile.h"

#define PROFILE_LIST_MAX 16

struct pki_profile_list {
	struct pki_profile *items[PROFILE_LIST_MAX];
	size_t count;
};

/**
 * Load all of them. Each must be one for a CA with such a key, and none the
 * same as another.
 * @param list  zeroed; release with pki_profile_list_free(), also on failure
 * @param e     ERR_FATAL names the file
 */
bool pki_profile_list_load(struct pki_profile_list *list,
			   const char *const *files, size_t count,
			   const struct pki_places *places,
			   enum ev_key_algorithm ca_key, struct err *e)
	MUST_CHECK;
void pki_profile_list_free(struct pki_profile_list *list);

/**
 * @param sha256  NULL: the first of this name
 * @return borrowed; NULL if there is none
 */
const struct pki_profile *
pki_profile_list_find(const struct pki_profile_list *list, const char *name,
		      const uint8_t *sha256);

/**
 * Is the SHA-256 of every one among these (hexadecimal, either case)?
 * @param e  ERR_FATAL names the first that is not, or the text that is no
 *           digest
 */
bool pki_profile_list_only(const struct pki_profile_list *list,
			   const char *const *digests, size_t count,
			   struct err *e) MUST_CHECK;

#endif
