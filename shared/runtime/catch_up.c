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
go_back(struct run *r, const struct kafka_partition *list, size_t count,
	struct err *e)
{
	for (size_t k = 0; k < count; k++)
		for (size_t i = 0; i < r->place_count; i++)
			if (r->places[i].partition == list[k].partition)
				r->places[i].position = list[k].offset;
	return kafka_consumer_seek(r->consumer, list, count, e);
}

static bool
read_again(struct run *r, struct err *e)
{
	struct kafka_partition *list =
		calloc(r->place_count + 1, sizeof(*list));
	AUTO(ptr) void *memory = list;
	size_t n;

	if (list == NULL)
		return ERR_NO_MEMORY(e);
	n = left_out(r, list);
	if (n == 0)
		return true;
	log_line(LOG_INFO, runtime_instance(r->rt),
		 "many orders wait, read as there is room", "partitions",
		 log_int((char[24]){ 0 }, (long long)n), NULL);
	r->again = !ledger_knows_ahead(r->ledger);
	if (r->again)
		return true;
	for (size_t i = 0; i < n; i++)
		ledger_read_again(r->ledger, list[i].partition);
	return go_back(r, list, n, e);
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

bool
run_catch_up_again(struct run *r, struct err *e)
{
	struct kafka_partition *list;
	AUTO(ptr) void *memory = NULL;
	size_t n;

	if (!r->again || ledger_count(r->ledger) > r->orders_max / 2)
		return true;
	list = memory = calloc(r->place_count + 1, sizeof(*list));
	if (list == NULL)
		return ERR_NO_MEMORY(e);
	if (!set_targets(r, list, e))
		return false;
	n = left_out(r, list);
	if (!go_back(r, list, n, e))
		return false;
	ledger_catch_up_again(r->ledger);
	r->again = r->caught_up = false;
	health_set(runtime_health(r->rt), HEALTH_WORK, "catching up");
	return true;
}

static bool
reach_end(struct run *r, struct err *e)
{
	char n[24];

	ledger_end_reached(r->ledger);
	r->caught_up = true;
	log_line(LOG_INFO, runtime_instance(r->rt), "caught up", "open_orders",
		 log_int(n, (long long)ledger_count(r->ledger)), NULL);
	health_set(runtime_health(r->rt), HEALTH_WORK, NULL);
	health_set(runtime_health(r->rt), HEALTH_START, NULL);
	return read_again(r, e);
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
