/*
 * tbs.h - the exact octets to be signed, from verified data and a profile.
 *
 * Times are microseconds since 1970 and must be whole seconds.  Pure except
 * pki_serial_draw(); thread-safe.
 */
#ifndef CERTFLOW_PKI_TBS_H
#define CERTFLOW_PKI_TBS_H

#include "pki/ca.h"
#include "pki/profile.h"

#define PKI_SERIAL_LEN 16
#define PKI_SERIAL_TEXT_MAX 41 /* 20 octets in hex and terminator */

/* From the customer record, never from a CSR. Borrowed texts. */
struct pki_subject {
	const char *tax_code;         /* UID=MST:<tax code>, canonical    */
	const char *certificate_name; /* O and CN                         */
	const char *province;         /* ST                               */
	const char *locality;         /* L, or NULL                       */
	const char *country;          /* C, two capital letters           */
};

struct pki_validity {
	int64_t not_before;
	int64_t not_after;
	bool shortened; /* the CA's own end caps the term              */
	bool ca_valid;  /* CA not_before <= not_before <= CA not_after */
};

/* All that a TBSCertificate is made of, and must be equal to. */
struct pki_order {
	struct pki_subject subject;
	struct bytes spki;
	const char *serial_number; /* lower-case hex, even length */
	int64_t not_before;
	int64_t not_after;
};

/** 16 octets, the first 0x40..0x7f, the rest random; lower-case hex. */
bool pki_serial_draw(char out[PKI_SERIAL_TEXT_MAX], struct err *e) MUST_CHECK;

/**
 * now cut to the second; not_after = not_before + calendar months (day
 * clamped to the month's end) - 1 s, capped by the CA's end.  months 1..1200.
 */
struct pki_validity pki_validity(int64_t now, int32_t months,
				 const struct pki_ca *ca);

/** not_before + calendar months - 1 s, uncapped. */
int64_t pki_validity_end(int64_t not_before, int32_t months);

/**
 * TBSCertificate (RFC 5280 4.1), appended to out.  Does not judge: lint
 * does (pki/lint.h).
 * @param e  ERR_REJECT: a text or time that cannot be encoded at all;
 *           ERR_FATAL: the profile is not for this CA's key
 */
bool pki_tbs_build(const struct pki_profile *profile, const struct pki_ca *ca,
		   const struct pki_order *order, struct buffer *out,
		   struct err *e) MUST_CHECK;

/**
 * Does tbs hold exactly the order's serial, dates, key and subject?
 * @param field  set to the name of the first field that differs (literal)
 * @return false: ERR_REJECT, e says what differs
 */
bool pki_tbs_matches(struct bytes tbs, const struct pki_profile *profile,
		     const struct pki_order *order, const char **field,
		     struct err *e) MUST_CHECK;

#endif
