/*
 * Input: one octet that says what the rest is:
 *   0  an OCSP request, DER      1  the path of a GET request
 * What is taken must be answered, in a form that OpenSSL reads, and say again
 * what was asked.
 */
#include <openssl/ocsp.h>
#include <string.h>

#include "fuzz.h"
#include "pki/der.h"
#include "pki/ocsp.h"

#define CA CERTFLOW_SOURCE_DIR "/tests/data/lint/issuing.pem"

static const struct pki_ca *
ca(void)
{
	static struct pki_ca *loaded;
	struct err e;

	if (loaded == NULL)
		require(pki_ca_load(CA, &loaded, &e));
	return loaded;
}

/* Dates and key are of no matter; whoever reads it verifies nothing. */
static void
answer(const struct pki_ocsp_request *asked)
{
	static const struct pki_responder by = {
		.der = { (uint8_t *)(uintptr_t) "\x30\x00", 2, 2 },
		.signature = PKI_ECDSA_SHA256,
	};
	struct pki_ocsp_single singles[PKI_OCSP_IDS_MAX] = { 0 };
	struct pki_ocsp_answer a = {
		.singles = singles,
		.single_count = asked->id_count,
		.nonce = bytes_of(asked->nonce, asked->nonce_len),
	};
	AUTO(buffer) struct buffer tbs = { 0 };
	struct err e;

	for (size_t i = 0; i < asked->id_count; i++) {
		singles[i].id = &asked->ids[i];
		singles[i].status = (enum pki_ocsp_status)(i % 3);
		singles[i].reason = (int)i;
	}
	require(pki_ocsp_tbs(&by, &a, &tbs, &e));
	require(der_is_canonical(buffer_view(&tbs)));
}

static void
request(struct bytes der)
{
	struct pki_ocsp_request asked;
	enum pki_ocsp_code code = pki_ocsp_parse(der, ca(), &asked);

	require(pki_ocsp_refusal(code).len == 5);
	if (code != PKI_OCSP_SUCCESSFUL) {
		require(code == PKI_OCSP_MALFORMED ||
			code == PKI_OCSP_UNAUTHORIZED);
		return;
	}
	require(asked.id_count >= 1 && asked.id_count <= PKI_OCSP_IDS_MAX);
	for (size_t i = 0; i < asked.id_count; i++)
		require(asked.ids[i].len > 0 &&
			memmem(der.data, der.len, asked.ids[i].der,
			       asked.ids[i].len) != NULL &&
			strlen(asked.ids[i].serial_number) % 2 == 0);
	answer(&asked);
}

static void
path(struct bytes text)
{
	AUTO(str) char *copy = strndup((const char *)text.data, text.len);
	AUTO(buffer) struct buffer der = { 0 };
	struct err e;

	require(copy != NULL);
	if (!pki_ocsp_from_path(copy, &der, &e)) {
		require(e.kind == ERR_REJECT && der.len == 0);
		return;
	}
	require(der.len > 0 && der.len <= PKI_OCSP_REQUEST_MAX);
	request(buffer_view(&der));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const kinds[])(struct bytes in) = { request, path };

	if (size == 0 || data[0] >= sizeof(kinds) / sizeof(kinds[0]))
		return 0;
	kinds[data[0]](bytes_of(data + 1, size - 1));
	return 0;
}
