/*
 * COPY ... FROM STDIN (FORMAT binary): signature, flags, header extension,
 * then per row a column count and length-prefixed values, then -1
 * (PostgreSQL manual, COPY, "Binary Format").
 */
#include <arpa/inet.h>
#include <string.h>

#include "db/internal.h"

#define FLUSH_AT (256u * 1024)

static const char signature[19] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0";

static bool
flush(struct db *db, struct err *e)
{
	if (PQputCopyData(db->conn, (const char *)db->copy.data,
			  (int)db->copy.len) != 1)
		return db_failed(db, NULL, "copy", e);
	db->copy.len = 0;
	return true;
}

bool
db_copy_begin(struct db *db, const char *sql, struct err *e)
{
	AUTO(pg_result) PGresult *res = NULL;

	if (!db->in_transaction)
		return ERR_SET(e, ERR_FATAL, "pg", 0,
			       "copy outside a transaction");
	if (!db_ensure(db, e))
		return false;
	res = PQexec(db->conn, sql);
	if (PQresultStatus(res) != PGRES_COPY_IN)
		return db_failed(db, res, "copy", e);
	db->copy.len = 0;
	return buffer_add(&db->copy, signature, sizeof(signature), e);
}

static bool
put_column(struct db *db, const struct db_value *v, struct err *e)
{
	size_t at = db->copy.len;
	uint32_t wire;

	if (v->null)
		return db_put32(&db->copy, -1, e);
	if (!db_put32(&db->copy, 0, e) || !db_value_encode(v, &db->copy, e))
		return false;
	wire = htonl((uint32_t)(db->copy.len - at - sizeof(wire)));
	memcpy(db->copy.data + at, &wire, sizeof(wire));
	return true;
}

bool
db_copy_row(struct db *db, const struct db_value *columns, size_t n,
	    struct err *e)
{
	if (!db_put16(&db->copy, (int16_t)n, e))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!put_column(db, &columns[i], e))
			return err_context(e, "copy: column %zu", i + 1);
	return db->copy.len < FLUSH_AT || flush(db, e);
}

bool
db_copy_end(struct db *db, uint64_t *rows, struct err *e)
{
	AUTO(pg_result) PGresult *res = NULL;
	AUTO(pg_result) PGresult *none = NULL;

	if (!db_put16(&db->copy, -1, e) || !flush(db, e))
		return false;
	if (PQputCopyEnd(db->conn, NULL) != 1)
		return db_failed(db, NULL, "copy", e);
	res = PQgetResult(db->conn);
	none = PQgetResult(db->conn); /* NULL: back to idle */
	if (PQresultStatus(res) != PGRES_COMMAND_OK)
		return db_failed(db, res, "copy", e);
	if (rows != NULL)
		*rows = strtoull(PQcmdTuples(res), NULL, 10);
	return true;
}
