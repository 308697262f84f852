#include "ceremony.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "ca_record.h"
#include "pki/certificate.h"
#include "token_jobs.h"

static bool
is_known(const struct ceremony *c, const uint8_t sha[SHA256_LEN])
{
	char name[CA_NAME_MAX];

	for (int n = 0; ca_store_name(n, name); n++) {
		AUTO(buffer) struct buffer der = { 0 };
		uint8_t own[SHA256_LEN];
		struct err ignored = { 0 };

		if (!ca_store_read(c->dir, name, ".cer", &der, &ignored))
			continue;
		sha256(buffer_view(&der), own);
		if (memcmp(own, sha, SHA256_LEN) == 0)
			return true;
	}
	return false;
}

bool
ceremony_check_token(const struct ceremony *c, const struct place *place,
		     struct err *e)
{
	AUTO(ptr) void *memory = NULL;
	struct token_list *list = NULL;

	if (!job_list(place, &list, e))
		return err_context(e, "%s", group_name(place->group));
	memory = list;
	for (size_t i = 0; i < list->certificate_count; i++)
		if (!is_known(c, list->certificates[i].sha256))
			return ERR_SET(e, ERR_FATAL, "certflow", 0,
				       "token %s already holds the "
				       "certificate %s",
				       place->token,
				       list->certificates[i].label);
	return true;
}

void
ceremony_common_name(const struct ceremony *c, const char *name, char out[128])
{
	int number = ca_store_number(name);

	(void)snprintf(out, 128,
		       number > 1 ? "%s Issuing CA %d" : "%s Issuing CA",
		       c->organisation, number);
}

bool
ceremony_check_new(const struct ceremony *c, struct bytes subject,
		   struct bytes spki, struct err *e)
{
	char name[CA_NAME_MAX];

	for (int n = 0; ca_store_name(n, name); n++) {
		AUTO(pki_ca) struct pki_ca *ca = NULL;

		if (!ca_store_has(c->dir, name, ".pem"))
			continue;
		if (!ca_store_load(c->dir, name, &ca, e))
			return false;
		if (bytes_equal(ca->spki, spki))
			return ERR_SET(e, ERR_FATAL, "certflow", 0,
				       "the key is that of %s", name);
		if (bytes_equal(ca->subject, subject))
			return ERR_SET(e, ERR_FATAL, "certflow", 0,
				       "the name is that of %s", name);
	}
	return true;
}

bool
ceremony_certify(const struct ceremony *c, struct bytes tbs,
		 struct bytes root_spki, enum pki_signature sig,
		 struct pki_ca **out, struct err *e)
{
	AUTO(buffer) struct buffer signature = { 0 }, der = { 0 };

	return job_sign(&c->root_place, root_spki, sig, tbs, &signature, e) &&
	       pki_certificate_assemble(tbs, sig, buffer_view(&signature), &der,
					e) &&
	       pki_ca_parse(buffer_view(&der), out, e);
}

bool
ceremony_decided(const struct ceremony *c, const char *name,
		 const struct hsm_key *key, struct pki_ca **out, struct err *e)
{
	AUTO(pki_ca) struct pki_ca *ca = NULL;
	AUTO(buffer) struct buffer der = { 0 };

	*out = NULL;
	if (!ca_store_has(c->dir, name, ".cer"))
		return true;
	if (!ca_store_read(c->dir, name, ".cer", &der, e) ||
	    !pki_ca_parse(buffer_view(&der), &ca, e))
		return err_context(e, "%s/%s.cer", c->dir, name);
	if (!bytes_equal(ca->spki, hsm_key_spki(key)))
		return ERR_SET(e, ERR_FATAL, "certflow", 0,
			       "%s/%s.cer is of another key than the token's",
			       c->dir, name);
	*out = TAKE(ca);
	return true;
}

static const char *
url(const struct ceremony *c, const char *file, char out[PATH_MAX])
{
	const char *base = c->options->public_url;
	size_t len = base == NULL ? 0 : strlen(base);

	if (len == 0)
		return NULL;
	if (base[len - 1] == '/')
		len--;
	(void)snprintf(out, PATH_MAX, "%.*s/%s", (int)len, base, file);
	return out;
}

/* Ten years, but not beyond the root. */
static bool
find_term(const struct ceremony *c, const struct pki_ca *root, int64_t *end,
	  struct err *e)
{
	*end = pki_validity_end(c->now, CEREMONY_ISSUING_MONTHS);
	if (c->now < root->not_before || c->now >= root->not_after)
		return ERR_SET(e, ERR_FATAL, "certflow", 0,
			       "the root is not valid now");
	if (*end > root->not_after)
		*end = root->not_after;
	return true;
}

static bool
issue(const struct ceremony *c, const char *name, const struct hsm_key *key,
      const struct pki_ca *root, struct pki_ca **out, struct err *e)
{
	AUTO(buffer) struct buffer tbs = { 0 };
	char serial[PKI_SERIAL_TEXT_MAX], text[128];
	char crl[PATH_MAX], issuer[PATH_MAX];
	struct pki_authority issuing = {
		.country = "VN",
		.organisation = c->organisation,
		.name = text,
		.spki = hsm_key_spki(key),
		.serial_number = serial,
		.not_before = c->now,
		.path_length = 0,
		.crl_url = url(c, "root.crl", crl),
		.ca_issuers_url = url(c, "root.cer", issuer),
	};

	ceremony_common_name(c, name, text);
	return find_term(c, root, &issuing.not_after, e) &&
	       pki_serial_draw(serial, e) &&
	       pki_authority_tbs(&issuing, root, &tbs, e) &&
	       ceremony_certify(c, buffer_view(&tbs), root->spki,
				root->signature, out, e);
}

bool
ceremony_issue(const struct ceremony *c, const char *name,
	       const struct hsm_key *key, const struct pki_ca *root,
	       struct pki_ca **out, struct err *e)
{
	AUTO(pki_ca) struct pki_ca *ca = NULL;

	if (!ceremony_decided(c, name, key, &ca, e))
		return false;
	if (ca == NULL && !issue(c, name, key, root, &ca, e))
		return false;
	if (!pki_certificate_verify(buffer_view(&ca->der), root, e) ||
	    !ceremony_check_new(c, ca->subject, ca->spki, e))
		return err_context(e, "%s", name);
	*out = TAKE(ca);
	return true;
}

/* The CRL of a ceremony that was cut short stays: its number is used. One that
 * cannot be read does, too: no number is given twice. */
static bool
first_crl(const struct ceremony *c, const char *name, const struct place *place,
	  const struct pki_ca *ca, int64_t us, struct err *e)
{
	struct pki_crl crl = { 0 };

	if (ca_store_has(c->dir, name, ".crl"))
		return ca_store_last_crl(c->dir, name, ca, &crl, NULL, e) ||
		       err_context(e, "%s/%s.crl, made earlier", c->dir, name);
	crl = (struct pki_crl){ .number = 1,
				.this_update = c->now,
				.next_update = c->now + us };
	return ca_store_new_crl(c->dir, name, place, ca, &crl, e);
}

static bool
keep_in_token(const struct place *place, const struct pki_ca *ca, struct err *e)
{
	AUTO(ptr) void *memory = NULL;
	struct token_list *list = NULL;

	if (!job_list(place, &list, e))
		return false;
	memory = list;
	for (size_t i = 0; i < list->certificate_count; i++)
		if (memcmp(list->certificates[i].sha256, ca->sha256,
			   SHA256_LEN) == 0)
			return true;
	return job_store_certificate(place, buffer_view(&ca->der), e);
}

bool
ceremony_publish(const struct ceremony *c, const char *name,
		 const struct place *place, const struct pki_ca *ca,
		 int64_t crl_us, struct err *e)
{
	struct bytes der = buffer_view(&ca->der);

	AUTO(buffer) struct buffer crl = { 0 };

	if (!ca_store_der(c->dir, name, der, e) ||
	    !first_crl(c, name, place, ca, crl_us, e) ||
	    !keep_in_token(place, ca, e) ||
	    !ca_store_read(c->dir, name, ".crl", &crl, e))
		return false;
	record_certificate(c->record, name, ca);
	record_file(c->record, name, "CRL", buffer_view(&crl));
	return true;
}

bool
ceremony_complete(const struct ceremony *c, const char *name,
		  const struct pki_ca *ca, const struct hsm_key *key,
		  struct err *e)
{
	return record_end(c->record, name, key, e) &&
	       ca_store_pem(c->dir, name, ".pem", "CERTIFICATE",
			    buffer_view(&ca->der), e);
}

void
ceremony_settings(const struct ceremony *c, const char *name)
{
	const char *comma = "";
	char other[CA_NAME_MAX];

	printf("registrar and issuer:\n  ca.certificate = %s/%s.pem\n"
	       "  ca.others = ",
	       c->dir, name);
	for (int n = 0; ca_store_name(n, other); n++) {
		if (strcmp(other, name) == 0 ||
		    !ca_store_has(c->dir, other, ".pem"))
			continue;
		printf("%s%s/%s.pem", comma, c->dir, other);
		comma = ",";
	}
	printf("\nprofiles:\n  crl = %s.crl\n  ca_issuers = %s.cer\n", name,
	       name);
}
