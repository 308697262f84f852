/*
 * ca_record.h - the record of a ceremony: what was done, when, by whom, with
 * which programs, tokens and keys, and what came of it.
 *
 * Three files in a directory that is not published (it names people):
 * <time>-<act>.json for programs, .txt for printing, made from the same
 * data and holding the SHA-256 of the .json, and .sig, the issuing key's
 * signature over the .txt.  That text begins with RECORD_TITLE, so that it
 * can be neither a certificate nor a CRL (both begin with 0x30).
 */
#ifndef CERTFLOW_OPS_CA_RECORD_H
#define CERTFLOW_OPS_CA_RECORD_H

#include "ceremony.h"

#define RECORD_TITLE "certflow ceremony record 1"

struct record;

/**
 * @param out  release with record_free()
 * @param e    ERR_FATAL: the directory cannot be written to
 */
bool record_begin(const struct ceremony *c, const char *act,
		  struct record **out, struct err *e) MUST_CHECK;

/** Read the token's own description now. Once for each token. */
bool record_token(struct record *r, const struct place *place, struct err *e)
	MUST_CHECK;

/** @param found  it had been there before */
void record_key(struct record *r, const char *name, const struct hsm_key *key,
		bool found);
void record_certificate(struct record *r, const char *name,
			const struct pki_ca *ca);

/** A request, a CRL or an answer: its SHA-256. */
void record_file(struct record *r, const char *name, const char *kind,
		 struct bytes content);

/** Write and sign with key, in the issuing token; says on standard error
 * where the record is. */
bool record_end(struct record *r, const char *name, const struct hsm_key *key,
		struct err *e) MUST_CHECK;

/** NULL is fine. */
void record_free(struct record *r);
DEFINE_AUTO(record, struct record *, record_free);

#endif
