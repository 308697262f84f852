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
static const struct db_statement release_sql = {
	"release", "DELETE FROM registrar.key WHERE spki_sha256 = $1 "
		   "AND tax_code = $2 AND cause = $3 AND NOT admitted"
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

static bool
judge(struct store *s, const struct db_result *r, const char *tax_code,
      enum wf_key_claim *out, bool *reserved, struct err *e)
{
	const char *owner = db_get_text(r, 0, OWNER);
	bool admitted = db_get_bool(r, 0, ADMITTED);

	if (!db_get_bool(r, 0, SAME))
		return store_lost(s, e);
	if (!db_get_bool(r, 0, COMPLETE))
		return ERR_SET(e, ERR_RETRY, "registrar", 0,
			       "the table of keys is being rebuilt");
	*out = WF_KEY_FREE;
	/* The answer to an earlier claim of this event may have been lost. */
	*reserved = db_get_int(r, 0, INSERTED) == 1 ||
		    (db_get_bool(r, 0, SAME_CAUSE) && !admitted);
	if (*reserved || (owner != NULL && strcmp(owner, tax_code) == 0))
		return true;
	if (owner == NULL || !admitted)
		return ERR_SET(e, ERR_RETRY, "registrar", 0,
			       "the key is reserved, its event undecided");
	*out = WF_KEY_TAKEN;
	return true;
}

bool
store_key_claim(struct store *s, const struct store_claim *c,
		enum wf_key_claim *out, bool *reserved, struct err *e)
{
	AUTO(db_result) struct db_result *r = NULL;

	*reserved = false;
	if (!db_exec(s->db, &claim_sql,
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

bool
store_key_release(struct store *s, const struct store_claim *c, struct err *e)
{
	return db_exec(s->db, &release_sql,
		       (struct db_value[]){
			       db_bytea(bytes_of(c->spki.b, SHA256_LEN)),
			       db_text(c->tax_code), db_text(c->cause) },
		       3, NULL, e) ||
	       err_context(e, "release a key of %s", c->tax_code);
}

bool
store_keys_settle(struct store *s, const struct store_position *list,
		  size_t count, struct err *e)
{
	AUTO(db_array) struct db_array *partitions = NULL;

	if (!store_partitions(list, count, &partitions, e))
		return false;
	return db_exec(s->db, &settle_sql,
		       (struct db_value[]){ db_array_value(partitions, DB_INT4),
					    db_text(s->slot),
					    db_int8(s->beat) },
		       3, NULL, e) ||
	       err_context(e, "settle reservations");
}
