/*
 * approvers.h - the bundle of approvers, taken apart (inside shared/pki).
 */
#ifndef CERTFLOW_PKI_APPROVERS_H
#define CERTFLOW_PKI_APPROVERS_H

#include <openssl/x509.h>

#include "pki/approval.h"

#define APPROVER_ID_MAX 400 /* octets: meta.actor.id is a name */

struct approver {
	char id[APPROVER_ID_MAX + 1];
	X509 *certificate;
	uint8_t spki_sha256[SHA256_LEN];
	int64_t not_before; /* microseconds, inclusive */
	int64_t not_after;
};

struct pki_approvers {
	struct approver *items;
	size_t count;
};

/** 1 to APPROVER_ID_MAX graphic ASCII characters (0x21 to 0x7e)? */
bool approver_id_ok(struct bytes id);

#endif
