#include "projector/sql.h"

#include <stdio.h>
#include <string.h>

struct text {
	struct buffer b;
	bool failed;
};

static void
add(struct text *t, const char *piece)
{
	struct err e;

	t->failed |= !buffer_add(&t->b, piece, strlen(piece), &e);
}

/* prefix c1, prefix c2, ... of the statement's columns */
static void
add_columns(struct text *out, const struct table *t,
	    const struct sql_statement *s, const char *prefix)
{
	for (size_t i = 0; i < s->count; i++) {
		add(out, i == 0 ? "" : ", ");
		add(out, prefix);
		add(out, t->columns[s->columns[i]].name);
	}
}

/* unnest($1, $2, ...) AS n(c1, c2, ...) */
static void
add_unnest(struct text *out, const struct table *t,
	   const struct sql_statement *s)
{
	char parameter[32];

	add(out, " FROM unnest(");
	for (size_t i = 0; i < s->count; i++) {
		snprintf(parameter, sizeof(parameter), "%s$%zu",
			 i == 0 ? "" : ", ", i + 1);
		add(out, parameter);
	}
	add(out, ") AS n(");
	add_columns(out, t, s, "");
	add(out, ")");
}

static void
add_keys(struct text *out, const struct table *t)
{
	bool first = true;

	for (size_t i = 0; i < t->count; i++)
		if (t->columns[i].group == COLUMN_KEY) {
			add(out, first ? "" : ", ");
			add(out, t->columns[i].name);
			first = false;
		}
}

static void
add_conflict(struct text *out, const struct table *t)
{
	const char *guard = t->columns[t->guard].name;
	bool first = true;

	add(out, " ON CONFLICT (");
	add_keys(out, t);
	if (t->append) {
		add(out, ") DO NOTHING");
		return;
	}
	add(out, ") DO UPDATE SET ");
	for (size_t i = 0; i < t->count; i++) {
		if (t->columns[i].group == COLUMN_KEY)
			continue;
		add(out, first ? "" : ", ");
		add(out, t->columns[i].name);
		add(out, " = excluded.");
		add(out, t->columns[i].name);
		first = false;
	}
	add(out, " WHERE t.");
	add(out, guard);
	add(out, " < excluded.");
	add(out, guard);
}

static void
build_insert(struct text *out, const struct table *t,
	     const struct sql_statement *s)
{
	add(out, "INSERT INTO ");
	add(out, t->name);
	add(out, " AS t (");
	add_columns(out, t, s, "");
	add(out, ") SELECT ");
	for (size_t i = 0; i < s->count; i++) {
		const struct column *c = &t->columns[s->columns[i]];

		add(out, i == 0 ? "" : ", ");
		add(out, c->insert_as == NULL ? "n." : c->insert_as);
		add(out, c->insert_as == NULL ? c->name : "");
	}
	add_unnest(out, t, s);
	if (t->join != NULL) {
		add(out, " ");
		add(out, t->join);
	}
	if (t->where != NULL) {
		add(out, " WHERE ");
		add(out, t->where);
	}
	add_conflict(out, t);
}

static void
add_assignment(struct text *out, const struct column *c, enum sql_kind kind)
{
	add(out, c->name);
	if (kind == SQL_REVISION && c->update_as != NULL) {
		add(out, " = ");
		add(out, c->update_as);
		return;
	}
	add(out, " = coalesce(n.");
	add(out, c->name);
	add(out, ", t.");
	add(out, c->name);
	add(out, ")");
}

static void
build_update(struct text *out, const struct table *t,
	     const struct sql_statement *s, enum sql_kind kind)
{
	const char *guard = t->columns[t->guard].name;
	bool first = true;

	add(out, "UPDATE ");
	add(out, t->name);
	add(out, " AS t SET ");
	for (size_t i = 0; i < s->count; i++) {
		const struct column *c = &t->columns[s->columns[i]];

		if (c->group == COLUMN_KEY)
			continue;
		add(out, first ? "" : ", ");
		add_assignment(out, c, kind);
		first = false;
	}
	add_unnest(out, t, s);
	add(out, " WHERE t.");
	add_keys(out, t);
	add(out, " = n.");
	add_keys(out, t);
	add(out, " AND t.");
	add(out, guard);
	add(out, " < n.");
	add(out, guard);
}

static bool
wanted(const struct column *c, enum sql_kind kind)
{
	return kind == SQL_INSERT || c->group == COLUMN_KEY ||
	       c->group == COLUMN_PROGRESS ||
	       (kind == SQL_REVISION && c->group == COLUMN_SUBMISSION);
}

static bool
choose_columns(const struct table *t, enum sql_kind kind,
	       struct sql_statement *s, struct err *e)
{
	for (size_t i = 0; i < t->count; i++) {
		if (!wanted(&t->columns[i], kind))
			continue;
		s->columns[s->count] = i;
		if (!db_array_new(t->columns[i].type, &s->arrays[s->count], e))
			return false;
		s->count++;
	}
	return true;
}

bool
sql_build(const struct table *t, enum sql_kind kind, struct sql_statement *out,
	  struct err *e)
{
	static const char *const verbs[SQL__COUNT] = { "insert", "update",
						       "revise" };
	struct text text = { 0 };
	size_t size = strlen(t->name) + 16;

	*out = (struct sql_statement){ 0 };
	if (!choose_columns(t, kind, out, e))
		return false;
	if (kind == SQL_INSERT)
		build_insert(&text, t, out);
	else
		build_update(&text, t, out, kind);
	out->name = malloc(size);
	text.failed |= out->name == NULL || !buffer_add(&text.b, "", 1, e);
	out->text = (char *)text.b.data;
	if (text.failed)
		return ERR_NO_MEMORY(e);
	snprintf(out->name, size, "%s %s", verbs[kind], t->name);
	out->statement = (struct db_statement){ out->name, out->text };
	return true;
}

bool
sql_add(struct sql_statement *s, const struct row *r, struct err *e)
{
	for (size_t i = 0; i < s->count; i++)
		if (!db_array_add(s->arrays[i], r->values[s->columns[i]], e))
			return err_context(e, "%s", s->name);
	s->rows++;
	return true;
}

bool
sql_run(struct sql_statement *s, struct db *db, struct err *e)
{
	struct db_value params[ROW_COLUMNS_MAX];
	bool done;

	if (s->rows == 0)
		return true;
	for (size_t i = 0; i < s->count; i++)
		params[i] = db_of_array(s->arrays[i]);
	done = db_exec(db, &s->statement, params, s->count, NULL, e);
	sql_clear(s);
	return done;
}

void
sql_clear(struct sql_statement *s)
{
	for (size_t i = 0; i < s->count; i++)
		db_array_clear(s->arrays[i]);
	s->rows = 0;
}

void
sql_free(struct sql_statement *s)
{
	for (size_t i = 0; i < ROW_COLUMNS_MAX; i++)
		db_array_free(s->arrays[i]);
	free(s->name);
	free(s->text);
	*s = (struct sql_statement){ 0 };
}
