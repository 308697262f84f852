/*
 * status.h - what the log says of each certificate's status at the CA.
 *
 * The fold of certflow.events into a book of serial numbers: good, on hold
 * or revoked, since when and why.  CRL and OCSP responses are made from it.
 * What counts as revoked:
 *
 *   CertificateRevoked                          with its reason
 *   CertificateSuspended, until it is resumed   certificateHold
 *   OrderVoided; IssuanceFailed(ORDER_EXPIRED)  a signature may exist
 *   CertificateRejected but EVENT_ID_CONFLICT   the serial number of the order
 *                                               if that was open, and the one
 *                                               inside the certificate if our
 *                                               key has signed it: anybody
 *                                               can write a number into one
 *
 * From IssuanceOrdered on a serial number counts as issued, signed or not.
 * Revoked is for ever: no later event takes it back.  A certificate that is
 * revoked while on hold counts as revoked since the hold began (ITU-T X.509,
 * hold instruction code).  All events of a serial number stand in one
 * partition of the log, so it does not matter how partitions are interleaved:
 * the same log always gives the same book.
 *
 * A book is kept for one issuer name, or for all.  About 60 octets a
 * certificate.  Pure memory, no I/O; one thread at a time.
 */
#ifndef CERTFLOW_STATUS_STATUS_H
#define CERTFLOW_STATUS_STATUS_H

#include "event/event.h"

#define STATUS_NO_TIME INT64_MIN /* there is no such time */
#define STATUS_NO_END INT64_MAX  /* not_after of a certificate never ordered */

struct status_book;

enum status_kind {
	STATUS_UNKNOWN, /* not ordered of this CA, or certainly not signed */
	STATUS_GOOD,
	STATUS_REVOKED, /* also while on hold */
};

/* CRLReason, RFC 5280 5.3.1: those that a certificate of ours may have. */
enum status_reason {
	STATUS_UNSPECIFIED = 0, /* to be left out of CRL entries */
	STATUS_KEY_COMPROMISE = 1,
	STATUS_AFFILIATION_CHANGED = 3,
	STATUS_SUPERSEDED = 4,
	STATUS_CESSATION_OF_OPERATION = 5,
	STATUS_HOLD = 6,
	STATUS_PRIVILEGE_WITHDRAWN = 9,
};

/* Plain data. Times are microseconds since 1970. */
struct status_entry {
	uint8_t serial[EVENT_SERIAL_OCTETS_MAX]; /* big-endian, no padding */
	size_t serial_len;
	enum status_kind kind;
	enum status_reason reason;
	int64_t revoked_at_us; /* of STATUS_REVOKED, else STATUS_NO_TIME */
	/* Since when the key must be distrusted, or STATUS_NO_TIME. */
	int64_t invalidity_at_us;
	/* When the last hold was lifted; STATUS_NO_TIME: not of a good one,
	 * or never on hold. */
	int64_t resumed_at_us;
	int64_t not_after_us; /* of the order, or STATUS_NO_END */
};

/**
 * @param issuer  DER Name (subject of the CA's certificate, with its tag):
 *                other CAs' certificates are not entered. Absent: all are
 * @param out     release with status_book_free()
 */
bool status_book_new(struct bytes issuer, struct status_book **out,
		     struct err *e) MUST_CHECK;

/** Has the key of the book's CA signed this certificate? */
typedef bool (*status_verifies)(const void *self, struct bytes der);

/** Without it no serial number is taken from a rejected certificate itself.
 * self is borrowed until status_book_free(). */
void status_book_verify(struct status_book *b, status_verifies verifies,
			const void *self);

/** May an event of this type change a book? The others need not be decoded. */
bool status_wants(enum event_type type);

/**
 * Take in one event of the log, each once and in the order of its partition.
 * ERR_FATAL: no memory, or the event does not fit the log before it.
 */
bool status_book_apply(struct status_book *b, const struct event *ev,
		       struct err *e) MUST_CHECK;

/** serial: big-endian octets, without leading zero octets. @return false if
 * nothing is known of it; then out->kind is STATUS_UNKNOWN. */
bool status_book_find(const struct status_book *b, struct bytes serial,
		      struct status_entry *out);

/** Called for each entry; borrowed for the call. false stops with e. */
typedef bool (*status_each)(void *self, const struct status_entry *entry,
			    struct err *e);

/** All of kind STATUS_REVOKED, in ascending order of the serial's octets. */
bool status_book_each_revoked(const struct status_book *b, status_each each,
			      void *self, struct err *e) MUST_CHECK;

/** Serial numbers entered, whatever their kind. */
size_t status_book_count(const struct status_book *b);

/** Of kind STATUS_REVOKED. */
size_t status_book_revoked(const struct status_book *b);

/** Grows with each change of what status_book_each_revoked() says. */
uint64_t status_book_changes(const struct status_book *b);

/** NULL is fine. */
void status_book_free(struct status_book *b);
DEFINE_AUTO(status_book, struct status_book *, status_book_free);

#endif
