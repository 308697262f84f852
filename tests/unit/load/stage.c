#include "stage.h"

#include <criterion/criterion.h>

#include "kafka/topics.h"
#include "registry/cache.h"
#include "runtime/cloudevents.h"

#define PARTITIONS 3
#define MS 10000

static const char *const inboxes[] = { KAFKA_TOPIC_INBOX_OFFICER,
				       KAFKA_TOPIC_INBOX_MANAGER,
				       KAFKA_TOPIC_INBOX_EINVOICE };
#define INBOXES (sizeof(inboxes) / sizeof(inboxes[0]))

/* As if deployment had registered all, and the programs had asked once. */
static void
fill_cache(struct stage *s)
{
	struct cache *c;

	snprintf(s->cache, sizeof(s->cache), "/tmp/certflow-stage-XXXXXX");
	cr_assert_not_null(mkdtemp(s->cache));
	cr_assert(cache_open(s->cache, &c, &s->e), "%s", s->e.text);
	for (int t = EVENT_NONE + 1; t < EVENT__COUNT; t++) {
		enum event_type type = (enum event_type)t;
		struct bytes kept;

		cr_assert(cache_put(c, t, bytes_of_str(event_schema_text(type)),
				    &kept, &s->e));
		cache_put_id(c, event_type_full_name(type),
			     event_schema_text(type), t);
	}
	cache_close(c);
}

void
stage_open(struct stage *s)
{
	struct registry_config cfg = { .url = "http://127.0.0.1:9",
				       .timeout_ms = 1000 };
	struct kafka_partition list[INBOXES * PARTITIONS];
	size_t n = 0;

	mock_open(&s->mock);
	mock_topic(&s->mock, KAFKA_TOPIC_EVENTS, PARTITIONS);
	for (size_t i = 0; i < INBOXES; i++) {
		mock_topic(&s->mock, inboxes[i], PARTITIONS);
		for (int32_t p = 0; p < PARTITIONS; p++)
			list[n++] = (struct kafka_partition){
				inboxes[i], p, KAFKA_OFFSET_BEGINNING
			};
	}
	fill_cache(s);
	cfg.cache_dir = s->cache;
	cr_assert(registry_open(&cfg, &s->registry, &s->e), "%s", s->e.text);
	cr_assert(schemas_open(s->registry, &s->schemas, &s->e));
	cr_assert(kafka_reader_open(&s->mock.settings, &s->inboxes, &s->e));
	cr_assert(kafka_reader_follow(s->inboxes, list, n, &s->e));
	cr_assert(kafka_producer_open(&s->mock.settings, MS, &s->log, &s->e));
}

void
stage_close(struct stage *s)
{
	char command[128];

	kafka_producer_close(s->log);
	kafka_reader_close(s->inboxes);
	schemas_close(s->schemas);
	registry_close(s->registry);
	mock_close(&s->mock);
	snprintf(command, sizeof(command), "rm -rf %s", s->cache);
	cr_assert_eq(system(command), 0);
}

struct kafka_batch *
stage_take(struct stage *s, int timeout_ms)
{
	struct kafka_batch *b = NULL;

	cr_assert(kafka_reader_poll(s->inboxes, 1, timeout_ms, &b, &s->e), "%s",
		  s->e.text);
	if (kafka_batch_count(b) == 1)
		return b;
	kafka_batch_free(b);
	return NULL;
}

void
stage_log(struct stage *s, struct bytes key, enum event_type type,
	  const char *id, struct bytes value)
{
	const struct kafka_header headers[] = {
		{ CE_TYPE, bytes_of_str(event_type_full_name(type)) },
		{ CE_ID, bytes_of_str(id) },
	};
	const struct kafka_record r = {
		.topic = KAFKA_TOPIC_EVENTS,
		.partition = KAFKA_PARTITION_BY_KEY,
		.key = key,
		.value = value,
		.headers = headers,
		.header_count = 2,
	};

	cr_assert(kafka_producer_send_wait(s->log, &r, MS, NULL, &s->e), "%s",
		  s->e.text);
}

void
stage_admit(struct stage *s, const struct kafka_message *m)
{
	char id[UUID_TEXT_MAX];

	cr_assert(kafka_header_text(m, CE_ID, id, sizeof(id)));
	stage_log(s, m->key, cloudevents_type(m), id, m->value);
}
