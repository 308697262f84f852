/*
 * keys_check.h - one run of certflow keys check.
 */
#ifndef CERTFLOW_OPS_KEYS_CHECK_H
#define CERTFLOW_OPS_KEYS_CHECK_H

#include "keys_log.h"
#include "token_jobs.h"

struct pki_guard;

struct check {
	struct keys_log log;
	struct pki_guard *guard;
	size_t findings, keys, moduli;
	int64_t settled_before; /* what was asked for later may be under way */
};

/** Say that a key is not as it should be. @param more  "" or "name=value" */
void keys_find(struct check *c, const char *what, const struct logged_key *key,
	       const char *more);

/**
 * Keys in the tokens that no CSR on the log brought (ORPHAN), several where
 * one should be (TOO_MANY), and admitted ones that are in no token (MISSING).
 * @param all  by id, see job_count()
 */
bool keys_compare_tokens(struct check *c, const struct token_count *all,
			 size_t count, struct err *e) MUST_CHECK;

#endif
