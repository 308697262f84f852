/*
 * The return values of PKCS#11 that certflow knows, and which of them are
 * definite answers.  Whatever is not here, or has no answer in the column of
 * the call, is a token fault: the group is brought up again.
 */
#include <stdio.h>

#include "hsm/p11_module.h"

struct code {
	CK_RV rv;
	const char *name;
	int generate; /* enum hsm_answer, or 0: fault */
	int sign;
};

#define CODE(name, generate, sign)                                             \
	{                                                                      \
		name, #name, generate, sign                                    \
	}
/* Not by CODE: the name would be replaced by its value before #name. */
#define FAULT(name)                                                            \
	{                                                                      \
		name, #name, 0, 0                                              \
	}

/* clang-format off */
static const struct code codes[] = {
	FAULT(CKR_SESSION_HANDLE_INVALID),
	FAULT(CKR_SESSION_CLOSED),
	FAULT(CKR_SESSION_COUNT),
	FAULT(CKR_DEVICE_ERROR),
	FAULT(CKR_DEVICE_REMOVED),
	FAULT(CKR_TOKEN_NOT_PRESENT),
	FAULT(CKR_TOKEN_NOT_RECOGNIZED),
	FAULT(CKR_SLOT_ID_INVALID),
	FAULT(CKR_GENERAL_ERROR),
	FAULT(CKR_FUNCTION_FAILED),
	FAULT(CKR_HOST_MEMORY),
	FAULT(CKR_USER_NOT_LOGGED_IN),
	FAULT(CKR_CRYPTOKI_NOT_INITIALIZED),
	FAULT(CKR_CRYPTOKI_ALREADY_INITIALIZED),
	FAULT(CKR_OBJECT_HANDLE_INVALID),
	FAULT(CKR_KEY_HANDLE_INVALID),
	FAULT(CKR_OPERATION_ACTIVE),
	FAULT(CKR_OPERATION_NOT_INITIALIZED),
	FAULT(CKR_PIN_INCORRECT),
	FAULT(CKR_PIN_INVALID),
	FAULT(CKR_PIN_LEN_RANGE),
	FAULT(CKR_PIN_EXPIRED),
	FAULT(CKR_PIN_LOCKED),
	FAULT(CKR_USER_PIN_NOT_INITIALIZED),
	FAULT(CKR_TOKEN_WRITE_PROTECTED),
	FAULT(CKR_SESSION_READ_ONLY),
	FAULT(CKR_ATTRIBUTE_SENSITIVE),
	FAULT(CKR_ARGUMENTS_BAD),
	CODE(CKR_DEVICE_MEMORY, HSM_TOKEN_FULL, 0),
	CODE(CKR_MECHANISM_INVALID,
	     HSM_MECHANISM_UNSUPPORTED, HSM_MECHANISM_UNSUPPORTED),
	CODE(CKR_MECHANISM_PARAM_INVALID,
	     HSM_MECHANISM_UNSUPPORTED, HSM_MECHANISM_UNSUPPORTED),
	CODE(CKR_KEY_SIZE_RANGE,
	     HSM_MECHANISM_UNSUPPORTED, HSM_MECHANISM_UNSUPPORTED),
	CODE(CKR_KEY_TYPE_INCONSISTENT, 0, HSM_MECHANISM_UNSUPPORTED),
	CODE(CKR_KEY_FUNCTION_NOT_PERMITTED, 0, HSM_MECHANISM_UNSUPPORTED),
	CODE(CKR_DOMAIN_PARAMS_INVALID, HSM_MECHANISM_UNSUPPORTED, 0),
	CODE(CKR_TEMPLATE_INCOMPLETE, HSM_ATTRIBUTES_NOT_AS_ASKED, 0),
	CODE(CKR_TEMPLATE_INCONSISTENT, HSM_ATTRIBUTES_NOT_AS_ASKED, 0),
	CODE(CKR_ATTRIBUTE_READ_ONLY, HSM_ATTRIBUTES_NOT_AS_ASKED, 0),
	CODE(CKR_ATTRIBUTE_TYPE_INVALID, HSM_ATTRIBUTES_NOT_AS_ASKED, 0),
	CODE(CKR_ATTRIBUTE_VALUE_INVALID, HSM_ATTRIBUTES_NOT_AS_ASKED, 0),
};
/* clang-format on */

static const struct code *
code_of(CK_RV rv)
{
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i].rv == rv)
			return &codes[i];
	return NULL;
}

const char *
p11_code_name(CK_RV rv, char buf[32])
{
	const struct code *c = code_of(rv);

	if (c != NULL)
		return c->name;
	snprintf(buf, 32, "CKR_0x%lx", (unsigned long)rv);
	return buf;
}

bool
p11_failed(struct err *e, enum p11_asked asked, const char *call, CK_RV rv)
{
	const struct code *c = code_of(rv);
	int answer = 0;
	char buf[32];

	if (c != NULL && asked == P11_GENERATE)
		answer = c->generate;
	if (c != NULL && asked == P11_SIGN)
		answer = c->sign;
	return ERR_SET(e, answer != 0 ? ERR_REJECT : ERR_RETRY, "hsm",
		       answer != 0 ? answer : (long)rv, "%s: %s", call,
		       p11_code_name(rv, buf));
}

bool
p11_pin_is_refused(CK_RV rv)
{
	switch (rv) {
	case CKR_PIN_INCORRECT:
	case CKR_PIN_INVALID:
	case CKR_PIN_LEN_RANGE:
	case CKR_PIN_EXPIRED:
	case CKR_PIN_LOCKED:
		return true;
	default:
		return code_of(rv) == NULL;
	}
}
