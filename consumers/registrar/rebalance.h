/*
 * rebalance.h - partitions come and go.
 */
#ifndef CERTFLOW_REGISTRAR_REBALANCE_H
#define CERTFLOW_REGISTRAR_REBALANCE_H

#include "registrar/registrar.h"

/** Callbacks for the consumer; self is the struct registrar. */
extern const struct kafka_consumer_events rebalance_events;

/** Forget the lanes. */
void rebalance_drop(struct registrar *r);

#endif
