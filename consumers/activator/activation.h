/*
 * activation.h - does the key of a certificate work in our tokens?
 */
#ifndef CERTFLOW_ACTIVATOR_ACTIVATION_H
#define CERTFLOW_ACTIVATOR_ACTIVATION_H

#include "event/event.h"
#include "hsm/hsm_key.h"

struct activation {
	bool activated;
	/* if activated: */
	struct hsm_key key;
	int64_t tested_at; /* microseconds */
	/* else: */
	enum ev_activation_failure_code code;
	const char *detail; /* literal */
};

/* So often the tokens must say no before an activation has failed. */
#define ACTIVATION_TRIES 5

/**
 * Find the key with this id and the certificate's public key in any token,
 * sign HSM_TEST_TEXT, verify with the certificate.  A "no" may be the
 * stumbling of a token, see ACTIVATION_TRIES.
 *
 * @param thread  number for hsm_sign()
 * @return false: nothing is known yet (ERR_RETRY), or the order cannot be
 *         understood (ERR_REJECT: no certificate in it)
 */
bool activation_test(struct hsm *hsm, unsigned thread,
		     const struct ev_activation_ordered *order,
		     struct activation *out, struct err *e) MUST_CHECK;

#endif
