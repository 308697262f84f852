/*
 * order_world.h - one right order and all that it is judged by.
 */
#ifndef TESTS_UNIT_ISSUER_ORDER_WORLD_H
#define TESTS_UNIT_ISSUER_ORDER_WORLD_H

#include "order_check.h"
#include "support.h"

#define APPROVAL "0b54a1f0-0000-4000-8000-000000000001"
#define ENROLMENT "0b54a1f0-0000-4000-8000-000000000002"
#define REQUEST "0b54a1f0-0000-4000-8000-000000000003"
#define SERIAL "4f00112233445566778899aabbccddee"

/* Everything an order points to. */
struct world {
	EVP_PKEY *root_key, *key;
	struct pki_ca *root, *ca;
	struct pki_profile *profile;
	struct pki_profile_list profiles;
	struct order_policy policy;
	struct pki_guard *guard;
	struct buffer spki, csr, tbs;
	struct ev_submission submission;
	struct ev_issuance_ordered order;
};

/* The world of the test that runs: each has a process of its own. */
extern struct world w;

void order_world_open(void);
void order_world_close(void);

/** A CSR with this key, for this tax code. */
void order_make_csr(EVP_PKEY *key, const char *tax_code, struct buffer *out);

/** The order anew, for the profile as it stands. */
void order_make(void);

/** The TBS of the order as it stands. */
void order_make_tbs(void);

#endif
