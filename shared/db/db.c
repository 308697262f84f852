#include "db/db.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "db/internal.h"

#define CONNECT_TIMEOUT_US (5 * US_PER_S)
/* A program that was frozen amid a transaction must not keep its successor
 * from the rows: nothing of ours thinks so long between two statements. */
#define IDLE_TIMEOUT "10s"

/* The server's remarks; libpq would print them to standard error as is. */
static void
on_notice(void *self, const PGresult *res)
{
	const char *level =
		PQresultErrorField(res, PG_DIAG_SEVERITY_NONLOCALIZED);
	const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);

	(void)self;
	if (level != NULL && strcmp(level, "WARNING") == 0)
		log_line(LOG_WARN, "db", "warning of the server", "sqlstate",
			 state, NULL);
}

static bool
copy_text(const char *text, char **out, struct err *e)
{
	if (text == NULL)
		return true;
	*out = strdup(text);
	return *out != NULL || ERR_NO_MEMORY(e);
}

static bool
copy_config(struct db *db, const struct db_config *cfg, struct err *e)
{
	db->connect_timeout_us = cfg->connect_timeout_us > 0
					 ? cfg->connect_timeout_us
					 : CONNECT_TIMEOUT_US;
	db->statement_timeout_us = cfg->statement_timeout_us;
	return copy_text(cfg->conninfo, &db->conninfo, e) &&
	       copy_text(cfg->application, &db->application, e) &&
	       copy_text(cfg->search_path, &db->search_path, e);
}

/*
 * Keywords before dbname are defaults that the conninfo overrides, those
 * after it override the conninfo (libpq manual, PQconnectdbParams).
 */
static PGconn *
dial(const struct db *db)
{
	char timeout[24];
	const char *const keys[] = { "connect_timeout",
				     "keepalives_idle",
				     "tcp_user_timeout",
				     "dbname",
				     "application_name",
				     "client_encoding",
				     NULL };
	const char *const values[] = {
		timeout,         "10",   "20000", db->conninfo,
		db->application, "UTF8", NULL
	};

	snprintf(timeout, sizeof(timeout), "%lld",
		 (long long)((db->connect_timeout_us + US_PER_S - 1) /
			     US_PER_S));
	return PQconnectdbParams(keys, values, 1);
}

/*
 * libpq gives no SQLSTATE for a failed connection, only text.  A server that
 * starts, stops or is not there yet must be waited for; a password or a
 * database that is wrong will not mend itself, but the operator may mend it
 * in place, and then waiting is right as well: so always ERR_RETRY.
 */
static bool
connect_failed(const struct db *db, struct err *e)
{
	const char *text = PQerrorMessage(db->conn);

	return ERR_SET(e, ERR_RETRY, "pg", 0, "connect: %.*s",
		       (int)strcspn(text, "\r\n"), text);
}

static bool
set_session(struct db *db, struct err *e)
{
	char timeout[24];
	const char *const values[] = { timeout, db->search_path == NULL
							? ""
							: db->search_path };
	AUTO(pg_result) PGresult *res = NULL;

	snprintf(timeout, sizeof(timeout), "%lld",
		 (long long)(db->statement_timeout_us / 1000));
	res = PQexecParams(
		db->conn,
		"SELECT set_config('statement_timeout', $1, false),"
		" set_config('idle_in_transaction_session_timeout', "
		"'" IDLE_TIMEOUT "', false),"
		" CASE WHEN $2 <> '' THEN set_config('search_path', $2, false)"
		" END",
		2, NULL, values, NULL, NULL, 0);
	if (PQresultStatus(res) != PGRES_TUPLES_OK)
		return db_failed(db, res, "set up session", e);
	return true;
}

static bool
db_connect(struct db *db, struct err *e)
{
	PQfinish(db->conn);
	db->prepared_count = 0;
	db->conn = dial(db);
	if (db->conn == NULL)
		return ERR_NO_MEMORY(e);
	if (PQstatus(db->conn) != CONNECTION_OK)
		return connect_failed(db, e);
	PQsetNoticeReceiver(db->conn, on_notice, NULL);
	db->generation++;
	return set_session(db, e);
}

bool
db_ensure(struct db *db, struct err *e)
{
	if (db->conn != NULL && PQstatus(db->conn) == CONNECTION_OK)
		return true;
	if (db->in_transaction)
		return ERR_SET(e, ERR_RETRY, "pg", 0,
			       "connection lost within a transaction");
	return db_connect(db, e);
}

bool
db_open(const struct db_config *cfg, struct db **out, struct err *e)
{
	AUTO(db) struct db *db = calloc(1, sizeof(*db));

	if (db == NULL)
		return ERR_NO_MEMORY(e);
	if (!copy_config(db, cfg, e) || !db_connect(db, e))
		return false;
	*out = TAKE(db);
	return true;
}

void
db_close(struct db *db)
{
	if (db == NULL)
		return;
	PQfinish(db->conn);
	free(db->conninfo);
	free(db->application);
	free(db->search_path);
	buffer_free(&db->copy);
	free(db);
}

uint64_t
db_generation(const struct db *db)
{
	return db->generation;
}

bool
db_begin(struct db *db, struct err *e)
{
	if (db->in_transaction)
		return ERR_SET(e, ERR_FATAL, "pg", 0, "nested transaction");
	if (!db_run(db, "BEGIN", e))
		return false;
	db->in_transaction = true;
	return true;
}

bool
db_commit(struct db *db, struct err *e)
{
	AUTO(pg_result) PGresult *res = NULL;

	if (!db->in_transaction)
		return ERR_SET(e, ERR_FATAL, "pg", 0, "nothing to commit");
	if (!db_ensure(db, e)) {
		db->in_transaction = false;
		return false;
	}
	res = PQexec(db->conn, "COMMIT");
	db->in_transaction = false;
	if (PQresultStatus(res) != PGRES_COMMAND_OK)
		return db_failed(db, res, "commit", e);
	/* In a failed transaction COMMIT answers "ROLLBACK". */
	if (strcmp(PQcmdStatus(res), "COMMIT") != 0)
		return ERR_SET(e, ERR_RETRY, "pg", 0,
			       "commit: rolled back, a statement had failed");
	return true;
}

void
db_rollback(struct db *db)
{
	AUTO(pg_result) PGresult *res = NULL;

	if (db == NULL || !db->in_transaction)
		return;
	db->in_transaction = false;
	buffer_free(&db->copy);
	if (PQtransactionStatus(db->conn) == PQTRANS_ACTIVE) {
		/* In the middle of COPY: the session is not worth saving. */
		PQfinish(db->conn);
		db->conn = NULL;
		return;
	}
	res = PQexec(db->conn, "ROLLBACK");
	if (PQresultStatus(res) != PGRES_COMMAND_OK) {
		PQfinish(db->conn);
		db->conn = NULL;
	}
}
