/* JSON there and back; it is compared by the Avro encoding. */
#include <criterion/criterion.h>
#include <string.h>

#include "event/event_json.h"
#include "sample.h"

static void
there_and_back(enum event_type type, bool full)
{
	AUTO(event) struct event *ev = sample_event(type, full);
	AUTO(event) struct event *copy = NULL;
	AUTO(avro_writer) struct avro_writer *w = sample_writer(type);
	AUTO(buffer) struct buffer first = { 0 }, second = { 0 };
	AUTO(json) json_t *json = NULL, *parsed = NULL;
	AUTO(str) char *text = NULL;
	struct err e = { 0 };

	cr_assert(event_to_json(ev, &json, &e), "%s", e.text);
	text = json_dumps(json, JSON_COMPACT);
	parsed = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	cr_assert(event_from_json(parsed, &copy, &e), "%s: %s", e.text, text);
	cr_assert(avro_encode(w, ev, &first, &e), "%s", e.text);
	cr_assert(avro_encode(w, copy, &second, &e), "%s", e.text);
	cr_assert(bytes_equal(buffer_view(&first), buffer_view(&second)), "%s",
		  text);
}

Test(json, every_event_there_and_back)
{
	for (unsigned t = EVENT_NONE + 1; t < EVENT__COUNT; t++) {
		there_and_back((enum event_type)t, true);
		there_and_back((enum event_type)t, false);
	}
}

static const char *const good =
	"{\"type\":\"KeyPairRequested\",\"meta\":{"
	"\"event_id\":\"6f1f0c1e-6b0a-4c55-9d0f-2f6f7a3c1b11\","
	"\"tax_code\":\"0100109106\","
	"\"occurred_at\":\"2026-03-02T09:15:00.250000Z\","
	"\"actor\":{\"id\":\"kh-1\",\"role\":\"SUBSCRIBER\"}},"
	"\"enrolment_id\":\"9a1e1c52-0d3f-4c8e-8e7e-54b9a3b0f0aa\","
	"\"certificate_type\":\"SERVER_SIGNATURE\","
	"\"unit_kind\":\"ENTERPRISE\",\"key_algorithm\":\"RSA_2048\"}";

Test(json, values_are_read)
{
	AUTO(json) json_t *json = json_loads(good, 0, NULL);
	AUTO(event) struct event *ev = NULL;
	struct err e = { 0 };

	cr_assert(event_from_json(json, &ev, &e), "%s", e.text);
	cr_assert_eq(ev->type, EVENT_KEY_PAIR_REQUESTED);
	cr_assert_eq(ev->meta.occurred_at, INT64_C(1772442900250000));
	cr_assert_eq(ev->meta.actor.role, EV_ACTOR_ROLE_SUBSCRIBER);
	cr_assert_null(ev->meta.sequence);
	cr_assert_eq(ev->key_pair_requested.key_algorithm,
		     EV_KEY_ALGORITHM_RSA_2048);
}

/* The good event with the value at path replaced; NULL removes it. */
static void
expect(const char *parent, const char *key, const char *value,
       const char *reason)
{
	AUTO(json) json_t *json = json_loads(good, 0, NULL);
	json_t *at = json;
	struct event *ev = NULL;
	struct err e = { 0 };

	if (parent != NULL)
		at = json_object_get(json, parent);
	if (value == NULL)
		json_object_del(at, key);
	else
		json_object_set_new(at, key,
				    json_loads(value, JSON_DECODE_ANY, NULL));
	cr_assert_not(event_from_json(json, &ev, &e), "%s", reason);
	cr_assert_eq(e.kind, ERR_REJECT);
	cr_assert_str_eq(e.text, reason);
}

Test(json, errors_name_the_field)
{
	expect(NULL, "type", NULL, "type: must name the event");
	expect(NULL, "type", "\"Nope\"", "type: there is no event Nope");
	expect(NULL, "meta", NULL, "meta: missing");
	expect(NULL, "meta", "[]", "meta: must be an object");
	expect("meta", "tax_code", "null", "meta.tax_code: missing");
	expect("meta", "tax_code", "100", "meta.tax_code: must be a string");
	expect("meta", "sequence", "1.5", "meta.sequence: must be an integer");
	expect("meta", "sequnce", "1", "meta.sequnce: no such field in Meta");
	expect("meta", "actor", "{\"id\":\"a\",\"role\":\"BOSS\"}",
	       "meta.actor.role: not a symbol of ActorRole");
	expect("meta", "occurred_at", "\"yesterday\"",
	       "meta.occurred_at: must be a time like "
	       "\"2026-03-02T09:15:00Z\"");
	expect(NULL, "Enrolment_id", "\"\"",
	       "Enrolment_id: no such field in KeyPairRequested");
}

static void
expect_submission(const char *json_text, const char *reason)
{
	AUTO(event)
	struct event *ev = sample_event(EVENT_ISSUANCE_REQUESTED, true);
	AUTO(json) json_t *json = NULL, *change = NULL;
	struct event *out = NULL;
	struct err e = { 0 };

	cr_assert(event_to_json(ev, &json, &e));
	change = json_loads(json_text, 0, NULL);
	json_object_update(json, change);
	cr_assert_not(event_from_json(json, &out, &e), "%s", reason);
	cr_assert_str_eq(e.text, reason);
}

Test(json, octets_and_ranges)
{
	expect_submission("{\"csr_der\":\"A=AA\"}", "csr_der: not base64");
	expect_submission("{\"csr_der\":\"AAA\"}", "csr_der: not base64");
	expect_submission("{\"csr_der\":\"AA A\"}", "csr_der: not base64");
	expect_submission("{\"csr_der\":\"====\"}", "csr_der: not base64");
	expect_submission("{\"csr_der\":7}",
			  "csr_der: must be a string of base64");
	expect_submission("{\"revision\":3000000000}",
			  "revision: integer out of range");
	expect_submission("{\"revision\":\"1\"}",
			  "revision: must be an integer");
}
