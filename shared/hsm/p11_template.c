#include "hsm/p11_template.h"

#include <string.h>

/* 1.2.840.10045.3.1.7 and 1.3.132.0.34 (RFC 5480, 2.1.1.1) */
static const CK_BYTE p256[] = { 0x06, 0x08, 0x2a, 0x86, 0x48,
				0xce, 0x3d, 0x03, 0x01, 0x07 };
static const CK_BYTE p384[] = { 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22 };

/* clang-format off */
static const struct p11_algorithm algorithms[] = {
	{ EV_KEY_ALGORITHM_RSA_2048, CKM_RSA_PKCS_KEY_PAIR_GEN,
	  CKM_SHA256_RSA_PKCS, { CKM_RSA_PKCS, CKM_SHA256_RSA_PKCS_PSS },
	  CKK_RSA, 2048, NULL, 0 },
	{ EV_KEY_ALGORITHM_RSA_3072, CKM_RSA_PKCS_KEY_PAIR_GEN,
	  CKM_SHA256_RSA_PKCS, { CKM_RSA_PKCS, CKM_SHA256_RSA_PKCS_PSS },
	  CKK_RSA, 3072, NULL, 0 },
	{ EV_KEY_ALGORITHM_RSA_4096, CKM_RSA_PKCS_KEY_PAIR_GEN,
	  CKM_SHA256_RSA_PKCS, { CKM_RSA_PKCS, CKM_SHA256_RSA_PKCS_PSS },
	  CKK_RSA, 4096, NULL, 0 },
	{ EV_KEY_ALGORITHM_EC_P256, CKM_EC_KEY_PAIR_GEN,
	  CKM_ECDSA, { CKM_ECDSA, CKM_ECDSA }, CKK_EC, 0, p256, sizeof(p256) },
	{ EV_KEY_ALGORITHM_EC_P384, CKM_EC_KEY_PAIR_GEN,
	  CKM_ECDSA, { CKM_ECDSA, CKM_ECDSA }, CKK_EC, 0, p384, sizeof(p384) },
};

/*                                              value  asked  skippable */
static const struct p11_flag flags[] = {
	{ CKA_TOKEN,             "CKA_TOKEN",             true,  true,  false },
	{ CKA_PRIVATE,           "CKA_PRIVATE",           true,  true,  false },
	{ CKA_SENSITIVE,         "CKA_SENSITIVE",         true,  true,  false },
	{ CKA_SIGN,              "CKA_SIGN",              true,  true,  false },
	{ CKA_EXTRACTABLE,       "CKA_EXTRACTABLE",       false, true,  false },
	{ CKA_ALWAYS_SENSITIVE,  "CKA_ALWAYS_SENSITIVE",  true,  false, false },
	{ CKA_NEVER_EXTRACTABLE, "CKA_NEVER_EXTRACTABLE", true,  false, false },
	{ CKA_LOCAL,             "CKA_LOCAL",             true,  false, false },
	{ CKA_MODIFIABLE,        "CKA_MODIFIABLE",        false, true,  true },
	{ CKA_COPYABLE,          "CKA_COPYABLE",          false, true,  true },
	{ CKA_DERIVE,            "CKA_DERIVE",            false, true,  true },
	{ CKA_DECRYPT,           "CKA_DECRYPT",           false, true,  true },
	{ CKA_UNWRAP,            "CKA_UNWRAP",            false, true,  true },
	{ CKA_SIGN_RECOVER,      "CKA_SIGN_RECOVER",      false, true,  true },
};
/* clang-format on */

#define FLAGS (sizeof(flags) / sizeof(flags[0]))

/* Cryptoki takes non-const pointers in templates and only reads them. */
static const CK_BBOOL yes = CK_TRUE;
static const CK_BBOOL no = CK_FALSE;
static const CK_BYTE exponent[] = { 0x01, 0x00, 0x01 };

const struct p11_algorithm *
p11_algorithm(enum ev_key_algorithm algorithm)
{
	for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++)
		if (algorithms[i].algorithm == algorithm)
			return &algorithms[i];
	return NULL;
}

struct p11_allowed
p11_allowed(const struct p11_algorithm *algorithm, bool ca)
{
	struct p11_allowed a = { .list = { algorithm->sign }, .count = 1 };

	if (!ca)
		return a;
	for (size_t i = 0; i < P11_ALLOWED_MAX; i++)
		a.list[i] = algorithm->sign_ca[i];
	if (a.list[1] != a.list[0])
		a.count = 2;
	return a;
}

const struct p11_flag *
p11_flags(size_t *count)
{
	*count = FLAGS;
	return flags;
}

size_t
p11_row_mechanisms(void)
{
	return FLAGS;
}

static bool
skip_row(const char *name, size_t *row)
{
	if (strcmp(name, "CKA_ALLOWED_MECHANISMS") == 0) {
		*row = p11_row_mechanisms();
		return true;
	}
	for (*row = 0; *row < FLAGS; (*row)++)
		if (strcmp(flags[*row].name, name) == 0)
			return flags[*row].skippable;
	return false;
}

bool
p11_skip_parse(const char *const *names, size_t count, uint32_t *mask,
	       struct err *e)
{
	uint32_t found = 0;
	size_t row;

	for (size_t i = 0; i < count; i++) {
		if (!skip_row(names[i], &row))
			return ERR_SET(e, ERR_FATAL, "hsm", 0,
				       "%s is not an attribute that may be "
				       "left out",
				       names[i]);
		found |= UINT32_C(1) << row;
	}
	*mask = found;
	return true;
}

static void
add(CK_ATTRIBUTE *list, CK_ULONG *count, CK_ATTRIBUTE_TYPE type,
    const void *value, CK_ULONG len)
{
	CK_ATTRIBUTE *a = &list[(*count)++];

	a->type = type;
	memcpy(&a->pValue, &value, sizeof(a->pValue)); /* drops const */
	a->ulValueLen = len;
}

static void
fill_private(struct p11_templates *t, uint32_t skipped, const uint8_t *id,
	     const char *label)
{
	CK_ATTRIBUTE *list = t->private_key;

	add(list, &t->private_count, CKA_ID, id, HSM_KEY_ID_LEN);
	add(list, &t->private_count, CKA_LABEL, label, strlen(label));
	for (size_t i = 0; i < FLAGS; i++)
		if (flags[i].asked && (skipped >> i & 1) == 0)
			add(list, &t->private_count, flags[i].type,
			    flags[i].value ? &yes : &no, sizeof(CK_BBOOL));
	if ((skipped >> p11_row_mechanisms() & 1) == 0)
		add(list, &t->private_count, CKA_ALLOWED_MECHANISMS,
		    t->allowed.list,
		    t->allowed.count * sizeof(t->allowed.list[0]));
}

static void
fill_public(struct p11_templates *t, const struct p11_algorithm *algorithm,
	    const uint8_t *id, const char *label)
{
	CK_ATTRIBUTE *list = t->public_key;

	add(list, &t->public_count, CKA_ID, id, HSM_KEY_ID_LEN);
	add(list, &t->public_count, CKA_LABEL, label, strlen(label));
	add(list, &t->public_count, CKA_TOKEN, &yes, sizeof(yes));
	add(list, &t->public_count, CKA_VERIFY, &yes, sizeof(yes));
	add(list, &t->public_count, CKA_ENCRYPT, &no, sizeof(no));
	add(list, &t->public_count, CKA_WRAP, &no, sizeof(no));
	if (algorithm->key_type == CKK_RSA) {
		add(list, &t->public_count, CKA_MODULUS_BITS, &t->bits,
		    sizeof(t->bits));
		add(list, &t->public_count, CKA_PUBLIC_EXPONENT, exponent,
		    sizeof(exponent));
	} else {
		add(list, &t->public_count, CKA_EC_PARAMS, algorithm->ec_params,
		    algorithm->ec_params_len);
	}
}

void
p11_templates_fill(struct p11_templates *t,
		   const struct p11_algorithm *algorithm,
		   const struct p11_allowed *allowed, uint32_t skipped,
		   const uint8_t id[HSM_KEY_ID_LEN], const char *label)
{
	*t = (struct p11_templates){ .allowed = *allowed,
				     .bits = algorithm->bits };
	fill_private(t, skipped, id, label);
	fill_public(t, algorithm, id, label);
}

void
p11_templates_passing(struct p11_templates *t,
		      const struct p11_algorithm *algorithm)
{
	*t = (struct p11_templates){ 0 };
	add(t->private_key, &t->private_count, CKA_TOKEN, &no, sizeof(no));
	add(t->private_key, &t->private_count, CKA_PRIVATE, &yes, sizeof(yes));
	add(t->private_key, &t->private_count, CKA_SIGN, &yes, sizeof(yes));
	add(t->public_key, &t->public_count, CKA_TOKEN, &no, sizeof(no));
	add(t->public_key, &t->public_count, CKA_VERIFY, &yes, sizeof(yes));
	add(t->public_key, &t->public_count, CKA_EC_PARAMS,
	    algorithm->ec_params, algorithm->ec_params_len);
}
