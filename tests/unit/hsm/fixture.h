/*
 * fixture.h - a SoftHSM of its own for each test.
 *
 * Criterion runs each test in a process of its own: SOFTHSM2_CONF, the
 * loaded module and the changed function list end with the test.
 */
#ifndef CERTFLOW_TESTS_HSM_FIXTURE_H
#define CERTFLOW_TESTS_HSM_FIXTURE_H

#include <p11-kit/pkcs11.h>

#include "hsm/hsm_key.h"

#define MODULE "/usr/lib/softhsm/libsofthsm2.so"
#define PIN "246813"
#define WRONG_PIN "999999"
#define READY_US INT64_C(20000000)

struct fixture {
	char dir[64];
	char pin_file[128];
	char record[128];
	const char *tokens[3];
	struct hsm_settings settings;
};

/** Tokens "customer-1", ... in a new directory; settings for all of them. */
void fixture_init(struct fixture *f, size_t tokens);
void fixture_remove(struct fixture *f);

/** Replace the content of the PIN file. */
void fixture_pin(struct fixture *f, const char *pin);

/** hsm_open() and hsm_wait_ready(), asserted. */
struct hsm *fixture_open(struct fixture *f);

/** hsm_open(), the reason why it is not ready, and for_us more. */
struct hsm *fixture_open_not_ready(struct fixture *f, int64_t for_us,
				   struct err *e);

/** The module's own function list, as hsm uses it: may be changed. */
CK_FUNCTION_LIST *fixture_list(void);

/* Enrolment ids that differ in the last octet. */
void fixture_id(uint8_t id[HSM_KEY_ID_LEN], uint8_t last);

struct hsm_key fixture_key(struct hsm *h, enum ev_key_algorithm algorithm,
			   uint8_t last, const char *label);

#endif
