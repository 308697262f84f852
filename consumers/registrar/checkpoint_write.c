#include "registrar/store_internal.h"

#define ROWS_MAX 500u
#define OCTETS_MAX (4u * 1024 * 1024)

static const struct db_statement beat_sql = {
	"beat", "UPDATE registrar.heartbeat SET beat = beat + 1 "
		"WHERE slot = $1 AND beat = $2"
};
static const struct db_statement move_sql = {
	"move", "UPDATE registrar.log_position SET next = $1 "
		"WHERE partition = $2 AND next = $3 AND owner = $4 "
		"RETURNING coalesce((SELECT target FROM registrar.rebuild "
		"WHERE partition = $2), 0)"
};
static const struct db_statement subjects_sql = {
	"subjects",
	"INSERT INTO registrar.subject "
	"(tax_code, partition, sequence, next_deadline, state) "
	"SELECT * FROM unnest($1::text[], $2::int4[], $3::int8[], "
	"$4::timestamptz[], $5::bytea[]) "
	"ON CONFLICT (tax_code) DO UPDATE SET "
	"partition = EXCLUDED.partition, sequence = EXCLUDED.sequence, "
	"next_deadline = EXCLUDED.next_deadline, state = EXCLUDED.state"
};
/* The log is the truth: a mere reservation gives way. */
static const struct db_statement keys_sql = {
	"keys", "INSERT INTO registrar.key "
		"(spki_sha256, tax_code, partition, cause, admitted) "
		"SELECT DISTINCT ON (k) k, t, p, 'log', true "
		"FROM unnest($1::bytea[], $2::text[], $3::int4[]) "
		"AS u(k, t, p) "
		"ON CONFLICT (spki_sha256) DO UPDATE SET admitted = true, "
		"tax_code = EXCLUDED.tax_code, partition = EXCLUDED.partition "
		"WHERE NOT key.admitted"
};

enum {
	COL_TAX_CODE,
	COL_PARTITION,
	COL_SEQUENCE,
	COL_DEADLINE,
	COL_STATE,
	COL_KEY,
	COL_KEY_TAX_CODE,
	COL_KEY_PARTITION,
	COL_COUNT
};
#define SUBJECT_COLS (COL_STATE + 1)
#define KEY_COLS (COL_COUNT - COL_KEY)

static const enum db_type types[COL_COUNT] = {
	[COL_TAX_CODE] = DB_TEXT,     [COL_PARTITION] = DB_INT4,
	[COL_SEQUENCE] = DB_INT8,     [COL_DEADLINE] = DB_TIME,
	[COL_STATE] = DB_BYTEA,       [COL_KEY] = DB_BYTEA,
	[COL_KEY_TAX_CODE] = DB_TEXT, [COL_KEY_PARTITION] = DB_INT4,
};

/* Columns of the rows gathered so far. */
struct rows {
	struct db_array *col[COL_COUNT];
	size_t octets;
};

static void
rows_free(struct rows *r)
{
	for (size_t i = 0; i < COL_COUNT; i++)
		db_array_free(r->col[i]);
}
DEFINE_AUTO_VALUE(rows, struct rows, rows_free);

static bool
rows_new(struct rows *r, struct err *e)
{
	for (size_t i = 0; i < COL_COUNT; i++)
		if (!db_array_new(types[i], &r->col[i], e))
			return false;
	return true;
}

static bool
add_keys(struct rows *r, const struct cached *it, struct err *e)
{
	const char *tax_code = subject_tax_code(it->subject);
	struct ev_sha256 key;

	for (size_t i = 0; subject_claim(it->subject, i, &key); i++) {
		struct bytes k = bytes_of(key.b, SHA256_LEN);

		if (!db_array_add(r->col[COL_KEY], db_bytea(k), e) ||
		    !db_array_add(r->col[COL_KEY_TAX_CODE], db_text(tax_code),
				  e) ||
		    !db_array_add(r->col[COL_KEY_PARTITION],
				  db_int4(it->partition), e))
			return false;
	}
	return true;
}

static bool
add_subject(struct rows *r, const struct cached *it, struct err *e)
{
	AUTO(buffer) struct buffer state = { 0 };
	struct db_value deadline = it->deadline == INT64_MAX
					   ? db_null(DB_TIME)
					   : db_time(it->deadline);

	if (!subject_encode(it->subject, &state, e) ||
	    !db_array_add(r->col[COL_TAX_CODE],
			  db_text(subject_tax_code(it->subject)), e) ||
	    !db_array_add(r->col[COL_PARTITION], db_int4(it->partition), e) ||
	    !db_array_add(r->col[COL_SEQUENCE],
			  db_int8(subject_sequence(it->subject)), e) ||
	    !db_array_add(r->col[COL_DEADLINE], deadline, e) ||
	    !db_array_add(r->col[COL_STATE], db_bytea(buffer_view(&state)), e))
		return false;
	r->octets += state.len;
	return add_keys(r, it, e);
}

static bool
write_columns(struct store *s, struct rows *r, const struct db_statement *sql,
	      size_t first, size_t n, struct err *e)
{
	struct db_value params[SUBJECT_COLS];

	if (db_array_count(r->col[first]) == 0)
		return true;
	for (size_t i = 0; i < n; i++)
		params[i] = db_array_value(r->col[first + i], types[first + i]);
	if (!db_exec(s->db, sql, params, n, NULL, e))
		return false;
	for (size_t i = 0; i < n; i++)
		db_array_clear(r->col[first + i]);
	return true;
}

static bool
flush(struct store *s, struct rows *r, struct err *e)
{
	r->octets = 0;
	return write_columns(s, r, &subjects_sql, COL_TAX_CODE, SUBJECT_COLS,
			     e) &&
	       write_columns(s, r, &keys_sql, COL_KEY, KEY_COLS, e);
}

static bool
write_subjects(struct store *s, const struct cache *c, struct err *e)
{
	AUTO(rows) struct rows r = { 0 };
	struct cached *it = NULL;

	if (!rows_new(&r, e))
		return false;
	while ((it = cache_next(c, it)) != NULL) {
		if (!it->dirty)
			continue;
		if (!add_subject(&r, it, e))
			return err_context(e, "checkpoint of %s",
					   subject_tax_code(it->subject));
		if ((db_array_count(r.col[COL_TAX_CODE]) >= ROWS_MAX ||
		     r.octets >= OCTETS_MAX) &&
		    !flush(s, &r, e))
			return false;
	}
	return flush(s, &r, e);
}

/* *kept: exactly one row was there to be moved. */
static bool
beat(struct store *s, bool *kept, struct err *e)
{
	AUTO(db_result) struct db_result *r = NULL;

	if (!db_exec(s->db, &beat_sql,
		     (struct db_value[]){ db_text(s->slot), db_int8(s->beat) },
		     2, &r, e))
		return false;
	*kept = db_affected(r) == 1;
	return true;
}

static bool
move(struct store *s, struct store_position *p, bool *kept, struct err *e)
{
	AUTO(db_result) struct db_result *r = NULL;

	if (!db_exec(s->db, &move_sql,
		     (struct db_value[]){ db_int8(p->next),
					  db_int4(p->partition),
					  db_int8(p->saved), db_text(s->slot) },
		     4, &r, e))
		return false;
	*kept = db_rows(r) == 1;
	if (*kept)
		p->target = db_get_int(r, 0, 0);
	return true;
}

static bool
move_all(struct store *s, struct store_position *list, size_t count, bool *kept,
	 struct err *e)
{
	if (!beat(s, kept, e))
		return false;
	for (size_t i = 0; i < count && *kept; i++)
		if (!move(s, &list[i], kept, e))
			return false;
	return true;
}

static void
now_clean(struct store *s, struct cache *c, struct store_position *list,
	  size_t count)
{
	struct cached *it = NULL;

	s->beat++;
	for (size_t i = 0; i < count; i++)
		list[i].saved = list[i].next;
	while ((it = cache_next(c, it)) != NULL)
		it->dirty = false;
}

bool
store_checkpoint(struct store *s, struct cache *c, struct store_position *list,
		 size_t count, bool *kept, struct err *e)
{
	AUTO(db_transaction) struct db *tx = s->db;

	if (!db_begin(s->db, e) || !move_all(s, list, count, kept, e))
		return err_context(e, "checkpoint");
	if (!*kept) {
		s->lost = true;
		return true;
	}
	if (!write_subjects(s, c, e) || !db_commit(TAKE(tx), e))
		return err_context(e, "checkpoint");
	now_clean(s, c, list, count);
	return true;
}
