/* Reading the bundle of those who may approve. */
#include "pki/approvers.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "pki/certificate.h"
#include "pki/oid.h"
#include "pki/ossl.h"
#include "pki/view.h"

DEFINE_AUTO(bio, BIO *, BIO_free_all);

/* One PEM block as OpenSSL reads it. */
struct block {
	char *label;
	char *header;
	unsigned char *data;
	long len;
};

static void
block_free(struct block *b)
{
	OPENSSL_free(b->label);
	OPENSSL_free(b->header);
	OPENSSL_free(b->data);
}
DEFINE_AUTO_VALUE(block, struct block, block_free);

bool
approver_id_ok(struct bytes id)
{
	if (id.data == NULL || id.len == 0 || id.len > APPROVER_ID_MAX)
		return false;
	for (size_t i = 0; i < id.len; i++)
		if (id.data[i] < 0x21 || id.data[i] > 0x7e)
			return false;
	return true;
}

static bool
fail(struct err *e, const char *what)
{
	return ERR_SET(e, ERR_FATAL, "pki", 0, "%s", what);
}

/* One attribute only: who has two names could be two pairs of eyes. */
static bool
read_id(struct bytes subject, struct approver *a, struct err *e)
{
	struct view_attribute attributes[VIEW_ATTRIBUTES_MAX];
	const struct view_attribute *found = NULL;
	size_t count;

	if (!view_name(subject, attributes, &count))
		return fail(e, "subject cannot be read");
	for (size_t i = 0; i < count; i++) {
		if (!bytes_equal(attributes[i].oid, OID_UID) &&
		    !bytes_equal(attributes[i].oid, OID_SERIAL_NUMBER))
			continue;
		if (found != NULL)
			return fail(e, "subject names several account ids");
		found = &attributes[i];
	}
	if (found == NULL)
		return fail(e, "subject has no serialNumber or UID with the "
			       "account id");
	if (found->tag != DER_UTF8_STRING && found->tag != DER_PRINTABLE_STRING)
		return fail(e, "account id is neither UTF8String nor "
			       "PrintableString");
	if (!approver_id_ok(found->value))
		return fail(e, "account id is not graphic ASCII");
	memcpy(a->id, found->value.data, found->value.len);
	a->id[found->value.len] = '\0';
	return true;
}

/* What only OpenSSL can tell; also fills its cache of extensions. */
static bool
read_usage(X509 *x, struct err *e)
{
	uint32_t flags = X509_get_extension_flags(x);
	uint32_t usage = X509_get_key_usage(x);

	if ((flags & (EXFLAG_INVALID | EXFLAG_CRITICAL)) != 0)
		return fail(e, "an extension cannot be read");
	if ((usage & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)) == 0)
		return fail(e, "key usage allows no signatures");
	return true;
}

static bool
read_certificate(struct bytes der, struct approver *a, struct err *e)
{
	const unsigned char *p = der.data;
	struct pki_certificate c;
	struct pki_refusal why;
	struct pki_key key;

	if (!pki_certificate_parse(der, &c, e)) {
		e->kind = ERR_FATAL;
		return false;
	}
	if (!pki_key_check(c.spki, &key, &why))
		return fail(e, why.reason);
	memcpy(a->spki_sha256, key.spki_sha256, SHA256_LEN);
	a->not_before = c.not_before;
	a->not_after = c.not_after;
	a->certificate = d2i_X509(NULL, &p, (long)der.len);
	if (a->certificate == NULL)
		return ossl_failed(e, ERR_FATAL, "certificate");
	return read_id(c.subject, a, e) && read_usage(a->certificate, e);
}

static bool
check_unshared(const struct pki_approvers *known, const struct approver *a,
	       struct err *e)
{
	for (size_t i = 0; i < known->count; i++)
		if (memcmp(known->items[i].spki_sha256, a->spki_sha256,
			   SHA256_LEN) == 0 &&
		    strcmp(known->items[i].id, a->id) != 0)
			return fail(e, "its key is another approver's too");
	return true;
}

static bool
add(struct pki_approvers *known, const struct block *b, struct err *e)
{
	struct approver *a = &known->items[known->count];

	if (known->count == APPROVERS_MAX)
		return ERR_SET(e, ERR_FATAL, "pki", 0, "more than %d",
			       APPROVERS_MAX);
	if (strcmp(b->label, "CERTIFICATE") != 0)
		return ERR_SET(e, ERR_FATAL, "pki", 0, "is a %.40s", b->label);
	if (!read_certificate(bytes_of(b->data, (size_t)b->len), a, e) ||
	    !check_unshared(known, a, e)) {
		X509_free(a->certificate);
		return false;
	}
	known->count++;
	return true;
}

/* Sets *more to false behind the last block. */
static bool
next_block(BIO *in, struct block *b, bool *more, struct err *e)
{
	ERR_clear_error();
	*more = PEM_read_bio(in, &b->label, &b->header, &b->data, &b->len) == 1;
	if (*more ||
	    ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE) {
		ERR_clear_error();
		return true;
	}
	return ossl_failed(e, ERR_FATAL, "not PEM");
}

static bool
read_all(BIO *in, struct pki_approvers *known, struct err *e)
{
	bool more = true;

	while (more) {
		AUTO(block) struct block b = { 0 };

		if (!next_block(in, &b, &more, e) ||
		    (more && !add(known, &b, e)))
			return err_context(e, "certificate %zu",
					   known->count + 1);
	}
	return known->count > 0 || fail(e, "no certificate");
}

bool
pki_approvers_parse(struct bytes pem, struct pki_approvers **out, struct err *e)
{
	AUTO(pki_approvers)
	struct pki_approvers *known = calloc(1, sizeof(*known));
	AUTO(bio) BIO *in = NULL;

	if (known == NULL || pem.len > INT_MAX)
		return ERR_NO_MEMORY(e);
	known->items = calloc(APPROVERS_MAX, sizeof(*known->items));
	in = BIO_new_mem_buf(pem.len == 0 ? "" : (const void *)pem.data,
			     (int)pem.len);
	if (known->items == NULL || in == NULL)
		return ERR_NO_MEMORY(e);
	if (!read_all(in, known, e))
		return false;
	*out = TAKE(known);
	return true;
}

bool
pki_approvers_load(const char *path, struct pki_approvers **out, struct err *e)
{
	AUTO(buffer) struct buffer file = { 0 };

	return file_read(path, APPROVERS_FILE_MAX, &file, e) &&
	       (pki_approvers_parse(buffer_view(&file), out, e) ||
		err_context(e, "%s", path));
}

void
pki_approvers_free(struct pki_approvers *known)
{
	if (known == NULL)
		return;
	for (size_t i = 0; i < known->count; i++)
		X509_free(known->items[i].certificate);
	free(known->items);
	free(known);
}
