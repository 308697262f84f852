#include "registry/schema_topic.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "kafka/admin.h"
#include "kafka/reader.h"
#include "registry/answers.h"
#include "registry/registry.h"

#define READ_AGAIN_US (INT64_C(10) * US_PER_S)
#define ASK_MS 5000

struct entry {
	int32_t id;
	struct buffer text;
};

struct schema_topic {
	char *bootstrap;
	char *client_id;
	char *properties_file;
	struct kafka_admin *admin; /* opened when first needed */
	struct kafka_reader *reader;
	int64_t next_read_us;
	bool complete;      /* read to the end at least once */
	struct err failure; /* of the last try, if not complete */
	size_t count;
	struct entry entries[REGISTRY_SCHEMAS_MAX];
};

bool
schema_topic_open(const struct kafka_settings *kafka, struct schema_topic **out,
		  struct err *e)
{
	AUTO(schema_topic) struct schema_topic *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return ERR_NO_MEMORY(e);
	t->bootstrap = strdup(kafka->bootstrap);
	t->client_id = strdup(kafka->client_id);
	t->properties_file = strdup(
		kafka->properties_file == NULL ? "" : kafka->properties_file);
	if (t->bootstrap == NULL || t->client_id == NULL ||
	    t->properties_file == NULL)
		return ERR_NO_MEMORY(e);
	*out = TAKE(t);
	return true;
}

static struct entry *
find(struct schema_topic *t, int32_t id)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->entries[i].id == id)
			return &t->entries[i];
	return NULL;
}

static bool
keep(struct schema_topic *t, int32_t id, struct buffer *text)
{
	struct entry *en = find(t, id);

	if (en == NULL && t->count == REGISTRY_SCHEMAS_MAX)
		return false;
	if (en == NULL) {
		en = &t->entries[t->count++];
		en->id = id;
	}
	buffer_free(&en->text);
	en->text = *text;
	*text = (struct buffer){ 0 };
	return true;
}

static bool
key_is(struct bytes key, int32_t id)
{
	char text[16];

	snprintf(text, sizeof(text), "%" PRId32, id);
	return bytes_equal(key, bytes_of_str(text));
}

/* A record that is not what it should be is told and passed over: it must
 * not hide the others. */
static bool
on_record(void *self, const struct kafka_message *m, struct err *e)
{
	struct schema_topic *t = self;
	AUTO(buffer) struct buffer text = { 0 };
	char where[KAFKA_SOURCE_TEXT_MAX];
	struct err why = { 0 };
	int32_t id;

	(void)e;
	if (m->value.data == NULL)
		return true; /* schemas are never withdrawn */
	if (answer_record(m->value, &id, &text, &why) && key_is(m->key, id) &&
	    keep(t, id, &text))
		return true;
	if (why.kind == ERR_NONE)
		(void)ERR_SET(&why, ERR_REJECT, "registry", 0,
			      "key is not the id, or too many schemas");
	log_err(LOG_WARN,
		kafka_source_format(m->topic, m->partition, m->offset, where),
		"record of a schema not understood", &why);
	return true;
}

static bool
connect_to(struct schema_topic *t, struct err *e)
{
	const struct kafka_settings kafka = { t->bootstrap, t->client_id,
					      t->properties_file };

	if (t->reader != NULL)
		return true;
	return (t->admin != NULL || kafka_admin_open(&kafka, &t->admin, e)) &&
	       kafka_reader_open(&kafka, &t->reader, e);
}

static bool
read_all(struct schema_topic *t, struct err *e)
{
	struct kafka_range range = { .topic = KAFKA_TOPIC_SCHEMAS };

	return connect_to(t, e) &&
	       kafka_admin_watermarks(t->admin, range.topic, 0, ASK_MS,
				      &range.from, &range.to, e) &&
	       kafka_reader_run(t->reader, &range, 1, ASK_MS, on_record, t, e);
}

bool
schema_topic_find(void *self, int32_t id, struct buffer *text, struct err *e)
{
	struct schema_topic *t = self;
	struct entry *en = find(t, id);

	if (en == NULL && clock_monotonic_us() >= t->next_read_us) {
		t->complete = read_all(t, &t->failure);
		t->next_read_us = clock_monotonic_us() + READ_AGAIN_US;
		en = find(t, id);
	}
	if (en != NULL)
		return buffer_add(text, en->text.data, en->text.len, e);
	if (t->complete)
		return ERR_SET(e, ERR_REJECT, "registry", 404,
			       "%s has no schema %" PRId32, KAFKA_TOPIC_SCHEMAS,
			       id);
	*e = t->failure;
	return false;
}

void
schema_topic_close(struct schema_topic *t)
{
	if (t == NULL)
		return;
	for (size_t i = 0; i < t->count; i++)
		buffer_free(&t->entries[i].text);
	kafka_reader_close(t->reader);
	kafka_admin_close(t->admin);
	free(t->bootstrap);
	free(t->client_id);
	free(t->properties_file);
	free(t);
}
