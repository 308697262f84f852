/*
 * book.h - inside shared/status only: how a book keeps its entries.
 *
 *   book.c   entries by serial number, in blocks that never move
 *   open.c   orders without outcome, by order id
 *   fold.c   what each event does
 */
#ifndef CERTFLOW_STATUS_BOOK_H
#define CERTFLOW_STATUS_BOOK_H

#include "base/uuid.h"
#include "status/status.h"

#define BOOK_BLOCK 4096 /* entries */

enum record_state {
	RECORD_GOOD,
	RECORD_UNSIGNED, /* its order failed before a signature */
	RECORD_HOLD,
	RECORD_GIVEN_UP, /* revoked because a signature may exist */
	RECORD_REVOKED,  /* revoked by name                       */
};

/* 48 octets. */
struct record {
	int64_t since_us; /* hold, revocation; GOOD: resumed, or NO_TIME */
	int64_t invalidity_at_us;
	int64_t not_after_us;
	uint8_t serial[EVENT_SERIAL_OCTETS_MAX];
	uint8_t serial_len;
	uint8_t state;  /* enum record_state  */
	uint8_t reason; /* enum status_reason */
};

struct open_order {
	uint8_t id[UUID_LEN];
	struct record *record; /* NULL: the place is free */
};

/* Open addressing; size is 0 or a power of two. */
struct open_orders {
	struct open_order *places;
	size_t size;
	size_t count;
};

struct status_book {
	struct buffer issuer; /* Name; empty: any */
	status_verifies verifies;
	const void *verifier;
	struct record **blocks;
	size_t block_count;
	size_t count;
	uint32_t *places; /* number of a record, from 1; 0: free */
	size_t place_count;
	size_t revoked;
	uint64_t changes;
	struct open_orders open;
};

/** A well mixed number of some octets (FNV-1a and a finalizer). */
uint64_t book_hash(struct bytes b);

/** NULL if it is not there. Stays where it is until the book is freed. */
struct record *book_find(const struct status_book *b, struct bytes serial);

/** Found, or added as GOOD; serial: 1 to 20 octets. */
bool book_enter(struct status_book *b, struct bytes serial, struct record **out,
		struct err *e) MUST_CHECK;

/** Record number i, below b->count. */
struct record *book_at(const struct status_book *b, size_t i);

bool book_is_revoked(const struct record *r);

/** id: text of a UUID; one that is open already keeps its record. */
bool open_add(struct open_orders *o, const char *id, struct record *record,
	      struct err *e) MUST_CHECK;

/** Close it. @return its record, or NULL if it was not open */
struct record *open_take(struct open_orders *o, const char *id);

#endif
