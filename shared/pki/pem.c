#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "pki/certificate.h"
#include "pki/der.h"
#include "pki/pem.h"

#define LINE_OCTETS 48 /* 64 characters, RFC 7468 2 */

static bool
add_text(struct buffer *out, const char *text, struct err *e)
{
	return buffer_add(out, text, strlen(text), e);
}

bool
pki_pem(const char *label, struct bytes der, struct buffer *out, struct err *e)
{
	unsigned char line[LINE_OCTETS / 3 * 4 + 1];
	char edge[80];

	(void)snprintf(edge, sizeof(edge), "-----BEGIN %s-----\n", label);
	if (!add_text(out, edge, e))
		return false;
	while (der.len > 0) {
		size_t n = der.len < LINE_OCTETS ? der.len : LINE_OCTETS;

		(void)EVP_EncodeBlock(line, der.data, (int)n);
		if (!add_text(out, (const char *)line, e) ||
		    !add_text(out, "\n", e))
			return false;
		der = bytes_of(der.data + n, der.len - n);
	}
	(void)snprintf(edge, sizeof(edge), "-----END %s-----\n", label);
	return add_text(out, edge, e);
}

/* Base64 between the first BEGIN line and the next END line. */
bool
pem_decode(struct bytes text, struct buffer *out, struct err *e)
{
	const char *at = memmem(text.data, text.len, "-----BEGIN ", 11);
	const char *end, *limit = (const char *)text.data + text.len;
	AUTO(u8) unsigned char *octets = NULL;
	EVP_ENCODE_CTX *ctx;
	int len = 0, tail = 0, rc;

	if (at != NULL)
		at = memchr(at, '\n', (size_t)(limit - at));
	end = at == NULL ? NULL
			 : memmem(at, (size_t)(limit - at), "-----END ", 9);
	if (end == NULL)
		return ERR_SET(e, ERR_FATAL, "pki", 0, "not PEM");
	octets = malloc((size_t)(end - at));
	ctx = EVP_ENCODE_CTX_new();
	if (octets == NULL || ctx == NULL) {
		EVP_ENCODE_CTX_free(ctx);
		return ERR_NO_MEMORY(e);
	}
	EVP_DecodeInit(ctx);
	rc = EVP_DecodeUpdate(ctx, octets, &len, (const unsigned char *)at,
			      (int)(end - at));
	if (rc >= 0)
		rc = EVP_DecodeFinal(ctx, octets + len, &tail);
	EVP_ENCODE_CTX_free(ctx);
	if (rc < 0)
		return ERR_SET(e, ERR_FATAL, "pki", 0, "not base64");
	return buffer_add(out, octets, (size_t)len + (size_t)tail, e);
}

bool
pem_load(const char *path, size_t max, struct buffer *out, struct err *e)
{
	AUTO(buffer) struct buffer file = { 0 };

	if (!file_read(path, max, &file, e))
		return false;
	if (der_peek(buffer_view(&file), DER_SEQUENCE))
		return buffer_add(out, file.data, file.len, e);
	return pem_decode(buffer_view(&file), out, e) ||
	       err_context(e, "%s", path);
}
