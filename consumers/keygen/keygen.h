/*
 * keygen.h - what the files of keygen share.
 *
 * Orders in the ledger, by the enrolment they concern:
 *   make/<id>     KeyPairRequested: a key pair and its CSR
 *   destroy/<id>  EnrolmentAbandoned: no key is left
 *   settle/<id>   CsrGenerated, or the refusal of one: every key of the
 *                 enrolment but the admitted one goes
 * Two orders of one enrolment never run at the same time (claims).
 */
#ifndef CERTFLOW_KEYGEN_KEYGEN_H
#define CERTFLOW_KEYGEN_KEYGEN_H

#include <pthread.h>

#include "base/uuid.h"
#include "hsm/hsm_census.h"
#include "hsm/hsm_config.h"
#include "hsm/hsm_key.h"
#include "runtime/notes.h"
#include "runtime/worker.h"

struct keygen {
	struct hsm *hsm;
	const char *instance;     /* actor of our own outcomes       */
	int64_t settle_within_us; /* CSRs older than this are settled */
	struct notes *notes;      /* loop thread only                */
	pthread_mutex_t lock;     /* guards claims                   */
	char claims[HSM_THREADS_MAX][UUID_TEXT_MAX];
	struct keygen_census *census;
};

/* Whose work it is, and the session to do it in. */
struct keygen_thread {
	struct keygen *keygen;
	unsigned number;
};

enum keygen_task { KEYGEN_MAKE, KEYGEN_DESTROY, KEYGEN_SETTLE };

/*
 * So often the token must have its doubts about the template before they
 * count: of the template that is right for every other key, a token that is
 * opened while others write to it has said that it is inconsistent (SoftHSM).
 */
#define KEYGEN_TRIES 4

/* One order under way: what to do, and what came of it. */
struct keygen_job {
	enum keygen_task task;
	char enrolment_id[UUID_TEXT_MAX];
	uint8_t id[HSM_KEY_ID_LEN];      /* CKA_ID    */
	char label[HSM_LABEL_MAX];       /* CKA_LABEL */
	const char *tax_code;            /* borrowed from the order's event */
	enum ev_key_algorithm algorithm; /* MAKE */
	bool look_first; /* MAKE: an earlier try may have left a key */
	/* SETTLE: found while catching up, one of many; else INT64_MAX */
	int64_t recorded_us;
	bool has_admitted; /* SETTLE: this key stays */
	struct ev_sha256 admitted;

	bool failed;   /* MAKE: definite, with the three fields below */
	bool doubtful; /* and yet to be repeated, see KEYGEN_TRIES */
	enum ev_key_pair_failure_code code;
	int64_t ckr; /* 0: none */
	char detail[ERR_TEXT_MAX];
	bool several; /* MAKE: there are other keys, too */
	bool has_key; /* key is set: made or, else, destroyed */
	struct hsm_key key;
	struct buffer csr;
};

/*
 * census.c: the keys of all enrolments, counted once for the many that are to
 * be settled after a start.
 */
bool keygen_census_new(struct keygen_census **out, struct err *e) MUST_CHECK;
void keygen_census_free(struct keygen_census *c);

/** Is there surely no key of this enrolment but the admitted one? For a
 * settling whose event is older than the census. */
bool keygen_census_is_clean(const struct keygen_thread *t,
			    const struct keygen_job *job, bool *clean,
			    struct err *e) MUST_CHECK;

/* make.c, remove.c: what the pool does. */
bool keygen_make(const struct keygen_thread *t, struct keygen_job *job,
		 struct err *e) MUST_CHECK;
bool keygen_remove(const struct keygen_thread *t, struct keygen_job *job,
		   struct err *e) MUST_CHECK;

#endif
