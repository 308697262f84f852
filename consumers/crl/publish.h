/*
 * publish.h - the next CRL: numbered, signed, verified, published.
 *
 * A CRL goes through three files, each of them on the disk before the next
 * step (store.h): what is to be signed; what was signed; what is published.
 * Whoever is killed in between leaves enough for the next life to finish the
 * same CRL over the same octets, so that every signature of the CA belongs to
 * a CRL that is kept, and no number is ever used for two.
 *
 * All of it under crl_store_lock().
 */
#ifndef CERTFLOW_CRL_PUBLISH_H
#define CERTFLOW_CRL_PUBLISH_H

#include "crl/store.h"

struct crl_publisher {
	struct crl_store store;
	const struct pki_ca *ca;
	int64_t refresh_us;     /* a CRL that is so old is replaced     */
	int64_t next_update_us; /* from thisUpdate to nextUpdate        */
	void *self;
	/** Signature of the CA's key over these octets, appended. */
	bool (*sign)(void *self, struct bytes tbs, struct buffer *signature,
		     struct err *e);
};

/** Is this CRL too old, too near its end, or of a time to come? */
bool crl_is_stale(const struct crl_publisher *p, const struct crl_last *last,
		  int64_t now);

/**
 * First: what is published, after publishing what an earlier life had signed.
 * ERR_RETRY: not now; last is empty then.
 */
bool crl_resume(const struct crl_publisher *p, struct crl_last *last,
		struct err *e) MUST_CHECK;

/**
 * Then, with a log that is read to its end: publish a new CRL if the list
 * differs from that of last, or last is stale.
 * @param last         from crl_resume(); the new CRL if there is one
 * @param published    was there?
 * @param unexplained  see crl_list_make()
 */
bool crl_renew(const struct crl_publisher *p, const struct status_book *book,
	       int64_t now, struct crl_last *last, bool *published,
	       size_t *unexplained, struct err *e) MUST_CHECK;

#endif
