/*
 * known.h - what is known of the CAs' certificates, and as of when.
 *
 * The loop thread enters what the log says; the threads that answer look up.
 * "As of" is the moment at which the ends of all partitions were asked for
 * that have been read since: until then every change is in the books.  When
 * that was too long ago nothing is known any more, because what was revoked
 * since could not have been seen.  Thread-safe.
 */
#ifndef CERTFLOW_OCSP_KNOWN_H
#define CERTFLOW_OCSP_KNOWN_H

#include "pki/ca.h"
#include "pki/ocsp.h"
#include "status/status.h"

struct known;

/**
 * @param cas       borrowed until known_free(); a book for each
 * @param limit_us  how old "as of" may be
 */
bool known_new(struct pki_ca *const *cas, size_t count, int64_t limit_us,
	       struct known **out, struct err *e) MUST_CHECK;

/** Loop thread: the next event of the log. As status_book_apply(). */
bool known_apply(struct known *k, const struct event *ev, struct err *e)
	MUST_CHECK;

/** Loop thread: everything up to this moment (both clocks) is entered. */
void known_until(struct known *k, int64_t wall_us, int64_t monotonic_us);

/** As of when (wall clock)? 0: too long ago, or the log was never read to its
 * end. */
int64_t known_as_of(struct known *k, int64_t monotonic_us);

/** Age of what is known, microseconds; -1: never. */
int64_t known_age(struct known *k, int64_t monotonic_us);

/** Fill in status, reason and time of each, for certificates of CA number
 * `ca`; all of them as of one moment. */
void known_ask(struct known *k, size_t ca, struct pki_ocsp_single *singles,
	       size_t count);

/** Certificates in all books. */
size_t known_count(struct known *k);

/** NULL is fine. */
void known_free(struct known *k);
DEFINE_AUTO(known, struct known *, known_free);

#endif
