/* What a writer with another version of the schema sends us. */
#include <criterion/criterion.h>
#include <string.h>

#include "sample.h"

/* The text with one part replaced; the part must be there. */
static char *
edited(const char *text, const char *from, const char *to)
{
	const char *at = strstr(text, from);
	char *out = NULL;

	cr_assert_not_null(at, "%s", from);
	cr_assert(asprintf(&out, "%.*s%s%s", (int)(at - text), text, to,
			   at + strlen(from)) > 0);
	return out;
}

static struct avro_writer *
writer_of(const char *text)
{
	struct avro_writer *w = NULL;
	struct err e;

	cr_assert(avro_writer_new(text, strlen(text), &w, &e), "%s", e.text);
	return w;
}

/* Encode with one version of the schema, decode with that version too. */
static struct event *
through(const char *text, const struct event *ev)
{
	AUTO(avro_writer) struct avro_writer *w = writer_of(text);
	AUTO(buffer) struct buffer body = { 0 };
	struct event *copy = NULL;
	struct err e = { 0 };

	cr_assert(avro_encode(w, ev, &body, &e), "%s", e.text);
	cr_assert(avro_decode(w, buffer_view(&body), 9, &copy, &e), "%s",
		  e.text);
	return copy;
}

Test(evolution, reordered_symbols_map_by_name)
{
	const char *text = event_schema_text(EVENT_KEY_PAIR_REQUESTED);
	AUTO(str)
	char *other = edited(text, "\"ENTERPRISE\", \"BRANCH\"",
			     "\"BRANCH\", \"ENTERPRISE\"");
	AUTO(avro_writer) struct avro_writer *ours = writer_of(text);
	AUTO(event)
	struct event *ev = sample_event(EVENT_KEY_PAIR_REQUESTED, true);
	AUTO(event) struct event *copy = NULL;
	AUTO(buffer) struct buffer a = { 0 }, b = { 0 };
	struct err e;

	ev->key_pair_requested.unit_kind = EV_UNIT_KIND_BRANCH;
	copy = through(other, ev);
	cr_assert_eq(copy->key_pair_requested.unit_kind, EV_UNIT_KIND_BRANCH);
	/* ... although the octets differ. */
	AUTO(avro_writer) struct avro_writer *w = writer_of(other);
	cr_assert(avro_encode(w, ev, &a, &e) && avro_encode(ours, ev, &b, &e));
	cr_assert_not(bytes_equal(buffer_view(&a), buffer_view(&b)));
}

Test(evolution, symbol_that_we_do_not_know_is_unknown)
{
	AUTO(str)
	char *other = edited(event_schema_text(EVENT_KEY_PAIR_REQUESTED),
			     "\"ENTERPRISE\", \"BRANCH\"",
			     "\"ENTERPRISE\", \"FRANCHISE\"");
	AUTO(avro_writer) struct avro_writer *w = writer_of(other);
	AUTO(event)
	struct event *ev = sample_event(EVENT_KEY_PAIR_REQUESTED, true);
	AUTO(event) struct event *copy = NULL;
	AUTO(buffer) struct buffer body = { 0 };
	struct err e;

	/* Ours cannot be written there ... */
	ev->key_pair_requested.unit_kind = EV_UNIT_KIND_BRANCH;
	cr_assert_not(avro_encode(w, ev, &body, &e));
	cr_assert_str_eq(e.text,
			 "unit_kind: BRANCH is not in the writer's schema");
	cr_assert_eq(body.len, 0);
	/* ... and FRANCHISE (index 2 of 3, before the key algorithm) reads
	 * as UNKNOWN, which the check of content refuses. */
	ev->key_pair_requested.unit_kind = EV_UNIT_KIND_ENTERPRISE;
	cr_assert(avro_encode(w, ev, &body, &e), "%s", e.text);
	cr_assert_eq(body.data[body.len - 2], 2);
	body.data[body.len - 2] = 4;
	cr_assert(avro_decode(w, buffer_view(&body), 1, &copy, &e));
	cr_assert_eq(copy->key_pair_requested.unit_kind, EV_UNIT_KIND_UNKNOWN);
	cr_assert_not(event_check(copy, &e));
	cr_assert_str_eq(e.text, "unit_kind: not a known UnitKind");
}

Test(evolution, fields_that_the_writer_adds)
{
	AUTO(str)
	char *other = edited(event_schema_text(EVENT_ENROLMENT_SAVED),
			     "\"name\": \"enrolment_id\"",
			     "\"name\": \"colour\", \"type\": [\"null\", "
			     "{\"type\":\"map\",\"values\":\"double\"}], "
			     "\"default\": null}, {\"name\": \"enrolment_id\"");
	AUTO(event)
	struct event *ev = sample_event(EVENT_ENROLMENT_SAVED, true);
	AUTO(event) struct event *copy = through(other, ev);

	cr_assert_str_eq(copy->enrolment_saved.enrolment_id,
			 ev->enrolment_saved.enrolment_id);
}

Test(evolution, fields_that_the_writer_lacks)
{
	const char *text = event_schema_text(EVENT_DEACTIVATION_REQUESTED);
	AUTO(str)
	char *renamed =
		edited(text, "\"name\": \"reason\"", "\"name\": \"why\"");
	AUTO(str)
	char *broken = edited(text, "\"name\": \"serial_number\"",
			      "\"name\": \"serial\"");
	AUTO(event)
	struct event *ev = sample_event(EVENT_DEACTIVATION_REQUESTED, true);
	AUTO(event) struct event *copy = through(renamed, ev);
	AUTO(avro_writer) struct avro_writer *w = writer_of(broken);
	AUTO(buffer) struct buffer body = { 0 };
	struct event *none = NULL;
	struct err e = { 0 };

	cr_assert_null(copy->deactivation_requested.reason);
	cr_assert_not(avro_encode(w, ev, &body, &e));
	cr_assert_str_eq(e.text, "serial: not known to this program");
	sample_body(EVENT_DEACTIVATION_REQUESTED, true, &body);
	cr_assert_not(avro_decode(w, buffer_view(&body), 1, &none, &e));
	cr_assert_str_eq(e.text,
			 "serial_number: missing in the writer's schema");
}

/* A type that changed under the same name is refused, never converted. */
Test(evolution, type_that_does_not_fit)
{
	AUTO(str)
	char *other = edited(event_schema_text(EVENT_REQUEST_WITHDRAWN),
			     "at most 1000 characters. Example: Khách hàng đổi "
			     "gói.\",\n\t\t\t\"type\": \"string\"",
			     "\",\n\t\t\t\"type\": \"bytes\"");
	AUTO(avro_writer) struct avro_writer *w = writer_of(other);
	AUTO(buffer) struct buffer body = { 0 };
	struct event *ev = NULL;
	struct err e = { 0 };

	sample_body(EVENT_REQUEST_WITHDRAWN, true, &body);
	cr_assert_not(avro_decode(w, buffer_view(&body), 1, &ev, &e));
	cr_assert_str_eq(e.text, "reason: the writer's type does not fit");
}
