#include "crl_entries.h"

#include <string.h>

#include "base/clock.h"
#include "db/db.h"
#include "pki/authority.h"

#define TIMEOUT_US (30 * US_PER_S)

static bool
add_row(const struct db_result *rows, size_t i, struct buffer *entries,
	struct err *e)
{
	const char *serial = db_get_text(rows, i, 0);
	struct pki_revoked entry = { .revoked_at = db_get_time(rows, i, 1) };
	size_t len = strlen(serial);

	if (len == 0 || len >= sizeof(entry.serial_number) || len % 2 != 0 ||
	    strspn(serial, "0123456789abcdef") != len)
		return ERR_SET(e, ERR_FATAL, "certflow", 0,
			       "read model: a serial number of %zu characters",
			       len);
	memcpy(entry.serial_number, serial, len + 1);
	return buffer_add(entries, &entry, sizeof(entry), e);
}

/* A program waits for what a deployment brings; a command says that it is
 * not there. */
static void
judge_failure(struct err *e)
{
	if (e->code == db_sqlstate("42P01") ||
	    e->code == db_sqlstate("42703") ||
	    e->code == db_sqlstate("3F000") || e->code == db_sqlstate("42501"))
		e->kind = ERR_FATAL;
}

bool
crl_entries_ask(const char *conninfo, const uint8_t ca_sha256[SHA256_LEN],
		struct buffer *entries, struct err *e)
{
	static const struct db_statement revoked = {
		"crl_revoked",
		"SELECT r.serial_number, r.revoked_at "
		"FROM read_model.revoked_serial r "
		"LEFT JOIN read_model.issuance_order o USING (serial_number) "
		"WHERE o.issuer_certificate_sha256 IS NULL "
		"OR o.issuer_certificate_sha256 = $1",
	};
	const struct db_config config = { .conninfo = conninfo,
					  .application = "certflow crl",
					  .statement_timeout_us = TIMEOUT_US };
	const struct db_value ca = db_bytea(bytes_of(ca_sha256, SHA256_LEN));
	AUTO(db) struct db *db = NULL;
	AUTO(db_result) struct db_result *rows = NULL;

	if (!db_open(&config, &db, e) ||
	    !db_exec(db, &revoked, &ca, 1, &rows, e)) {
		judge_failure(e);
		return err_context(e, "revoked serial numbers");
	}
	for (size_t i = 0; i < db_rows(rows); i++)
		if (!add_row(rows, i, entries, e))
			return false;
	return true;
}

/* Position breaks ties, so that the sort keeps the order of arrival. */
struct place_in_list {
	struct pki_revoked entry;
	size_t position;
};

static int
compare(const void *left, const void *right)
{
	const struct place_in_list *a = left, *b = right;
	int c = strcmp(a->entry.serial_number, b->entry.serial_number);

	if (c != 0)
		return c;
	return a->position < b->position ? -1 : a->position > b->position;
}

bool
crl_entries_sort(struct buffer *entries, struct err *e)
{
	struct pki_revoked *all = (struct pki_revoked *)(void *)entries->data;
	size_t count = entries->len / sizeof(*all), kept = 0;
	AUTO(ptr) void *memory = NULL;
	struct place_in_list *list;

	if (count == 0)
		return true;
	memory = calloc(count, sizeof(*list));
	if (memory == NULL)
		return ERR_NO_MEMORY(e);
	list = memory;
	for (size_t i = 0; i < count; i++)
		list[i] = (struct place_in_list){ all[i], i };
	qsort(list, count, sizeof(*list), compare);
	for (size_t i = 0; i < count; i++)
		if (kept == 0 || strcmp(all[kept - 1].serial_number,
					list[i].entry.serial_number) != 0)
			all[kept++] = list[i].entry;
	entries->len = kept * sizeof(*all);
	return true;
}
