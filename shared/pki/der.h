/*
 * der.h - just enough of DER (X.690, 10) to read hostile X.509 strictly and
 * to write it.  Used inside shared/pki only.
 */
#ifndef CERTFLOW_PKI_DER_H
#define CERTFLOW_PKI_DER_H

#include "base/bytes.h"

#define DER_BOOLEAN 0x01
#define DER_INTEGER 0x02
#define DER_BIT_STRING 0x03
#define DER_OCTET_STRING 0x04
#define DER_NULL 0x05
#define DER_OID 0x06
#define DER_ENUMERATED 0x0a
#define DER_UTF8_STRING 0x0c
#define DER_PRINTABLE_STRING 0x13
#define DER_IA5_STRING 0x16
#define DER_UTC_TIME 0x17
#define DER_GENERALIZED_TIME 0x18
#define DER_SEQUENCE 0x30
#define DER_SET 0x31
#define DER_CONTEXT(n) (0x80 | (n))      /* [n] IMPLICIT, primitive */
#define DER_CONTEXT_OPEN(n) (0xa0 | (n)) /* [n], constructed        */

#define DER_DEPTH_MAX 16

/* --- reading: spans only, nothing is copied ------------------------- */

struct der_item {
	uint8_t tag;
	struct bytes all;   /* tag, length and content */
	struct bytes value; /* content                 */
};

/** Take one element off the front of *in; false: none, or not DER. */
bool der_next(struct bytes *in, struct der_item *out) MUST_CHECK;

/** The same; false also if the tag differs (then *in is unchanged). */
bool der_take(struct bytes *in, uint8_t tag, struct bytes *value) MUST_CHECK;

/** The same, giving tag, length and content. */
bool der_take_all(struct bytes *in, uint8_t tag, struct bytes *all) MUST_CHECK;

/** Is the next element's tag this one? */
bool der_peek(struct bytes in, uint8_t tag);

/** Content of a BIT STRING of whole octets. */
bool der_take_bits(struct bytes *in, struct bytes *value) MUST_CHECK;

/** Content of a UTCTime or GeneralizedTime as microseconds. */
bool der_time_parse(const struct der_item *item, int64_t *us) MUST_CHECK;

/**
 * Is b exactly one element, canonical all the way down (lengths, integers,
 * booleans, bit strings, order of sets, strings that are what they say)?
 */
bool der_is_canonical(struct bytes b) MUST_CHECK;

/** Elements sorted as DER wants SET OF (for IMPLICIT sets). */
bool der_is_sorted(struct bytes content) MUST_CHECK;

/** Length of the first element, whatever follows; 0 if it is not DER. */
size_t der_first_len(struct bytes b);

/* --- writing: errors stick and are asked for once ------------------- */

struct der_out {
	struct buffer *out;
	struct err *e;
	size_t start; /* length of out before us */
	size_t open[DER_DEPTH_MAX];
	unsigned depth;
	bool failed;
};

struct der_out der_start(struct buffer *out, struct err *e);

/** @return false (e is filled, out as before) if any step failed */
bool der_done(struct der_out *w) MUST_CHECK;

void der_open(struct der_out *w, uint8_t tag);
void der_close(struct der_out *w);
void der_raw(struct der_out *w, struct bytes encoded);
void der_put(struct der_out *w, uint8_t tag, struct bytes content);
void der_text(struct der_out *w, uint8_t tag, const char *text);
void der_oid(struct der_out *w, struct bytes content);

/** Positive INTEGER from big-endian octets, minimal. */
void der_unsigned(struct der_out *w, struct bytes big_endian);
void der_small(struct der_out *w, uint64_t value);

/** BIT STRING of whole octets. */
void der_bits(struct der_out *w, struct bytes content);

/** Named-bit list (X.690 11.2.2): bit n of mask is bit n of the string. */
void der_named_bits(struct der_out *w, uint16_t mask);

/** UTCTime through 2049, then GeneralizedTime (RFC 5280 4.1.2.5). */
void der_time(struct der_out *w, int64_t us);

/** GeneralizedTime without fractions, whatever the year. */
void der_generalized_time(struct der_out *w, int64_t us);

/** Record a failure of the caller's own. */
void der_fail(struct der_out *w, const char *reason);

#endif
