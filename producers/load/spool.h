/*
 * spool.h - events made before the clock starts, in a file without a name.
 *
 * So a million of them takes no memory.  Written once, read once, in the
 * same order.
 */
#ifndef CERTFLOW_LOAD_SPOOL_H
#define CERTFLOW_LOAD_SPOOL_H

#include "event/event.h"
#include "workflow/tax_code.h"

#define SPOOL_ACTOR_MAX 65

/* An event but for its id and time, which it gets when it is sent. */
struct spooled {
	enum event_type type;
	char tax_code[TAX_CODE_MAX];
	char actor[SPOOL_ACTOR_MAX];
	uint32_t len; /* octets behind meta, which follow */
};

struct spool;

/** In $TMPDIR, or /var/tmp. Release with spool_close(). */
bool spool_open(struct spool **out, struct err *e) MUST_CHECK;

/** @param rest  len octets: the body behind meta */
bool spool_put(struct spool *s, const struct spooled *head, struct bytes rest,
	       struct err *e) MUST_CHECK;

/** Nothing more comes: back to the beginning. */
bool spool_rewind(struct spool *s, struct err *e) MUST_CHECK;

/** The next one. @param rest  borrowed until the next call */
bool spool_next(struct spool *s, struct spooled *head, struct bytes *rest,
		struct err *e) MUST_CHECK;

/** NULL is fine. */
void spool_close(struct spool *s);
DEFINE_AUTO(spool, struct spool *, spool_close);

#endif
