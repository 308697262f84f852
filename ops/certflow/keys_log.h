/*
 * keys_log.h - all public keys that the log knows.
 */
#ifndef CERTFLOW_OPS_KEYS_LOG_H
#define CERTFLOW_OPS_KEYS_LOG_H

#include "hsm/hsm_key.h"

/* A key of a CSR, certified or not; or an enrolment that has none yet. */
struct logged_key {
	char tax_code[16];
	char event_id[40]; /* where it stands on the log first */
	struct bytes spki; /* allocated; absent: asked for, no CSR came */
	uint8_t spki_sha256[SHA256_LEN];
	bool in_hsm; /* made by our keygen: id says where   */
	bool destroyed;
	uint8_t id[HSM_KEY_ID_LEN];
	int64_t at; /* microseconds, when it was recorded */
};

struct keys_log {
	struct logged_key *items;
	size_t count, room;
};

void keys_log_free(struct keys_log *l);
DEFINE_AUTO_VALUE(keys_log, struct keys_log, keys_log_free);

/**
 * Read certflow.events to its present end; the keys sorted by SHA-256 of
 * their SPKI, each once (the first event that brought it).
 * @param kafka, registry  as $CERTFLOW_KAFKA and $CERTFLOW_REGISTRY
 */
bool keys_log_read(const char *kafka, const char *registry,
		   struct keys_log *out, struct err *e) MUST_CHECK;

#endif
