/*
 * ocsp.h - OCSP requests and answers (RFC 6960, RFC 5019, RFC 9654).
 *
 * OpenSSL takes requests apart; answers are written here, because OpenSSL has
 * no way to sign with a key that only a token may use: pki_ocsp_tbs() makes
 * the octets, the signature comes from the token, pki_ocsp_assemble() joins
 * the two.  Pure and thread-safe.  Times are microseconds since 1970 and are
 * cut to whole seconds.
 */
#ifndef CERTFLOW_PKI_OCSP_H
#define CERTFLOW_PKI_OCSP_H

#include "pki/responder.h"
#include "pki/tbs.h"

#define PKI_OCSP_REQUEST_MAX (8u * 1024) /* octets                      */
#define PKI_OCSP_IDS_MAX 16              /* certificates in one request */
#define PKI_OCSP_ID_MAX 192              /* octets of one CertID, DER   */
#define PKI_OCSP_NONCE_MAX 128           /* RFC 9654, 2.1               */

/* OCSPResponseStatus, RFC 6960 4.2.1. */
enum pki_ocsp_code {
	PKI_OCSP_SUCCESSFUL = 0,
	PKI_OCSP_MALFORMED = 1,
	PKI_OCSP_INTERNAL_ERROR = 2,
	PKI_OCSP_TRY_LATER = 3,
	PKI_OCSP_UNAUTHORIZED = 6,
};

/* One certificate that is asked about. */
struct pki_ocsp_id {
	uint8_t der[PKI_OCSP_ID_MAX]; /* CertID, to be given back as it came */
	size_t len;
	/* Lower-case hex; "": no serial number that RFC 5280 allows. */
	char serial_number[PKI_SERIAL_TEXT_MAX];
};

struct pki_ocsp_request {
	struct pki_ocsp_id ids[PKI_OCSP_IDS_MAX];
	size_t id_count;
	uint8_t nonce[PKI_OCSP_NONCE_MAX];
	size_t nonce_len; /* 0: none */
};

/**
 * Take a request apart and see whether it is about certificates of this CA
 * (hashes of name and key, by SHA-1 or SHA-256).  A signature of the
 * requestor is not looked at.
 *
 * @return PKI_OCSP_SUCCESSFUL, then *out is set;
 *         PKI_OCSP_MALFORMED: not DER, no or too many certificates, a nonce
 *         of 0 or more than 128 octets, an unknown critical extension;
 *         PKI_OCSP_UNAUTHORIZED: another CA, or a hash we do not compute
 */
enum pki_ocsp_code pki_ocsp_parse(struct bytes der, const struct pki_ca *ca,
				  struct pki_ocsp_request *out) MUST_CHECK;

/**
 * The DER inside the path of a GET request (RFC 6960 A.1): base64, already
 * percent-decoded; appended to out.
 * @return false if it is not base64, or longer than PKI_OCSP_REQUEST_MAX
 */
bool pki_ocsp_from_path(const char *base64, struct buffer *out, struct err *e)
	MUST_CHECK;

enum pki_ocsp_status {
	PKI_OCSP_GOOD = 0,
	PKI_OCSP_REVOKED = 1,
	PKI_OCSP_UNKNOWN = 2,
};

/* What is said of one certificate. */
struct pki_ocsp_single {
	const struct pki_ocsp_id *id; /* borrowed */
	enum pki_ocsp_status status;
	int64_t revoked_at;  /* if revoked                          */
	int reason;          /* RFC 5280 5.3.1; 0: none is named    */
	int64_t this_update; /* as of when this was so              */
};

struct pki_ocsp_answer {
	const struct pki_ocsp_single *singles;
	size_t single_count;
	int64_t produced_at; /* now                                   */
	int64_t next_update; /* by then something newer can be asked  */
	struct bytes nonce;  /* of the request; absent: none          */
};

/** ResponseData (RFC 6960 4.2.1) in the name of the responder's key, appended
 * to out. */
bool pki_ocsp_tbs(const struct pki_responder *by,
		  const struct pki_ocsp_answer *answer, struct buffer *out,
		  struct err *e) MUST_CHECK;

/**
 * OCSPResponse around ResponseData and its signature, with the responder's
 * certificate, appended to out.
 * @param signature  by->signature over tbs; ECDSA: DER
 */
bool pki_ocsp_assemble(const struct pki_responder *by, struct bytes tbs,
		       struct bytes signature, struct buffer *out,
		       struct err *e) MUST_CHECK;

/** An OCSPResponse without a signature: any code but PKI_OCSP_SUCCESSFUL.
 * A literal of static life. */
struct bytes pki_ocsp_refusal(enum pki_ocsp_code code);

#endif
