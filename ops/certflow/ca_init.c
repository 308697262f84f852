/* certflow ca init and rollover: CAs below a root of our own. */
#include <stdio.h>

#include "base/clock.h"
#include "ca_record.h"
#include "ca_report.h"
#include "ceremony.h"
#include "pki/certificate.h"
#include "token_jobs.h"

#define ROOT_MONTHS (20 * 12)
#define ROOT_CRL_US (365 * US_PER_DAY) /* the root token is offline */

static bool
new_root(const struct ceremony *c, const struct hsm_key *key,
	 struct pki_ca **out, struct err *e)
{
	AUTO(buffer) struct buffer tbs = { 0 };
	char serial[PKI_SERIAL_TEXT_MAX], name[128];
	const struct pki_authority root = {
		.country = "VN",
		.organisation = c->organisation,
		.name = name,
		.spki = hsm_key_spki(key),
		.serial_number = serial,
		.not_before = c->now,
		.not_after = pki_validity_end(c->now, ROOT_MONTHS),
		.path_length = -1,
	};

	(void)snprintf(name, sizeof(name), "%s Root CA", c->organisation);
	return pki_serial_draw(serial, e) &&
	       pki_authority_tbs(&root, NULL, &tbs, e) &&
	       ceremony_certify(c, buffer_view(&tbs), root.spki,
				pki_signature_default(key->algorithm), out, e);
}

static bool
make_root(const struct ceremony *c, const struct hsm_key *key,
	  struct pki_ca **out, struct err *e)
{
	AUTO(pki_ca) struct pki_ca *root = NULL;

	if (!ceremony_decided(c, "root", key, &root, e))
		return false;
	if (root == NULL && !new_root(c, key, &root, e))
		return false;
	if (!ceremony_publish(c, "root", &c->root_place, root, ROOT_CRL_US,
			      e) ||
	    !ca_store_pem(c->dir, "root", ".pem", "CERTIFICATE",
			  buffer_view(&root->der), e))
		return err_context(e, "root");
	*out = TAKE(root);
	return true;
}

/* Find or make a key, and write down which. */
static bool
take_key(const struct ceremony *c, const struct place *place, const char *name,
	 struct hsm_key *key, struct err *e)
{
	bool found;

	if (!ceremony_check_token(c, place, e) ||
	    !job_ca_key(place, c->options->algorithm, name, key, &found, e) ||
	    !record_token(c->record, place, e))
		return false;
	record_key(c->record, name, key, found);
	return true;
}

bool
ceremony_init(struct ceremony *c, struct err *e)
{
	AUTO(pki_ca) struct pki_ca *root = NULL;
	AUTO(pki_ca) struct pki_ca *issuing = NULL;
	struct hsm_key root_key, issuing_key;

	if (ca_store_exists(c->dir))
		return ERR_SET(e, ERR_FATAL, "certflow", 0,
			       "%s already holds a CA: nothing changed",
			       c->dir);
	if (!ceremony_check_token(c, &c->issuing_place, e) ||
	    !take_key(c, &c->root_place, "root", &root_key, e) ||
	    !take_key(c, &c->issuing_place, "issuing", &issuing_key, e) ||
	    !make_root(c, &root_key, &root, e) ||
	    !ceremony_issue(c, "issuing", &issuing_key, root, &issuing, e) ||
	    !ceremony_publish(c, "issuing", &c->issuing_place, issuing,
			      CA_ISSUING_CRL_US, e) ||
	    !ceremony_complete(c, "issuing", issuing, &issuing_key, e))
		return false;
	ca_report(c->dir,
		  (const struct ca_report_row[]){
			  { "root", root, &root_key },
			  { "issuing", issuing, &issuing_key } },
		  2, c->options->json);
	return true;
}

bool
ceremony_rollover(struct ceremony *c, struct err *e)
{
	AUTO(pki_ca) struct pki_ca *root = NULL;
	AUTO(pki_ca) struct pki_ca *issuing = NULL;
	char name[CA_NAME_MAX];
	struct hsm_key key;

	if (!ca_store_exists(c->dir))
		return ERR_SET(e, ERR_FATAL, "certflow", 0,
			       "%s holds no CA that could be followed", c->dir);
	if (!ca_store_next(c->dir, name, e) ||
	    !ca_store_load(c->dir, "root", &root, e) ||
	    !take_key(c, &c->issuing_place, name, &key, e) ||
	    !record_token(c->record, &c->root_place, e) ||
	    !ceremony_issue(c, name, &key, root, &issuing, e) ||
	    !ceremony_publish(c, name, &c->issuing_place, issuing,
			      CA_ISSUING_CRL_US, e) ||
	    !ceremony_complete(c, name, issuing, &key, e))
		return false;
	ca_report(c->dir, &(const struct ca_report_row){ name, issuing, &key },
		  1, c->options->json);
	if (!c->options->json)
		ceremony_settings(c, name);
	return true;
}
