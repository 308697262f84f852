/*
 * rows.h - rows of one batch, folded in memory by primary key.
 *
 * A row collects what the events of a batch say about one key, so that the
 * database is written once per row, however many events there were.  Rows
 * and their values live in the arena of the batch; values borrow from the
 * decoded events, which must outlive it.
 */
#ifndef CERTFLOW_PROJECTOR_ROWS_H
#define CERTFLOW_PROJECTOR_ROWS_H

#include "base/arena.h"
#include "db/value.h"

#define ROW_COLUMNS_MAX 64

/* Text to pointer; keys are borrowed. */
struct map {
	struct map_entry {
		const char *key;
		void *value;
	} * entries;
	size_t count;
	size_t size; /* a power of two, or 0 */
};

void *map_get(const struct map *m, const char *key);
/** Adds or replaces. */
bool map_put(struct map *m, const char *key, void *value, struct err *e)
	MUST_CHECK;
/** Forget the entries, keep the memory. */
void map_clear(struct map *m);
void map_free(struct map *m);

/* Who changes a column: decides in which UPDATE it stands. */
enum column_group {
	COLUMN_KEY,        /* part of the primary key           */
	COLUMN_CREATION,   /* written with a new row only       */
	COLUMN_SUBMISSION, /* replaced by a new revision        */
	COLUMN_PROGRESS,   /* changed by the row's later events */
};

struct column {
	const char *name;
	enum db_type type;
	enum column_group group;
	const char *insert_as; /* SQL over n; NULL: n.<name>                  */
	/* In the UPDATE of a new revision, SQL over n and t; NULL, and in the
	 * UPDATE of progress always: n.<name> unless it is null. */
	const char *update_as;
};

struct table {
	const char *name;
	const struct column *columns;
	size_t count;
	size_t guard;      /* column that grows: only a higher one overwrites */
	bool append;       /* rows never change: an existing one is kept     */
	const char *join;  /* SQL behind unnest() in the INSERT, or NULL  */
	const char *where; /* SQL condition of the INSERT, or NULL        */
};

struct row {
	const char *key;  /* NULL in append tables */
	bool complete;    /* all columns known: may be inserted */
	uint64_t set;     /* bit i: values[i] was given         */
	const void *last; /* whatever the folder wants to remember */
	struct db_value values[];
};

struct row_set {
	const struct table *table;
	struct row **rows; /* in order of first touch */
	size_t count;
	size_t size;
	struct map index;
};

/** The row of this key, or NULL. */
struct row *rows_find(const struct row_set *s, const char *key);

/** The row of this key, new and all NULL if there is none. */
bool rows_touch(struct row_set *s, struct arena *a, const char *key,
		struct row **out, struct err *e) MUST_CHECK;

/** A further row without a key. */
bool rows_append(struct row_set *s, struct arena *a, struct row **out,
		 struct err *e) MUST_CHECK;

static inline void
row_put(struct row *r, size_t column, struct db_value v)
{
	r->values[column] = v;
	r->set |= UINT64_C(1) << column;
}

/** Forget the rows, keep the memory of the set itself. */
void rows_clear(struct row_set *s);
void rows_free(struct row_set *s);

#endif
