/*
 * outbox.h - inside shared/runtime only: outcomes of one order, encoded and
 * kept until finish() has returned, so that a step that fails half-way
 * publishes nothing.
 */
#ifndef CERTFLOW_RUNTIME_OUTBOX_H
#define CERTFLOW_RUNTIME_OUTBOX_H

#include "base/uuid.h"
#include "kafka/producer.h"
#include "runtime/cloudevents.h"
#include "runtime/worker.h"

#define OUTBOX_MAX 8 /* outcomes of one order */

struct outbox_item {
	struct buffer value;
	char id[UUID_TEXT_MAX];
	struct cloudevents ce;
};

struct outbox {
	struct schemas *schemas;
	const char *topic;
	const char *source; /* ce_source */
	const char *instance;
	enum event_inbox inbox;
	const struct ledger_order *order;
	size_t count;
	struct outbox_item items[OUTBOX_MAX];
};

/** The record of item i; borrows from o, and from its order. */
struct kafka_record outbox_record(const struct outbox *o, size_t i);

/** Forget all items. */
void outbox_clear(struct outbox *o);

#endif
