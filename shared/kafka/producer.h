/*
 * producer.h - the idempotent producer.
 *
 * acks=all, linger.ms=0, partitioner murmur2_random (what Java clients do).
 * Records of one producer to one partition arrive in the order sent.
 * Delivery callbacks run inside kafka_producer_poll(), _flush(), _close()
 * and _send_wait(), on the calling thread.  One thread per producer.
 */
#ifndef CERTFLOW_KAFKA_PRODUCER_H
#define CERTFLOW_KAFKA_PRODUCER_H

#include "kafka/kafka.h"

struct kafka_producer;

/**
 * The fate of one record.
 * @param at       where it stands; NULL on failure
 * @param failure  NULL on success
 * Both are borrowed for the call. Called exactly once for each record that
 * kafka_producer_send() took.
 */
typedef void (*kafka_delivered)(void *self, const struct kafka_partition *at,
				const struct err *failure);

/**
 * @param delivery_timeout_ms  give up on a record after so long; 0: never
 * @param out                  release with kafka_producer_close()
 */
bool kafka_producer_open(const struct kafka_settings *kafka,
			 int delivery_timeout_ms, struct kafka_producer **out,
			 struct err *e) MUST_CHECK;

/**
 * Enqueue a copy of the record.
 * @param done  may be NULL; self is borrowed until it is called
 * ERR_RETRY    the queue is full: poll, then again
 * ERR_REJECT   too large
 * ERR_FATAL    the producer is broken: close it, open another
 */
bool kafka_producer_send(struct kafka_producer *p, const struct kafka_record *r,
			 kafka_delivered done, void *self, struct err *e)
	MUST_CHECK;

/** Enqueue, wait for the broker's acknowledgement; at may be NULL and
 * borrows r->topic. ERR_RETRY: not known whether it was stored. */
bool kafka_producer_send_wait(struct kafka_producer *p,
			      const struct kafka_record *r, int timeout_ms,
			      struct kafka_partition *at, struct err *e)
	MUST_CHECK;

/**
 * Is it broken for good (fatal error of the idempotent producer, KIP-360)?
 * Nothing that was sent is acknowledged any more: close it.
 * @param e  set if so: ERR_FATAL, the reason
 */
bool kafka_producer_is_dead(const struct kafka_producer *p, struct err *e);

/** Serve delivery callbacks for up to timeout_ms (0: only what is there). */
void kafka_producer_poll(struct kafka_producer *p, int timeout_ms);

/** Wait for the fate of all. ERR_RETRY: time is over; says how many left. */
bool kafka_producer_flush(struct kafka_producer *p, int timeout_ms,
			  struct err *e) MUST_CHECK;

/** Drops what is pending (callbacks get a failure). NULL is fine. */
void kafka_producer_close(struct kafka_producer *p);
DEFINE_AUTO(kafka_producer, struct kafka_producer *, kafka_producer_close);

#endif
