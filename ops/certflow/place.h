/*
 * place.h - where the tokens of a group are: module, configuration, label,
 * PIN file.
 */
#ifndef CERTFLOW_OPS_PLACE_H
#define CERTFLOW_OPS_PLACE_H

#include <limits.h>

#include "base/bytes.h"
#include "hsm/libp11/token.h"

enum group {
	GROUP_ROOT,
	GROUP_ISSUING,
	GROUP_CUSTOMER,
	GROUP_OCSP, /* the responder's key; not everybody has a responder */
	GROUP__COUNT
};

struct place {
	enum group group;
	const char *module;
	const char *softhsm2_conf; /* NULL: not known */
	char token[TOKEN_LABEL_MAX];
	char pin_file[PATH_MAX];
};

/* Given on the command line; NULL: not given. */
struct place_options {
	const char *module;
	const char *token[GROUP__COUNT];
	const char *softhsm2_conf[GROUP__COUNT];
	const char *pin_file[GROUP__COUNT];
};

/** "root", "issuing", "customer", "ocsp" */
const char *group_name(enum group g);

/**
 * Options first, then CERTFLOW_PKCS11_MODULE, CERTFLOW_SOFTHSM2_CONF_<GROUP>,
 * CERTFLOW_PIN_FILE_<GROUP>, $CERTFLOW_HOME/etc/pin.<group>.
 * Borrows from options and environment.
 */
bool place_find(enum group g, const struct place_options *options,
		struct place *out, struct err *e) MUST_CHECK;

/** --token-root LABEL and the like: consumed if argv[*i] is one of them.
 * @return 1 taken, 0 another option, -1 value missing */
int place_option(struct place_options *options, int argc, char **argv, int *i);

/** Help text of these options. */
extern const char place_help[];

/** $CERTFLOW_CA_DIR, $CERTFLOW_HOME/ca, or given; false: none known. */
bool place_ca_dir(const char *given, char out[PATH_MAX], struct err *e)
	MUST_CHECK;

#endif
