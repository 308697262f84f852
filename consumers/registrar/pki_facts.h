/*
 * pki_facts.h - shared/pki as the workflow's struct wf_pki.
 */
#ifndef CERTFLOW_REGISTRAR_PKI_FACTS_H
#define CERTFLOW_REGISTRAR_PKI_FACTS_H

#include "pki/profile.h"
#include "workflow/facts.h"

struct catalogue;
struct pki_facts;
struct pki_ca_watch;
struct pki_guard;

struct pki_facts_config {
	const char *ca_certificate;   /* PEM of the issuing CA             */
	const char *const *other_cas; /* PEM of our other CAs            */
	size_t other_ca_count;
	const char *blocklist;       /* digests of compromised keys; "": none */
	const char *const *profiles; /* INI files of certificate profiles */
	size_t profile_count;
	struct pki_places places; /* addresses that certificates carry */
	/* Names each package's profile; borrowed while the facts live. */
	const struct catalogue *catalogue;
	const char *approvers; /* PEM of those who may approve; "": signatures
				  of approvals are not looked at */
	int64_t ca_warn_us;    /* the end of the issuing CA is told so long
				  before, */
	int64_t ca_alarm_us;   /* and urgently so long before */
};

/**
 * Reads the files once. A package of the catalogue that has no profile among
 * them, or more months than its profile, is ERR_FATAL.
 * @param out  release with pki_facts_free()
 */
bool pki_facts_new(const struct pki_facts_config *cfg, struct pki_facts **out,
		   struct err *e) MUST_CHECK;
void pki_facts_free(struct pki_facts *f);
DEFINE_AUTO(pki_facts, struct pki_facts *, pki_facts_free);

/** The keys that are refused whoever brings them; borrowed from f. */
struct pki_guard *pki_facts_guard(struct pki_facts *f);

/** The term of the issuing CA; borrowed from f. */
struct pki_ca_watch *pki_facts_watch(struct pki_facts *f);

/** The callbacks; borrow f. */
struct wf_pki pki_facts_lend(struct pki_facts *f);

#endif
