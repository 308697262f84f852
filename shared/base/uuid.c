#include "base/uuid.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <string.h>

#include "base/auto.h"

DEFINE_AUTO(md_ctx, EVP_MD_CTX *, EVP_MD_CTX_free);

static void
stamp(uint8_t id[UUID_LEN], uint8_t version)
{
	id[6] = (uint8_t)((id[6] & 0x0f) | version << 4);
	id[8] = (uint8_t)((id[8] & 0x3f) | 0x80);
}

const char *
uuid_format(const uint8_t id[UUID_LEN], char out[UUID_TEXT_MAX])
{
	static const char digits[] = "0123456789abcdef";
	char *p = out;

	for (int i = 0; i < UUID_LEN; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*p++ = '-';
		*p++ = digits[id[i] >> 4];
		*p++ = digits[id[i] & 0xf];
	}
	*p = '\0';
	return out;
}

bool
uuid_v4(char out[UUID_TEXT_MAX], struct err *e)
{
	uint8_t id[UUID_LEN];

	if (RAND_bytes(id, sizeof(id)) != 1)
		return ERR_SET(e, ERR_FATAL, "openssl", 0,
			       "random generator failed");
	stamp(id, 4);
	(void)uuid_format(id, out);
	return true;
}

bool
uuid_v5(const char *name_space, const char *name, char out[UUID_TEXT_MAX])
{
	AUTO(md_ctx) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t digest[EVP_MAX_MD_SIZE];
	uint8_t space[UUID_LEN];

	if (ctx == NULL || !uuid_parse(name_space, space) ||
	    EVP_DigestInit_ex(ctx, EVP_sha1(), NULL) != 1 ||
	    EVP_DigestUpdate(ctx, space, sizeof(space)) != 1 ||
	    EVP_DigestUpdate(ctx, name, strlen(name)) != 1 ||
	    EVP_DigestFinal_ex(ctx, digest, NULL) != 1)
		return false;
	stamp(digest, 5);
	(void)uuid_format(digest, out);
	return true;
}

static int
lower_hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool
uuid_parse(const char *text, uint8_t out[UUID_LEN])
{
	if (text == NULL || strlen(text) != UUID_TEXT_MAX - 1)
		return false;
	for (int i = 0; i < UUID_LEN; i++) {
		int high;
		int low;

		if ((i == 4 || i == 6 || i == 8 || i == 10) && *text++ != '-')
			return false;
		high = lower_hex(*text++);
		low = lower_hex(*text++);
		if (high < 0 || low < 0)
			return false;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}
