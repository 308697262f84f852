/*
 * hsm_internal.h - what the files of shared/hsm share.
 *
 * Locking: `lock` guards state, inside, why, epoch, stop and watching.  Fields
 * marked [supervisor] change only while no caller is inside the module, so
 * that callers read them without the lock.  A lane is used by its thread,
 * except `deadline_us` and `call`, which any thread may look at.
 */
#ifndef CERTFLOW_HSM_HSM_INTERNAL_H
#define CERTFLOW_HSM_HSM_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "hsm/p11_module.h"
#include "hsm/p11_pin.h"

#define HSM_PATH_MAX 1024

enum hsm_state {
	HSM_DOWN,    /* being brought up, or waiting to be           */
	HSM_UP,      /* callers may enter                            */
	HSM_SUSPECT, /* a fault was seen: callers leave, none enters */
};

struct hsm_token {
	char label[HSM_TOKEN_LABEL_MAX];
	CK_SLOT_ID slot; /* [supervisor] */
};

/* One thread's way into the module; the last one is the supervisor's. */
struct hsm_lane {
	CK_SESSION_HANDLE session[HSM_TOKENS_MAX];
	bool open[HSM_TOKENS_MAX];
	uint64_t epoch;              /* of these sessions */
	_Atomic int64_t deadline_us; /* monotonic; 0: not in the module */
	_Atomic(const char *) call;  /* a literal */
};

struct hsm {
	CK_FUNCTION_LIST *p11;
	struct hsm_token tokens[HSM_TOKENS_MAX];
	size_t token_count;
	struct p11_pin pin; /* the supervisor's */
	enum hsm_placement placement;
	atomic_size_t next_token; /* HSM_ROUND_ROBIN */
	bool read_only;
	uint32_t skipped; /* bit n: row n of the attribute table */
	bool ca_keys;
	struct buffer own_spki;
	uint32_t own_kinds; /* bit n: enum pki_signature n; 0: the usual one */
	struct hsm_key own_key;            /* [supervisor] */
	struct pki_verifier *own_verifier; /* with own_spki; NULL: none */
	int64_t check_every_us;
	int64_t call_deadline_us;

	pthread_t supervisor;
	pthread_t watch;
	pthread_cond_t unwatched; /* CLOCK_MONOTONIC; .watching has changed */
	bool watching;
	pthread_mutex_t lock;
	pthread_cond_t changed; /* CLOCK_MONOTONIC */
	enum hsm_state state;
	unsigned inside; /* callers in the module */
	bool stop;
	uint64_t epoch;
	struct err why; /* reason while not UP */
	_Atomic int64_t last_good_us;

	unsigned threads;
	struct hsm_lane *lanes; /* threads + 1 */
};

/* hsm_gate.c: entering and leaving the module. */

/** Pass the gate. ERR_RETRY: not ready. Then hsm_leave() on every path. */
bool hsm_enter(struct hsm *h, unsigned thread, struct hsm_lane **out,
	       struct err *e) MUST_CHECK;

/** @param ok  false and e ERR_RETRY with a code: a fault, the gate closes.
 * @return ok */
bool hsm_leave(struct hsm *h, bool ok, const struct err *e);

/** This lane's session with a token, opened at need. */
bool hsm_session(struct hsm *h, struct hsm_lane *lane, size_t token,
		 CK_SESSION_HANDLE *out, struct err *e) MUST_CHECK;

/** Publish that a call begins / has ended (returns rv). */
void hsm_call_begin(struct hsm_lane *lane, const char *name, int64_t limit_us);
CK_RV hsm_call_end(struct hsm_lane *lane, CK_RV rv);

/* One call into the module, watched; its value is the CK_RV. */
#define HSM_CALL_FOR(limit, h, lane, fn, ...)                                  \
	(hsm_call_begin((lane), #fn, (limit)),                                 \
	 hsm_call_end((lane), (h)->p11->fn(__VA_ARGS__)))
#define HSM_CALL(h, lane, fn, ...)                                             \
	HSM_CALL_FOR((h)->call_deadline_us, h, lane, fn, __VA_ARGS__)

static inline struct hsm_lane *
hsm_supervisor_lane(struct hsm *h)
{
	return &h->lanes[h->threads];
}

/* hsm_bringup.c */

/** From C_Initialize to a verified test signature; undone on failure. */
bool hsm_bring_up(struct hsm *h, struct err *e) MUST_CHECK;
void hsm_bring_down(struct hsm *h);

/* hsm_selftest.c */

/** A signature with the group's own key, or with one made for it in each
 * token; logged in or not. */
bool hsm_check(struct hsm *h, struct err *e) MUST_CHECK;

/** Does this session see private keys? ERR_RETRY if not. */
bool hsm_is_logged_in(struct hsm *h, struct hsm_lane *lane, size_t token,
		      struct err *e) MUST_CHECK;

/* hsm_supervisor.c: the threads' functions. */
void *hsm_supervise(void *self);
void *hsm_watch(void *self);

/* hsm_login.c */
bool hsm_login_all(struct hsm *h, struct err *e) MUST_CHECK;

/* The calls of hsm_key.h for one who is inside already. */
bool hsm_lane_find(struct hsm *h, struct hsm_lane *lane,
		   const struct hsm_query *query, struct hsm_keys *out,
		   struct err *e) MUST_CHECK;
bool hsm_lane_sign(struct hsm *h, struct hsm_lane *lane,
		   const struct hsm_key *key, enum pki_signature kind,
		   struct bytes data, struct buffer *signature, struct err *e)
	MUST_CHECK;

#endif
