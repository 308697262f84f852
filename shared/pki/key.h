/*
 * key.h - public keys and signatures as certflow allows them.
 *
 * Keys are RSA of 2048, 3072 or 4096 bits with e = 65537, or points of the
 * named curves P-256 and P-384; anything else is refused with the code of
 * the refusal table.  Pure and thread-safe.
 */
#ifndef CERTFLOW_PKI_KEY_H
#define CERTFLOW_PKI_KEY_H

#include "base/bytes.h"
#include "event/event_types.h"

/* Algorithm of a signature; the names say padding and hash. */
enum pki_signature {
	PKI_SIGNATURE_NONE = 0,
	PKI_RSA_SHA256, /* PKCS#1 v1.5, RFC 8017 8.2 */
	PKI_RSA_SHA384,
	PKI_RSA_SHA512,
	PKI_PSS_SHA256, /* RFC 8017 8.1, MGF1 with the same hash, salt = hash */
	PKI_PSS_SHA384,
	PKI_PSS_SHA512,
	PKI_ECDSA_SHA256,
	PKI_ECDSA_SHA384,
	PKI_ECDSA_SHA512,
	PKI_SIGNATURE__COUNT
};

enum pki_signature_kind { PKI_KIND_RSA, PKI_KIND_PSS, PKI_KIND_ECDSA };

/* Why something that somebody sent may not be used. */
struct pki_refusal {
	enum ev_refusal_code code; /* EV_REFUSAL_CODE_UNKNOWN: none        */
	const char *field;  /* literal: part of the CSR, "subject.UID"     */
	const char *reason; /* literal: one English clause for program output */
};

#define PKI_SPKI_MAX 1024     /* RSA-4096 takes 550 octets            */
#define PKI_SIGNATURE_MAX 512 /* RSA-4096                             */
#define PKI_DIGEST_MAX 64

struct pki_key {
	enum ev_key_algorithm algorithm;
	uint8_t spki_sha256[SHA256_LEN]; /* of the whole SPKI              */
	uint8_t key_id[20]; /* RFC 7093, 2, method 1: leftmost 160 bits of
			       SHA-256 over the BIT STRING's content       */
};

/**
 * Judge a SubjectPublicKeyInfo (RFC 5280 4.1, 4.1.2.7), strict DER.
 * @return true: *out is set; false: *why says CSR_MALFORMED, KEY_SIZE,
 *         KEY_EXPONENT, KEY_MODULUS (even), KEY_CURVE, KEY_POINT or
 *         CSR_ALGORITHM (a kind of key that is not allowed at all)
 */
bool pki_key_check(struct bytes spki, struct pki_key *out,
		   struct pki_refusal *why) MUST_CHECK;

/**
 * Is a key that pki_key_check() accepts also a strong one? RSA: no prime
 * factor below 2048, no factors that are close to each other (Fermat), not
 * made by the generator of CVE-2017-15361 (ROCA); it takes tens of
 * microseconds. Points of named curves have none of these weaknesses.
 * @param why  why->code: KEY_MODULUS or KEY_ROCA; UNKNOWN if it is strong
 * @return false only for a technical failure (e is filled)
 */
bool pki_key_strength(struct bytes spki, struct pki_refusal *why, struct err *e)
	MUST_CHECK;

/**
 * SubjectPublicKeyInfo of a key that everybody has, appended to out: it passes
 * pki_key_check() and stands for one that is not known yet where the rest of
 * a certificate is to be judged.  Never certified: it is far too weak.
 */
bool pki_key_stand_in(enum ev_key_algorithm algorithm, struct buffer *out,
		      struct err *e) MUST_CHECK;

/** Modulus of a key that pki_key_check() accepts, without leading zeros;
 * absent if it is not RSA. Inside spki. */
struct bytes pki_key_modulus(struct bytes spki);

/** What a key of this algorithm signs with: SHA-256, SHA-384 with P-384. */
enum pki_signature pki_signature_default(enum ev_key_algorithm algorithm);

/** Can a key of this algorithm make such a signature? */
bool pki_signature_fits(enum pki_signature sig, enum ev_key_algorithm key);

/**
 * May a CA with such a key sign certificates so? RSA with SHA-256 and either
 * padding, P-256 with SHA-256, P-384 with SHA-384; nothing else.
 */
bool pki_signature_issues(enum pki_signature sig, enum ev_key_algorithm key);

/** By pki_signature_name(); PKI_SIGNATURE_NONE if there is no such. */
enum pki_signature pki_signature_named(const char *name);

enum pki_signature_kind pki_signature_kind(enum pki_signature sig);

/** "RSA-SHA256", "RSA-PSS-SHA256", "ECDSA-SHA384"; "none" otherwise. */
const char *pki_signature_name(enum pki_signature sig);

/** AlgorithmIdentifier, DER: a literal with static life. */
struct bytes pki_signature_identifier(enum pki_signature sig);

/** Inverse; also takes absent RSA parameters (RFC 4055, 5). NONE: other. */
enum pki_signature pki_signature_parse(struct bytes algorithm_identifier);

/** The hash of data that this kind of signature signs. */
struct pki_digest {
	uint8_t octets[PKI_DIGEST_MAX];
	size_t len;
};
struct pki_digest pki_digest_to_sign(enum pki_signature sig, struct bytes data);

/**
 * What goes into CKM_RSA_PKCS: DigestInfo (RFC 8017 9.2) of data.
 * @param out  at least PKI_DIGEST_INFO_MAX octets
 * @return octets written; 0 if sig is not PKCS#1 v1.5
 */
#define PKI_DIGEST_INFO_MAX 83
size_t pki_digest_info(enum pki_signature sig, struct bytes data,
		       uint8_t out[PKI_DIGEST_INFO_MAX]);

/**
 * PKCS#11's r || s (both the same length) into DER SEQUENCE{r, s}
 * (RFC 3279 2.2.3), appended to out.
 */
bool pki_ecdsa_to_der(struct bytes raw, struct buffer *out, struct err *e)
	MUST_CHECK;

/**
 * Does signature (ECDSA: DER) verify over data with this SPKI?
 * @return false: ERR_REJECT for a wrong signature or a key that does not
 *         fit, ERR_FATAL if the library fails
 */
bool pki_signature_verify(struct bytes spki, enum pki_signature sig,
			  struct bytes data, struct bytes signature,
			  struct err *e) MUST_CHECK;

/**
 * A public key that many signatures are verified with: OpenSSL 3.0 takes
 * longer to decode a P-256 key than to verify with it.
 */
struct pki_verifier;

/** @param out  release with pki_verifier_free(); errors as above */
bool pki_verifier_new(struct bytes spki, struct pki_verifier **out,
		      struct err *e) MUST_CHECK;

/** As pki_signature_verify() with its key; with NULL nothing verifies. Any
 * number of threads. */
bool pki_verifier_check(const struct pki_verifier *v, enum pki_signature sig,
			struct bytes data, struct bytes signature,
			struct err *e) MUST_CHECK;

/** NULL is fine. */
void pki_verifier_free(struct pki_verifier *v);
DEFINE_AUTO(pki_verifier, struct pki_verifier *, pki_verifier_free);

#endif
