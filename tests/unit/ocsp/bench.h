/*
 * bench.h - a responder as the program has it, with files of its own, a
 * software key for the token's, and a log that the test tells.
 */
#ifndef TESTS_UNIT_OCSP_BENCH_H
#define TESTS_UNIT_OCSP_BENCH_H

#include "ocsp/responder.h"
#include "ocsp_support.h"

#define SERIAL "5b0123456789abcdef0123456789abcd"
#define LIMIT_US (INT64_C(30) * 1000000)
#define MINUTE_US (INT64_C(60) * 1000000)

struct bench {
	char dir[64];
	char ca_path[96], path[96];
	EVP_PKEY *ca_key, *key;
	struct pki_ca *ca;
	struct identity *identity;
	struct known *known;
	struct responder *responder;
	struct responder_answer answer; /* the last one */
	OCSP_BASICRESP *basic;          /* what it says, or NULL */
	int64_t now;                    /* the clock of the log */
	unsigned signatures;
	bool token_away;
};

/** Everything is up; the log was read to its end just now. */
struct bench *bench_open(void);
void bench_close(struct bench *b);

/** A new certificate of the responder in its file: for the key of this name,
 * ending then. */
void bench_certificate(struct bench *b, const char *key_name,
		       int64_t not_after);

/** Events of the log about a serial number. */
void bench_ordered(struct bench *b, const char *serial);
void bench_issued(struct bench *b, const char *serial);
void bench_revoked(struct bench *b, const char *serial,
		   enum ev_revocation_reason reason);
void bench_suspended(struct bench *b, const char *serial);
void bench_resumed(struct bench *b, const char *serial);

/** The wall clock stands there; NOW_US until it is said. */
void bench_clock(int64_t us);

/** The log was read to its end so long ago. */
void bench_read_ago(struct bench *b, int64_t us);

/** Ask; the answer's status of OCSPResponse. */
int bench_ask(struct bench *b, struct bytes request);
int bench_ask_about(struct bench *b, const char *serial, bool nonce);

/** Status of the first certificate in the last answer. */
int bench_status(const struct bench *b, int *reason);

#endif
