/*
 * Where each input goes on. Every message that was decided has an outcome,
 * and one that was sent on a record of certflow.inbox.misrouted, written in
 * the transaction that moved the group: so the group's offsets can be lost,
 * or put back, and nothing is decided twice.
 */
#include <string.h>

#include "base/log.h"
#include "kafka/dead_letter.h"
#include "registrar/registrar.h"

#define ASK_MS 10000
#define TAIL 200    /* newest offsets that are always looked at */
#define CHUNK 20000 /* records between two signs of life */

struct proof {
	struct registrar *r;
	struct kafka_partition *list; /* offset: next one, by proof; or none */
	size_t count;
	unsigned epoch;
	size_t records;
};

/* This message was decided. */
static void
note(struct proof *p, const char *topic, int32_t partition, int64_t offset)
{
	for (size_t i = 0; i < p->count; i++) {
		struct kafka_partition *at = &p->list[i];

		if (at->partition == partition && at->offset <= offset &&
		    strcmp(at->topic, topic) == 0)
			at->offset = offset + 1;
	}
}

/* The place that a header names; false: no such header. */
static bool
note_header(struct proof *p, const struct kafka_message *m, const char *name)
{
	char text[KAFKA_SOURCE_TEXT_MAX];
	char topic[INTAKE_TOPIC_MAX];
	int32_t partition;
	int64_t offset;

	if (!kafka_header_text(m, name, text, sizeof(text)))
		return false;
	if (kafka_source_parse(text, topic, sizeof(topic), &partition, &offset))
		note(p, topic, partition, offset);
	return true;
}

static bool
alive(struct proof *p, struct err *e)
{
	return ++p->records % CHUNK != 0 || fold_still_owner(p->r, p->epoch, e);
}

/* A deferred event has a second outcome, with its old place: the highest
 * counts. What came by way of misrouted says so, its source is elsewhere. */
static bool
each_outcome(void *self, const struct kafka_message *m, struct err *e)
{
	struct proof *p = self;
	AUTO(event) struct event *ev = NULL;
	struct err why = { 0 };
	char where[KAFKA_SOURCE_TEXT_MAX];

	if (note_header(p, m, KAFKA_HEADER_INPUT))
		return alive(p, e);
	if (!schemas_decode(p->r->schemas, m->value, EVENT_LOG_MAX, &ev,
			    &why)) {
		if (why.kind == ERR_RETRY) {
			*e = why;
			return false;
		}
		log_err(LOG_WARN,
			kafka_source_format(m->topic, m->partition, m->offset,
					    where),
			"no outcome of ours, proves nothing", &why);
	} else if (ev->type == EVENT_OUTCOME &&
		   ev->outcome.source.partition == m->partition) {
		note(p, ev->outcome.source.topic, m->partition,
		     ev->outcome.source.offset);
	}
	return alive(p, e);
}

/* Whatever was sent on was passed where it stood first. */
static bool
each_sent_on(void *self, const struct kafka_message *m, struct err *e)
{
	(void)note_header(self, m, KAFKA_HEADER_SOURCE);
	return alive(self, e);
}

static bool
add_range(struct registrar *r, const char *topic, int32_t partition,
	  int64_t newest, struct kafka_range *out, struct err *e)
{
	int64_t low, high;

	if (!kafka_admin_watermarks(r->admin, topic, partition, ASK_MS, &low,
				    &high, e))
		return false;
	*out = (struct kafka_range){ topic, partition, low, high };
	if (high - low > newest)
		out->from = high - newest;
	return true;
}

/* The newest outcomes of our partitions, or all of them. */
static bool
read_outcomes(struct proof *p, struct kafka_reader *reader, int64_t newest,
	      struct err *e)
{
	struct registrar *r = p->r;
	AUTO(ptr)
	void *memory = calloc(r->lane_count + 1, sizeof(struct kafka_range));
	struct kafka_range *ranges = memory;

	if (ranges == NULL)
		return ERR_NO_MEMORY(e);
	for (size_t l = 0; l < r->lane_count; l++)
		if (!add_range(r, KAFKA_TOPIC_OUTCOMES,
			       r->lanes[l].log.partition, newest, &ranges[l],
			       e))
			return false;
	return kafka_reader_run(reader, ranges, r->lane_count,
				REGISTRAR_IDLE_MS, each_outcome, p, e);
}

/* All of misrouted: what was ours may have been sent to any partition. */
static bool
read_sent_on(struct proof *p, struct kafka_reader *reader, struct err *e)
{
	struct registrar *r = p->r;
	AUTO(ptr)
	void *memory =
		calloc((size_t)r->partitions + 1, sizeof(struct kafka_range));
	struct kafka_range *ranges = memory;

	if (ranges == NULL)
		return ERR_NO_MEMORY(e);
	for (int32_t i = 0; i < r->partitions; i++)
		if (!add_range(r, KAFKA_TOPIC_INBOX_MISROUTED, i, INT64_MAX,
			       &ranges[i], e))
			return false;
	return kafka_reader_run(reader, ranges, (size_t)r->partitions,
				REGISTRAR_IDLE_MS, each_sent_on, p, e);
}

/* How many inputs the group does not know, or has before what was decided. */
static size_t
behind(const struct kafka_partition *list, const struct proof *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->count; i++)
		if (list[i].offset < 0 || list[i].offset < p->list[i].offset)
			n++;
	return n;
}

/* The highest counts; what nobody knows begins with the first message. */
static bool
settle(struct registrar *r, struct kafka_partition *list, const struct proof *p,
       struct err *e)
{
	size_t proven = 0, first = 0;
	char a[24], b[24], c[24];

	for (size_t i = 0; i < p->count; i++) {
		if (list[i].offset < p->list[i].offset) {
			list[i].offset = p->list[i].offset;
			proven++;
		}
		if (list[i].offset >= 0)
			continue;
		first++;
		if (!kafka_admin_watermarks(r->admin, list[i].topic,
					    list[i].partition, ASK_MS,
					    &list[i].offset, NULL, e))
			return false;
	}
	log_line(proven > 0 ? LOG_WARN : LOG_INFO, "registrar",
		 proven > 0 ? "the group's offsets were lost or put back, "
			      "positions are what was decided"
			    : "the group has no offsets yet",
		 "from_outcomes", log_int(a, (long long)proven),
		 "from_first_message", log_int(b, (long long)first), "read",
		 log_int(c, (long long)p->records), NULL);
	return true;
}

/*
 * Offsets of a group are lost or put back together, so the newest outcomes
 * are enough to tell; only then all of them are read.
 */
bool
positions_learn(struct registrar *r, struct kafka_partition *list, size_t n,
		struct err *e)
{
	AUTO(kafka_reader) struct kafka_reader *reader = NULL;
	AUTO(ptr) void *memory = calloc(n + 1, sizeof(*list));
	struct proof p = { .r = r,
			   .list = memory,
			   .count = n,
			   .epoch = kafka_consumer_epoch(r->consumer) };

	if (p.list == NULL)
		return ERR_NO_MEMORY(e);
	for (size_t i = 0; i < n; i++) {
		p.list[i] = list[i];
		p.list[i].offset = KAFKA_OFFSET_NONE;
	}
	if (!kafka_reader_open(runtime_kafka(r->rt), &reader, e) ||
	    !kafka_consumer_committed(r->consumer, list, n, ASK_MS, e) ||
	    !read_outcomes(&p, reader, TAIL, e))
		return err_context(e, "positions");
	if (behind(list, &p) > 0 &&
	    (!read_outcomes(&p, reader, INT64_MAX, e) ||
	     !read_sent_on(&p, reader, e) || !settle(r, list, &p, e)))
		return err_context(e, "positions");
	return positions_raise(r, list, n, e);
}

/*
 * In misrouted the ends of our own transactions take up offsets: when what
 * stood before them is deleted after its time, the group seems to be behind
 * the first message. In an inbox that is an error, which reading raises:
 * messages were deleted before they were decided.
 */
bool
positions_raise(struct registrar *r, struct kafka_partition *list, size_t n,
		struct err *e)
{
	int64_t low;
	char a[24], b[24], where[24];

	for (size_t i = 0; i < n; i++) {
		if (list[i].offset < 0 ||
		    strcmp(list[i].topic, KAFKA_TOPIC_INBOX_MISROUTED) != 0)
			continue;
		if (!kafka_admin_watermarks(r->admin, list[i].topic,
					    list[i].partition, ASK_MS, &low,
					    NULL, e))
			return false;
		if (list[i].offset >= low)
			continue;
		log_line(LOG_WARN, list[i].topic, "goes on at its first offset",
			 "partition", log_int(where, list[i].partition), "from",
			 log_int(a, (long long)list[i].offset), "to",
			 log_int(b, (long long)low), NULL);
		list[i].offset = low;
	}
	return true;
}
