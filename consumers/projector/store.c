#include "projector/store.h"

#include <string.h>

#include "base/clock.h"
#include "base/uuid.h"
#include "db/db.h"
#include "projector/sql.h"

#define STATEMENT_TIMEOUT_US (60 * US_PER_S)

struct store {
	struct db *db;
	struct sql_statement sql[TABLE__COUNT][SQL__COUNT];
};

static const struct db_statement add_position = {
	"add position", "INSERT INTO log_position (topic, partition, next) "
			"VALUES ($1, $2, 0) ON CONFLICT DO NOTHING"
};
static const struct db_statement get_position = {
	"get position", "SELECT next FROM log_position "
			"WHERE topic = $1 AND partition = $2"
};
static const struct db_statement move_positions = {
	"move positions",
	"UPDATE log_position AS t SET next = n.next, updated_at = now() "
	"FROM unnest($1, $2, $3, $4) AS n(topic, partition, old, next) "
	"WHERE t.topic = n.topic AND t.partition = n.partition "
	"AND t.next = n.old"
};
static const struct db_statement get_orders = {
	"get orders",
	"SELECT order_id, request_id, enrolment_id, state, spki_sha256, "
	"issuer_certificate_sha256, not_before, not_after, decided_at "
	"FROM issuance_order WHERE order_id = ANY ($1)"
};
static const struct db_statement get_uses = {
	"get uses", "SELECT serial_number, use_state, sequence "
		    "FROM certificate WHERE serial_number = ANY ($1)"
};

static const struct db_statement get_revocations = {
	"get revocations",
	"SELECT DISTINCT ON (serial_number) serial_number, reason, "
	"effective_at, sequence FROM certificate_ca_history "
	"WHERE state = 'REVOKED' AND serial_number = ANY ($1) "
	"ORDER BY serial_number, sequence"
};

/* The approved revision is still the one in the row: this runs before the
 * requests of the batch are written. */
static const struct db_statement confirm_customers = {
	"confirm customers",
	"INSERT INTO customer AS t (tax_code, legal_name, certificate_name, "
	"province, locality, address, country, personal_ref, "
	"personal_commitment, request_id, revision, approved_at, sequence) "
	"SELECT r.tax_code, r.legal_name, r.certificate_name, r.province, "
	"r.locality, r.address, r.country, r.personal_ref, "
	"r.personal_commitment, r.request_id, n.revision, n.approved_at, "
	"n.sequence FROM unnest($1, $2, $3, $4) "
	"AS n(request_id, revision, approved_at, sequence) "
	"JOIN request r ON r.request_id = n.request_id "
	"ON CONFLICT (tax_code) DO UPDATE SET "
	"legal_name = excluded.legal_name, "
	"certificate_name = excluded.certificate_name, "
	"province = excluded.province, locality = excluded.locality, "
	"address = excluded.address, country = excluded.country, "
	"personal_ref = excluded.personal_ref, "
	"personal_commitment = excluded.personal_commitment, "
	"request_id = excluded.request_id, revision = excluded.revision, "
	"approved_at = excluded.approved_at, sequence = excluded.sequence "
	"WHERE t.sequence < excluded.sequence"
};
static const struct db_statement erase_persons = {
	"erase persons",
	"DELETE FROM legal_representative AS t "
	"USING unnest($1, $2) AS n(personal_ref, source_offset) "
	"WHERE t.personal_ref = n.personal_ref "
	"AND t.source_offset < n.source_offset"
};

static bool
build_statements(struct store *s, struct err *e)
{
	for (size_t t = 0; t < TABLE__COUNT; t++)
		for (size_t k = 0; k < SQL__COUNT; k++)
			if (!sql_build(&projector_tables[t], (enum sql_kind)k,
				       &s->sql[t][k], e))
				return false;
	return true;
}

/* Every column that is written must be there: deployment brings it. */
static bool
add_question(const struct table *t, struct buffer *sql, struct err *e)
{
	for (size_t i = 0; i < t->count; i++) {
		const char *before = i == 0 ? "SELECT " : ", ";

		if (!buffer_add(sql, before, strlen(before), e) ||
		    !buffer_add(sql, t->columns[i].name,
				strlen(t->columns[i].name), e))
			return false;
	}
	return buffer_add(sql, " FROM ", 6, e) &&
	       buffer_add(sql, t->name, strlen(t->name), e) &&
	       buffer_add(sql, " LIMIT 0;\n", 10, e);
}

static bool
look_at_tables(struct store *s, struct err *e)
{
	static const char positions[] = "SELECT topic, partition, next, "
					"updated_at FROM log_position LIMIT 0";
	AUTO(buffer) struct buffer sql = { 0 };

	for (size_t t = 0; t < TABLE__COUNT; t++)
		if (!add_question(&projector_tables[t], &sql, e))
			return false;
	if (!buffer_add(&sql, positions, sizeof(positions), e))
		return false;
	return db_run(s->db, (const char *)sql.data, e) ||
	       err_context(e, "look at the tables");
}

bool
store_open(const char *conninfo, const char *schema, struct store **out,
	   struct err *e)
{
	const struct db_config cfg = {
		.conninfo = conninfo,
		.application = "certflow-projector",
		.search_path = schema,
		.statement_timeout_us = STATEMENT_TIMEOUT_US,
	};
	AUTO(store) struct store *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return ERR_NO_MEMORY(e);
	if (!build_statements(s, e) || !db_open(&cfg, &s->db, e) ||
	    !look_at_tables(s, e))
		return false;
	*out = TAKE(s);
	return true;
}

bool
store_position(struct store *s, const char *topic, int32_t partition,
	       int64_t *next, struct err *e)
{
	const struct db_value params[] = { db_text(topic), db_int4(partition) };
	AUTO(db_result) struct db_result *res = NULL;

	if (!db_exec(s->db, &add_position, params, 2, NULL, e) ||
	    !db_exec(s->db, &get_position, params, 2, &res, e))
		return false;
	if (db_rows(res) != 1)
		return ERR_SET(e, ERR_RETRY, "projector", 0,
			       "position of %s/%d vanished", topic,
			       (int)partition);
	*next = db_get_int(res, 0, 0);
	return true;
}

static bool
give_order(struct fold *f, const struct db_result *res, size_t row,
	   struct err *e)
{
	char order[UUID_TEXT_MAX];
	char request[UUID_TEXT_MAX];
	char enrolment[UUID_TEXT_MAX];
	const struct fold_order o = {
		.order_id = db_get_uuid(res, row, 0, order),
		.request_id = db_get_uuid(res, row, 1, request),
		.enrolment_id = db_get_uuid(res, row, 2, enrolment),
		.state = db_get_text(res, row, 3),
		.spki_sha256 = db_get_bytes(res, row, 4),
		.issuer_certificate_sha256 = db_get_bytes(res, row, 5),
		.not_before = db_get_time(res, row, 6),
		.not_after = db_get_time(res, row, 7),
		.decided_at = db_get_time(res, row, 8),
	};

	return fold_know_order(f, &o, e);
}

static bool
give_use(struct fold *f, const struct db_result *res, size_t row, struct err *e)
{
	const struct fold_use u = { db_get_text(res, row, 0),
				    db_get_text(res, row, 1),
				    db_get_int(res, row, 2) };

	return fold_know_use(f, &u, e);
}

static bool
give_revocation(struct fold *f, const struct db_result *res, size_t row,
		struct err *e)
{
	const struct fold_revocation r = { db_get_text(res, row, 0),
					   db_get_text(res, row, 1),
					   db_get_time(res, row, 2),
					   db_get_int(res, row, 3) };

	return fold_know_revocation(f, &r, e);
}

/* What the fold wants to know of one kind, and how it is told. */
struct question {
	const struct db_statement *statement;
	const char *(*wanted)(const struct fold *f, size_t i);
	enum db_type type;
	bool (*give)(struct fold *f, const struct db_result *res, size_t row,
		     struct err *e);
};

static bool
ask(struct store *s, struct fold *f, const struct question *q, struct err *e)
{
	AUTO(db_array) struct db_array *keys = NULL;
	AUTO(db_result) struct db_result *res = NULL;
	const char *key;
	struct db_value param;

	if (q->wanted(f, 0) == NULL)
		return true;
	if (!db_array_new(q->type, &keys, e))
		return false;
	for (size_t i = 0; (key = q->wanted(f, i)) != NULL; i++)
		if (!db_array_add(keys,
				  q->type == DB_UUID ? db_uuid(key)
						     : db_text(key),
				  e))
			return false;
	param = db_of_array(keys);
	if (!db_exec(s->db, q->statement, &param, 1, &res, e))
		return false;
	for (size_t i = 0; i < db_rows(res); i++)
		if (!q->give(f, res, i, e))
			return false;
	return true;
}

bool
store_look_up(struct store *s, struct fold *f, struct err *e)
{
	static const struct question questions[] = {
		{ &get_orders, fold_wanted_order, DB_UUID, give_order },
		{ &get_uses, fold_wanted_certificate, DB_TEXT, give_use },
		{ &get_revocations, fold_wanted_revocation, DB_TEXT,
		  give_revocation },
	};

	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++)
		if (!ask(s, f, &questions[i], e))
			return false;
	return true;
}

/* Some columns of some rows as arrays, for the statements written by hand. */
static bool
run_rows(struct store *s, const struct db_statement *st,
	 const struct row_set *set, bool complete, const size_t *columns,
	 size_t count, struct err *e)
{
	struct db_value params[4];
	struct db_array *arrays[4] = { 0 };
	size_t rows = 0;
	bool good = true;

	for (size_t c = 0; c < count && good; c++)
		good = db_array_new(set->table->columns[columns[c]].type,
				    &arrays[c], e);
	for (size_t i = 0; i < set->count && good; i++) {
		if (set->rows[i]->complete != complete)
			continue;
		rows++;
		for (size_t c = 0; c < count && good; c++)
			good = db_array_add(
				arrays[c], set->rows[i]->values[columns[c]], e);
	}
	for (size_t c = 0; c < count && good; c++)
		params[c] = db_of_array(arrays[c]);
	if (good && rows > 0)
		good = db_exec(s->db, st, params, count, NULL, e);
	for (size_t c = 0; c < count; c++)
		db_array_free(arrays[c]);
	return good;
}

static enum sql_kind
kind_of(const struct table *t, const struct row *r)
{
	if (r->complete)
		return SQL_INSERT;
	for (size_t i = 0; i < t->count; i++)
		if ((r->set >> i & 1) != 0 &&
		    t->columns[i].group == COLUMN_SUBMISSION)
			return SQL_REVISION;
	return SQL_PROGRESS;
}

static bool
write_table(struct store *s, enum table_id id, const struct row_set *set,
	    struct err *e)
{
	static const size_t confirmed[] = { CUSTOMER_request_id,
					    CUSTOMER_revision,
					    CUSTOMER_approved_at,
					    CUSTOMER_sequence };
	static const size_t erased[] = { ERASURE_personal_ref,
					 ERASURE_source_offset };

	if (id == TABLE_CUSTOMER &&
	    !run_rows(s, &confirm_customers, set, false, confirmed, 4, e))
		return false;
	for (size_t i = 0; i < set->count; i++) {
		const struct row *r = set->rows[i];

		if (id == TABLE_CUSTOMER && !r->complete)
			continue;
		if (!sql_add(&s->sql[id][kind_of(set->table, r)], r, e))
			return false;
	}
	for (size_t k = 0; k < SQL__COUNT; k++)
		if (!sql_run(&s->sql[id][k], s->db, e))
			return false;
	return id != TABLE_ERASURE ||
	       run_rows(s, &erase_persons, set, true, erased, 2, e);
}

static bool
move(struct store *s, const struct store_move *moves, size_t count,
     struct err *e)
{
	static const enum db_type types[4] = { DB_TEXT, DB_INT4, DB_INT8,
					       DB_INT8 };
	struct db_array *arrays[4] = { 0 };
	struct db_value params[4];
	bool good = true;

	for (size_t c = 0; c < 4 && good; c++)
		good = db_array_new(types[c], &arrays[c], e);
	for (size_t i = 0; i < count && good; i++)
		good = db_array_add(arrays[0], db_text(moves[i].topic), e) &&
		       db_array_add(arrays[1], db_int4(moves[i].partition),
				    e) &&
		       db_array_add(arrays[2], db_int8(moves[i].from), e) &&
		       db_array_add(arrays[3], db_int8(moves[i].to), e);
	for (size_t c = 0; c < 4 && good; c++)
		params[c] = db_of_array(arrays[c]);
	good = good &&
	       db_exec_expect(s->db, &move_positions, params, 4, count, e);
	for (size_t c = 0; c < 4; c++)
		db_array_free(arrays[c]);
	return good;
}

bool
store_write(struct store *s, const struct fold *f,
	    const struct store_move *moves, size_t count, struct err *e)
{
	AUTO(db_transaction) struct db *tx = s->db;
	bool good = db_begin(s->db, e) && move(s, moves, count, e);

	for (size_t t = 0; t < TABLE__COUNT && good; t++)
		good = write_table(s, (enum table_id)t,
				   fold_rows(f, (enum table_id)t), e);
	for (size_t t = 0; t < TABLE__COUNT && !good; t++)
		for (size_t k = 0; k < SQL__COUNT; k++)
			sql_clear(&s->sql[t][k]);
	return good && db_commit(TAKE(tx), e);
}

void
store_close(struct store *s)
{
	if (s == NULL)
		return;
	for (size_t t = 0; t < TABLE__COUNT; t++)
		for (size_t k = 0; k < SQL__COUNT; k++)
			sql_free(&s->sql[t][k]);
	db_close(s->db);
	free(s);
}
