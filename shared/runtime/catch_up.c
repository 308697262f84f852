/*
 * Catching up with the log, and orders that the ledger left out meanwhile.
 *
 * They are read again once the end is reached, as there is room.  What closes
 * them was seen on the way and is remembered; if it was too much for that
 * (LEDGER_AHEAD), half of the orders in hand are carried out, and then the
 * log is caught up with once more from the first that was left out: nothing
 * is ever begun of which the end of the log is not known.
 */
#include "base/log.h"
#include "runtime/worker_internal.h"

#define ASK_MS 10000

/* Places from which on orders were left out. */
static size_t
left_out(const struct run *r, struct kafka_partition *list)
{
	size_t n = 0;

	for (size_t i = 0; i < r->place_count; i++) {
		int32_t partition = r->places[i].partition;
		int64_t from = ledger_left_out(r->ledger, partition);

		if (from >= 0)
			list[n++] =
				(struct kafka_partition){ KAFKA_TOPIC_EVENTS,
							  partition, from };
	}
	return n;
}

static bool
set_targets(struct run *r, struct kafka_partition *ends, struct err *e)
{
	for (size_t i = 0; i < r->place_count; i++)
		ends[i] = (struct kafka_partition){ KAFKA_TOPIC_EVENTS,
						    r->places[i].partition, 0 };
	if (!kafka_admin_offsets(runtime_admin(r->rt), ends, r->place_count,
				 KAFKA_OFFSET_END, ASK_MS, e))
		return false;
	for (size_t i = 0; i < r->place_count; i++)
		r->places[i].target = ends[i].offset;
	return true;
}

/* The consumer has gone back there: so does all the rest. */
static void
went_back(struct run *r, const struct kafka_partition *list, size_t count,
	  bool whole)
{
	for (size_t k = 0; k < count; k++) {
		for (size_t i = 0; i < r->place_count; i++)
			if (r->places[i].partition == list[k].partition)
				r->places[i].position = list[k].offset;
		ledger_read_again(r->ledger, list[k].partition);
	}
	r->again = false;
	if (!whole)
		return;
	ledger_catch_up_again(r->ledger);
	r->caught_up = false;
	health_set(runtime_health(r->rt), HEALTH_WORK, "catching up");
}

bool
run_go_back(struct run *r, struct err *e)
{
	bool whole = !ledger_knows_ahead(r->ledger);
	struct kafka_partition *list;
	AUTO(ptr) void *memory = NULL;
	size_t n;

	if (!r->again || r->batch != NULL ||
	    (whole && ledger_count(r->ledger) > r->orders_max / 2))
		return true;
	list = memory = calloc(r->place_count + 1, sizeof(*list));
	if (list == NULL)
		return ERR_NO_MEMORY(e);
	if (whole && !set_targets(r, list, e))
		return false;
	n = left_out(r, list);
	if (!kafka_consumer_seek(r->consumer, list, n, e))
		return false;
	went_back(r, list, n, whole);
	return true;
}

static bool
reach_end(struct run *r, struct err *e)
{
	struct kafka_partition *list =
		calloc(r->place_count + 1, sizeof(*list));
	AUTO(ptr) void *memory = list;
	char n[24];

	if (list == NULL)
		return ERR_NO_MEMORY(e);
	ledger_end_reached(r->ledger);
	r->caught_up = true;
	r->again = left_out(r, list) > 0;
	log_line(LOG_INFO, runtime_instance(r->rt), "caught up", "open_orders",
		 log_int(n, (long long)ledger_count(r->ledger)), NULL);
	if (r->again)
		log_line(LOG_INFO, runtime_instance(r->rt),
			 "many orders wait, read as there is room", NULL);
	health_set(runtime_health(r->rt), HEALTH_WORK, NULL);
	health_set(runtime_health(r->rt), HEALTH_START, NULL);
	return true;
}

/* Beyond the last message there may be transaction markers: the consumer
 * knows how far it has really come. */
bool
run_catch_up(struct run *r, struct err *e)
{
	struct kafka_partition *at = calloc(r->place_count + 1, sizeof(*at));
	AUTO(ptr) void *memory = at;
	bool reached = r->assigned;
	int64_t lag = 0;

	if (at == NULL)
		return ERR_NO_MEMORY(e);
	for (size_t i = 0; i < r->place_count; i++)
		at[i] = (struct kafka_partition){ KAFKA_TOPIC_EVENTS,
						  r->places[i].partition, 0 };
	if (r->place_count > 0 &&
	    !kafka_consumer_position(r->consumer, at, r->place_count, e))
		return false;
	for (size_t i = 0; i < r->place_count; i++) {
		struct place *p = &r->places[i];
		int64_t end = kafka_consumer_end(r->consumer, at[i].topic,
						 p->partition);

		if (at[i].offset > p->position)
			p->position = at[i].offset;
		reached = reached && p->position >= p->target;
		lag += end > p->position ? end - p->position : 0;
	}
	metric_set(r->m.lag, lag);
	return !reached || r->caught_up || reach_end(r, e);
}
