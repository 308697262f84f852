/*
 * follow.h - what the log says of our journeys.
 *
 * A record of the log and the outcome of its message are of one
 * transaction, so who reads certflow.events learns of an admission when
 * certflow.outcomes tells the portal.  Most records are told by their key
 * and headers alone, without decoding: 25,000 a second take little.
 */
#ifndef CERTFLOW_LOAD_FOLLOW_H
#define CERTFLOW_LOAD_FOLLOW_H

#include "act.h"
#include "customers.h"
#include "ids.h"
#include "kafka/kafka.h"
#include "registry/schemas.h"

enum follow_what {
	FOLLOW_ADMITTED, /* act */
	FOLLOW_REFUSED,  /* act; why */
	FOLLOW_DEFERRED, /* act: decided later */
	FOLLOW_ORDERED,
	FOLLOW_ISSUED, /* signed_us */
	FOLLOW_FAILED, /* no certificate comes of its order; why */
};

/* One record of a journey. */
struct follow_note {
	enum follow_what what;
	uint32_t journey;
	enum load_act act;
	const char *why; /* literal */
	int64_t seen_us;
	int64_t logged_us;
	int64_t signed_us;
	int32_t partition;
	int64_t offset;
};

struct follow;

struct follow_config {
	const struct kafka_settings *kafka;
	struct schemas *schemas;           /* these are borrowed until */
	const struct load_ids *ids;        /* follow_close() */
	const struct customers *customers; /* NULL: of a file */
	int timeout_ms;
	void (*note)(void *self, const struct follow_note *n);
	void *self;
};

/** Notes where the log ends now. Release with follow_close(). */
bool follow_open(const struct follow_config *cfg, struct follow **out,
		 struct err *e) MUST_CHECK;

/** Partitions of the log. */
int32_t follow_partitions(const struct follow *f);

/** Take in what is there, up to a bound; more: perhaps there is more now.
 * A cluster that is away is waited for. */
bool follow_poll(struct follow *f, bool *more, struct err *e) MUST_CHECK;

/** NULL is fine. */
void follow_close(struct follow *f);
DEFINE_AUTO(follow, struct follow *, follow_close);

#endif
