/*
 * blocklist.h - the file of compromised keys (inside shared/pki; guard.h
 * describes it).  Immutable once read.
 */
#ifndef CERTFLOW_PKI_BLOCKLIST_H
#define CERTFLOW_PKI_BLOCKLIST_H

#include "pki/key.h"

/* 128 of 256 bits: nobody makes a key whose digest begins like another's. */
#define BLOCKLIST_SPKI_LEN 16
#define BLOCKLIST_MODULUS_LEN 10

struct blocklist {
	struct buffer spki;    /* sorted, BLOCKLIST_SPKI_LEN each    */
	struct buffer modulus; /* sorted, BLOCKLIST_MODULUS_LEN each */
};

/** @param e  ERR_FATAL: names file and line */
bool blocklist_read(const char *path, struct blocklist *out, struct err *e)
	MUST_CHECK;
void blocklist_free(struct blocklist *l);
DEFINE_AUTO_VALUE(blocklist, struct blocklist, blocklist_free);

size_t blocklist_count(const struct blocklist *l);
bool blocklist_holds(const struct blocklist *l, struct bytes spki,
		     const struct pki_key *key);

#endif
