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
	/* else: definite */
	enum ev_activation_failure_code code;
	const char *detail; /* literal */
};

/**
 * Find the key with this id and the certificate's public key in any token,
 * sign HSM_TEST_TEXT, verify with the certificate.
 *
 * @param thread  number for hsm_sign()
 * @param again   not the first try: a wrong signature is definite
 * @return false: nothing is known yet (ERR_RETRY), or the order cannot be
 *         understood (ERR_REJECT: no certificate in it)
 */
bool activation_test(struct hsm *hsm, unsigned thread,
		     const struct ev_activation_ordered *order, bool again,
		     struct activation *out, struct err *e) MUST_CHECK;

#endif
