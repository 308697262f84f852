/*
 * approval.h - the signature of an approver over what is approved.
 *
 * A detached CMS SignedData (RFC 5652, 5) over the text of
 * pki_approval_text(), by a certificate that the operator has pinned: there
 * is no path building, a certificate counts because it is in the bundle, and
 * only as long as it is there.  Certificates inside the CMS are ignored.
 *
 * A bundle is immutable after loading: may be shared between threads.
 */
#ifndef CERTFLOW_PKI_APPROVAL_H
#define CERTFLOW_PKI_APPROVAL_H

#include "base/bytes.h"

#define APPROVERS_MAX 256
#define APPROVERS_FILE_MAX (1024u * 1024)
#define APPROVAL_CMS_MAX (16u * 1024)

/* Everything that a signature binds; all borrowed. */
struct pki_approval {
	const char *tax_code;
	const char *request_id;
	int32_t revision;
	const uint8_t *submission_sha256; /* SHA256_LEN octets */
	const uint8_t *spki_sha256;
	const char *approver_id;
};

/**
 * What is signed, ASCII, each line ended by LF, nothing behind the last:
 * "certflow-approval-v1", tax code, request id, revision in decimal, both
 * digests in lower-case hex, approver id.
 */
bool pki_approval_text(const struct pki_approval *approval, struct buffer *out,
		       struct err *e) MUST_CHECK;

/** The certificates of everybody who may approve. */
struct pki_approvers;

/**
 * Each certificate (PEM, RFC 7468; text between the blocks is skipped)
 * holds a key as pki_key_check() allows it, a key usage, if any, with
 * digitalSignature or nonRepudiation, and one subject attribute serialNumber
 * or UID: the account id of the approver.  An approver may have several
 * certificates, but no two approvers share a key.
 *
 * @param out  release with pki_approvers_free()
 * @param e    ERR_FATAL: unreadable, empty, or a certificate that breaks
 *             this; the text gives its number in the file
 */
bool pki_approvers_load(const char *path, struct pki_approvers **out,
			struct err *e) MUST_CHECK;

/** The same from text (borrowed). */
bool pki_approvers_parse(struct bytes pem, struct pki_approvers **out,
			 struct err *e) MUST_CHECK;

/** NULL is fine. */
void pki_approvers_free(struct pki_approvers *known);
DEFINE_AUTO(pki_approvers, struct pki_approvers *, pki_approvers_free);

/**
 * Is cms the signature of approval->approver_id?  DER of at most
 * APPROVAL_CMS_MAX and nothing behind it, detached, one signer, SHA-256,
 * -384 or -512, by a certificate of this approver valid at this time.
 *
 * @param cms  absent: refused
 * @param at   microseconds
 * @param why  NULL if it is; otherwise a literal, one English clause
 * @return false only for a technical failure (no memory; e is filled)
 */
bool pki_approval_check(const struct pki_approvers *known,
			const struct pki_approval *approval, struct bytes cms,
			int64_t at, const char **why, struct err *e) MUST_CHECK;

#endif
