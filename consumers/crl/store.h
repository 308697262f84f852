/*
 * store.h - where CRLs are published, and where each one is kept.
 *
 *   <directory>/<name>.crl, .crl.pem   the present one: what the distribution
 *                                      point serves
 *   <archive>/<name>-<number>.crl      each one signed, before it is published
 *   <archive>/<name>-<number>.tbs      one about to be signed, before it is
 *
 * Files are written whole or not at all, and are on the disk when a call
 * returns.  The lock is the one of the certflow commands: on the directory.
 */
#ifndef CERTFLOW_CRL_STORE_H
#define CERTFLOW_CRL_STORE_H

#include "crl/list.h"

/* Borrowed texts. */
struct crl_store {
	const char *directory;
	const char *name; /* "issuing" */
	const char *archive;
	size_t keep; /* CRLs in the archive, at least 1 */
};

/** Nobody else publishes here until close(*lock). ERR_RETRY: somebody does. */
bool crl_store_lock(const struct crl_store *s, int *lock, struct err *e)
	MUST_CHECK;

/**
 * What is published; verified with the CA's key, entries sorted.
 * ERR_RETRY: it is there and cannot be relied on (unreadable, damaged,
 * another CA's): never to be overwritten unseen.
 */
bool crl_store_published(const struct crl_store *s, const struct pki_ca *ca,
			 struct crl_last *out, struct err *e) MUST_CHECK;

/** Tells one state of the published file from another; 0: no file. */
uint64_t crl_store_mark(const struct crl_store *s);

/**
 * The archive's newest number; 0: it is empty.
 * @param is_signed  false: there is but a .tbs of it
 */
bool crl_store_newest(const struct crl_store *s, int64_t *number,
		      bool *is_signed, struct err *e) MUST_CHECK;

/** TBSCertList (is_signed false) or CRL of this number. */
bool crl_store_get(const struct crl_store *s, int64_t number, bool is_signed,
		   struct buffer *out, struct err *e) MUST_CHECK;
bool crl_store_put(const struct crl_store *s, int64_t number, bool is_signed,
		   struct bytes der, struct err *e) MUST_CHECK;

/** Replace what is published. */
bool crl_store_publish(const struct crl_store *s, struct bytes der,
		       struct err *e) MUST_CHECK;

/** Remove what is older than the newest `keep`; failures are ignored. */
void crl_store_prune(const struct crl_store *s, int64_t newest);

#endif
