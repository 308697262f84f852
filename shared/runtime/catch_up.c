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

/* All places, to be asked for offsets. */
static struct kafka_partition *
list_places(const struct run *r, struct err *e)
{
	struct kafka_partition *list =
		calloc(r->place_count + 1, sizeof(*list));

	if (list == NULL)
		(void)ERR_NO_MEMORY(e);
	for (size_t i = 0; list != NULL && i < r->place_count; i++)
		list[i] = (struct kafka_partition){ KAFKA_TOPIC_EVENTS,
						    r->places[i].partition, 0 };
	return list;
}

/* Those from which on orders were left out, with that offset. */
static size_t
only_left_out(const struct run *r, struct kafka_partition *list)
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
	if (!kafka_admin_offsets(runtime_admin(r->rt), ends, r->place_count,
				 KAFKA_OFFSET_END, ASK_MS, e))
		return false;
	for (size_t i = 0; i < r->place_count; i++)
		r->places[i].target = ends[i].offset;
	return true;
}

/* The consumer has gone back there: so does all the rest. */
static void
went_back(struct run *r, bool whole)
{
	for (size_t i = 0; i < r->place_count; i++) {
		struct place *p = &r->places[i];
		int64_t from = ledger_left_out(r->ledger, p->partition);

		if (from < 0)
			continue;
		p->position = from;
		ledger_read_again(r->ledger, p->partition);
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
	list = memory = list_places(r, e);
	if (list == NULL || (whole && !set_targets(r, list, e)))
		return false;
	n = only_left_out(r, list);
	if (!kafka_consumer_seek(r->consumer, list, n, e))
		return false;
	went_back(r, whole);
	return true;
}

static bool
any_left_out(const struct run *r)
{
	for (size_t i = 0; i < r->place_count; i++)
		if (ledger_left_out(r->ledger, r->places[i].partition) >= 0)
			return true;
	return false;
}

static void
reach_end(struct run *r)
{
	char n[24];

	ledger_end_reached(r->ledger);
	r->caught_up = true;
	r->again = any_left_out(r);
	log_line(LOG_INFO, runtime_instance(r->rt), "caught up", "open_orders",
		 log_int(n, (long long)ledger_count(r->ledger)), NULL);
	if (r->again)
		log_line(LOG_INFO, runtime_instance(r->rt),
			 "many orders wait, read as there is room", NULL);
	health_set(runtime_health(r->rt), HEALTH_WORK, NULL);
	health_set(runtime_health(r->rt), HEALTH_START, NULL);
}

/* Beyond the last message there may be transaction markers: the consumer
 * knows how far it has really come. */
bool
run_catch_up(struct run *r, struct err *e)
{
	struct kafka_partition *at = list_places(r, e);
	AUTO(ptr) void *memory = at;
	bool reached = r->assigned;
	int64_t lag = 0;

	if (at == NULL ||
	    (r->place_count > 0 &&
	     !kafka_consumer_position(r->consumer, at, r->place_count, e)))
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
	if (reached && !r->caught_up)
		reach_end(r);
	return true;
}
