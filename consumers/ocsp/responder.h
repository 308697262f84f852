/*
 * responder.h - from the octets of a request to those of an answer.
 *
 * Any number of threads may ask at a time; as many as there are lanes sign at
 * a time, each with a session of its own.
 */
#ifndef CERTFLOW_OCSP_RESPONDER_H
#define CERTFLOW_OCSP_RESPONDER_H

#include "hsm/hsm_key.h"
#include "ocsp/identity.h"
#include "ocsp/known.h"

struct responder;

/** Signs with the key that the papers are of; hsm_sign_own() in production. */
typedef bool responder_sign(void *self, unsigned lane, enum pki_signature kind,
			    struct bytes data, struct buffer *signature,
			    struct err *e);

struct responder_config {
	struct identity *identity; /* borrowed until responder_close(), */
	struct known *known;       /* and so is this                    */
	responder_sign *sign;
	void *self;
	unsigned lanes;       /* 1 to HSM_THREADS_MAX                   */
	int64_t validity_us;  /* next_update after this_update          */
	int64_t reuse_us;     /* how old a signed answer may be         */
	size_t reuse_places;  /* signed answers kept; 0: none           */
	int64_t (*now)(void); /* wall clock; NULL: clock_now_us()       */
};

enum responder_outcome {
	RESPONDER_GOOD, /* of the only or first certificate asked about */
	RESPONDER_REVOKED,
	RESPONDER_UNKNOWN,
	RESPONDER_MALFORMED,
	RESPONDER_INTERNAL_ERROR,
	RESPONDER_TRY_LATER,
	RESPONDER_UNAUTHORIZED,
	RESPONDER__COUNT
};

struct responder_answer {
	struct buffer der; /* an OCSPResponse, always one */
	enum responder_outcome outcome;
	bool reused;         /* it was signed before         */
	bool for_one;        /* it holds the nonce of who asked */
	int64_t this_update; /* microseconds; 0: no statement */
	int64_t next_update;
};

bool responder_open(const struct responder_config *cfg, struct responder **out,
		    struct err *e) MUST_CHECK;

/**
 * Answer one request, whatever it is. Any thread.
 * @param out  its buffer is the caller's; empty only without memory
 */
void responder_ask(struct responder *r, struct bytes request,
		   struct responder_answer *out);

/** "good", "malformed", ...; a literal. */
const char *responder_outcome_name(enum responder_outcome o);

/** Nobody may be asking. NULL is fine. */
void responder_close(struct responder *r);
DEFINE_AUTO(responder, struct responder *, responder_close);

#endif
