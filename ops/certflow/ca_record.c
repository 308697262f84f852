#include "ca_record.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "ca_report.h"
#include "pki/certificate.h"
#include "record_text.h"
#include "token_jobs.h"
#include "tool_digests.h"

#define RECORD_MODE 0600 /* it names people */

struct record {
	const struct ceremony *c;
	char stem[PATH_MAX]; /* DIR/<time>-<act> */
	json_t *json;
	json_t *tokens, *keys, *certificates, *files; /* inside json */
};

static bool
no_memory(struct err *e)
{
	return ERR_NO_MEMORY(e);
}

/* --record DIR, else beside the CA's directory: that one is served. */
static bool
find_place(struct record *r, const char *act, struct err *e)
{
	const struct ceremony *c = r->c;
	char dir[PATH_MAX], time[CLOCK_TEXT_MAX];
	char *slash;

	(void)snprintf(dir, sizeof(dir), "%s",
		       c->options->record != NULL ? c->options->record
						  : c->dir);
	if (c->options->record == NULL) {
		slash = strrchr(dir, '/');
		if (slash == NULL)
			slash = dir;
		(void)snprintf(slash, sizeof(dir) - (size_t)(slash - dir), "%s",
			       slash == dir ? "ceremony" : "/ceremony");
	}
	if ((mkdir(dir, 0700) != 0 && errno != EEXIST) ||
	    access(dir, W_OK | X_OK) != 0)
		return ERR_SET(e, ERR_FATAL, "certflow", errno,
			       "record in %s: %s", dir, strerror(errno));
	clock_format(c->now, time);
	if (snprintf(r->stem, PATH_MAX - 8, "%s/%.19sZ-%s", dir, time, act) >=
	    PATH_MAX - 8)
		return ERR_SET(e, ERR_FATAL, "certflow", 0, "path too long");
	return true;
}

static json_t *
participants(const struct ceremony_options *o)
{
	json_t *all = json_array();

	for (size_t i = 0; i < o->participant_count; i++)
		(void)json_array_append_new(all,
					    json_string(o->participants[i]));
	return all;
}

bool
record_begin(const struct ceremony *c, const char *act, struct record **out,
	     struct err *e)
{
	AUTO(record) struct record *r = calloc(1, sizeof(*r));
	char host[256] = "", begun[CLOCK_TEXT_MAX];

	if (r == NULL)
		return ERR_NO_MEMORY(e);
	r->c = c;
	if (!find_place(r, act, e))
		return false;
	(void)gethostname(host, sizeof(host) - 1);
	r->tokens = json_array();
	r->keys = json_array();
	r->certificates = json_array();
	r->files = json_array();
	r->json = json_pack("{s:s,s:s,s:s,s:s?,s:s,s:o,s:o,s:o,s:o,s:o}",
			    "record", RECORD_TITLE, "act", act, "begun",
			    clock_format(c->now, begun), "ended", NULL, "host",
			    host, "participants", participants(c->options),
			    "tokens", r->tokens, "keys", r->keys,
			    "certificates", r->certificates, "files", r->files);
	if (r->json == NULL)
		return no_memory(e);
	*out = TAKE(r);
	return true;
}

bool
record_token(struct record *r, const struct place *place, struct err *e)
{
	struct token_info info;

	if (!job_describe(place, &info, e))
		return err_context(e, "record");
	return json_array_append_new(
		       r->tokens, json_pack("{s:s,s:s,s:s,s:s,s:s}", "group",
					    group_name(place->group), "label",
					    info.label, "serial", info.serial,
					    "manufacturer", info.manufacturer,
					    "model", info.model)) == 0 ||
	       no_memory(e);
}

static const char *
hex_of(struct bytes data, char out[2 * PKI_DIGEST_MAX + 1])
{
	hex_encode(data, out);
	return out;
}

static const char *
sha_of(struct bytes data, char out[2 * PKI_DIGEST_MAX + 1])
{
	uint8_t digest[SHA256_LEN];

	sha256(data, digest);
	return hex_of(bytes_of(digest, SHA256_LEN), out);
}

/* What cannot be appended is missing in the end: record_end() looks. */
static void
add(json_t *list, json_t *row)
{
	(void)json_array_append_new(list, row);
}

void
record_key(struct record *r, const char *name, const struct hsm_key *key,
	   bool found)
{
	char id[2 * PKI_DIGEST_MAX + 1], spki[2 * PKI_DIGEST_MAX + 1];

	add(r->keys,
	    json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:o}", "name", name, "made",
		      found ? "before, found again" : "now", "token",
		      key->token, "label", key->label, "id",
		      hex_of(bytes_of(key->id, key->id_len), id), "algorithm",
		      ev_key_algorithm_name(key->algorithm), "spki_sha256",
		      sha_of(hsm_key_spki(key), spki), "attributes",
		      ca_report_attributes(&key->attributes)));
}

void
record_certificate(struct record *r, const char *name, const struct pki_ca *ca)
{
	char sha[2 * PKI_DIGEST_MAX + 1], spki[2 * PKI_DIGEST_MAX + 1];
	char from[CLOCK_TEXT_MAX], to[CLOCK_TEXT_MAX];
	char subject[512], issuer[512];
	struct pki_certificate c;
	struct err ignored = { 0 };

	if (!pki_certificate_parse(buffer_view(&ca->der), &c, &ignored))
		return;
	add(r->certificates,
	    json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "name", name,
		      "subject",
		      pki_name_text(c.subject, subject, sizeof(subject)),
		      "issuer", pki_name_text(c.issuer, issuer, sizeof(issuer)),
		      "serial_number", c.serial_number, "not_before",
		      clock_format(c.not_before, from), "not_after",
		      clock_format(c.not_after, to), "signature",
		      pki_signature_name(c.signature_algorithm), "spki_sha256",
		      hex_of(bytes_of(c.spki_sha256, SHA256_LEN), spki),
		      "sha256", hex_of(bytes_of(ca->sha256, SHA256_LEN), sha)));
}

void
record_file(struct record *r, const char *name, const char *kind,
	    struct bytes content)
{
	char sha[2 * PKI_DIGEST_MAX + 1];

	add(r->files, json_pack("{s:s,s:s,s:s}", "name", name, "kind", kind,
				"sha256", sha_of(content, sha)));
}

/* --- the end -------------------------------------------------------- */

static bool
complete(struct record *r, const char *name, const struct hsm_key *key,
	 struct err *e)
{
	char spki[2 * PKI_DIGEST_MAX + 1], ended[CLOCK_TEXT_MAX];
	json_t *programs = json_array();

	if (!tool_digests(programs, r->c->issuing_place.module, e)) {
		json_decref(programs);
		return false;
	}
	if (json_object_set_new(r->json, "version",
				json_string(CERTFLOW_VERSION)) != 0 ||
	    json_object_set_new(r->json, "programs", programs) != 0 ||
	    json_object_set_new(
		    r->json, "signed_by",
		    json_pack("{s:s,s:s,s:s}", "name", name, "algorithm",
			      pki_signature_name(
				      pki_signature_default(key->algorithm)),
			      "spki_sha256",
			      sha_of(hsm_key_spki(key), spki))) != 0 ||
	    json_object_set_new(
		    r->json, "ended",
		    json_string(clock_format(clock_now_us(), ended))) != 0)
		return no_memory(e);
	return true;
}

static bool
write_part(const struct record *r, const char *suffix, struct bytes content,
	   struct err *e)
{
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s%s", r->stem, suffix);
	return file_write(path, content, RECORD_MODE, e) ||
	       err_context(e, "record");
}

static bool
write_json(const struct record *r, char sha[2 * PKI_DIGEST_MAX + 1],
	   struct err *e)
{
	AUTO(str) char *text = json_dumps(r->json, JSON_INDENT(2));

	if (text == NULL)
		return no_memory(e);
	(void)sha_of(bytes_of_str(text), sha);
	return write_part(r, ".json", bytes_of_str(text), e);
}

bool
record_end(struct record *r, const char *name, const struct hsm_key *key,
	   struct err *e)
{
	AUTO(buffer) struct buffer text = { 0 }, signature = { 0 };
	char sha[2 * PKI_DIGEST_MAX + 1];

	if (!complete(r, name, key, e) || !write_json(r, sha, e) ||
	    !record_text(r->json, sha, &text, e) ||
	    !job_sign(&r->c->issuing_place, hsm_key_spki(key),
		      pki_signature_default(key->algorithm), buffer_view(&text),
		      &signature, e) ||
	    !write_part(r, ".txt", buffer_view(&text), e) ||
	    !write_part(r, ".sig", buffer_view(&signature), e))
		return false;
	fprintf(stderr, "record: %s.txt .json .sig\n", r->stem);
	return true;
}

void
record_free(struct record *r)
{
	if (r == NULL)
		return;
	json_decref(r->json);
	free(r);
}
