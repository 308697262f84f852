/*
 * A PKCS#11 module for tests that stands in front of the real one.
 *
 * Every function that shared/hsm and libp11 call is wrapped; of the ways to
 * sign only C_SignInit and C_Sign exist here, so that no signature passes
 * uncounted.
 */
#include "p11_shim.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

CK_FUNCTION_LIST *shim_real;
static CK_FUNCTION_LIST list;

/* ---- calls that are only passed on -------------------------------------- */

#define PASSED_ON(X)                                                           \
	X(C_Initialize, (void *args), 0, args)                                 \
	X(C_GetSlotList, (CK_BBOOL present, CK_SLOT_ID * slots, CK_ULONG * n), \
	  0, present, slots, n)                                                \
	X(C_GetSlotInfo, (CK_SLOT_ID slot, CK_SLOT_INFO * info), 0, slot,      \
	  info)                                                                \
	X(C_GetTokenInfo, (CK_SLOT_ID slot, CK_TOKEN_INFO * info), 0, slot,    \
	  info)                                                                \
	X(C_GetSessionInfo, (CK_SESSION_HANDLE s, CK_SESSION_INFO * info), s,  \
	  s, info)                                                             \
	X(C_Logout, (CK_SESSION_HANDLE s), s, s)                               \
	X(C_FindObjectsFinal, (CK_SESSION_HANDLE s), s, s)                     \
	X(C_GetAttributeValue,                                                 \
	  (CK_SESSION_HANDLE s, CK_OBJECT_HANDLE object, CK_ATTRIBUTE * a,     \
	   CK_ULONG n),                                                        \
	  s, s, object, a, n)                                                  \
	X(C_DestroyObject, (CK_SESSION_HANDLE s, CK_OBJECT_HANDLE object), s,  \
	  s, object)

/* `session` is the call's own parameter, or 0. */
#define PASS_ON(name, parameters, session, ...)                                \
	static CK_RV pass_##name parameters                                    \
	{                                                                      \
		struct shim_place p = shim_place(#name, session);              \
		CK_RV rv;                                                      \
                                                                               \
		if (shim_before(&p, session, &rv))                             \
			return rv;                                             \
		SHIM_CALL(rv, name(__VA_ARGS__));                              \
		(void)shim_after(&p, session, &rv);                            \
		return rv;                                                     \
	}
PASSED_ON(PASS_ON)

/* ---- sessions and logins ------------------------------------------------ */

static CK_RV
shim_finalize(void *reserved)
{
	struct shim_place p = shim_place("C_Finalize", 0);
	CK_RV rv;

	if (shim_before(&p, 0, &rv))
		return rv;
	shim_session_remove_all();
	return shim_real->C_Finalize(reserved);
}

static CK_RV
shim_open_session(CK_SLOT_ID slot, CK_FLAGS flags, void *data, CK_NOTIFY notify,
		  CK_SESSION_HANDLE *out)
{
	struct shim_place p = shim_place("C_OpenSession", 0);
	CK_RV rv;

	if (shim_before(&p, 0, &rv))
		return rv;
	SHIM_CALL(rv, C_OpenSession(slot, flags, data, notify, out));
	if (rv == CKR_OK)
		shim_session_add(*out, slot);
	return rv;
}

static CK_RV
shim_close_session(CK_SESSION_HANDLE session)
{
	CK_RV rv;

	shim_session_remove(session);
	SHIM_CALL(rv, C_CloseSession(session));
	return rv;
}

static CK_RV
shim_close_all_sessions(CK_SLOT_ID slot)
{
	CK_RV rv;

	shim_session_remove_slot(slot);
	SHIM_CALL(rv, C_CloseAllSessions(slot));
	return rv;
}

static CK_RV
shim_login(CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR *pin,
	   CK_ULONG len)
{
	struct shim_place p = shim_place("C_Login", session);
	CK_RV rv;

	if (shim_before(&p, session, &rv))
		return rv;
	SHIM_CALL(rv, C_Login(session, user, pin, len));
	shim_record_login(p.token[0] != '\0' ? p.token : "?", rv);
	(void)shim_after(&p, session, &rv);
	return rv;
}

/* ---- the list ----------------------------------------------------------- */

static bool
load(const char *path)
{
	void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	CK_C_GetFunctionList get = NULL;
	void *entry;

	if (library == NULL) {
		shim_complain(dlerror(), path);
		return false;
	}
	entry = dlsym(library, "C_GetFunctionList");
	memcpy(&get, &entry, sizeof(get));
	return get != NULL && get(&shim_real) == CKR_OK;
}

#define REPLACE(name, ...) list.name = pass_##name;

static void
open_once(void)
{
	const char *path = getenv("P11_SHIM_REAL");
	const char *directory = getenv("P11_SHIM_DIR");

	if (path == NULL || directory == NULL) {
		shim_complain("must be set", "P11_SHIM_REAL, P11_SHIM_DIR");
		return;
	}
	shim_control_open(directory);
	shim_record_open(directory);
	if (!load(path)) {
		shim_real = NULL;
		return;
	}
	list = *shim_real;
	list.C_GetFunctionList = C_GetFunctionList;
	PASSED_ON(REPLACE)
	list.C_Finalize = shim_finalize;
	list.C_OpenSession = shim_open_session;
	list.C_CloseSession = shim_close_session;
	list.C_CloseAllSessions = shim_close_all_sessions;
	list.C_Login = shim_login;
	shim_keys_replace(&list);
}

CK_RV
C_GetFunctionList(CK_FUNCTION_LIST **out)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, open_once);
	*out = &list;
	return shim_real != NULL ? CKR_OK : CKR_GENERAL_ERROR;
}
