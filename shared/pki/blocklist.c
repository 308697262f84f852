#include "pki/blocklist.h"

#include <errno.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>

#include "pki/guard.h"

#define LINE_MAX_OCTETS 256

static bool
bad_line(struct err *e, const char *path, unsigned long line, const char *why)
{
	return ERR_SET(e, ERR_FATAL, "blocklist", 0, "%s: line %lu: %s", path,
		       line, why);
}

/* A line without its end and blanks; NULL: nothing on it. */
static const char *
trim(char *line)
{
	size_t len = strlen(line);

	while (len > 0 && strchr(" \t\r\n", line[len - 1]) != NULL)
		line[--len] = '\0';
	line += strspn(line, " \t");
	return *line == '\0' || *line == '#' ? NULL : line;
}

static bool
add_digest(struct blocklist *l, const char *text, const char **why,
	   struct err *e)
{
	uint8_t octets[SHA256_LEN];
	size_t len = 0;

	*why = NULL;
	if (!hex_decode(text, octets, sizeof(octets), &len) ||
	    (len != SHA256_LEN && len != BLOCKLIST_MODULUS_LEN)) {
		*why = "neither 64 hex digits (SHA-256 of the public key) nor "
		       "20 (Debian's form)";
		return false;
	}
	if (blocklist_count(l) == GUARD_DIGESTS_MAX) {
		*why = "more than 1000000 digests";
		return false;
	}
	return len == SHA256_LEN
		       ? buffer_add(&l->spki, octets, BLOCKLIST_SPKI_LEN, e)
		       : buffer_add(&l->modulus, octets, BLOCKLIST_MODULUS_LEN,
				    e);
}

static int
compare_spki(const void *a, const void *b)
{
	return memcmp(a, b, BLOCKLIST_SPKI_LEN);
}

static int
compare_modulus(const void *a, const void *b)
{
	return memcmp(a, b, BLOCKLIST_MODULUS_LEN);
}

static bool
read_lines(FILE *f, const char *path, struct blocklist *l, struct err *e)
{
	char line[LINE_MAX_OCTETS];
	unsigned long number = 0;
	const char *text, *why;

	while (fgets(line, sizeof(line), f) != NULL) {
		number++;
		if (strchr(line, '\n') == NULL && !feof(f))
			return bad_line(e, path, number, "far too long");
		text = trim(line);
		if (text == NULL || add_digest(l, text, &why, e))
			continue;
		return why == NULL ? err_context(e, "%s", path)
				   : bad_line(e, path, number, why);
	}
	if (ferror(f))
		return ERR_SET(e, ERR_FATAL, "blocklist", errno, "%s: %s", path,
			       strerror(errno));
	return true;
}

bool
blocklist_read(const char *path, struct blocklist *out, struct err *e)
{
	AUTO(blocklist) struct blocklist l = { 0 };
	AUTO(file) FILE *f = fopen(path, "re");

	if (f == NULL)
		return ERR_SET(e, ERR_FATAL, "blocklist", errno, "%s: %s", path,
			       strerror(errno));
	if (!read_lines(f, path, &l, e))
		return false;
	if (l.spki.len > 0)
		qsort(l.spki.data, l.spki.len / BLOCKLIST_SPKI_LEN,
		      BLOCKLIST_SPKI_LEN, compare_spki);
	if (l.modulus.len > 0)
		qsort(l.modulus.data, l.modulus.len / BLOCKLIST_MODULUS_LEN,
		      BLOCKLIST_MODULUS_LEN, compare_modulus);
	*out = l;
	l = (struct blocklist){ 0 };
	return true;
}

void
blocklist_free(struct blocklist *l)
{
	buffer_free(&l->spki);
	buffer_free(&l->modulus);
}

size_t
blocklist_count(const struct blocklist *l)
{
	return l->spki.len / BLOCKLIST_SPKI_LEN +
	       l->modulus.len / BLOCKLIST_MODULUS_LEN;
}

/* SHA-1 over what `openssl rsa -noout -modulus` prints, the last half. */
static void
modulus_digest(struct bytes n, uint8_t out[BLOCKLIST_MODULUS_LEN])
{
	static const char digits[] = "0123456789ABCDEF";
	char text[sizeof("Modulus=\n") + 2 * PKI_SIGNATURE_MAX] = "Modulus=";
	size_t len = strlen(text);
	uint8_t digest[SHA_DIGEST_LENGTH];

	for (size_t i = 0; i < n.len && i < PKI_SIGNATURE_MAX; i++) {
		text[len++] = digits[n.data[i] >> 4];
		text[len++] = digits[n.data[i] & 15];
	}
	text[len++] = '\n';
	SHA1((const unsigned char *)text, len, digest);
	memcpy(out, digest + sizeof(digest) - BLOCKLIST_MODULUS_LEN,
	       BLOCKLIST_MODULUS_LEN);
}

bool
blocklist_holds(const struct blocklist *l, struct bytes spki,
		const struct pki_key *key)
{
	uint8_t half[BLOCKLIST_MODULUS_LEN];
	struct bytes n;

	if (l->spki.len > 0 &&
	    bsearch(key->spki_sha256, l->spki.data,
		    l->spki.len / BLOCKLIST_SPKI_LEN, BLOCKLIST_SPKI_LEN,
		    compare_spki) != NULL)
		return true;
	n = pki_key_modulus(spki);
	if (l->modulus.len == 0 || n.data == NULL)
		return false;
	modulus_digest(n, half);
	return bsearch(half, l->modulus.data,
		       l->modulus.len / BLOCKLIST_MODULUS_LEN,
		       BLOCKLIST_MODULUS_LEN, compare_modulus) != NULL;
}
