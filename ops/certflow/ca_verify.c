/* certflow ca verify-record: is a ceremony record what was signed, and do
 * the files in the CA's directory agree with it? */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "ask.h"
#include "ca_record.h"
#include "pki/certificate.h"
#include "pki/csr.h"
#include "record_text.h"

#define RECORD_MAX (1u << 20)

struct checked {
	const struct ceremony *c;
	struct buffer text, json_text, signature;
	json_t *json;
};

static bool
wrong(struct err *e, const char *what)
{
	return ERR_SET(e, ERR_REJECT, "certflow", 0, "%s", what);
}

/* FILE.txt; the others beside it. */
static bool
read_parts(struct checked *v, const char *file, struct err *e)
{
	size_t len = strlen(file);
	char path[PATH_MAX];

	if (len < 5 || strcmp(file + len - 4, ".txt") != 0 ||
	    len >= PATH_MAX - 4)
		return ERR_SET(e, ERR_FATAL, "certflow", 0,
			       "%s: the record's .txt is wanted", file);
	if (!file_read(file, RECORD_MAX, &v->text, e))
		return false;
	(void)snprintf(path, sizeof(path), "%.*s.sig", (int)len - 4, file);
	if (!file_read(path, PKI_SIGNATURE_MAX, &v->signature, e))
		return false;
	(void)snprintf(path, sizeof(path), "%.*s.json", (int)len - 4, file);
	return file_read(path, RECORD_MAX, &v->json_text, e);
}

/* The text that belongs to this JSON, made once more. */
static bool
check_text(struct checked *v, struct err *e)
{
	AUTO(buffer) struct buffer again = { 0 };
	char hex[2 * SHA256_LEN + 1];
	uint8_t digest[SHA256_LEN];

	v->json = json_loadb((const char *)v->json_text.data, v->json_text.len,
			     JSON_REJECT_DUPLICATES, NULL);
	if (v->json == NULL)
		return wrong(e, "the .json is not JSON");
	sha256(buffer_view(&v->json_text), digest);
	hex_encode(bytes_of(digest, SHA256_LEN), hex);
	if (!record_text(v->json, hex, &again, e))
		return false;
	return bytes_equal(buffer_view(&again), buffer_view(&v->text)) ||
	       wrong(e, "the .txt does not say what the .json says");
}

static const char *
text_at(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text == NULL ? "" : text;
}

static bool
find_key(const struct checked *v, const char *name, struct buffer *der,
	 struct bytes *spki, struct err *e)
{
	struct pki_certificate c;

	if (ca_store_number(name) == 0)
		return wrong(e, "signed by no issuing CA");
	if (ca_store_has(v->c->dir, name, ".cer")) {
		if (!ca_store_read(v->c->dir, name, ".cer", der, e) ||
		    !pki_certificate_parse(buffer_view(der), &c, e))
			return false;
		*spki = c.spki;
		return true;
	}
	return ca_store_read(v->c->dir, name, ".csr", der, e) &&
	       (pki_csr_key(buffer_view(der), spki) ||
		wrong(e, "the CSR cannot be read"));
}

static bool
check_signature(const struct checked *v, struct err *e)
{
	const json_t *by = json_object_get(v->json, "signed_by");
	const char *name = text_at(by, "name");
	AUTO(buffer) struct buffer der = { 0 };
	struct pki_refusal why;
	struct bytes spki;
	struct pki_key key;

	if (!find_key(v, name, &der, &spki, e))
		return false;
	if (!pki_key_check(spki, &key, &why))
		return wrong(e, why.reason);
	if (!pki_signature_verify(spki, pki_signature_default(key.algorithm),
				  buffer_view(&v->text),
				  buffer_view(&v->signature), e))
		return err_context(e, "signature of %s", name);
	printf("signature     ok, key of %s\n", name);
	return true;
}

static bool
check_certificates(const struct checked *v, struct err *e)
{
	size_t i;
	json_t *row;

	json_array_foreach(json_object_get(v->json, "certificates"), i, row)
	{
		const char *name = text_at(row, "name");
		AUTO(buffer) struct buffer der = { 0 };
		char hex[2 * SHA256_LEN + 1];
		uint8_t digest[SHA256_LEN];

		if (strcmp(name, "root") != 0 && ca_store_number(name) == 0)
			return wrong(e, "a certificate of no CA");
		if (!ca_store_read(v->c->dir, name, ".cer", &der, e))
			return false;
		sha256(buffer_view(&der), digest);
		hex_encode(bytes_of(digest, SHA256_LEN), hex);
		if (strcmp(hex, text_at(row, "sha256")) != 0)
			return ERR_SET(e, ERR_REJECT, "certflow", 0,
				       "%s.cer is not the one of the record",
				       name);
		printf("%-13s ok, %s\n", name, hex);
	}
	return true;
}

bool
ceremony_verify(struct ceremony *c, struct err *e)
{
	struct checked v = { .c = c };
	bool ok = read_parts(&v, c->options->file, e) && check_text(&v, e) &&
		  check_signature(&v, e) && check_certificates(&v, e);

	buffer_free(&v.text);
	buffer_free(&v.json_text);
	buffer_free(&v.signature);
	json_decref(v.json);
	return ok;
}
