/*
 * publisher.h - publishes events given as JSON and follows them to their
 * outcome.
 *
 * Nothing is judged here: what the schema can carry is sent, so that the
 * registrar's refusal can be seen.  One thread.
 */
#ifndef CERTFLOW_PUBLISH_PUBLISHER_H
#define CERTFLOW_PUBLISH_PUBLISHER_H

#include <jansson.h>

#include "base/uuid.h"
#include "event/event.h"
#include "kafka/kafka.h"

#define PUBLISH_TOPIC_MAX 64

struct publisher;

struct publisher_config {
	struct kafka_settings kafka;
	const char *registry;   /* URL */
	const char *cache_dir;  /* of schemas; NULL: none */
	enum event_inbox inbox; /* INBOX_NONE: certflow.personal */
	const char *actor;      /* meta.actor.id where it is missing, or NULL */
	const char *key;        /* Kafka key instead of the tax code, or NULL */
	bool wait;              /* publisher_follow() will be used */
	int timeout_ms;         /* of each call */
};

enum publish_result {
	PUBLISH_SENT, /* acknowledged by the broker */
	PUBLISH_ADMITTED,
	PUBLISH_REFUSED,
	PUBLISH_TIMEOUT, /* sent, but no outcome in time */
	PUBLISH_INVALID, /* not sent: the document does not fit its schema */
};

/* What became of one document. */
struct publication {
	enum publish_result result;
	enum event_type type;
	char id[UUID_TEXT_MAX]; /* event_id; of a PersonalRecord: its key */
	char commitment[2 * SHA256_LEN + 1]; /* PersonalRecord, else "" */
	char topic[PUBLISH_TOPIC_MAX];
	int32_t partition;
	int64_t offset;
	enum ev_refusal_code waits_for; /* UNKNOWN: was never deferred */
	struct event *outcome;          /* ADMITTED and REFUSED, else NULL */
};

/** Called when an event turns out to be deferred. */
typedef void (*publish_deferred)(void *self, const struct publication *p);

/** Connects; with wait, notes where certflow.outcomes ends now. */
bool publisher_open(const struct publisher_config *cfg, struct publisher **out,
		    struct err *e) MUST_CHECK;

/**
 * Fill in what is missing of meta (event_id, occurred_at, actor), or of a
 * PersonalRecord (personal_ref, salt), encode, send, wait for the broker.
 * @param document  is changed by the filling in
 * @param out       SENT; publication_clear() it
 * ERR_REJECT       the document does not fit: nothing was sent
 */
bool publisher_send(struct publisher *p, json_t *document,
		    struct publication *out, struct err *e) MUST_CHECK;

/** Read outcomes until that of `sent` is ADMITTED or REFUSED: sets result
 * and outcome. Events must be followed in the order sent. */
bool publisher_follow(struct publisher *p, struct publication *sent,
		      publish_deferred deferred, void *self, struct err *e)
	MUST_CHECK;

/** Write the tombstone that erases a PersonalRecord. */
bool publisher_erase(struct publisher *p, const char *personal_ref,
		     struct publication *out, struct err *e) MUST_CHECK;

/** Release what the publication owns. */
void publication_clear(struct publication *p);
DEFINE_AUTO_VALUE(publication, struct publication, publication_clear);

/** NULL is fine. */
void publisher_close(struct publisher *p);
DEFINE_AUTO(publisher, struct publisher *, publisher_close);

#endif
