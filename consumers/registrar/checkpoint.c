#include <stdio.h>

#include "registrar/store_internal.h"

#define STATEMENT_TIMEOUT_US (INT64_C(20) * 1000000)

static const struct db_statement adopt_sql = {
	"adopt", "INSERT INTO registrar.heartbeat (slot, beat) VALUES ($1, 1) "
		 "ON CONFLICT (slot) DO UPDATE SET beat = heartbeat.beat + 1 "
		 "RETURNING beat"
};
static const struct db_statement target_sql = {
	"target", "INSERT INTO registrar.rebuild (partition, target) "
		  "SELECT * FROM unnest($1::int4[], $2::int8[]) "
		  "ON CONFLICT (partition) DO UPDATE SET target = "
		  "greatest(rebuild.target, EXCLUDED.target)"
};
/* From here on an earlier owner of these partitions cannot write them. */
static const struct db_statement position_sql = {
	"position", "INSERT INTO registrar.log_position "
		    "(partition, next, owner) "
		    "SELECT p, 0, $2 FROM unnest($1::int4[]) AS u(p) "
		    "ON CONFLICT (partition) DO UPDATE SET "
		    "owner = EXCLUDED.owner RETURNING partition, next"
};
static const struct db_statement forget_sql = {
	"forget", "DELETE FROM registrar.subject WHERE partition = $1"
};
static const struct db_statement restart_sql = {
	"restart",
	"UPDATE registrar.log_position SET next = 0 WHERE partition = $1"
};
/* A state of a restored database would be older than the log that we wrote:
 * one statement judges the database and reads. */
static const struct db_statement load_sql = {
	"load", "SELECT h.same, t.tax_code, s.state, s.next_deadline FROM "
		"(SELECT coalesce((SELECT beat = $3 FROM registrar.heartbeat "
		"WHERE slot = $2), false) AS same) AS h CROSS JOIN "
		"(SELECT DISTINCT unnest($1::text[]) AS tax_code) AS t "
		"LEFT JOIN registrar.subject s ON s.tax_code = t.tax_code"
};
static const struct db_statement due_sql = {
	"due", "SELECT tax_code, partition FROM registrar.subject "
	       "WHERE partition = ANY ($1) AND next_deadline <= $2 "
	       "ORDER BY next_deadline LIMIT 64"
};

/* Every table and column that is used; rows are not read. */
static const struct db_statement tables_sql = {
	"tables",
	"SELECT 1 FROM (SELECT tax_code, partition, state, next_deadline "
	"FROM registrar.subject) AS a, (SELECT partition, next, owner "
	"FROM registrar.log_position) AS b, (SELECT slot, beat FROM "
	"registrar.heartbeat) AS c, (SELECT partition, target FROM "
	"registrar.rebuild) AS d, (SELECT spki_sha256 FROM registrar.key) "
	"AS k LIMIT 0"
};

bool
store_open(const char *conninfo, const char *slot, struct store **out,
	   struct err *e)
{
	AUTO(store) struct store *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return ERR_NO_MEMORY(e);
	snprintf(s->slot, sizeof(s->slot), "%s", slot);
	if (!db_open(&(struct db_config){ .conninfo = conninfo,
					  .application = "certflow-registrar",
					  .statement_timeout_us =
						  STATEMENT_TIMEOUT_US },
		     &s->db, e))
		return false;
	if (!db_exec(s->db, &tables_sql, NULL, 0, NULL, e))
		return err_context(e, "look at the tables");
	*out = TAKE(s);
	return true;
}

void
store_close(struct store *s)
{
	if (s == NULL)
		return;
	db_close(s->db);
	free(s);
}

bool
store_is_lost(const struct store *s)
{
	return s->lost;
}

bool
store_is_doubtful(const struct store *s)
{
	return s->doubtful;
}

bool
store_lost(struct store *s, struct err *e)
{
	s->lost = true;
	return ERR_SET(e, ERR_RETRY, "registrar", 0,
		       "the database is not the one we knew");
}

bool
store_partitions(const struct store_position *list, size_t count,
		 struct db_array **out, struct err *e)
{
	AUTO(db_array) struct db_array *a = NULL;

	if (!db_array_new(DB_INT4, &a, e))
		return false;
	for (size_t i = 0; i < count; i++)
		if (!db_array_add(a, db_int4(list[i].partition), e))
			return false;
	*out = TAKE(a);
	return true;
}

static bool
set_targets(struct store *s, const int64_t *targets, int32_t count,
	    struct err *e)
{
	AUTO(db_array) struct db_array *partitions = NULL;
	AUTO(db_array) struct db_array *ends = NULL;

	if (!db_array_new(DB_INT4, &partitions, e) ||
	    !db_array_new(DB_INT8, &ends, e))
		return false;
	for (int32_t p = 0; p < count; p++)
		if (!db_array_add(partitions, db_int4(p), e) ||
		    !db_array_add(ends, db_int8(targets[p]), e))
			return false;
	return db_exec(s->db, &target_sql,
		       (struct db_value[]){ db_array_value(partitions, DB_INT4),
					    db_array_value(ends, DB_INT8) },
		       2, NULL, e);
}

bool
store_adopt(struct store *s, const int64_t *targets, int32_t count,
	    struct err *e)
{
	AUTO(db_result) struct db_result *r = NULL;
	AUTO(db_transaction) struct db *tx = s->db;
	int64_t beat;

	if (!db_begin(s->db, e) ||
	    !db_exec(s->db, &adopt_sql, (struct db_value[]){ db_text(s->slot) },
		     1, &r, e))
		return err_context(e, "take over slot %s", s->slot);
	beat = db_get_int(r, 0, 0);
	if (!set_targets(s, targets, count, e) || !db_commit(TAKE(tx), e))
		return err_context(e, "take over slot %s", s->slot);
	s->beat = beat;
	s->lost = false;
	return true;
}

bool
store_positions(struct store *s, struct store_position *list, size_t count,
		struct err *e)
{
	AUTO(db_array) struct db_array *partitions = NULL;
	AUTO(db_result) struct db_result *r = NULL;

	if (!store_partitions(list, count, &partitions, e) ||
	    !db_exec(s->db, &position_sql,
		     (struct db_value[]){ db_array_value(partitions, DB_INT4),
					  db_text(s->slot) },
		     2, &r, e))
		return err_context(e, "take over positions");
	for (size_t row = 0; row < db_rows(r); row++)
		for (size_t i = 0; i < count; i++)
			if (list[i].partition == db_get_int(r, row, 0))
				list[i].next = list[i].saved =
					db_get_int(r, row, 1);
	return true;
}

bool
store_reset(struct store *s, int32_t partition, struct err *e)
{
	AUTO(db_transaction) struct db *tx = s->db;
	struct db_value param = db_int4(partition);

	if (!db_begin(s->db, e) ||
	    !db_exec(s->db, &forget_sql, &param, 1, NULL, e) ||
	    !db_exec(s->db, &restart_sql, &param, 1, NULL, e) ||
	    !db_commit(TAKE(tx), e))
		return err_context(e, "forget partition %d", partition);
	return true;
}

enum { LOAD_SAME, LOAD_TAX_CODE, LOAD_STATE, LOAD_DEADLINE };

/* A row for each. */
static bool
load(struct store *s, const struct store_tax_code *tax_codes, size_t count,
     struct db_result **out, struct err *e)
{
	AUTO(db_array) struct db_array *list = NULL;
	AUTO(db_result) struct db_result *r = NULL;

	if (!db_array_new(DB_TEXT, &list, e))
		return false;
	for (size_t i = 0; i < count; i++)
		if (!db_array_add(list, db_text(tax_codes[i].text), e))
			return false;
	if (!db_exec(s->db, &load_sql,
		     (struct db_value[]){ db_array_value(list, DB_TEXT),
					  db_text(s->slot), db_int8(s->beat) },
		     3, &r, e))
		return err_context(e, "load %s",
				   count == 1 ? tax_codes[0].text : "subjects");
	if (!db_get_bool(r, 0, LOAD_SAME))
		return store_lost(s, e);
	*out = TAKE(r);
	return true;
}

/* false: there is one, but its octets are not ours. */
static bool
read_subject(const struct db_result *r, size_t row, struct subject **out,
	     int64_t *deadline)
{
	struct err why = { 0 };

	*out = NULL;
	*deadline = INT64_MAX;
	if (db_is_null(r, row, LOAD_STATE))
		return true;
	if (!db_is_null(r, row, LOAD_DEADLINE))
		*deadline = db_get_time(r, row, LOAD_DEADLINE);
	return subject_decode(db_get_bytes(r, row, LOAD_STATE), out, &why);
}

bool
store_load(struct store *s, const char *tax_code, struct subject **out,
	   int64_t *deadline, bool *readable, struct err *e)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct store_tax_code one;

	snprintf(one.text, sizeof(one.text), "%s", tax_code);
	if (!load(s, &one, 1, &r, e))
		return false;
	*readable = read_subject(r, 0, out, deadline);
	return true;
}

bool
store_load_each(struct store *s, const struct store_tax_code *tax_codes,
		size_t count, store_each *each, void *self, struct err *e)
{
	AUTO(db_result) struct db_result *r = NULL;

	if (!load(s, tax_codes, count, &r, e))
		return false;
	for (size_t i = 0; i < db_rows(r); i++) {
		struct subject *found;
		int64_t deadline;

		if (read_subject(r, i, &found, &deadline) &&
		    !each(self, db_get_text(r, i, LOAD_TAX_CODE), found,
			  deadline, e))
			return false;
	}
	return true;
}

bool
store_due(struct store *s, const struct store_position *list, size_t count,
	  int64_t now, struct store_due out[STORE_DUE_MAX], size_t *found,
	  struct err *e)
{
	AUTO(db_array) struct db_array *partitions = NULL;
	AUTO(db_result) struct db_result *r = NULL;

	*found = 0;
	if (!store_partitions(list, count, &partitions, e) ||
	    !db_exec(s->db, &due_sql,
		     (struct db_value[]){ db_array_value(partitions, DB_INT4),
					  db_time(now) },
		     2, &r, e))
		return err_context(e, "read deadlines");
	for (size_t i = 0; i < db_rows(r) && i < STORE_DUE_MAX; i++) {
		struct store_due *due = &out[(*found)++];

		snprintf(due->tax_code, sizeof(due->tax_code), "%s",
			 db_get_text(r, i, 0));
		due->partition = (int32_t)db_get_int(r, i, 1);
	}
	return true;
}
