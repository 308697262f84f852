/*
 * p11_shim.h - what the files of the PKCS#11 fault shim share.
 *
 * The shim is a module that passes every call on to the real one, named by
 * P11_SHIM_REAL, plays the faults that $P11_SHIM_DIR/control asks for, and
 * writes down each signature and each login of the real module.  What can be
 * asked for: ops/docs/faults.md, "HSM".
 */
#ifndef CERTFLOW_TESTS_P11_SHIM_H
#define CERTFLOW_TESTS_P11_SHIM_H

#include <p11-kit/pkcs11.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SHIM_ID_MAX 64
#define SHIM_LABEL_MAX 97 /* 32 octets, each at worst as %20 */
#define SHIM_DATA_MAX 1040
#define SHIM_PATH_MAX 512

enum shim_kind {
	SHIM_NONE,
	SHIM_CODE,      /* answer with a CKR_ code                       */
	SHIM_CLOSE,     /* close all sessions, which also logs out       */
	SHIM_LOGOUT,    /* forget the login, keep the sessions           */
	SHIM_HANG,      /* do not come back for a while                  */
	SHIM_SLEEP,     /* come back late: latency                       */
	SHIM_WRONG,     /* flip a bit of the signature                   */
	SHIM_OTHER_KEY, /* answer with the handle of another private key */
};

/* One line of the control file. */
struct shim_fault {
	char id[SHIM_ID_MAX];
	enum shim_kind kind;
	char call[40];              /* "*": any        */
	char program[32];           /* "": any         */
	char token[SHIM_LABEL_MAX]; /* "": any         */
	char except[132];           /* not when the data's digest is this */
	bool after;                 /* the real module has done its work  */
	CK_RV rv;
	long skip;       /* matching calls that pass first              */
	long count;      /* then so many faults; 0: without end         */
	int64_t for_us;  /* instead: all calls for so long; 0: no limit */
	int64_t time_us; /* HANG, SLEEP: how long */
};

/* Where a call happens; empty strings where nothing is known. */
struct shim_place {
	const char *call;
	const char *token;
	const char *data; /* as in signatures.log */
	bool other_key;   /* SHIM_OTHER_KEY has another key at hand */
};

/* A session of the real module. */
struct shim_session {
	CK_SESSION_HANDLE handle; /* 0: free for use */
	CK_SLOT_ID slot;
	char token[SHIM_LABEL_MAX];
	CK_MECHANISM_TYPE mechanism; /* of C_SignInit */
	CK_OBJECT_HANDLE key;
	char key_id[2 * 64 + 1]; /* of .key; "-": none */
	bool private_search;     /* C_FindObjectsInit asked for private keys */
};

/* p11_shim_control.c */

void shim_control_open(const char *directory);

/**
 * Is a fault due here, before or after the real module's work?  It is taken
 * then: across all threads and processes nobody else gets this one.
 * @param sleep_us  what the SHIM_SLEEP faults here add up to
 */
bool shim_take(bool after, const struct shim_place *place,
	       struct shim_fault *out, int64_t *sleep_us);

/** Is there a SHIM_OTHER_KEY? Looking for the other key is expensive. */
bool shim_wants_other_key(void);

/** Does the control file still ask for it? For hangs, which end early. */
bool shim_is_asked(const char *id);

/** Something nobody may overlook: into errors.log and to standard error. */
void shim_complain(const char *text, const char *detail);

int64_t shim_monotonic_us(void);

/* p11_shim_record.c */

void shim_record_open(const char *directory);

void shim_session_add(CK_SESSION_HANDLE handle, CK_SLOT_ID slot);
void shim_session_remove(CK_SESSION_HANDLE handle);
void shim_session_remove_slot(CK_SLOT_ID slot);
void shim_session_remove_all(void);

/** NULL: not one that was opened through us. */
struct shim_session *shim_session_find(CK_SESSION_HANDLE handle);

/** The token's label, or "". */
const char *shim_session_token(CK_SESSION_HANDLE handle);

/** What is signed, as in signatures.log: "<sha256>" or "raw:<input>". */
void shim_data(CK_MECHANISM_TYPE mechanism, const CK_BYTE *data, CK_ULONG len,
	       char out[SHIM_DATA_MAX]);

void shim_record_signature(const struct shim_session *s, const char *data);
void shim_record_login(const char *token, CK_RV rv);

/** A call in a session (0: none), its data not known. */
static inline struct shim_place
shim_place(const char *call, CK_SESSION_HANDLE session)
{
	return (struct shim_place){ call, shim_session_token(session), "",
				    false };
}

/* p11_shim_play.c */

/*
 * Around every call of the real module.  A fault that closes the sessions
 * waits for the calls in flight: SoftHSM frees a session that another thread
 * signs in, and no token that is asked by several programs does that.
 */
void shim_enter(void);
void shim_leave(void);

#define SHIM_CALL(rv, call)                                                    \
	do {                                                                   \
		shim_enter();                                                  \
		(rv) = shim_real->call;                                        \
		shim_leave();                                                  \
	} while (0)

/** Faults before the real call. @return the call is over, *rv its value */
bool shim_before(const struct shim_place *place, CK_SESSION_HANDLE session,
		 CK_RV *rv);

/** Faults after it; *rv may change. @return what the caller has to do */
enum shim_kind shim_after(const struct shim_place *place,
			  CK_SESSION_HANDLE session, CK_RV *rv);

/* p11_shim.c: the real module's functions. */
extern CK_FUNCTION_LIST *shim_real;

/* p11_shim_keys.c */
void shim_keys_replace(CK_FUNCTION_LIST *list);

/* p11_shim_code.c */

/** "CKR_DEVICE_ERROR", "0x30", "48". */
bool shim_code_parse(const char *text, CK_RV *out);

#endif
