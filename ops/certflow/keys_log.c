#include "keys_log.h"

#include <stdio.h>
#include <string.h>

#include "base/uuid.h"
#include "kafka/admin.h"
#include "kafka/reader.h"
#include "pki/csr.h"
#include "registry/schemas.h"
#include "runtime/cloudevents.h"

#define ASK_MS 20000
#define PARTITIONS_MAX 10000

struct reading {
	struct keys_log *log;
	struct schemas *schemas;
};

void
keys_log_free(struct keys_log *l)
{
	for (size_t i = 0; i < l->count; i++)
		free((void *)(uintptr_t)l->items[i].spki.data);
	free(l->items);
	*l = (struct keys_log){ 0 };
}

static struct logged_key *
add(struct keys_log *l, const struct ev_meta *meta, struct err *e)
{
	struct logged_key *key;

	if (l->count == l->room) {
		size_t room = l->room == 0 ? 1024 : 2 * l->room;
		struct logged_key *more =
			reallocarray(l->items, room, sizeof(*more));

		if (more == NULL) {
			(void)ERR_NO_MEMORY(e);
			return NULL;
		}
		l->items = more;
		l->room = room;
	}
	key = &l->items[l->count++];
	*key = (struct logged_key){ .at = meta->recorded_at == NULL
						  ? 0
						  : *meta->recorded_at };
	(void)snprintf(key->tax_code, sizeof(key->tax_code), "%s",
		       meta->tax_code);
	(void)snprintf(key->event_id, sizeof(key->event_id), "%s",
		       meta->event_id);
	return key;
}

/* An uploaded CSR that was refused at once holds no key of ours. */
static bool
add_csr(struct keys_log *l, const struct ev_meta *meta, struct bytes csr,
	const struct ev_key_ref *ref, struct err *e)
{
	struct logged_key *key;
	struct bytes spki;
	uint8_t *copy;

	if (csr.data == NULL || !pki_csr_key(csr, &spki))
		return true;
	key = add(l, meta, e);
	copy = key == NULL ? NULL : malloc(spki.len);
	if (copy == NULL)
		return ERR_NO_MEMORY(e);
	memcpy(copy, spki.data, spki.len);
	key->spki = bytes_of(copy, spki.len);
	sha256(spki, key->spki_sha256);
	if (ref == NULL)
		return true;
	key->in_hsm = true;
	memcpy(key->id, ref->key_id.b, sizeof(key->id));
	return true;
}

static bool
add_enrolment(struct keys_log *l, const struct ev_key_pair_requested *ev,
	      struct err *e)
{
	struct logged_key *key = add(l, &ev->meta, e);

	return key != NULL && (uuid_parse(ev->enrolment_id, key->id) ||
			       ERR_SET(e, ERR_FATAL, "certflow", 0,
				       "enrolment %s", ev->enrolment_id));
}

static bool
add_destroyed(struct keys_log *l, const struct ev_key_pair_destroyed *ev,
	      struct err *e)
{
	struct logged_key *key;

	if (ev->spki_sha256 == NULL) /* half a key pair */
		return true;
	key = add(l, &ev->meta, e);
	if (key == NULL)
		return false;
	key->destroyed = true;
	memcpy(key->spki_sha256, ev->spki_sha256->b, SHA256_LEN);
	return true;
}

static bool
apply(struct keys_log *l, const struct event *ev, struct err *e)
{
	switch (ev->type) {
	case EVENT_KEY_PAIR_REQUESTED:
		return add_enrolment(l, &ev->key_pair_requested, e);
	case EVENT_CSR_GENERATED:
		return add_csr(l, &ev->csr_generated.meta,
			       ev->csr_generated.csr_der,
			       &ev->csr_generated.key_ref, e);
	case EVENT_REQUEST_SUBMITTED:
		return add_csr(l, &ev->request_submitted.meta,
			       ev->request_submitted.submission.csr_der, NULL,
			       e);
	case EVENT_ISSUANCE_ORDERED:
		return add_csr(l, &ev->issuance_ordered.meta,
			       ev->issuance_ordered.csr_der, NULL, e);
	case EVENT_KEY_PAIR_DESTROYED:
		return add_destroyed(l, &ev->key_pair_destroyed, e);
	default:
		return true;
	}
}

static bool
is_wanted(enum event_type type)
{
	return type == EVENT_NONE || type == EVENT_KEY_PAIR_REQUESTED ||
	       type == EVENT_CSR_GENERATED || type == EVENT_REQUEST_SUBMITTED ||
	       type == EVENT_ISSUANCE_ORDERED ||
	       type == EVENT_KEY_PAIR_DESTROYED;
}

static bool
each(void *self, const struct kafka_message *m, struct err *e)
{
	struct reading *r = self;
	AUTO(event) struct event *ev = NULL;

	if (!is_wanted(cloudevents_type(m)))
		return true;
	return (schemas_decode(r->schemas, m->value, EVENT_LOG_MAX, &ev, e) &&
		apply(r->log, ev, e)) ||
	       err_context(e, "%s/%d/%lld", m->topic, (int)m->partition,
			   (long long)m->offset);
}

/* By key; of one key the origin in the HSM first, then the earliest. */
static int
compare(const void *left, const void *right)
{
	const struct logged_key *a = left, *b = right;
	int c = memcmp(a->spki_sha256, b->spki_sha256, SHA256_LEN);

	if (c != 0)
		return c;
	if (a->in_hsm != b->in_hsm)
		return a->in_hsm ? -1 : 1;
	return (a->at > b->at) - (a->at < b->at);
}

/* One row for each key; enrolments (all zero) stay. */
static void
fold(struct keys_log *l)
{
	size_t kept = 0;

	if (l->count > 0)
		qsort(l->items, l->count, sizeof(l->items[0]), compare);
	for (size_t i = 0; i < l->count; i++) {
		struct logged_key *last =
			kept == 0 ? NULL : &l->items[kept - 1];
		struct logged_key *key = &l->items[i];
		static const uint8_t none[SHA256_LEN];

		if (last == NULL ||
		    memcmp(key->spki_sha256, none, SHA256_LEN) == 0 ||
		    memcmp(last->spki_sha256, key->spki_sha256, SHA256_LEN) !=
			    0) {
			l->items[kept++] = *key;
			continue;
		}
		last->destroyed = last->destroyed || key->destroyed;
		if (last->spki.data == NULL)
			last->spki = key->spki;
		else
			free((void *)(uintptr_t)key->spki.data);
	}
	l->count = kept;
}

static bool
read_all(struct kafka_admin *a, struct kafka_reader *reader, struct reading *r,
	 struct err *e)
{
	AUTO(ptr) void *memory = NULL;
	struct kafka_range *ranges;
	int32_t count;

	if (!kafka_admin_partitions(a, KAFKA_TOPIC_EVENTS, ASK_MS, &count, e))
		return false;
	if (count <= 0 || count > PARTITIONS_MAX)
		return ERR_SET(e, ERR_FATAL, "certflow", count,
			       "%s has %d partitions", KAFKA_TOPIC_EVENTS,
			       (int)count);
	ranges = memory = calloc((size_t)count, sizeof(*ranges));
	if (ranges == NULL)
		return ERR_NO_MEMORY(e);
	for (int32_t i = 0; i < count; i++) {
		ranges[i].topic = KAFKA_TOPIC_EVENTS;
		ranges[i].partition = i;
		if (!kafka_admin_watermarks(a, KAFKA_TOPIC_EVENTS, i, ASK_MS,
					    &ranges[i].from, &ranges[i].to, e))
			return false;
		if (ranges[i].from > 0)
			return ERR_SET(e, ERR_FATAL, "certflow", i,
				       "%s/%d does not begin at its beginning",
				       KAFKA_TOPIC_EVENTS, (int)i);
	}
	return kafka_reader_run(reader, ranges, (size_t)count, ASK_MS, each, r,
				e);
}

bool
keys_log_read(const char *kafka, const char *registry, struct keys_log *out,
	      struct err *e)
{
	const struct kafka_settings settings = {
		.bootstrap = kafka,
		.client_id = "certflow-keys",
		.properties_file = getenv("CERTFLOW_KAFKA_PROPERTIES_FILE"),
	};
	AUTO(kafka_admin) struct kafka_admin *a = NULL;
	AUTO(kafka_reader) struct kafka_reader *reader = NULL;
	AUTO(registry) struct registry *schemas_at = NULL;
	AUTO(schemas) struct schemas *schemas = NULL;
	struct reading r = { .log = out };

	if (!registry_open(&(struct registry_config){ .url = registry,
						      .timeout_ms = ASK_MS },
			   &schemas_at, e) ||
	    !schemas_open(schemas_at, &schemas, e) ||
	    !kafka_admin_open(&settings, &a, e) ||
	    !kafka_reader_open(&settings, &reader, e))
		return false;
	r.schemas = schemas;
	if (!read_all(a, reader, &r, e))
		return false;
	fold(out);
	return true;
}
