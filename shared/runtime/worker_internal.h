/*
 * worker_internal.h - inside shared/runtime only: a running worker.
 *
 *   worker.c   life: open, turn after turn, close
 *   intake.c   messages into the ledger
 *   catch_up.c the end of the log; orders that were left out before it
 *   jobs.c     orders out of the ledger: pool, outcomes, deliveries
 */
#ifndef CERTFLOW_RUNTIME_WORKER_INTERNAL_H
#define CERTFLOW_RUNTIME_WORKER_INTERNAL_H

#include "kafka/consumer.h"
#include "kafka/dead_letter.h"
#include "kafka/producer.h"
#include "runtime/backoff.h"
#include "runtime/outbox.h"
#include "runtime/pool.h"
#include "runtime/worker.h"

#define WORKER_BATCH_MAX 500
/* While threads work: read and decoded before they have nothing to do. */
#define WORKER_BATCH_BUSY 32
#define WORKER_PARTITIONS_MAX 1024

/* An assigned partition of the log. */
struct place {
	int32_t partition;
	int64_t target;    /* end of the log at assignment */
	int64_t position;  /* next offset to observe       */
	int64_t committed; /* as last sent                 */
};

struct worker_metrics {
	struct metric *messages;
	struct metric *skipped;
	struct metric *open_orders;
	struct metric *done;
	struct metric *retries;
	struct metric *outcomes;
	struct metric *dead_letters;
	struct metric *lag;
};

struct run {
	const struct worker *w;
	struct runtime *rt;
	void *self;
	struct kafka_producer *producer;
	struct kafka_consumer *consumer;
	struct ledger *ledger;
	struct pool *pool; /* NULL: the worker has no work() */
	struct worker_metrics m;
	char group[64];
	char inbox_topic[64];
	char source[64];

	struct place *places; /* of the present assignment */
	size_t place_count;
	bool assigned;
	bool caught_up; /* all places have once reached their targets */
	bool again;     /* orders were left out: see run_go_back() */
	/* A batch not all of which is observed yet (the registry is away). */
	struct kafka_batch *batch;
	size_t next_in_batch;
	struct backoff intake_backoff;
	bool away;    /* the cluster was, when last heard of */
	bool stalled; /* the next message cannot be observed now */
	bool ready;   /* what the worker's ready() said last */
	bool paused;  /* partitions are paused */

	size_t orders_max; /* open at a time; then reading waits */
	size_t unsent;     /* dead letters not acknowledged */
	size_t in_hand;    /* orders that a job works on or delivers */
	int64_t commit_us;
	bool failed;   /* failure is fatal: end */
	bool unusable; /* ... because of the configuration */
	struct err failure;
};

/** Note a fatal failure; the first one counts. Always returns false. */
bool run_fail(struct run *r, const struct err *e);

/* intake.c */

/** For the consumer: see kafka/consumer.h. */
extern const struct kafka_consumer_events run_events;

/** Poll, observe; what cannot be observed yet is kept. */
bool run_read(struct run *r, int timeout_ms, struct err *e) MUST_CHECK;

/** How far the log is read, and whether that is its end. */
bool run_catch_up(struct run *r, struct err *e) MUST_CHECK;

/** To orders that were left out, if there are any and there is room. */
bool run_go_back(struct run *r, struct err *e) MUST_CHECK;

/** Pause or go on, as ready, stalled and the number of orders say. */
bool run_steer(struct run *r, struct err *e) MUST_CHECK;

/** Commit what is finished. */
void run_commit(struct run *r, bool wait);

/** Bytes that cannot be read, or an order that cannot be carried out. */
bool run_dead_letter(struct run *r, const struct kafka_message *m,
		     const struct err *why, struct err *e) MUST_CHECK;

/* jobs.c */

/** Begin orders while there is room. */
bool run_begin_orders(struct run *r, struct err *e) MUST_CHECK;

/** Take what the pool and the broker have done. */
bool run_end_orders(struct run *r, struct err *e) MUST_CHECK;

/** Wait until no order is in hand: 4 minutes, 8 seconds if asked to stop.
 * @return false: time is over */
bool run_drain(struct run *r) MUST_CHECK;

/** Opens the pool if the worker has work(). */
bool run_open_pool(struct run *r, struct err *e) MUST_CHECK;

#endif
