#include "workflow/der.h"

#define SEQUENCE 0x30
#define INTEGER 0x02
#define VERSION 0xa0 /* [0] EXPLICIT */

struct element {
	uint8_t tag;
	struct bytes whole; /* tag and length included */
	struct bytes content;
};

/* Take the first element off *from. */
static bool
next(struct bytes *from, struct element *el)
{
	size_t head = 2, len, octets;

	if (from->len < 2)
		return false;
	len = from->data[1];
	if (len > 0x80) {
		octets = len - 0x80;
		if (octets > 3 || from->len < 2 + octets)
			return false;
		len = 0;
		for (size_t i = 0; i < octets; i++)
			len = len << 8 | from->data[2 + i];
		head += octets;
	} else if (len == 0x80) {
		return false; /* indefinite: not DER */
	}
	if (len > from->len - head)
		return false;
	el->tag = from->data[0];
	el->whole = bytes_of(from->data, head + len);
	el->content = bytes_of(from->data + head, len);
	*from = bytes_of(from->data + head + len, from->len - head - len);
	return true;
}

static bool
enter(struct bytes *from)
{
	struct element el;

	if (!next(from, &el) || el.tag != SEQUENCE)
		return false;
	*from = el.content;
	return true;
}

bool
der_csr_spki(struct bytes csr, struct bytes *spki)
{
	struct element version, subject, key;

	if (csr.data == NULL || !enter(&csr) || !enter(&csr) ||
	    !next(&csr, &version) || version.tag != INTEGER ||
	    !next(&csr, &subject) || subject.tag != SEQUENCE ||
	    !next(&csr, &key) || key.tag != SEQUENCE)
		return false;
	*spki = key.whole;
	return true;
}

/* Version and serial number, which begin a TBSCertificate. */
static bool
take_serial(struct bytes *tbs, struct element *serial)
{
	return tbs->data != NULL && enter(tbs) && next(tbs, serial) &&
	       (serial->tag != VERSION || next(tbs, serial)) &&
	       serial->tag == INTEGER && serial->content.len > 0;
}

bool
der_certificate_serial(struct bytes certificate, char out[41])
{
	struct element el;

	if (certificate.data == NULL || !enter(&certificate) ||
	    !take_serial(&certificate, &el))
		return false;
	if (el.content.data[0] == 0 && el.content.len > 1)
		el.content = bytes_of(el.content.data + 1, el.content.len - 1);
	if (el.content.len > 20)
		return false;
	hex_encode(el.content, out);
	return true;
}

bool
der_tbs_issuer(struct bytes tbs, struct bytes *issuer)
{
	struct element el;

	if (!take_serial(&tbs, &el) || !next(&tbs, &el) || el.tag != SEQUENCE ||
	    !next(&tbs, &el) || el.tag != SEQUENCE)
		return false;
	*issuer = el.whole;
	return true;
}

bool
der_certificate_issuer(struct bytes certificate, struct bytes *issuer)
{
	return certificate.data != NULL && enter(&certificate) &&
	       der_tbs_issuer(certificate, issuer);
}
