#include "registrar/rebalance.h"

#include <string.h>

#include "base/log.h"

#define WAIT_FIRST_MS 100
#define WAIT_MAX_MS 5000

const char *const registrar_inboxes[INPUTS] = {
	KAFKA_TOPIC_INBOX_EINVOICE,  KAFKA_TOPIC_INBOX_OFFICER,
	KAFKA_TOPIC_INBOX_MANAGER,   KAFKA_TOPIC_INBOX_KEYGEN,
	KAFKA_TOPIC_INBOX_ISSUER,    KAFKA_TOPIC_INBOX_ACTIVATOR,
	KAFKA_TOPIC_INBOX_MISROUTED,
};
const char *const registrar_outputs[OUTPUTS] = {
	KAFKA_TOPIC_EVENTS,
	KAFKA_TOPIC_OUTCOMES,
	KAFKA_TOPIC_DEAD_LETTERS,
	KAFKA_TOPIC_INBOX_MISROUTED,
};

static void
lane_init(struct lane *lane, int32_t partition)
{
	*lane = (struct lane){ .log = { .partition = partition } };
	for (size_t i = 0; i < INPUTS; i++)
		lane->inputs[i] = (struct input){
			.topic = registrar_inboxes[i],
			.backoff = { .first_ms = WAIT_FIRST_MS,
				     .max_ms = WAIT_MAX_MS },
		};
}

static bool
has(const struct kafka_partition *list, size_t count, const char *topic,
    int32_t partition)
{
	for (size_t i = 0; i < count; i++)
		if (list[i].partition == partition &&
		    strcmp(list[i].topic, topic) == 0)
			return true;
	return false;
}

/* All inboxes of a partition must be ours, or none. */
static bool
check_together(const struct kafka_partition *list, size_t count, struct err *e)
{
	for (size_t i = 0; i < count; i++)
		for (size_t t = 0; t < INPUTS; t++)
			if (!has(list, count, registrar_inboxes[t],
				 list[i].partition))
				return ERR_SET(e, ERR_FATAL, "registrar", 0,
					       "partition %d of %s is ours, "
					       "that of %s is not",
					       (int)list[i].partition,
					       list[i].topic,
					       registrar_inboxes[t]);
	return true;
}

static bool
assigned(void *self, struct kafka_partition *list, size_t count, struct err *e)
{
	struct registrar *r = self;
	char n[24];

	rebalance_drop(r);
	if (!check_together(list, count, e))
		return false;
	r->lanes = calloc(count / INPUTS + 1, sizeof(*r->lanes));
	if (r->lanes == NULL)
		return ERR_NO_MEMORY(e);
	for (size_t i = 0; i < count; i++)
		if (strcmp(list[i].topic, registrar_inboxes[0]) == 0)
			lane_init(&r->lanes[r->lane_count++],
				  list[i].partition);
	if (!positions_raise(r, list, count, e))
		return false;
	r->assigned = true;
	log_line(LOG_INFO, "registrar", "assigned", "partitions",
		 log_int(n, (long long)r->lane_count), NULL);
	return true;
}

static void
revoked(void *self, const struct kafka_partition *list, size_t count, bool lost)
{
	struct registrar *r = self;
	struct err e = { 0 };

	(void)list;
	(void)count;
	log_line(LOG_INFO, "registrar", lost ? "lost" : "revoked", NULL);
	if (!process_stopping())
		health_set(runtime_health(r->rt), HEALTH_START,
			   "no partitions");
	if (!lost && r->ready && r->lane_count > 0 &&
	    (!fold_settle(r, &e) || !commit_checkpoint(r, &e)))
		log_err(LOG_WARN, "registrar", "no checkpoint on leaving", &e);
	rebalance_drop(r);
}

void
rebalance_drop(struct registrar *r)
{
	r->ready = r->assigned = false;
	cache_drop(r->cache, -1);
	free(r->lanes);
	r->lanes = NULL;
	r->lane_count = 0;
}

const struct kafka_consumer_events rebalance_events = {
	.assigned = assigned,
	.revoked = revoked,
};
