#include <string.h>

#include "registrar/store_internal.h"

/*
 * One statement judges the database (is it still the one we knew, is the
 * partition still ours, has every partition been folded) and makes the
 * reservation. `k` is read from the snapshot before the insertion.
 */
static const struct db_statement claim_sql = {
	"claim",
	"WITH ok AS (SELECT "
	"coalesce((SELECT h.beat = $6 AND l.owner = $5 "
	"FROM registrar.heartbeat h, registrar.log_position l "
	"WHERE h.slot = $5 AND l.partition = $3), false) AS same, "
	"NOT EXISTS (SELECT 1 FROM registrar.rebuild r "
	"LEFT JOIN registrar.log_position l USING (partition) "
	"WHERE coalesce(l.next, 0) < r.target) AS complete), "
	"ins AS (INSERT INTO registrar.key "
	"(spki_sha256, tax_code, partition, cause) "
	"SELECT $1, $2, $3, $4 FROM ok WHERE same AND complete "
	"ON CONFLICT DO NOTHING RETURNING 1) "
	"SELECT ok.same, ok.complete, k.tax_code, coalesce(k.admitted, false), "
	"(SELECT count(*) FROM ins), coalesce(k.cause = $4, false) "
	"FROM ok LEFT JOIN registrar.key k ON k.spki_sha256 = $1"
};
/*
 * The same for many, each judged as alone.  Of those who want the same key the
 * first gets it.  Inserted in the order of the keys: two who insert the same
 * ones cannot wait for each other.  What is there already is looked up one by
 * one (OFFSET 0), and only for those who got nothing.
 */
static const struct db_statement claim_all_sql = {
	"claim_all",
	"WITH ask AS (SELECT u.*, l.partition IS NOT NULL AS same "
	"FROM unnest($1::bytea[], $2::text[], $3::int4[], $4::text[]) "
	"WITH ORDINALITY AS u(k, t, p, c, n) "
	"LEFT JOIN registrar.log_position l ON l.partition = u.p "
	"AND l.owner = $5 AND EXISTS (SELECT 1 FROM registrar.heartbeat h "
	"WHERE h.slot = $5 AND h.beat = $6)), "
	"ok AS (SELECT NOT EXISTS (SELECT 1 FROM registrar.rebuild r "
	"LEFT JOIN registrar.log_position l USING (partition) "
	"WHERE coalesce(l.next, 0) < r.target) AS complete), "
	"ins AS (INSERT INTO registrar.key "
	"(spki_sha256, tax_code, partition, cause) "
	"SELECT DISTINCT ON (k) k, t, p, c FROM ask, ok "
	"WHERE same AND complete ORDER BY k, n "
	"ON CONFLICT DO NOTHING RETURNING spki_sha256, cause) "
	"SELECT ask.same, ok.complete, k.tax_code, "
	"coalesce(k.admitted, false), (ins.cause IS NOT NULL)::int4, "
	"coalesce(k.cause = ask.c, false) "
	"FROM ask CROSS JOIN ok "
	"LEFT JOIN ins ON ins.spki_sha256 = ask.k AND ins.cause = ask.c "
	"LEFT JOIN LATERAL (SELECT x.tax_code, x.admitted, x.cause "
	"FROM registrar.key x WHERE ins.cause IS NULL "
	"AND x.spki_sha256 = ask.k OFFSET 0) AS k ON true ORDER BY ask.n"
};
/* Only while we are who claimed them: see settle_sql. */
static const struct db_statement release_sql = {
	"release",
	"DELETE FROM registrar.key k "
	"USING unnest($1::bytea[], $2::text[], $3::text[]) AS u(s, t, c), "
	"registrar.log_position l, registrar.heartbeat h "
	"WHERE k.spki_sha256 = u.s AND k.tax_code = u.t AND k.cause = u.c "
	"AND NOT k.admitted AND l.partition = k.partition AND l.owner = $4 "
	"AND h.slot = $4 AND h.beat = $5"
};
/* Only of partitions that are still ours: the next owner's reservations are
 * made after it took them over, and are not in the snapshot that says so. */
static const struct db_statement settle_sql = {
	"settle", "DELETE FROM registrar.key k "
		  "USING registrar.log_position l, registrar.heartbeat h "
		  "WHERE NOT k.admitted AND k.partition = ANY ($1) "
		  "AND l.partition = k.partition AND l.owner = $2 "
		  "AND h.slot = $2 AND h.beat = $3"
};

enum { SAME, COMPLETE, OWNER, ADMITTED, INSERTED, SAME_CAUSE };

/* What a row says of the key itself. */
static enum store_key
judge_key(const struct db_result *r, size_t row, const char *tax_code)
{
	const char *owner = db_get_text(r, row, OWNER);
	bool admitted = db_get_bool(r, row, ADMITTED);

	/* The answer to an earlier claim of this event may have been lost. */
	if (db_get_int(r, row, INSERTED) == 1 ||
	    (db_get_bool(r, row, SAME_CAUSE) && !admitted))
		return STORE_KEY_RESERVED;
	if (owner == NULL || !admitted)
		return STORE_KEY_UNSURE;
	return strcmp(owner, tax_code) == 0 ? STORE_KEY_OURS : STORE_KEY_TAKEN;
}

static bool
judge(struct store *s, const struct db_result *r, const char *tax_code,
      enum wf_key_claim *out, bool *reserved, struct err *e)
{
	const char *owner = db_get_text(r, 0, OWNER);
	enum store_key key = judge_key(r, 0, tax_code);

	if (!db_get_bool(r, 0, SAME))
		return store_lost(s, e);
	if (!db_get_bool(r, 0, COMPLETE))
		return ERR_SET(e, ERR_RETRY, "registrar", 0,
			       "the table of keys is being rebuilt");
	*reserved = key == STORE_KEY_RESERVED;
	*out = key == STORE_KEY_TAKEN ? WF_KEY_TAKEN : WF_KEY_FREE;
	/* Reserved for an event of this tax code that was admitted since the
	 * last checkpoint: others were given back. */
	if (key == STORE_KEY_UNSURE &&
	    (owner == NULL || strcmp(owner, tax_code) != 0))
		return ERR_SET(e, ERR_RETRY, "registrar", 0,
			       "the key is reserved, its event undecided");
	return true;
}

/* If it fails, what it did is not known. */
static bool
exec_claim(struct store *s, const struct db_statement *sql,
	   const struct db_value *params, size_t n, struct db_result **out,
	   struct err *e)
{
	if (db_exec(s->db, sql, params, n, out, e))
		return true;
	s->doubtful = true;
	return false;
}

bool
store_key_claim(struct store *s, const struct store_claim *c,
		enum wf_key_claim *out, bool *reserved, struct err *e)
{
	AUTO(db_result) struct db_result *r = NULL;

	*reserved = false;
	if (!exec_claim(s, &claim_sql,
			(struct db_value[]){
				db_bytea(bytes_of(c->spki.b, SHA256_LEN)),
				db_text(c->tax_code), db_int4(c->partition),
				db_text(c->cause), db_text(s->slot),
				db_int8(s->beat) },
			6, &r, e) ||
	    !judge(s, r, c->tax_code, out, reserved, e))
		return err_context(e, "claim a key for %s", c->tax_code);
	return true;
}

/* ---- many at once -------------------------------------------------------- */

struct columns {
	struct db_array *key, *tax_code, *partition, *cause;
};

static void
columns_free(struct columns *c)
{
	db_array_free(c->key);
	db_array_free(c->tax_code);
	db_array_free(c->partition);
	db_array_free(c->cause);
}
DEFINE_AUTO_VALUE(columns, struct columns, columns_free);

static bool
columns_fill(struct columns *c, const struct store_claim *list, size_t count,
	     struct err *e)
{
	if (!db_array_new(DB_BYTEA, &c->key, e) ||
	    !db_array_new(DB_TEXT, &c->tax_code, e) ||
	    !db_array_new(DB_INT4, &c->partition, e) ||
	    !db_array_new(DB_TEXT, &c->cause, e))
		return false;
	for (size_t i = 0; i < count; i++) {
		struct bytes key = bytes_of(list[i].spki.b, SHA256_LEN);

		if (!db_array_add(c->key, db_bytea(key), e) ||
		    !db_array_add(c->tax_code, db_text(list[i].tax_code), e) ||
		    !db_array_add(c->partition, db_int4(list[i].partition),
				  e) ||
		    !db_array_add(c->cause, db_text(list[i].cause), e))
			return false;
	}
	return true;
}

bool
store_keys_claim(struct store *s, const struct store_claim *list, size_t count,
		 enum store_key *out, struct err *e)
{
	AUTO(columns) struct columns c = { 0 };
	AUTO(db_result) struct db_result *r = NULL;

	if (!columns_fill(&c, list, count, e) ||
	    !exec_claim(
		    s, &claim_all_sql,
		    (struct db_value[]){ db_array_value(c.key, DB_BYTEA),
					 db_array_value(c.tax_code, DB_TEXT),
					 db_array_value(c.partition, DB_INT4),
					 db_array_value(c.cause, DB_TEXT),
					 db_text(s->slot), db_int8(s->beat) },
		    6, &r, e))
		return err_context(e, "claim %zu keys", count);
	if (db_rows(r) != count)
		return ERR_SET(e, ERR_FATAL, "registrar", 0,
			       "%zu answers to %zu claims", db_rows(r), count);
	for (size_t i = 0; i < count; i++)
		out[i] = db_get_bool(r, i, SAME) && db_get_bool(r, i, COMPLETE)
				 ? judge_key(r, i, list[i].tax_code)
				 : STORE_KEY_UNSURE;
	return true;
}

bool
store_keys_release(struct store *s, const struct store_claim *list,
		   size_t count, struct err *e)
{
	AUTO(columns) struct columns c = { 0 };

	return (columns_fill(&c, list, count, e) &&
		db_exec(s->db, &release_sql,
			(struct db_value[]){
				db_array_value(c.key, DB_BYTEA),
				db_array_value(c.tax_code, DB_TEXT),
				db_array_value(c.cause, DB_TEXT),
				db_text(s->slot), db_int8(s->beat) },
			5, NULL, e)) ||
	       err_context(e, "release %zu keys", count);
}

bool
store_keys_settle(struct store *s, const struct store_position *list,
		  size_t count, struct err *e)
{
	AUTO(db_array) struct db_array *partitions = NULL;

	if (!store_partitions(list, count, &partitions, e))
		return false;
	if (!db_exec(s->db, &settle_sql,
		     (struct db_value[]){ db_array_value(partitions, DB_INT4),
					  db_text(s->slot), db_int8(s->beat) },
		     3, NULL, e))
		return err_context(e, "settle reservations");
	s->doubtful = false;
	return true;
}
