/*
 * sender.h - events to their inboxes, as portals send them.
 */
#ifndef CERTFLOW_LOAD_SENDER_H
#define CERTFLOW_LOAD_SENDER_H

#include "act.h"
#include "kafka/producer.h"
#include "registry/schemas.h"

/* Sent and not yet acknowledged: when the broker is slower than the load,
 * more events wait here unsent, and count from when they were due. */
#define SENDER_UNACKED_MAX 20000

struct sender;

struct sender_config {
	const struct kafka_settings *kafka;
	struct schemas *schemas; /* borrowed until sender_close() */
	/* failure is NULL if the broker has it. In sender_poll(). */
	void (*acked)(void *self, uint32_t journey, enum load_act act,
		      const struct err *failure);
	void *self;
};

/** Release with sender_close(). */
bool sender_open(const struct sender_config *cfg, struct sender **out,
		 struct err *e) MUST_CHECK;

/** How many more may be sent now. */
size_t sender_room(const struct sender *s);

/**
 * Only with room. All is copied.
 * @param ev    type and meta; the rest, too, if rest is absent
 * @param rest  octets behind meta, encoded before
 */
bool sender_send(struct sender *s, const struct event *ev, struct bytes rest,
		 uint32_t journey, enum load_act act, struct err *e) MUST_CHECK;

/** Serve what was acknowledged, waiting for it up to timeout_ms. false: the
 * producer is broken. */
bool sender_poll(struct sender *s, int timeout_ms, struct err *e) MUST_CHECK;

/** NULL is fine; what is not acknowledged is dropped. */
void sender_close(struct sender *s);
DEFINE_AUTO(sender, struct sender *, sender_close);

#endif
