/* The names of the codes that a control file may ask for. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "p11_shim.h"

#define CODE(name)                                                             \
	{                                                                      \
#name, name                                                    \
	}

bool
shim_code_parse(const char *text, CK_RV *out)
{
	static const struct {
		const char *name;
		CK_RV rv;
	} codes[] = {
		CODE(CKR_OK),
		CODE(CKR_HOST_MEMORY),
		CODE(CKR_SLOT_ID_INVALID),
		CODE(CKR_GENERAL_ERROR),
		CODE(CKR_FUNCTION_FAILED),
		CODE(CKR_DEVICE_ERROR),
		CODE(CKR_DEVICE_MEMORY),
		CODE(CKR_DEVICE_REMOVED),
		CODE(CKR_MECHANISM_INVALID),
		CODE(CKR_KEY_HANDLE_INVALID),
		CODE(CKR_KEY_SIZE_RANGE),
		CODE(CKR_KEY_FUNCTION_NOT_PERMITTED),
		CODE(CKR_OBJECT_HANDLE_INVALID),
		CODE(CKR_OPERATION_ACTIVE),
		CODE(CKR_OPERATION_NOT_INITIALIZED),
		CODE(CKR_PIN_INCORRECT),
		CODE(CKR_PIN_LOCKED),
		CODE(CKR_SESSION_CLOSED),
		CODE(CKR_SESSION_COUNT),
		CODE(CKR_SESSION_HANDLE_INVALID),
		CODE(CKR_TEMPLATE_INCONSISTENT),
		CODE(CKR_TOKEN_NOT_PRESENT),
		CODE(CKR_TOKEN_NOT_RECOGNIZED),
		CODE(CKR_USER_NOT_LOGGED_IN),
		CODE(CKR_CRYPTOKI_NOT_INITIALIZED),
	};
	char *end;

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (strcmp(text, codes[i].name) == 0) {
			*out = codes[i].rv;
			return true;
		}
	errno = 0;
	*out = strtoul(text, &end, 0);
	return errno == 0 && end != text && *end == '\0';
}
