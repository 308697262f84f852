/*
 * profile.h - certificate profiles: what a certificate may look like.
 *
 * A profile is an INI file of schemas/profiles/, read once at start.  The
 * SHA-256 of the file's octets names it in every order.  Which profile a
 * product package has is said by the catalogue.  Immutable after loading:
 * may be shared between threads.
 */
#ifndef CERTFLOW_PKI_PROFILE_H
#define CERTFLOW_PKI_PROFILE_H

#include "base/bytes.h"
#include "pki/key.h"

#define PROFILE_FILE_MAX (64u * 1024)
#define PROFILE_ITEMS_MAX 8
#define PROFILE_TEXT_MAX 256
#define PROFILE_OID_MAX 32 /* octets of DER content */

/* Attributes that a subject may have, RFC 4519 names. */
enum pki_attribute {
	PKI_ATTR_C,
	PKI_ATTR_ST,
	PKI_ATTR_L,
	PKI_ATTR_O,
	PKI_ATTR_CN,
	PKI_ATTR_UID,
	PKI_ATTR__COUNT
};

struct pki_oid {
	uint8_t der[PROFILE_OID_MAX]; /* content octets of the OBJECT ID */
	size_t len;
};

struct pki_profile {
	char name[64];
	uint8_t sha256[SHA256_LEN];
	int32_t max_months;
	enum pki_attribute subject[PKI_ATTR__COUNT]; /* in order */
	size_t subject_count;
	uint16_t key_usage; /* bit n of RFC 5280 4.2.1.3 is 1 << n */
	struct pki_oid eku[PROFILE_ITEMS_MAX];
	size_t eku_count;
	struct pki_oid policies[PROFILE_ITEMS_MAX];
	size_t policy_count;
	bool keys[EV_KEY_ALGORITHM__COUNT]; /* allowed subject keys */
	/* What the CA signs with; at most one for a kind of CA key. */
	bool signatures[PKI_SIGNATURE__COUNT];
	bool ocsp; /* name the responder's address, if there is one */
	/* Absolute, or "" if the certificate carries no such address. */
	char crl_url[PROFILE_TEXT_MAX];
	char ca_issuers_url[PROFILE_TEXT_MAX];
	char ocsp_url[PROFILE_TEXT_MAX];
};

/* Where things are really served, e.g. "http://127.0.0.1:8080"; NULL or "":
 * nowhere, and certificates carry no such address. */
struct pki_places {
	const char *public_url; /* CRL and CA certificate */
	const char *ocsp_url;   /* the responder itself   */
};

/**
 * @param path    of the INI file; e names file, line and key of what is wrong
 * @param places  borrowed for the call; NULL: no addresses
 * @param out     release with pki_profile_free()
 */
bool pki_profile_load(const char *path, const struct pki_places *places,
		      struct pki_profile **out, struct err *e) MUST_CHECK;

/** What a CA with such a key signs by this profile; PKI_SIGNATURE_NONE: the
 * profile is not for such a CA. */
enum pki_signature pki_profile_signature(const struct pki_profile *p,
					 enum ev_key_algorithm ca_key);

/** ERR_FATAL says so if the profile is not for a CA with such a key. */
bool pki_profile_fits(const struct pki_profile *p, enum ev_key_algorithm ca_key,
		      struct err *e) MUST_CHECK;

/**
 * Purposes that no certificate of a customer has, whatever its profile says:
 * anyExtendedKeyUsage and those of RFC 5280 4.2.1.12 (TLS, code, mail, time
 * stamps; with id-kp-OCSPSigning it would speak for the CA).
 * @param oid  content octets of the object identifier
 */
bool pki_purpose_is_barred(struct bytes oid);

/** NULL is fine. */
void pki_profile_free(struct pki_profile *p);
DEFINE_AUTO(pki_profile, struct pki_profile *, pki_profile_free);

#endif
