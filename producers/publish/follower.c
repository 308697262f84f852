#include "follower.h"

#include <string.h>

#include "base/clock.h"
#include "kafka/admin.h"
#include "kafka/reader.h"
#include "kafka/topics.h"
#include "runtime/process.h"

#define BATCH_MAX 500
#define POLL_MS 100

struct follower {
	struct schemas *schemas;
	struct kafka_reader *reader;
	struct kafka_batch *batch; /* messages from `next` are not yet read */
	size_t next;
	int timeout_ms;
};

bool
follower_open(const struct kafka_settings *kafka, struct schemas *schemas,
	      int timeout_ms, struct follower **out, struct err *e)
{
	AUTO(follower) struct follower *f = calloc(1, sizeof(*f));
	AUTO(kafka_admin) struct kafka_admin *admin = NULL;
	int32_t partitions;

	if (f == NULL)
		return ERR_NO_MEMORY(e);
	f->schemas = schemas;
	f->timeout_ms = timeout_ms;
	if (!kafka_admin_open(kafka, &admin, e) ||
	    !kafka_reader_open(kafka, &f->reader, e) ||
	    !kafka_reader_follow_end(f->reader, admin, KAFKA_TOPIC_OUTCOMES,
				     timeout_ms, &partitions, e))
		return err_context(e, "follow " KAFKA_TOPIC_OUTCOMES);
	*out = TAKE(f);
	return true;
}

static bool
is_about(const struct ev_outcome *o, const struct publication *sent)
{
	return o->source.offset == sent->offset &&
	       o->source.partition == sent->partition &&
	       strcmp(o->source.topic, sent->topic) == 0;
}

/* *done: the outcome is final. */
static bool
consider(struct follower *f, const struct kafka_message *m,
	 struct publication *sent, publish_deferred deferred, void *self,
	 bool *done, struct err *e)
{
	AUTO(event) struct event *ev = NULL;

	if (m->value.data == NULL)
		return true;
	if (!schemas_decode(f->schemas, m->value, EVENT_LOG_MAX, &ev, e))
		return false;
	if (ev->type != EVENT_OUTCOME || !is_about(&ev->outcome, sent))
		return true;
	if (ev->outcome.result == EV_OUTCOME_RESULT_DEFERRED) {
		sent->waits_for = ev->outcome.code == NULL
					  ? EV_REFUSAL_CODE_UNKNOWN
					  : *ev->outcome.code;
		if (deferred != NULL)
			deferred(self, sent);
		return true;
	}
	sent->result = ev->outcome.result == EV_OUTCOME_RESULT_ADMITTED
			       ? PUBLISH_ADMITTED
			       : PUBLISH_REFUSED;
	sent->outcome = TAKE(ev);
	*done = true;
	return true;
}

static bool
consider_batch(struct follower *f, struct publication *sent,
	       publish_deferred deferred, void *self, bool *done, struct err *e)
{
	while (!*done && f->next < kafka_batch_count(f->batch)) {
		const struct kafka_message *m =
			kafka_batch_at(f->batch, f->next);

		if (!consider(f, m, sent, deferred, self, done, e))
			return false;
		f->next++;
	}
	return true;
}

static bool
poll_more(struct follower *f, struct err *e)
{
	if (f->batch != NULL && f->next < kafka_batch_count(f->batch))
		return true;
	kafka_batch_free(f->batch);
	f->batch = NULL;
	f->next = 0;
	return kafka_reader_poll(f->reader, BATCH_MAX, POLL_MS, &f->batch, e);
}

bool
follower_wait(struct follower *f, struct publication *sent,
	      publish_deferred deferred, void *self, struct err *e)
{
	int64_t end = clock_monotonic_us() + f->timeout_ms * INT64_C(1000);
	bool done = false;

	while (!done) {
		if (clock_monotonic_us() > end || process_stopping()) {
			sent->result = PUBLISH_TIMEOUT;
			return true;
		}
		if ((!poll_more(f, e) ||
		     (f->batch != NULL &&
		      !consider_batch(f, sent, deferred, self, &done, e))) &&
		    e->kind != ERR_RETRY)
			return err_context(e, "follow " KAFKA_TOPIC_OUTCOMES);
	}
	return true;
}

void
follower_close(struct follower *f)
{
	if (f == NULL)
		return;
	kafka_batch_free(f->batch);
	kafka_reader_close(f->reader);
	free(f);
}
