/* certflow ca request and import: an issuing CA below a root that is not
 * ours. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "ca_record.h"
#include "ca_report.h"
#include "ceremony.h"
#include "pki/answer.h"
#include "pki/csr.h"
#include "token_jobs.h"

#define CHAIN_MAX (256u * 1024)

static bool
make_request(const struct ceremony *c, const char *name,
	     const struct hsm_key *key, struct buffer *out, struct err *e)
{
	AUTO(buffer) struct buffer info = { 0 }, signature = { 0 };
	enum pki_signature sig = pki_signature_default(key->algorithm);
	char text[128];
	const struct pki_authority self = {
		.country = "VN",
		.organisation = c->organisation,
		.name = text,
		.spki = hsm_key_spki(key),
		.path_length = 0,
	};

	ceremony_common_name(c, name, text);
	return pki_authority_request(&self, &info, e) &&
	       job_sign(&c->issuing_place, self.spki, sig, buffer_view(&info),
			&signature, e) &&
	       pki_csr_assemble(buffer_view(&info), sig,
				buffer_view(&signature), out, e);
}

/* The request that was made before stays: the root may be at it already. */
static bool
find_request(const struct ceremony *c, const char *name,
	     const struct hsm_key *key, struct buffer *out, struct err *e)
{
	struct bytes spki;

	if (!ca_store_has(c->dir, name, ".csr"))
		return make_request(c, name, key, out, e);
	if (!ca_store_read(c->dir, name, ".csr", out, e))
		return false;
	if (pki_csr_key(buffer_view(out), &spki) &&
	    bytes_equal(spki, hsm_key_spki(key)))
		return true;
	return ERR_SET(e, ERR_FATAL, "certflow", 0,
		       "%s/%s.csr is of another key than the token's", c->dir,
		       name);
}

static void
report_request(const struct ceremony *c, const char *name, struct bytes der,
	       const struct hsm_key *key)
{
	char sha[2 * SHA256_LEN + 1], spki[2 * SHA256_LEN + 1], text[128];
	uint8_t digest[SHA256_LEN];

	sha256(der, digest);
	hex_encode(bytes_of(digest, SHA256_LEN), sha);
	sha256(hsm_key_spki(key), digest);
	hex_encode(bytes_of(digest, SHA256_LEN), spki);
	if (c->options->json) {
		ca_report_json(json_pack(
			"{s:s,s:s,s:s,s:s,s:o}", "directory", c->dir, "name",
			name, "request_sha256", sha, "spki_sha256", spki,
			"attributes", ca_report_attributes(&key->attributes)));
		return;
	}
	printf("%-8s request  %s/%s.csr.pem\n", name, c->dir, name);
	printf("%-8s sha256   %s (of %s.csr, DER)\n", "", sha, name);
	printf("%-8s key      token %s, %s\n", "", key->token,
	       ca_report_attribute_text(&key->attributes, text));
	printf("%-8s spki     %s\n", "", spki);
}

bool
ceremony_request(struct ceremony *c, struct err *e)
{
	AUTO(buffer) struct buffer csr = { 0 };
	char name[CA_NAME_MAX];
	struct hsm_key key;
	bool found;

	if (!ca_store_next(c->dir, name, e) ||
	    !ceremony_check_token(c, &c->issuing_place, e) ||
	    !job_ca_key(&c->issuing_place, c->options->algorithm, name, &key,
			&found, e) ||
	    !record_token(c->record, &c->issuing_place, e) ||
	    !find_request(c, name, &key, &csr, e) ||
	    !ca_store_csr(c->dir, name, buffer_view(&csr), e))
		return false;
	record_key(c->record, name, &key, found);
	record_file(c->record, name, "request", buffer_view(&csr));
	if (!record_end(c->record, name, &key, e))
		return false;
	report_request(c, name, buffer_view(&csr), &key);
	return true;
}

/* --- the answer ----------------------------------------------------- */

static bool
judge(const struct ceremony *c, const char *name, struct bytes chain,
      struct buffer *der, struct err *e)
{
	AUTO(buffer) struct buffer csr = { 0 };
	struct pki_answer answer = {
		.chain = chain,
		.now = c->now,
		.any_path_length = c->options->any_path_length,
	};
	const char *rule = NULL;

	if (!ca_store_read(c->dir, name, ".csr", &csr, e) ||
	    !ca_store_read_certificate(c->options->file, der, e))
		return false;
	answer.request = buffer_view(&csr);
	return pki_answer_check(buffer_view(der), &answer, &rule, e) ||
	       (rule == NULL ? false : err_context(e, "refused"));
}

/* root.pem, unless another root is there already: then <name>.root.pem. */
static bool
keep_root(const struct ceremony *c, const char *name, struct bytes chain,
	  struct err *e)
{
	AUTO(buffer) struct buffer root = { 0 }, old = { 0 };
	char own[CA_NAME_MAX + 8] = "root";

	if (!pki_answer_root(chain, &root, e))
		return false;
	if (ca_store_has(c->dir, "root", ".cer")) {
		if (!ca_store_read(c->dir, "root", ".cer", &old, e))
			return false;
		if (!bytes_equal(buffer_view(&old), buffer_view(&root)))
			(void)snprintf(own, sizeof(own), "%s.root", name);
	}
	return ca_store_der(c->dir, own, buffer_view(&root), e) &&
	       ca_store_pem(c->dir, own, ".pem", "CERTIFICATE",
			    buffer_view(&root), e);
}

/* An import that was cut short goes on with the same answer, or not at all:
 * the first one may be in the token. */
static bool
is_the_decided(const struct ceremony *c, const char *name,
	       const struct hsm_key *key, const struct pki_ca *answer,
	       struct err *e)
{
	AUTO(pki_ca) struct pki_ca *decided = NULL;

	if (!ceremony_decided(c, name, key, &decided, e))
		return false;
	if (decided == NULL || memcmp(decided->sha256, answer->sha256,
				      sizeof(answer->sha256)) == 0)
		return true;
	return ERR_SET(e, ERR_FATAL, "certflow", 0,
		       "%s/%s.cer: another answer was imported before, and "
		       "not to its end",
		       c->dir, name);
}

bool
ceremony_import(struct ceremony *c, struct err *e)
{
	AUTO(buffer) struct buffer der = { 0 }, chain = { 0 };
	AUTO(pki_ca) struct pki_ca *ca = NULL;
	char name[CA_NAME_MAX];
	struct hsm_key key;

	if (!ca_store_next(c->dir, name, e) ||
	    !file_read(c->options->chain, CHAIN_MAX, &chain, e) ||
	    !judge(c, name, buffer_view(&chain), &der, e) ||
	    !pki_ca_parse(buffer_view(&der), &ca, e) ||
	    !ceremony_check_new(c, ca->subject, ca->spki, e) ||
	    !ceremony_check_token(c, &c->issuing_place, e) ||
	    !job_attributes(&c->issuing_place, ca->spki, &key, e) ||
	    !is_the_decided(c, name, &key, ca, e) ||
	    !record_token(c->record, &c->issuing_place, e))
		return false;
	record_key(c->record, name, &key, true);
	record_file(c->record, name, "chain", buffer_view(&chain));
	if (!keep_root(c, name, buffer_view(&chain), e) ||
	    !ca_store_chain(c->dir, name, buffer_view(&chain), e) ||
	    !ceremony_publish(c, name, &c->issuing_place, ca, CA_ISSUING_CRL_US,
			      e) ||
	    !ceremony_complete(c, name, ca, &key, e))
		return false;
	ca_report(c->dir, &(const struct ca_report_row){ name, ca, &key }, 1,
		  c->options->json);
	if (!c->options->json)
		ceremony_settings(c, name);
	return true;
}
