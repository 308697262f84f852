/*
 * identity.h - for which CAs we answer, and with which certificates.
 *
 * One key, one certificate of it by each CA.  The certificates are read again
 * when their files change; who is answering keeps what it took until it gives
 * it back.  Thread-safe.
 */
#ifndef CERTFLOW_OCSP_IDENTITY_H
#define CERTFLOW_OCSP_IDENTITY_H

#include "pki/responder.h"

#define IDENTITY_CAS_MAX 8

struct identity; /* the files and what is in use now */

/* The certificates of one moment; number i is by CA number i. */
struct papers {
	struct pki_responder *of[IDENTITY_CAS_MAX];
	size_t count;
	unsigned users;
};

struct identity_files {
	const char *const *ca_paths; /* borrowed for the call */
	const char *const *responder_paths;
	size_t count; /* 1 to IDENTITY_CAS_MAX */
};

/**
 * ERR_RETRY  a responder's certificate is not there yet; the text says how to
 *            make it
 * ERR_FATAL  a file cannot be used; certificates of different keys
 */
bool identity_open(const struct identity_files *files, struct identity **out,
		   struct err *e) MUST_CHECK;

struct pki_ca *const *identity_cas(const struct identity *id, size_t *count);

/** DER of the one public key, borrowed. */
struct bytes identity_spki(const struct identity *id);

/** What is in use now; give it back with identity_return(). Never NULL. */
struct papers *identity_take(struct identity *id);
void identity_return(struct identity *id, struct papers *p);

/**
 * Loop thread: have the files changed? What cannot be used is said once in
 * the log, and what was in use stays.
 * @return false: ERR_FATAL, the new certificates are of another key
 */
bool identity_watch(struct identity *id, struct err *e) MUST_CHECK;

/** The earliest end of the certificates in use, microseconds since 1970. */
int64_t identity_not_after(struct identity *id);

/** Nobody may hold papers. NULL is fine. */
void identity_close(struct identity *id);
DEFINE_AUTO(identity, struct identity *, identity_close);

#endif
