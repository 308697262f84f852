/*
 * registrar.h - what the files of this program share.
 *
 *   intake.c   a message -> event, dead letter or misplaced
 *   ahead.c, claims.c  a batch -> events, and the keys that they claim
 *   admit.c    one event -> decision -> records, and what waited for it
 *   emit.c     records into the open transaction
 *   clock.c    what time demands, also on quiet partitions
 *   fold.c     the log -> subjects, before anything is admitted
 *   positions.c  where each input goes on, from what was decided
 *   loop.c     poll, admit, commit, checkpoint; rebalances and recovery
 *   cache.c, checkpoint*.c, keys.c   subjects in memory and in PostgreSQL
 *
 * One thread.
 */
#ifndef CERTFLOW_REGISTRAR_REGISTRAR_H
#define CERTFLOW_REGISTRAR_REGISTRAR_H

#include "kafka/admin.h"
#include "kafka/consumer.h"
#include "kafka/reader.h"
#include "kafka/transaction.h"
#include "registrar/ahead.h"
#include "registrar/cache.h"
#include "registrar/intake.h"
#include "registrar/store.h"
#include "runtime/backoff.h"
#include "runtime/runtime.h"
#include "workflow/decide.h"

#define INPUTS 7 /* inbox topics, misrouted included */
#define CLAIMS_MAX 8

/* One inbox partition. */
struct input {
	const char *topic;
	int64_t next; /* first offset not yet decided                      */
	bool waiting; /* paused: its next message cannot be decided now    */
	struct backoff backoff;
};

/* Equal partition numbers of all topics: one total order. */
struct lane {
	struct store_position log;
	struct input inputs[INPUTS];
	bool touched;   /* the open transaction writes for it       */
	bool unsettled; /* its log may have grown since last looked */
};

struct registrar_metrics {
	struct metric *admitted, *refused, *deferred, *repeated;
	struct metric *dead_letters, *transactions, *aborts, *waiting;
	struct metric *subjects, *cache_bytes;
};

struct registrar {
	struct runtime *rt;
	struct schemas *schemas;
	struct kafka_admin *admin;
	struct kafka_consumer *consumer;
	struct kafka_group *group;
	struct kafka_txn *txn;
	struct store *store;
	struct cache *cache;
	struct wf_env env;
	struct pki_guard *guard; /* borrowed */
	struct pki_ca_watch *ca_watch;
	struct registrar_metrics count;

	int32_t partitions; /* of every topic */
	struct lane *lanes; /* ours, by partition */
	size_t lane_count;
	bool assigned; /* the group has said which are ours */
	bool ready;    /* folded: may admit                 */
	bool began;    /* a transaction is open    */
	bool failed;   /* ... and must be aborted               */
	bool broken;   /* the producer is lost                  */

	struct ahead *ahead; /* the batch under way                  */
	struct opened *turn; /* whose turn it is, or NULL            */
	/* Of the decision under way. */
	const char *cause;
	int32_t cause_partition;
	struct store_claim claims[CLAIMS_MAX];
	char claim_tax_code[STORE_TAX_CODE_MAX];
	size_t claim_count;

	size_t batch_max;
	int64_t checkpoint_interval_us;
	int64_t last_checkpoint_us;
	int64_t commit_interval_us; /* of transactions of many events */
	int64_t last_work_us;       /* a batch was begun */
	size_t last_count;          /* events in it */
	int64_t last_clock_us;
	int64_t fatal_at[3]; /* when producers broke, oldest first */
	struct err trouble;  /* last said; ERR_NONE: all is well   */
};

extern const char *const registrar_inboxes[INPUTS];

/* Where it writes. */
#define OUTPUTS 4
extern const char *const registrar_outputs[OUTPUTS];

/* ---- emit.c ---------------------------------------------------------- */

/** Open the transaction if none is, and write for this lane. */
bool emit_begin(struct registrar *r, struct lane *lane, struct err *e)
	MUST_CHECK;

/** Wire bytes of a decision's record; `in` only for one that is the input. */
bool emit_encode(struct registrar *r, const struct wf_emit *emit,
		 const struct intake *in, struct buffer *wire, struct err *e)
	MUST_CHECK;

/** To the log. */
bool emit_log(struct registrar *r, struct lane *lane,
	      const struct wf_emit *emit, const struct intake *in,
	      const char *traceparent, struct bytes wire, struct err *e)
	MUST_CHECK;

/** To certflow.outcomes. @param key  as in the inbox; absent: none */
bool emit_outcome(struct registrar *r, struct lane *lane,
		  const struct intake *in, const struct wf_outcome *outcome,
		  struct bytes key, struct err *e) MUST_CHECK;

/** To certflow.dead-letters: the original octets. */
bool emit_dead_letter(struct registrar *r, struct lane *lane,
		      const struct kafka_message *m, const struct intake *in,
		      struct err *e) MUST_CHECK;

/** To certflow.inbox.misrouted, into the partition of its key. */
bool emit_misplaced(struct registrar *r, struct lane *lane,
		    const struct kafka_message *m, struct err *e) MUST_CHECK;

/* ---- record.c: a record of the log, as the workflow folds it ---------- */

struct log_record {
	struct wf_record rec;
	struct event *event; /* owned */
	uint8_t digest[SHA256_LEN];
	char topic[INTAKE_TOPIC_MAX];
};

/**
 * @param value   wire bytes, borrowed until log_record_free()
 * @param source  text of certflow-source, or NULL
 * @param digest  hex of certflow-body-sha256, or NULL
 */
bool log_record_open(struct schemas *schemas, struct bytes value,
		     const char *source, const char *digest,
		     struct log_record *out, struct err *e) MUST_CHECK;
void log_record_free(struct log_record *rec);
DEFINE_AUTO_VALUE(log_record, struct log_record, log_record_free);

/* ---- subjects.c: cache over checkpoint -------------------------------- */

/**
 * The subject of a tax code, from memory, the checkpoint, or new.
 * @param out  valid until cache_trim()
 */
bool subjects_find(struct registrar *r, const char *tax_code, int32_t partition,
		   struct cached **out, struct err *e) MUST_CHECK;

/** The same of one of which the log has nothing yet: the checkpoint is not
 * asked. */
bool subjects_begin(struct registrar *r, const char *tax_code,
		    int32_t partition, struct cached **out, struct err *e)
	MUST_CHECK;

/** Bring the subjects of a batch into memory with one question to the
 * checkpoint. What fails here is found again, and judged, one by one. */
bool subjects_prefetch(struct registrar *r, const struct kafka_batch *batch,
		       struct err *e) MUST_CHECK;

/** Fold one record and note the new deadline. */
bool subjects_apply(struct registrar *r, struct cached *it,
		    const struct wf_record *rec, struct err *e) MUST_CHECK;

/** When the clock next demands something of this subject. */
int64_t subjects_deadline(const struct registrar *r, const struct subject *s);

/* ---- admit.c --------------------------------------------------------- */

/**
 * Decide one message and send what follows. On false nothing of it was sent
 * (ERR_RETRY: same message later) unless r->failed is set: then the whole
 * transaction must be aborted.
 */
bool admit_message(struct registrar *r, struct lane *lane, struct opened *o,
		   struct err *e) MUST_CHECK;

/** Decide again what waits for this tax code. As above. */
bool admit_deferred(struct registrar *r, struct lane *lane, struct cached *it,
		    struct err *e) MUST_CHECK;

/** Send and fold the records of a decision that is not about an input. */
bool admit_own(struct registrar *r, struct lane *lane, struct cached *it,
	       const struct wf_decision *d, struct err *e) MUST_CHECK;

/* ---- clock.c ---------------------------------------------------------- */

/** Everything that is due, in the open transaction (opened if needed). */
bool clock_run(struct registrar *r, struct err *e) MUST_CHECK;

/* ---- fold.c ----------------------------------------------------------- */

/**
 * After an assignment or an abort: fence, learn the input positions, fold
 * the log, go on reading. Sets r->ready.
 */
bool fold_prepare(struct registrar *r, struct err *e) MUST_CHECK;

/** Fence an earlier instance of this slot, and end its transaction; done at
 * once if that has been. */
bool fold_open_producer(struct registrar *r, struct err *e) MUST_CHECK;

/** Ends of the log partitions that grew; before a checkpoint. */
bool fold_settle(struct registrar *r, struct err *e) MUST_CHECK;

/** Reading much takes long: the group must hear of us meanwhile. ERR_RETRY if
 * the partitions are not the same any more. */
bool fold_still_owner(struct registrar *r, unsigned epoch, struct err *e)
	MUST_CHECK;

/* ---- positions.c ------------------------------------------------------ */

/**
 * Where each input of ours goes on: where the group stands, but never before
 * what certflow.outcomes proves to be decided; the first message there is
 * where neither knows anything.
 * @param list  as commit_inputs() gives all of them; offsets are set
 */
bool positions_learn(struct registrar *r, struct kafka_partition *list,
		     size_t n, struct err *e) MUST_CHECK;

/** An input that starts before its first message: raised, if that is sure to
 * pass nothing. In the list of an assignment, too. */
bool positions_raise(struct registrar *r, struct kafka_partition *list,
		     size_t n, struct err *e) MUST_CHECK;

#define REGISTRAR_GROUP "certflow-registrar"
/* Above transaction.timeout.ms and the broker's next look at it. */
#define REGISTRAR_IDLE_MS 15000

/* ---- commit.c --------------------------------------------------------- */

/** Commit the open transaction, if any, with the input positions. */
bool commit_run(struct registrar *r, struct err *e) MUST_CHECK;

/** Give it up, forget what is in memory: not ready any more. */
void commit_abort(struct registrar *r);

/** Write the checkpoint. ERR_RETRY with r->ready false: the database is not
 * the one we knew. ERR_FATAL amid a transaction, also one that failed. */
bool commit_checkpoint(struct registrar *r, struct err *e) MUST_CHECK;

/** After a checkpoint: give back what is reserved for no event. */
bool commit_settle_keys(struct registrar *r, struct err *e) MUST_CHECK;

/** End what a transaction of ours left open when its broker was killed amid its
 * commit: input positions (certflow.outcomes knows them), or its records,
 * too. Those were never seen; their inputs are judged again. */
bool commit_end_offsets(struct registrar *r, struct err *e) MUST_CHECK;
bool commit_end_records(struct registrar *r, struct err *e) MUST_CHECK;

/** Copy of every lane's log position; free() it. NULL: no memory. */
struct store_position *commit_log_positions(const struct registrar *r,
					    struct err *e) MUST_CHECK;

/** Inputs of the lanes, or of the touched ones; room for all in out.
 * @return how many */
size_t commit_inputs(const struct registrar *r, bool touched_only,
		     struct kafka_partition *out);

/* ---- loop.c ----------------------------------------------------------- */

/** Until asked to stop. @return exit code */
int loop_run(struct registrar *r);

struct lane *loop_lane(struct registrar *r, int32_t partition);

/** The input of this message, if that is to be decided now; else NULL. */
struct input *loop_due(struct registrar *r, const struct kafka_message *m);

#endif
