#include <criterion/criterion.h>
#include <string.h>

#include "avro/wire.h"
#include "registry/schemas.h"
#include "server.h"

static struct server server;
static struct registry *registry;
static struct schemas *schemas;
static struct err e;

static void
set_up(void)
{
	struct registry_config cfg = { .timeout_ms = 500 };

	server_open(&server);
	server.body = "{\"id\": 5}";
	cfg.url = server.url;
	cr_assert(registry_open(&cfg, &registry, &e), "%s", e.text);
	cr_assert(schemas_open(registry, &schemas, &e), "%s", e.text);
}

static void
tear_down(void)
{
	schemas_close(schemas);
	registry_close(registry);
	server_close(&server);
}

TestSuite(schemas, .init = set_up, .fini = tear_down, .timeout = 30);

static const struct event saved = {
	.type = EVENT_ENROLMENT_SAVED,
	.enrolment_saved = {
		.meta = {
			.event_id = "6f0c2a4e-8a2b-4f0e-9d57-3a0a5d2f9c11",
			.tax_code = "0100109106",
			.occurred_at = 1700000000000000,
			.actor = { .id = "einvoice-1",
				   .role = EV_ACTOR_ROLE_SUBSCRIBER },
		},
		.enrolment_id = "11111111-2222-4333-8444-555555555555",
	},
};

static void
encode(struct buffer *out)
{
	cr_assert(schemas_encode(schemas, &saved, out, &e), "%s", e.text);
}

Test(schemas, round_trip_asks_the_registry_once)
{
	AUTO(buffer) struct buffer wire = { 0 };
	AUTO(event) struct event *back = NULL;

	encode(&wire);
	encode(&wire);
	cr_expect_eq(wire.data[0], 0);
	cr_expect_eq(wire.data[4], 5);
	cr_assert(schemas_decode(schemas, buffer_view(&wire), EVENT_INBOX_MAX,
				 &back, &e),
		  "%s", e.text);
	cr_expect_eq(back->type, EVENT_ENROLMENT_SAVED);
	cr_expect_eq(back->schema_id, 5);
	cr_expect_str_eq(back->meta.tax_code, "0100109106");
	cr_expect_eq(server.requests, 1, "what we write we can read");
}

static void
refused(struct bytes message, size_t max, long code)
{
	struct event *ev;

	cr_assert_not(schemas_decode(schemas, message, max, &ev, &e));
	cr_expect_eq(e.kind, ERR_REJECT, "%s", e.text);
	cr_expect_eq(e.code, code, "%s", e.text);
}

Test(schemas, refusals_have_their_codes)
{
	AUTO(buffer) struct buffer wire = { 0 };

	encode(&wire);
	refused(buffer_view(&wire), wire.len - 1, EV_REFUSAL_CODE_TOO_LARGE);
	refused(bytes_of_str(""), 100, EV_REFUSAL_CODE_NOT_WIRE_FORMAT);
	refused(bytes_of_str("{\"type\":1}"), 100,
		EV_REFUSAL_CODE_NOT_WIRE_FORMAT);
	refused(bytes_of(wire.data, wire.len - 1), 1000,
		EV_REFUSAL_CODE_BODY_INVALID);
	wire.data[4] = 77;
	server.status = 404;
	server.body = "{\"error_code\": 40403}";
	refused(buffer_view(&wire), 1000, EV_REFUSAL_CODE_SCHEMA_UNKNOWN);
	wire.data[4] = 78; /* known to the registry, but none of ours */
	server.status = 200;
	server.body = "{\"schema\": \"\\\"string\\\"\"}";
	refused(buffer_view(&wire), 1000, EV_REFUSAL_CODE_SCHEMA_UNKNOWN);
}

Test(schemas, registry_away_is_not_the_messages_fault)
{
	AUTO(buffer) struct buffer wire = { 0 };
	struct event *ev;

	encode(&wire);
	wire.data[4] = 9;
	server.status = 503;
	cr_assert_not(
		schemas_decode(schemas, buffer_view(&wire), 1000, &ev, &e));
	cr_expect_eq(e.kind, ERR_RETRY, "%s", e.text);
}
