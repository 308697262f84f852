/*
 * ceremony.h - what the acts of certflow ca share: options, places, and the
 * steps by which a CA comes to be.
 *
 * Every step can be repeated: a key is found again by its label, and
 * <name>.cer, once written, decides which certificate it will be.
 * <name>.pem, written last, behind the record, says that the CA is complete.
 */
#ifndef CERTFLOW_OPS_CEREMONY_H
#define CERTFLOW_OPS_CEREMONY_H

#include "ca_store.h"
#include "hsm/hsm_key.h"
#include "place.h"

#define CEREMONY_ISSUING_MONTHS (10 * 12)
#define CEREMONY_PARTICIPANTS_MAX 16

struct record;

struct ceremony_options {
	const char *out;
	const char *public_url;
	const char *organisation; /* NULL: not given                       */
	const char *file;         /* the answer to import                  */
	const char *chain;
	const char *record; /* directory of the records, NULL: default */
	const char *participants[CEREMONY_PARTICIPANTS_MAX];
	size_t participant_count;
	enum ev_key_algorithm algorithm;
	bool any_path_length;
	bool json;
	struct place_options places;
};

struct ceremony {
	const struct ceremony_options *options;
	const char *organisation;
	char dir[PATH_MAX];
	struct place root_place, issuing_place;
	int64_t now;           /* microseconds, whole seconds */
	struct record *record; /* NULL: this act has none */
};

/* One act: "init" and what it does. False: e says why. */
struct ceremony_act {
	const char *name;
	const char *options; /* those it takes, "--key --out ..." */
	bool needs_file;
	bool is_recorded;
	bool (*run)(struct ceremony *c, struct err *e);
};

bool ceremony_init(struct ceremony *c, struct err *e) MUST_CHECK;
bool ceremony_rollover(struct ceremony *c, struct err *e) MUST_CHECK;
bool ceremony_request(struct ceremony *c, struct err *e) MUST_CHECK;
bool ceremony_import(struct ceremony *c, struct err *e) MUST_CHECK;
bool ceremony_verify(struct ceremony *c, struct err *e) MUST_CHECK;

/** Is every certificate in this token one that dir knows? A token that holds
 * another belongs to another CA. */
bool ceremony_check_token(const struct ceremony *c, const struct place *place,
			  struct err *e) MUST_CHECK;

/** The common name of an issuing CA: "<O> Issuing CA", "<O> Issuing CA 2". */
void ceremony_common_name(const struct ceremony *c, const char *name,
			  char out[128]);

/** Neither key nor subject (a Name) may be that of a CA in dir. */
bool ceremony_check_new(const struct ceremony *c, struct bytes subject,
			struct bytes spki, struct err *e) MUST_CHECK;

/**
 * The issuing CA called name, signed by root: the one decided earlier, if
 * this was begun before.
 * @param out  release with pki_ca_free()
 */
bool ceremony_issue(const struct ceremony *c, const char *name,
		    const struct hsm_key *key, const struct pki_ca *root,
		    struct pki_ca **out, struct err *e) MUST_CHECK;

/** Certificate that an earlier, interrupted ceremony decided on for this
 * key; *out is NULL if there is none. */
bool ceremony_decided(const struct ceremony *c, const char *name,
		      const struct hsm_key *key, struct pki_ca **out,
		      struct err *e) MUST_CHECK;

/** Sign TBS octets in the root's token. */
bool ceremony_certify(const struct ceremony *c, struct bytes tbs,
		      struct bytes root_spki, enum pki_signature sig,
		      struct pki_ca **out, struct err *e) MUST_CHECK;

/** Everything public of a CA but its .pem: .cer, the first CRL, the
 * certificate in the token. */
bool ceremony_publish(const struct ceremony *c, const char *name,
		      const struct place *place, const struct pki_ca *ca,
		      int64_t crl_us, struct err *e) MUST_CHECK;

/** The record, signed with this CA's key, and its .pem. */
bool ceremony_complete(const struct ceremony *c, const char *name,
		       const struct pki_ca *ca, const struct hsm_key *key,
		       struct err *e) MUST_CHECK;

/** What the programs have to be told after a rollover or an import. */
void ceremony_settings(const struct ceremony *c, const char *name);

#endif
