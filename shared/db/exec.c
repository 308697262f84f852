#include <string.h>

#include "db/internal.h"

/* All parameters of one call, encoded behind each other. */
struct encoded {
	struct buffer octets;
	size_t offsets[DB_PARAMS_MAX];
	Oid types[DB_PARAMS_MAX];
	const char *values[DB_PARAMS_MAX];
	int lengths[DB_PARAMS_MAX];
	int formats[DB_PARAMS_MAX];
};

static void
encoded_free(struct encoded *p)
{
	buffer_free(&p->octets);
}
DEFINE_AUTO_VALUE(encoded, struct encoded, encoded_free);

static bool
encode(const struct db_value *params, size_t n, struct encoded *p,
       struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		p->offsets[i] = p->octets.len;
		p->types[i] =
			db_type_oid(params[i].type, params[i].array != NULL);
		p->formats[i] = BINARY;
		if (!params[i].null &&
		    !db_value_encode(&params[i], &p->octets, e))
			return err_context(e, "parameter %zu", i + 1);
		p->lengths[i] = (int)(p->octets.len - p->offsets[i]);
	}
	/* Only now does the buffer stand still.  libpq reads a NULL pointer
	 * as SQL NULL, so an empty value needs some address. */
	for (size_t i = 0; i < n; i++)
		p->values[i] =
			params[i].null ? NULL
			: p->lengths[i] == 0
				? ""
				: (const char *)p->octets.data + p->offsets[i];
	return true;
}

static bool
is_prepared(const struct db *db, const char *name)
{
	for (size_t i = 0; i < db->prepared_count; i++)
		if (strcmp(db->prepared[i], name) == 0)
			return true;
	return false;
}

static bool
prepare(struct db *db, const struct db_statement *st, const struct encoded *p,
	size_t n, struct err *e)
{
	AUTO(pg_result) PGresult *res = NULL;

	if (is_prepared(db, st->name))
		return true;
	if (db->prepared_count == DB_STATEMENTS_MAX)
		return ERR_SET(e, ERR_FATAL, "pg", 0,
			       "more than %d prepared statements",
			       DB_STATEMENTS_MAX);
	res = PQprepare(db->conn, st->name, st->sql, (int)n, p->types);
	if (PQresultStatus(res) != PGRES_COMMAND_OK)
		return db_failed(db, res, st->name, e);
	db->prepared[db->prepared_count++] = st->name;
	return true;
}

static bool
succeeded(const PGresult *res)
{
	ExecStatusType status = PQresultStatus(res);

	return status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
}

bool
db_exec(struct db *db, const struct db_statement *st,
	const struct db_value *params, size_t n, struct db_result **out,
	struct err *e)
{
	AUTO(encoded) struct encoded p = { 0 };
	AUTO(pg_result) PGresult *res = NULL;

	if (n > DB_PARAMS_MAX)
		return ERR_SET(e, ERR_FATAL, "pg", 0,
			       "%s: more than %d parameters", st->name,
			       DB_PARAMS_MAX);
	if (!encode(params, n, &p, e))
		return err_context(e, "%s", st->name);
	if (!db_ensure(db, e) || !prepare(db, st, &p, n, e))
		return false;
	res = PQexecPrepared(db->conn, st->name, (int)n, p.values, p.lengths,
			     p.formats, BINARY);
	if (!succeeded(res))
		return db_failed(db, res, st->name, e);
	if (out == NULL)
		return true;
	*out = db_result_new(res);
	if (*out == NULL)
		return ERR_NO_MEMORY(e);
	res = NULL;
	return true;
}

bool
db_exec_expect(struct db *db, const struct db_statement *st,
	       const struct db_value *params, size_t n, uint64_t expected,
	       struct err *e)
{
	AUTO(db_result) struct db_result *res = NULL;

	if (!db_exec(db, st, params, n, &res, e))
		return false;
	if (db_affected(res) != expected)
		return ERR_SET(e, ERR_RETRY, "pg", 0,
			       "%s: %llu rows instead of %llu, somebody else "
			       "wrote",
			       st->name, (unsigned long long)db_affected(res),
			       (unsigned long long)expected);
	return true;
}

bool
db_run(struct db *db, const char *sql, struct err *e)
{
	AUTO(pg_result) PGresult *res = NULL;

	if (!db_ensure(db, e))
		return false;
	res = PQexec(db->conn, sql);
	if (!succeeded(res))
		return db_failed(db, res, "statement", e);
	return true;
}
