/*
 * guard.h - keys that nobody may have certified: those of our own CAs, and
 * those that are publicly known to be compromised.
 *
 * The blocklist is a text file, one digest a line; blank lines and lines
 * that begin with '#' do not count. By its length a digest is
 *
 *   64 hex digits   SHA-256 of the SubjectPublicKeyInfo, any kind of key
 *                   (as pwnedkeys.com and CT tools name keys)
 *   20 hex digits   the last 80 bits of SHA-1 over "Modulus=<HEX>\n", as in
 *                   Debian's openssl-blacklist (CVE-2008-0166) and in
 *                   Boulder's list of weak keys
 *
 * A changed file is read again without a restart.  Thread-safe.
 */
#ifndef CERTFLOW_PKI_GUARD_H
#define CERTFLOW_PKI_GUARD_H

#include "pki/ca.h"

#define GUARD_CAS_MAX 16
#define GUARD_DIGESTS_MAX 1000000 /* 16 octets of memory each, at most */

struct pki_guard;

struct pki_guard_config {
	const struct pki_ca *ca;      /* the issuing CA; only copied from */
	const char *const *other_cas; /* files: root, earlier CAs         */
	size_t other_count;           /* at most GUARD_CAS_MAX - 1        */
	const char *blocklist;        /* path; "" or NULL: none           */
};

/**
 * @param out  release with pki_guard_free()
 * @param e    ERR_FATAL: names the file, and the line of the blocklist
 */
bool pki_guard_new(const struct pki_guard_config *cfg, struct pki_guard **out,
		   struct err *e) MUST_CHECK;

/** NULL is fine. */
void pki_guard_free(struct pki_guard *g);
DEFINE_AUTO(pki_guard, struct pki_guard *, pki_guard_free);

enum pki_guard_news {
	PKI_GUARD_SAME, /* nothing happened                             */
	PKI_GUARD_READ, /* the blocklist had changed and is in force    */
	PKI_GUARD_KEPT, /* it changed and cannot be used: the old one
			   stays in force, e says why; said once a change */
};

/** Look whether the blocklist's file has changed; call it as often as you
 * like, it looks at most once a second. One thread at a time. */
enum pki_guard_news pki_guard_refresh(struct pki_guard *g, struct err *e)
	MUST_CHECK;

/** pki_guard_refresh(), and program output for what happened. */
void pki_guard_watch(struct pki_guard *g);

/** Digests in force. */
size_t pki_guard_count(struct pki_guard *g);

/**
 * @param key  what pki_key_check() said of spki
 * @return false: *why says KEY_IS_CA_KEY or KEY_BLOCKLISTED
 */
bool pki_guard_check(struct pki_guard *g, struct bytes spki,
		     const struct pki_key *key, struct pki_refusal *why)
	MUST_CHECK;

#endif
