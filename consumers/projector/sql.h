/*
 * sql.h - the statements of one table, generated from its columns.
 */
#ifndef CERTFLOW_PROJECTOR_SQL_H
#define CERTFLOW_PROJECTOR_SQL_H

#include "db/db.h"
#include "projector/tables.h"

enum sql_kind {
	SQL_INSERT,   /* complete rows; an older row is overwritten  */
	SQL_PROGRESS, /* changes of rows that exist                  */
	SQL_REVISION, /* the same, with the columns of a submission  */
	SQL__COUNT
};

/* One statement with the arrays that its rows are gathered in. */
struct sql_statement {
	struct db_statement statement;
	char *name;
	char *text;
	size_t count; /* parameters, one array per column */
	size_t columns[ROW_COLUMNS_MAX];
	struct db_array *arrays[ROW_COLUMNS_MAX];
	size_t rows;
};

/** Release with sql_free(), also after a failure. */
bool sql_build(const struct table *t, enum sql_kind kind,
	       struct sql_statement *out, struct err *e) MUST_CHECK;

/** Gather one row. */
bool sql_add(struct sql_statement *s, const struct row *r, struct err *e)
	MUST_CHECK;

/** Run with the gathered rows, if any, and forget them. */
bool sql_run(struct sql_statement *s, struct db *db, struct err *e) MUST_CHECK;

/** Forget the gathered rows. */
void sql_clear(struct sql_statement *s);
void sql_free(struct sql_statement *s);

#endif
