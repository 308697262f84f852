/*
 * worker.h - programs that carry out orders found on the log.
 *
 * Catch up, then act.  On assignment the log is read from the committed
 * offset to its end, each wanted event is given to observe(), which opens
 * and closes orders in the ledger; what is still open then is carried out,
 * and from there on each new event is observed and its orders carried out at
 * once.  A replay from offset 0 therefore does nothing twice.
 *
 * Carrying out is three steps, so that Avro stays on the loop thread and the
 * HSM in the pool:
 *
 *   loop  prepare(self, order, &job)      optional
 *   pool  work(self, thread, order, &job) the slow part; no Avro, no Kafka
 *   loop  finish(self, order, job, out)   outbox_send() the outcomes
 *
 * Outcomes go to the worker's inbox by the idempotent producer, acks=all;
 * when all are acknowledged the order is finished, and the input offset is
 * committed up to the lowest unfinished order.
 *
 * What a step's error means:
 *   ERR_RETRY   this order again later, with back-off
 *   ERR_REJECT  the order cannot be understood: it becomes a dead letter
 *   ERR_FATAL   the program ends with PROCESS_EXIT_FAULT and is restarted
 */
#ifndef CERTFLOW_RUNTIME_WORKER_H
#define CERTFLOW_RUNTIME_WORKER_H

#include "runtime/ledger.h"
#include "runtime/runtime.h"

struct outbox; /* where finish() puts outcomes */

struct worker {
	const char *name; /* "issuer"; group certflow-issuer */
	const struct config_option *options; /* own table, ended by key NULL */
	enum event_inbox inbox;       /* where outcomes go               */
	const enum event_type *wants; /* observe() sees these only       */
	size_t want_count;
	const enum event_type *writes; /* outcomes it may send */
	size_t write_count;
	bool holds_keys;
	/* Number of pool threads is the option of this name ("hsm.threads");
	 * NULL: one. */
	const char *threads_option;

	/** Once, at start; *self is given to all others. Configuration is in
	 * runtime_config(rt). ERR_RETRY: called again with back-off. */
	bool (*open)(struct runtime *rt, void **self, struct err *e);
	/** At the end, no pool thread running. */
	void (*close)(void *self);

	/**
	 * Loop thread, every turn: may orders be carried out? Cheap when all
	 * is well. false: partitions are paused, nothing is begun, health
	 * shows why->text. NULL: always.
	 */
	bool (*ready)(void *self, struct err *why);

	/** Loop thread: note what the event says in the ledger. */
	bool (*observe)(void *self, const struct event *ev, struct ledger *l,
			struct err *e);

	/** Loop thread; NULL: *job is NULL when work() is called. */
	bool (*prepare)(void *self, const struct ledger_order *o, void **job,
			struct err *e);
	/** Pool thread `thread`, from 0 up: a session of its own. Reads o,
	 * changes only *job. NULL: there is no pool, finish() does it all. */
	bool (*work)(void *self, unsigned thread, const struct ledger_order *o,
		     void **job, struct err *e);
	/** Loop thread; sends any number of outcomes, also none. */
	bool (*finish)(void *self, const struct ledger_order *o, void *job,
		       struct outbox *out, struct err *e);
	/** Releases *job after finish() or a failure; NULL: nothing to do. */
	void (*job_free)(void *job);
};

/**
 * Send one outcome of the order being finished.  meta is filled in here:
 * event_id UUIDv5(cause's event_id, event name), the cause's tax code, now,
 * actor (instance and role of the inbox), causation_id; also CloudEvents
 * headers, and traceparent from the order.
 * @param ev  borrowed for the call; its meta is overwritten
 */
bool outbox_send(struct outbox *out, struct event *ev, struct err *e)
	MUST_CHECK;

/** The whole program. @return exit code for main() */
int worker_main(const struct worker *w, int argc, char *argv[]);

#endif
