/*
 * store_fixture.h - the projector's fold and store beside a real database.
 */
#ifndef CERTFLOW_TESTS_STORE_FIXTURE_H
#define CERTFLOW_TESTS_STORE_FIXTURE_H

#include "db/db.h"
#include "journey.h"
#include "projector/store.h"

#define TOPIC "certflow.events"

extern struct err e;
extern struct store *store;
extern struct fold *f;
extern struct db *db;
extern const struct event *events; /* what write_range() writes */
extern size_t count;
extern const char truncate_all[]; /* SQL: an empty read model */

/** Empty tables, and the events of journey(). */
void store_set_up(void);
void store_tear_down(void);

/** Fold and write events from..to-1 in one transaction. */
void write_range(size_t from, size_t to);

void forget_positions(void);

#endif
