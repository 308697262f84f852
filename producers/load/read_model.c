#include "read_model.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "db/db.h"
#include "history.h"
#include "kafka/topics.h"

#define STATEMENT_TIMEOUT_US (60 * US_PER_S)

struct read_model {
	pthread_t thread;
	bool runs;
	int32_t partitions;
	int64_t interval_us;
	struct db *asking;    /* the thread's */
	struct db *counting;  /* the owner's */
	pthread_mutex_t lock; /* of what follows */
	bool stop;
	bool failed;
	struct err failure;
	struct history *histories; /* of each partition */
};

static const struct db_statement get_positions = {
	"get positions", "SELECT partition, next FROM log_position "
			 "WHERE topic = '" KAFKA_TOPIC_EVENTS "'"
};

/* Tax codes bound the rows to be looked at, ids tell which are ours. */
static const struct db_statement count_certificates = {
	"count certificates", "SELECT count(*) FROM certificate "
			      "WHERE tax_code BETWEEN $1 AND $2 "
			      "AND right(request_id::text, length($3)) = $3"
};

static void
note(struct read_model *r, const struct db_result *rows, int64_t now)
{
	for (size_t i = 0; i < db_rows(rows); i++) {
		int64_t partition = db_get_int(rows, i, 0);
		int64_t next = db_get_int(rows, i, 1);

		if (partition >= 0 && partition < r->partitions)
			history_note(&r->histories[partition], next, now);
	}
}

/* One question. false: ends the thread. */
static bool
ask(struct read_model *r)
{
	AUTO(db_result) struct db_result *rows = NULL;
	struct err e = { 0 };
	bool done = db_exec(r->asking, &get_positions, NULL, 0, &rows, &e);
	int64_t now = clock_now_us();
	bool goes_on = done || e.kind == ERR_RETRY;

	pthread_mutex_lock(&r->lock);
	if (done)
		note(r, rows, now);
	if (!goes_on) {
		r->failed = true;
		r->failure = e;
	}
	goes_on = goes_on && !r->stop;
	pthread_mutex_unlock(&r->lock);
	if (!done)
		db_rollback(r->asking);
	return goes_on;
}

static void *
run(void *self)
{
	struct read_model *r = self;
	const struct timespec pause = {
		.tv_sec = r->interval_us / US_PER_S,
		.tv_nsec = r->interval_us % US_PER_S * 1000,
	};

	while (ask(r))
		(void)nanosleep(&pause, NULL);
	return NULL;
}

static bool
connect(struct read_model *r, const char *conninfo, struct err *e)
{
	const struct db_config cfg = {
		.conninfo = conninfo,
		.application = "load",
		.search_path = "read_model",
		.statement_timeout_us = STATEMENT_TIMEOUT_US,
	};

	return db_open(&cfg, &r->asking, e) && db_open(&cfg, &r->counting, e);
}

bool
read_model_open(const char *conninfo, int32_t partitions, int64_t interval_us,
		struct read_model **out, struct err *e)
{
	AUTO(read_model) struct read_model *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return ERR_NO_MEMORY(e);
	pthread_mutex_init(&r->lock, NULL);
	r->partitions = partitions;
	r->interval_us = interval_us;
	r->histories = calloc((size_t)partitions, sizeof(r->histories[0]));
	if (r->histories == NULL)
		return ERR_NO_MEMORY(e);
	if (!connect(r, conninfo, e))
		return err_context(e, "read model");
	r->runs = pthread_create(&r->thread, NULL, run, r) == 0;
	if (!r->runs)
		return ERR_SET(e, ERR_FATAL, "libc", 0, "no thread");
	*out = TAKE(r);
	return true;
}

int64_t
read_model_visible(struct read_model *r, int32_t partition, int64_t offset)
{
	int64_t seen;

	pthread_mutex_lock(&r->lock);
	seen = history_passed(&r->histories[partition], offset);
	pthread_mutex_unlock(&r->lock);
	return seen;
}

bool
read_model_works(struct read_model *r, struct err *e)
{
	bool works;

	pthread_mutex_lock(&r->lock);
	works = !r->failed;
	if (!works)
		*e = r->failure;
	pthread_mutex_unlock(&r->lock);
	return works || err_context(e, "read model");
}

bool
read_model_count(struct read_model *r, const struct load_ids *ids,
		 const struct customers *customers, int64_t *certificates,
		 struct err *e)
{
	AUTO(db_result) struct db_result *rows = NULL;
	char low[TAX_CODE_MAX], high[TAX_CODE_MAX], tail[LOAD_ID_TAIL_MAX];
	struct db_value params[3];

	load_id_tail(ids, tail);
	params[0] = db_text(customers_lowest(customers, low));
	params[1] = db_text(customers_highest(customers, high));
	params[2] = db_text(tail);
	if (!db_exec(r->counting, &count_certificates, params, 3, &rows, e))
		return err_context(e, "read model");
	*certificates = db_rows(rows) == 1 ? db_get_int(rows, 0, 0) : 0;
	return true;
}

void
read_model_close(struct read_model *r)
{
	if (r == NULL)
		return;
	pthread_mutex_lock(&r->lock);
	r->stop = true;
	pthread_mutex_unlock(&r->lock);
	if (r->runs)
		pthread_join(r->thread, NULL);
	db_close(r->asking);
	db_close(r->counting);
	pthread_mutex_destroy(&r->lock);
	free(r->histories);
	free(r);
}
