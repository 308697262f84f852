/*
 * store_internal.h - what checkpoint.c and keys.c share.
 */
#ifndef CERTFLOW_REGISTRAR_STORE_INTERNAL_H
#define CERTFLOW_REGISTRAR_STORE_INTERNAL_H

#include "db/db.h"
#include "registrar/store.h"

struct store {
	struct db *db;
	char slot[STORE_SLOT_MAX];
	int64_t beat; /* as the database must have it */
	bool lost;
	bool doubtful; /* a claim was not answered */
};

/** Note that the heartbeat is not ours. @return false, e is ERR_RETRY */
bool store_lost(struct store *s, struct err *e);

/** The partitions of a list as an SQL array. */
bool store_partitions(const struct store_position *list, size_t count,
		      struct db_array **out, struct err *e) MUST_CHECK;

#endif
