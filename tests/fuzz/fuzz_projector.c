/*
 * Input: records of the log and of certflow.personal, one after another:
 *   octet   0 of the log, 1 of certflow.personal with a right key, 2 with
 *           some octets as key; 4 more: without a value
 *   some octets: header certflow-source
 *   2 octets, big endian: length of the value; then the value
 * Each becomes rows or a dead letter, never a crash, and every row has its
 * whole key.
 */
#include <string.h>

#include "fuzz.h"
#include "kafka/dead_letter.h"
#include "kafka/topics.h"
#include "projector/item.h"
#include "projector/sql.h"
#include "schema_ids.h"

#define ITEMS_MAX 16
#define REF "7b0a1cce-6e0c-4c55-9d3e-8f8a1d2b9c01"

struct record {
	struct kafka_message m;
	struct kafka_header header;
	struct item item;
};

static void
take_record(struct feed *in, struct record *to)
{
	uint8_t kind = feed_octet(in);
	struct bytes key = bytes_of_str(REF);
	size_t len;

	*to = (struct record){ 0 };
	if ((kind & 3) == 2)
		key.data = feed_some(in, &key.len);
	to->header.name = KAFKA_HEADER_SOURCE;
	to->header.value.data = feed_some(in, &to->header.value.len);
	len = (size_t)feed_octet(in) << 8;
	len += feed_octet(in);
	len = len < in->left ? len : in->left;
	to->m.topic = kind & 3 ? KAFKA_TOPIC_PERSONAL : KAFKA_TOPIC_EVENTS;
	to->m.key = key;
	to->m.value =
		kind & 4 ? (struct bytes){ NULL, 0 } : bytes_of(in->at, len);
	to->m.headers = &to->header;
	to->m.header_count = to->header.value.len > 0;
	in->at += len;
	in->left -= len;
}

static void
check_rows(const struct row_set *rows)
{
	const struct table *t = rows->table;

	for (size_t i = 0; i < rows->count; i++)
		for (size_t c = 0; c < t->count; c++)
			if (t->columns[c].group == COLUMN_KEY)
				require(rows->rows[i]->set >> c & 1);
}

/* The arrays of every statement that the rows would be written with. */
static void
gather(const struct row_set *rows)
{
	struct err e;

	if (rows->count == 0)
		return;
	for (int k = 0; k < SQL__COUNT; k++) {
		struct sql_statement s = { 0 };

		require(sql_build(rows->table, (enum sql_kind)k, &s, &e));
		for (size_t i = 0; i < rows->count; i++)
			if (rows->rows[i]->complete || k != SQL_INSERT)
				require(sql_add(&s, rows->rows[i], &e));
		sql_free(&s);
	}
}

static void
fold(struct record *records, size_t count)
{
	AUTO(fold) struct fold *f = NULL;
	size_t dead = 0;
	struct err e = { 0 };

	require(fold_new(&f, &e));
	for (size_t i = 0; i < count; i++)
		if (!records[i].item.personal && records[i].item.event != NULL)
			require(fold_expect(f, records[i].item.event, &e));
	for (size_t i = 0; i < count; i++) {
		require(item_fold(&records[i].item, f, &e));
		dead += records[i].item.dead;
	}
	require(fold_rows(f, TABLE_DEAD_LETTER)->count == dead);
	for (int t = 0; t < TABLE__COUNT; t++) {
		check_rows(fold_rows(f, (enum table_id)t));
		gather(fold_rows(f, (enum table_id)t));
	}
	fold_clear(f);
}

/* An event of a version that is not this one ends the program. */
static bool
is_newer(const struct err *e)
{
	return e->kind == ERR_FATAL &&
	       e->code == EV_REFUSAL_CODE_SCHEMA_UNKNOWN;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct record *records = calloc(ITEMS_MAX, sizeof(*records));
	struct feed in = { data, size };
	size_t count = 0;

	require(records != NULL);
	while (in.left > 0 && count < ITEMS_MAX) {
		struct record *r = &records[count];
		struct err e = { 0 };

		take_record(&in, r);
		r->m.offset = (int64_t)count;
		if (!item_decode(schema_ids(), &r->m, &r->item, &e)) {
			require(e.kind == ERR_RETRY || is_newer(&e));
			continue;
		}
		require(r->item.event == NULL || !r->item.dead);
		count++;
	}
	fold(records, count);
	for (size_t i = 0; i < count; i++)
		item_free(&records[i].item);
	free(records);
	return 0;
}
