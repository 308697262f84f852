#include <stdlib.h>
#include <string.h>

#include "db/internal.h"

long
db_sqlstate(const char *five_characters)
{
	return strtol(five_characters, NULL, 36);
}

/*
 * A class is the first two characters (PostgreSQL manual, appendix A).  A
 * table, column or schema that is missing, or a right to it, is brought by a
 * deployment; a database replaced under a running program lacks them too.
 */
static enum err_kind
classify(const char *state)
{
	static const char *const retry[] = { "08",    "53",    "58",    "40001",
					     "40P01", "55P03", "57014", "57P01",
					     "57P02", "57P03", "57P05", "25006",
					     "25P03", "42P01", "42703", "3F000",
					     "42501" };
	static const char *const reject[] = { "22", "23", "P0001", "P0002" };

	for (size_t i = 0; i < sizeof(retry) / sizeof(retry[0]); i++)
		if (strncmp(state, retry[i], strlen(retry[i])) == 0)
			return ERR_RETRY;
	for (size_t i = 0; i < sizeof(reject) / sizeof(reject[0]); i++)
		if (strncmp(state, reject[i], strlen(reject[i])) == 0)
			return ERR_REJECT;
	return ERR_FATAL;
}

static int
first_line(const char *text)
{
	size_t n = strcspn(text, "\r\n");

	return n > ERR_TEXT_MAX ? ERR_TEXT_MAX : (int)n;
}

static const char *
field(const PGresult *res, int code)
{
	const char *text = PQresultErrorField(res, code);

	return text == NULL ? "" : text;
}

/* Class 22 and 23 messages and every DETAIL may quote the values. */
static bool
failed_values(const PGresult *res, const char *state, const char *what,
	      struct err *e)
{
	return ERR_SET(e, ERR_REJECT, "pg", db_sqlstate(state),
		       "%s: values refused, SQLSTATE %s, table %s column %s "
		       "constraint %s",
		       what, state, field(res, PG_DIAG_TABLE_NAME),
		       field(res, PG_DIAG_COLUMN_NAME),
		       field(res, PG_DIAG_CONSTRAINT_NAME));
}

bool
db_failed(struct db *db, const PGresult *res, const char *what, struct err *e)
{
	const char *state =
		res == NULL ? NULL : PQresultErrorField(res, PG_DIAG_SQLSTATE);
	const char *text;

	if (state == NULL) { /* libpq's own: the connection, or memory */
		text = PQerrorMessage(db->conn);
		return ERR_SET(e, ERR_RETRY, "pg", 0, "%s: %.*s", what,
			       first_line(text), text);
	}
	if (strncmp(state, "22", 2) == 0 || strncmp(state, "23", 2) == 0)
		return failed_values(res, state, what, e);
	text = field(res, PG_DIAG_MESSAGE_PRIMARY);
	if (strcmp(state, "P0001") == 0 || strcmp(state, "P0002") == 0)
		return ERR_SET(e, ERR_REJECT, "pg", db_sqlstate(state), "%.*s",
			       first_line(text), text);
	return ERR_SET(e, classify(state), "pg", db_sqlstate(state),
		       "%s: %.*s (SQLSTATE %s)", what, first_line(text), text,
		       state);
}
