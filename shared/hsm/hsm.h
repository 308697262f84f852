/*
 * hsm.h - a group of tokens behind one PKCS#11 module (OASIS PKCS#11 2.40).
 *
 * struct hsm owns the module, one login per token, one session per token and
 * thread, and a supervisor thread of its own.  The supervisor brings the
 * group up and, after any session, device or token fault, closes the gate,
 * waits until no thread is inside the module, and begins again from
 * C_Finalize: C_Initialize, log in once, find the key, compare it with the
 * certificate's, sign and verify one fixed text, open the gate.  A group
 * without a key of its own makes a key pair in the session for that, so that
 * it is not called ready while it cannot make keys or sign.  Attempts are
 * at most a second apart: that is how soon a token is used that answers
 * again.
 *
 *   DOWN ──► UP ──► SUSPECT ──► DOWN        (callers see only hsm_ready())
 *
 * All tokens of the group must be there: a search that left one out could
 * answer "no such key" and a second key would be made.
 *
 * The PIN is read from its file at each login and wiped.  A PIN that the
 * token refused is never offered again, not by a restart either: a salted
 * digest of it is kept in refused_pin_file, and the group stays down until
 * the PIN file has other content.  A token whose flags say that tries are
 * running out (CKF_USER_PIN_COUNT_LOW, _FINAL_TRY, _LOCKED) gets no login;
 * a COUNT_LOW that our own recorded refusal explains, and a new PIN, do not
 * keep us out.
 *
 * A call into the module, of any thread, that takes longer than its deadline
 * cannot be ended: a watching thread logs one line and ends the process with
 * status 75 (HSM_EXIT_HUNG), so that it is started again.
 *
 * Never fork after hsm_open(), and ignore SIGPIPE before it (a remote
 * module writes to a socket).  One struct hsm per process: Cryptoki is
 * global.  Never together with libp11, whose login breaks these sessions.
 */
#ifndef CERTFLOW_HSM_HSM_H
#define CERTFLOW_HSM_HSM_H

#include <stdint.h>

#include "base/bytes.h"

#define HSM_TOKENS_MAX 32
#define HSM_THREADS_MAX 64
#define HSM_SKIP_MAX 16
#define HSM_CALL_DEADLINE_US (INT64_C(10) * 1000000)
#define HSM_GENERATE_FACTOR 6 /* making a key may take so much longer */
#define HSM_EXIT_HUNG 75      /* EX_TEMPFAIL: restart me */

/* The one text that is signed to see whether a key works; it is public. */
#define HSM_TEST_TEXT "certflow test signature: this text certifies nothing"

struct hsm;

enum hsm_placement {
	HSM_ROUND_ROBIN, /* new keys go to the tokens in turn            */
	HSM_FIRST_FIT,   /* to the first token that is not full          */
};

/* Borrowed for the call of hsm_open(); everything needed is copied. */
struct hsm_settings {
	const char *module;           /* path of the PKCS#11 library      */
	const char *const *tokens;    /* labels, each on exactly one slot */
	size_t token_count;           /* 1..HSM_TOKENS_MAX                */
	const char *pin_file;         /* user PIN, first line             */
	const char *refused_pin_file; /* made and removed here, mode 0600 */
	bool read_only;   /* sessions cannot make or destroy keys   */
	unsigned threads; /* callers, 1..HSM_THREADS_MAX      */
	enum hsm_placement placement;
	const char *const *skip_attributes; /* "CKA_COPYABLE", ...        */
	size_t skip_count;                  /* 0..HSM_SKIP_MAX            */
	bool ca_keys;           /* new RSA keys are a CA's: they allow
				   CKM_RSA_PKCS, which libp11 signs with, and
				   CKM_SHA256_RSA_PKCS_PSS; else the one
				   CKM_SHA256_RSA_PKCS */
	struct bytes own_spki;  /* the key that must be there (DER of its
				   SubjectPublicKeyInfo); absent: none */
	uint32_t own_kinds;     /* bit n: it must be able to make signatures of
				   enum pki_signature n; 0: the usual one   */
	int64_t check_every_us; /* idle time between health checks      */
	int64_t call_deadline_us; /* of one call; 0: HSM_CALL_DEADLINE_US */
};

/**
 * Load the module and start the supervisor; does not wait for the token.
 *
 * @param out  release with hsm_close()
 * @param e    ERR_FATAL: module cannot be loaded, is pkcs11-spy (it writes
 *             PINs to its trace) or p11-kit-proxy (it hides which module
 *             answers); settings out of range; refused_pin_file's folder
 *             is not writable
 */
bool hsm_open(const struct hsm_settings *settings, struct hsm **out,
	      struct err *e) MUST_CHECK;

/**
 * Stop the supervisor and C_Finalize. No call may be under way.
 */
void hsm_close(struct hsm *h);
DEFINE_AUTO(hsm, struct hsm *, hsm_close);

/**
 * May callers work?  Any thread, never blocks.
 * @param e  when false: ERR_RETRY with the reason (no token, PIN refused,
 *           key differs from the certificate, ...)
 */
bool hsm_ready(struct hsm *h, struct err *e) MUST_CHECK;

/** Wait until ready, at most timeout_us. Same answer as hsm_ready(). */
bool hsm_wait_ready(struct hsm *h, int64_t timeout_us, struct err *e)
	MUST_CHECK;

/** When a signature or check last succeeded (clock_now_us()); 0: never. */
int64_t hsm_last_good_us(const struct hsm *h);

/** How often C_Initialize was called since hsm_open(). */
uint64_t hsm_epoch(struct hsm *h);

/**
 * Has a call into the module, of any thread or of the supervisor, passed
 * its deadline at this time?  Any thread, never blocks.
 * @return the call's name, a literal such as "C_Sign", or NULL
 */
const char *hsm_overdue(const struct hsm *h, int64_t monotonic_us);

#endif
