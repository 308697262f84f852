/*
 * view.h - a TBSCertificate taken apart into spans (inside shared/pki).
 */
#ifndef CERTFLOW_PKI_VIEW_H
#define CERTFLOW_PKI_VIEW_H

#include "pki/der.h"

#define VIEW_EXTENSIONS_MAX 32
#define VIEW_ATTRIBUTES_MAX 32

struct view_extension {
	struct bytes oid; /* content */
	bool critical;
	struct bytes value; /* content of the OCTET STRING */
};

struct view_attribute {
	struct bytes oid; /* content */
	uint8_t tag;
	struct bytes value;
	bool first_of_set; /* false: a further one of a multi-valued RDN */
};

struct view {
	uint64_t version;       /* 2 is v3                     */
	struct bytes serial;    /* content of the INTEGER      */
	struct bytes signature; /* AlgorithmIdentifier with tag */
	struct bytes issuer;    /* Name with tag               */
	struct der_item not_before;
	struct der_item not_after;
	int64_t not_before_us;
	int64_t not_after_us;
	struct bytes subject; /* Name with tag               */
	struct bytes spki;    /* with tag                    */
	struct view_extension extensions[VIEW_EXTENSIONS_MAX];
	size_t extension_count;
};

/** tbs with its tag; canonical DER, nothing behind it.
 * @param where  literal: what could not be read */
bool view_parse(struct bytes tbs, struct view *out, const char **where)
	MUST_CHECK;

/** NULL if there is none. */
const struct view_extension *view_extension(const struct view *v,
					    struct bytes oid);

/** Attributes of a Name (with tag), in order. */
bool view_name(struct bytes name,
	       struct view_attribute out[VIEW_ATTRIBUTES_MAX], size_t *count)
	MUST_CHECK;

/** A serial number as events carry it: lower-case hex, even length.
 * @return false if it is not 1 to 20 octets of a positive number */
bool view_serial_text(struct bytes serial, char out[41]) MUST_CHECK;

#endif
