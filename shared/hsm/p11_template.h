/*
 * p11_template.h - attributes of the keys that certflow makes.
 *
 * One table says what is asked of the token and what must be read back.
 */
#ifndef CERTFLOW_HSM_P11_TEMPLATE_H
#define CERTFLOW_HSM_P11_TEMPLATE_H

#include "hsm/p11_module.h"

#define P11_PRIVATE_MAX 24 /* attributes of a private key's template */
#define P11_PUBLIC_MAX 12
#define P11_ALLOWED_MAX 2 /* mechanisms of a key */

/* What a key of an algorithm is made with; all pointers are static. */
struct p11_algorithm {
	enum ev_key_algorithm algorithm;
	CK_MECHANISM_TYPE generate;
	CK_MECHANISM_TYPE sign; /* the one allowed mechanism      */
	/* The same with settings.ca_keys; the second may be the first. */
	CK_MECHANISM_TYPE sign_ca[P11_ALLOWED_MAX];
	CK_KEY_TYPE key_type;
	CK_ULONG bits;            /* RSA; 0: EC             */
	const CK_BYTE *ec_params; /* DER namedCurve (X9.62) */
	CK_ULONG ec_params_len;
};

/** NULL for UNKNOWN and out of range. */
const struct p11_algorithm *p11_algorithm(enum ev_key_algorithm algorithm);

/** Private-key attributes that are true or false; one row each. */
struct p11_flag {
	CK_ATTRIBUTE_TYPE type;
	const char *name;
	bool value;
	bool asked;     /* else only read back                     */
	bool skippable; /* a module may refuse it: hsm.skip_attributes */
};

const struct p11_flag *p11_flags(size_t *count);

/** Row number behind the flags: CKA_ALLOWED_MECHANISMS. */
size_t p11_row_mechanisms(void);

/** Names into a mask, bit = row. ERR_FATAL: unknown, or not skippable. */
bool p11_skip_parse(const char *const *names, size_t count, uint32_t *mask,
		    struct err *e) MUST_CHECK;

/* CKA_ALLOWED_MECHANISMS. */
struct p11_allowed {
	CK_MECHANISM_TYPE list[P11_ALLOWED_MAX];
	size_t count;
};

/** @param ca  settings.ca_keys */
struct p11_allowed p11_allowed(const struct p11_algorithm *algorithm, bool ca);

/* Templates point into this and into id and label. */
struct p11_templates {
	CK_ATTRIBUTE private_key[P11_PRIVATE_MAX];
	CK_ULONG private_count;
	CK_ATTRIBUTE public_key[P11_PUBLIC_MAX];
	CK_ULONG public_count;
	struct p11_allowed allowed;
	CK_ULONG bits;
};

void p11_templates_fill(struct p11_templates *t,
			const struct p11_algorithm *algorithm,
			const struct p11_allowed *allowed, uint32_t skipped,
			const uint8_t id[HSM_KEY_ID_LEN], const char *label);

/** For a pair without a name that ends with the session. */
void p11_templates_passing(struct p11_templates *t,
			   const struct p11_algorithm *algorithm);

#endif
