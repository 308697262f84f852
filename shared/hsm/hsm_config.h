/*
 * hsm_config.h - the configuration of a token group, for workers.
 *
 *   static const struct config_option options[] = {
 *           HSM_OPTIONS,
 *           HSM_CUSTOMER_TOKENS,
 *           { 0 },
 *   };
 */
#ifndef CERTFLOW_HSM_HSM_CONFIG_H
#define CERTFLOW_HSM_HSM_CONFIG_H

#include "base/config.h"
#include "hsm/hsm.h"

/* clang-format off */
#define HSM_OPTIONS                                                            \
	{ "hsm.module", CONFIG_TEXT, NULL, 0, 0, false,                        \
	  "PKCS#11 library, e.g. /usr/lib/softhsm/libsofthsm2.so; not "        \
	  "p11-kit-proxy, not pkcs11-spy" },                                   \
	{ "hsm.pin_file", CONFIG_TEXT, NULL, 0, 0, true,                       \
	  "file with the user PIN of these tokens, e.g. "                      \
	  "/etc/certflow/pin.customer; mode 0600" },                           \
	{ "hsm.refused_pin_file", CONFIG_TEXT, "", 0, 0, false,                \
	  "where a refused PIN is remembered (salted digest); empty: "         \
	  "hsm.pin_file with .refused added" },                                \
	{ "hsm.threads", CONFIG_INT, "4", 1, 64, false,                        \
	  "threads, and sessions per token, e.g. 8" },                         \
	{ "hsm.check_every", CONFIG_DURATION, "10s", 100, 3600000, false,      \
	  "idle tokens are checked this often, e.g. 10s" },                    \
	{ "hsm.call_deadline", CONFIG_DURATION, "10s", 1000, 600000, false,    \
	  "a call into the module that takes longer ends the program, to be "  \
	  "started again; making a key pair: six times as long; e.g. 10s" },   \
	{ "hsm.skip_attributes", CONFIG_LIST, "", 0, 0, false,                 \
	  "attributes that this module refuses for new keys, e.g. "            \
	  "CKA_COPYABLE,CKA_ALLOWED_MECHANISMS" },                             \
	{ "hsm.placement", CONFIG_TEXT, "round-robin", 0, 0, false,            \
	  "token for a new key: round-robin or first-fit" }

/* For who holds the customer tokens. */
#define HSM_CUSTOMER_TOKENS                                                    \
	{ "hsm.tokens", CONFIG_LIST, NULL, 0, 0, false,                        \
	  "labels of the customer tokens, e.g. customer-1,customer-2" }
/* clang-format on */

/**
 * hsm_open() from the options above.
 * @param tokens_key  option that lists the labels: "hsm.tokens"
 * @param own_spki    as in struct hsm_settings; absent: none, read and write
 */
bool hsm_open_configured(const struct config *cfg, const char *tokens_key,
			 struct bytes own_spki, struct hsm **out, struct err *e)
	MUST_CHECK;

/** The same for a key of which kinds of signature are expected. */
bool hsm_open_signing(const struct config *cfg, const char *tokens_key,
		      struct bytes own_spki, uint32_t own_kinds,
		      struct hsm **out, struct err *e) MUST_CHECK;

#endif
