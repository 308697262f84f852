/*
 * transaction.h - a transactional producer (KIP-98, KIP-447).
 *
 * begin, send..., commit with the input offsets.  retry.backoff.ms 5,
 * linger.ms 0, transaction.timeout.ms 10000.  A program that wants one
 * transaction right after the other opens two (ids ...-a and ...-b) and uses
 * them alternately: the broker finishes the first while the second begins.
 *
 * On failure the kind says what is left to do:
 *   ERR_RETRY  this transaction is lost, the producer is not: call
 *              kafka_txn_abort(), seek the inputs back, begin again
 *   ERR_FATAL  the producer is lost: close it.  err.code tells fenced
 *              (kafka_err_is_fenced(): another instance has taken over, do
 *              not open again) from broken (open again with the same id)
 * One thread per producer.
 */
#ifndef CERTFLOW_KAFKA_TRANSACTION_H
#define CERTFLOW_KAFKA_TRANSACTION_H

#include "kafka/consumer.h"

struct kafka_txn;

/**
 * Create the producer and register its id: finishes or aborts what an
 * earlier producer with this id left open, and fences it.
 * @param topics  asked about in advance, so that the first transaction does
 *                not pay for it; may be NULL
 * ERR_RETRY      the cluster does not answer within timeout_ms
 */
bool kafka_txn_open(const struct kafka_settings *kafka,
		    const char *transactional_id, const char *const *topics,
		    size_t topic_count, int timeout_ms, struct kafka_txn **out,
		    struct err *e) MUST_CHECK;

/** Nothing may be open. */
bool kafka_txn_begin(struct kafka_txn *t, struct err *e) MUST_CHECK;

/** Put a copy of the record into the open transaction. It is sent with others:
 * what is wrong with it may be told by a later send, or by the commit. */
bool kafka_txn_send(struct kafka_txn *t, const struct kafka_record *r,
		    struct err *e) MUST_CHECK;

/** Send what waits for more to come, as the commit does by itself: for records
 * that are to be on the log while the transaction is open. */
bool kafka_txn_push(struct kafka_txn *t, struct err *e) MUST_CHECK;

/**
 * Send the offsets and commit; itself retries what is retriable, for at most
 * timeout_ms.
 * @param offsets  next input offset of each partition; count 0 is ERR_FATAL:
 *                 a transaction without offsets is not fenced by the group
 * @param group    taken at the assignment the inputs came from
 */
bool kafka_txn_commit(struct kafka_txn *t,
		      const struct kafka_partition *offsets, size_t count,
		      const struct kafka_group *group, int timeout_ms,
		      struct err *e) MUST_CHECK;

/** Give up the open transaction; done at once if there is none. */
bool kafka_txn_abort(struct kafka_txn *t, int timeout_ms, struct err *e)
	MUST_CHECK;

/**
 * End what an earlier transaction of this id has left behind: begins a
 * transaction, puts an empty record on each of the partitions, sends one
 * offset, and aborts it.
 *
 * A broker that is killed amid a commit may end the transaction when it is
 * back, and yet
 * - go on to hold its offsets for pending (seen with Kafka 4.1, in 1 of some 10
 *   kills under load). Committed offsets of those partitions are refused to
 *   everybody from then on (UNSTABLE_OFFSET_COMMIT, KIP-447; with librdkafka a
 *   time-out), until this id ends another transaction in the group;
 * - leave its records open, as no marker was ever written behind them (a
 *   "hanging" transaction, KIP-664; seen with Kafka 4.4). Whoever reads
 *   committed records stops before them, until this id ends another
 *   transaction on that partition. They end as this one does: aborted.
 *
 * What is dropped may have been committed: the caller must know from elsewhere
 * how far it is.  Nothing may be open.  For at most 3 * timeout_ms.
 * @param at          any partition; its offset is never committed
 * @param partitions  .offset is ignored; may be none
 * ERR_RETRY          the cluster does not answer; close the producer
 */
bool kafka_txn_end_former(struct kafka_txn *t, const char *group,
			  const struct kafka_partition *at,
			  const struct kafka_partition *partitions,
			  size_t count, int timeout_ms, struct err *e)
	MUST_CHECK;

/** Did kafka_reader_run() give up before records of an open transaction? */
bool kafka_err_is_held(const struct err *e);

/** Did a request get no answer in time? */
bool kafka_err_is_timeout(const struct err *e);

/** Was this error another instance's taking over? */
bool kafka_err_is_fenced(const struct err *e);

/** Does not commit; an open transaction is left for the next owner of the
 * id (or the broker's time-out) to abort. NULL is fine. */
void kafka_txn_close(struct kafka_txn *t);
DEFINE_AUTO(kafka_txn, struct kafka_txn *, kafka_txn_close);

#endif
