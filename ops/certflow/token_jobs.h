/*
 * token_jobs.h - what the command line does with tokens, each in a child.
 *
 * The first uses raw PKCS#11 (certflow_hsm), because libp11 cannot make keys
 * with the attributes we ask for; the others use libp11.
 */
#ifndef CERTFLOW_OPS_TOKEN_JOBS_H
#define CERTFLOW_OPS_TOKEN_JOBS_H

#include "hsm/hsm_key.h"
#include "place.h"

/**
 * The CA's key in this token: the one with this label, or a new one.
 * @param found  true: it was there already, from a ceremony cut short
 * @param e      ERR_FATAL also if there are several, or of another algorithm
 */
bool job_ca_key(const struct place *place, enum ev_key_algorithm algorithm,
		const char *label, struct hsm_key *out, bool *found,
		struct err *e) MUST_CHECK;

/* What the tokens hold under one CKA_ID. */
struct token_count {
	uint8_t id[HSM_KEY_ID_LEN];
	size_t private_keys;
	size_t public_keys;
};

/**
 * Count the keys of several tokens in one pass.
 * @param labels  "customer-1,customer-2"
 * @param out     array of struct token_count, by id
 */
bool job_count(const struct place *place, const char *labels,
	       struct buffer *out, struct err *e) MUST_CHECK;

/** Attributes of the key with this public half, as the token reports them. */
bool job_attributes(const struct place *place, struct bytes spki,
		    struct hsm_key *out, struct err *e) MUST_CHECK;

/** Log in and sign with the key of this SPKI. */
bool job_sign(const struct place *place, struct bytes spki,
	      enum pki_signature sig, struct bytes data, struct buffer *out,
	      struct err *e) MUST_CHECK;

bool job_store_certificate(const struct place *place, struct bytes der,
			   struct err *e) MUST_CHECK;

bool job_describe(const struct place *place, struct token_info *out,
		  struct err *e) MUST_CHECK;

/** @param out  allocated; release with free() */
bool job_list(const struct place *place, struct token_list **out, struct err *e)
	MUST_CHECK;

#endif
