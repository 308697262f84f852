#include "runtime/follow.h"

#include <string.h>

#include "base/clock.h"
#include "kafka/reader.h"
#include "runtime/cloudevents.h"

#define ASK_MS 5000
#define POLL_MAX 500
/* A killed writer's transaction is ended by the brokers after 10 s. */
#define STALL_US (15 * US_PER_S)
#define SLICE_MS 1000 /* between two looks at whether we shall stop */

struct follow {
	struct follow_spec spec;
	struct kafka_reader *reader;
	struct kafka_partition *next;  /* of each partition: to be read next */
	struct kafka_partition *asked; /* room for first offsets and ends */
	struct kafka_range *ranges;
	size_t count;
	bool following; /* the reader goes on by itself from next[] */
	bool refused;   /* by take(), not by the cluster */
	int64_t records;
	struct metric *messages;
	struct metric *skipped;
	struct metric *lag;
};

bool
follow_open(const struct follow_spec *spec, struct follow **out, struct err *e)
{
	struct metrics *m = runtime_metrics(spec->rt);
	AUTO(follow) struct follow *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return ERR_NO_MEMORY(e);
	f->spec = *spec;
	f->messages = metrics_add(m, METRIC_COUNTER, "certflow_messages_total",
				  NULL, "messages of the log seen");
	f->skipped = metrics_add(m, METRIC_COUNTER,
				 "certflow_messages_skipped_total", NULL,
				 "messages not wanted, not decoded");
	f->lag = metrics_add(m, METRIC_GAUGE, "certflow_lag", NULL,
			     "messages of the log not yet seen");
	if (!kafka_reader_open(runtime_kafka(spec->rt), &f->reader, e))
		return false;
	*out = TAKE(f);
	return true;
}

/* The registrar puts nothing on the log that cannot be read. */
static bool
unreadable(const struct kafka_message *m, struct err *e)
{
	char where[KAFKA_SOURCE_TEXT_MAX];

	if (e->kind != ERR_REJECT)
		return false;
	e->kind = ERR_FATAL;
	return err_context(
		e, "%s: %s",
		kafka_source_format(m->topic, m->partition, m->offset, where),
		e->code == EV_REFUSAL_CODE_SCHEMA_UNKNOWN
			? "an event that this version does not know"
			: "bytes that are no event");
}

static bool
apply(struct follow *f, const struct kafka_message *m, struct err *e)
{
	AUTO(event) struct event *ev = NULL;
	enum event_type type = cloudevents_type(m);

	if (type != EVENT_NONE && !f->spec.wants(type)) {
		metric_inc(f->skipped, 1);
		return true;
	}
	if (!schemas_decode(runtime_schemas(f->spec.rt), m->value,
			    EVENT_LOG_MAX, &ev, e))
		return unreadable(m, e);
	return !f->spec.wants(ev->type) || f->spec.apply(f->spec.self, ev, e);
}

/* One record; those that were read before are passed over. */
static bool
take(void *self, const struct kafka_message *m, struct err *e)
{
	struct follow *f = self;

	if (m->partition < 0 || (size_t)m->partition >= f->count ||
	    m->offset < f->next[m->partition].offset)
		return true;
	f->refused = true;
	if (process_stopping()) {
		e->kind = ERR_NONE;
		return false;
	}
	if (!apply(f, m, e))
		return false;
	f->refused = false;
	metric_inc(f->messages, 1);
	f->records++;
	f->next[m->partition].offset = m->offset + 1;
	return true;
}

static bool
know_partitions(struct follow *f, struct err *e)
{
	struct kafka_partition *next, *asked;
	struct kafka_range *ranges;
	int32_t count;

	if (!kafka_admin_partitions(runtime_admin(f->spec.rt),
				    KAFKA_TOPIC_EVENTS, ASK_MS, &count, e))
		return false;
	if ((size_t)count == f->count)
		return true;
	if ((size_t)count < f->count)
		return ERR_SET(e, ERR_FATAL, "follow", 0,
			       "%s has only %d partitions now",
			       KAFKA_TOPIC_EVENTS, (int)count);
	next = reallocarray(f->next, (size_t)count, sizeof(next[0]));
	if (next == NULL)
		return ERR_NO_MEMORY(e);
	f->next = next;
	asked = reallocarray(f->asked, 2 * (size_t)count, sizeof(asked[0]));
	if (asked == NULL)
		return ERR_NO_MEMORY(e);
	f->asked = asked;
	ranges = reallocarray(f->ranges, (size_t)count, sizeof(ranges[0]));
	if (ranges == NULL)
		return ERR_NO_MEMORY(e);
	f->ranges = ranges;
	for (; f->count < (size_t)count; f->count++)
		next[f->count] =
			(struct kafka_partition){ KAFKA_TOPIC_EVENTS,
						  (int32_t)f->count, 0 };
	f->following = false;
	return true;
}

/* Is all there between what we have read and the end? */
static bool
still_whole(const struct kafka_partition *at, int64_t low, int64_t high,
	    struct err *e)
{
	if (high < at->offset)
		return ERR_SET(e, ERR_FATAL, "follow", 0,
			       "%s/%d ends at %lld and was read up to %lld: "
			       "it is another log",
			       at->topic, (int)at->partition, (long long)high,
			       (long long)at->offset);
	if (low > at->offset)
		return ERR_SET(e, ERR_RETRY, "follow", 0,
			       "%s/%d begins at %lld: what was before is gone, "
			       "so its certificates are not known",
			       at->topic, (int)at->partition, (long long)low);
	return true;
}

/* Where the log ends now, into ranges. @param behind  records to be read */
static bool
ask_ends(struct follow *f, int64_t *behind, struct err *e)
{
	struct kafka_admin *admin = runtime_admin(f->spec.rt);
	struct kafka_partition *low = f->asked, *high = f->asked + f->count;

	*behind = 0;
	for (size_t i = 0; i < f->count; i++)
		low[i] = high[i] = f->next[i];
	if (!kafka_admin_offsets(admin, low, f->count, KAFKA_OFFSET_BEGINNING,
				 ASK_MS, e) ||
	    !kafka_admin_offsets(admin, high, f->count, KAFKA_OFFSET_END,
				 ASK_MS, e))
		return false;
	for (size_t i = 0; i < f->count; i++) {
		const struct kafka_partition *at = &f->next[i];

		if (!still_whole(at, low[i].offset, high[i].offset, e))
			return false;
		f->ranges[i] =
			(struct kafka_range){ at->topic, at->partition,
					      at->offset, high[i].offset };
		*behind += high[i].offset - at->offset;
	}
	metric_set(f->lag, *behind);
	return true;
}

/* To the ends in ranges, in slices; what stalls for long is said. */
static bool
read_up(struct follow *f, struct err *e)
{
	int64_t since = clock_monotonic_us(), seen = f->records;

	f->following = false;
	while (!kafka_reader_run(f->reader, f->ranges, f->count, SLICE_MS, take,
				 f, e)) {
		if (f->refused || e->kind != ERR_RETRY)
			return false;
		if (process_stopping()) {
			e->kind = ERR_NONE;
			return false;
		}
		if (f->records != seen)
			since = clock_monotonic_us();
		seen = f->records;
		if (clock_monotonic_us() - since > STALL_US)
			return false;
		for (size_t i = 0; i < f->count; i++)
			f->ranges[i].from = f->next[i].offset;
	}
	for (size_t i = 0; i < f->count; i++)
		f->next[i].offset = f->ranges[i].to;
	metric_set(f->lag, 0);
	return true;
}

/* What went wrong, or that all is well, where operators look. */
static bool
said(struct follow *f, bool ok, const struct err *e)
{
	struct health *h = runtime_health(f->spec.rt);

	if (!ok && e->kind == ERR_RETRY) {
		health_set(h, f->refused ? HEALTH_REGISTRY : HEALTH_KAFKA,
			   e->text);
		return false;
	}
	if (ok) {
		health_set(h, HEALTH_KAFKA, NULL);
		health_set(h, HEALTH_REGISTRY, NULL);
	}
	return ok;
}

bool
follow_catch_up(struct follow *f, struct err *e)
{
	int64_t behind;

	f->refused = false;
	return said(f,
		    know_partitions(f, e) && ask_ends(f, &behind, e) &&
			    (behind == 0 || read_up(f, e)),
		    e);
}

static bool
start(struct follow *f, struct err *e)
{
	if (!f->following &&
	    !kafka_reader_follow(f->reader, f->next, f->count, e))
		return false;
	f->following = true;
	return true;
}

static bool
take_all(struct follow *f, const struct kafka_batch *b, struct err *e)
{
	for (size_t i = 0; i < kafka_batch_count(b); i++)
		if (!take(f, kafka_batch_at(b, i), e)) {
			f->following = false; /* they are to come again */
			return false;
		}
	return true;
}

bool
follow_poll(struct follow *f, int timeout_ms, struct err *e)
{
	AUTO(kafka_batch) struct kafka_batch *b = NULL;

	f->refused = false;
	/* That the cluster answers is for follow_catch_up() to say. */
	if (!start(f, e) ||
	    !kafka_reader_poll(f->reader, POLL_MAX, timeout_ms, &b, e) ||
	    !take_all(f, b, e)) {
		(void)said(f, false, e);
		return false;
	}
	return true;
}

int64_t
follow_count(const struct follow *f)
{
	return f->records;
}

void
follow_close(struct follow *f)
{
	if (f == NULL)
		return;
	kafka_reader_close(f->reader);
	free(f->next);
	free(f->asked);
	free(f->ranges);
	free(f);
}
