/*
 * list.h - what the next CRL lists: arrays of struct pki_revoked, in
 * ascending order of serial numbers.
 *
 * Pure.  The list is made of the log's book and of the CRL that was
 * published last:
 *   - all that is revoked or on hold, until one CRL was published after the
 *     certificate's end (RFC 5280, 3.3);
 *   - whatever the last CRL lists and the log does not explain (no such
 *     certificate, or one that is good and was not resumed) stays, and is
 *     counted: a log that lost records must not take back a revocation.
 */
#ifndef CERTFLOW_CRL_LIST_H
#define CERTFLOW_CRL_LIST_H

#include "pki/authority.h"
#include "status/status.h"

/* A CRL that was published. */
struct crl_last {
	bool exists;
	struct pki_crl crl;    /* revoked is NULL; the entries are below */
	struct buffer entries; /* struct pki_revoked, ascending          */
};

/** Empty, and usable again. */
void crl_last_clear(struct crl_last *last);

/** Entries of a CRL by others may be in any order. */
void crl_list_sort(struct buffer *entries);

/**
 * @param last         what to go on from
 * @param now          microseconds
 * @param out          appended
 * @param unexplained  entries that stay though the log does not know why
 */
bool crl_list_make(const struct status_book *book, const struct crl_last *last,
		   int64_t now, struct buffer *out, size_t *unexplained,
		   struct err *e) MUST_CHECK;

/** Do both list the same, whatever the number and dates of the CRL? */
bool crl_list_same(struct bytes a, struct bytes b);

#endif
