/* Names, writers, caps and forms. */
#include <criterion/criterion.h>
#include <string.h>

#include "event/event.h"
#include "event/event_desc.h"

Test(event, names_there_and_back)
{
	enum event_type type = EVENT_NONE;

	for (unsigned t = EVENT_NONE + 1; t < EVENT__COUNT; t++) {
		enum event_type want = (enum event_type)t;

		cr_assert(event_type_parse(event_type_name(want), &type));
		cr_assert_eq(type, want);
		cr_assert(event_type_parse(event_type_full_name(want), &type));
		cr_assert_eq(type, want);
		cr_assert_not_null(
			strstr(event_schema_text(want), event_type_name(want)));
	}
	cr_assert_not(event_type_parse("None", &type));
	cr_assert_not(event_type_parse("other.v1.Meta", &type));
	cr_assert_null(event_type_full_name(EVENT_NONE));
	cr_assert_str_eq(event_type_name((enum event_type)9999), "None");
}

Test(event, symbols_there_and_back)
{
	enum ev_refusal_code code;

	for (unsigned i = 0; i < EV_REFUSAL_CODE__COUNT; i++) {
		const char *name =
			ev_refusal_code_name((enum ev_refusal_code)i);

		cr_assert(ev_refusal_code_parse(name, &code));
		cr_assert_eq((unsigned)code, i, "%s", name);
	}
	cr_assert_str_eq(ev_refusal_code_name(EV_REFUSAL_CODE__COUNT),
			 "UNKNOWN");
	cr_assert_not(ev_refusal_code_parse("four_eyes", &code));
}

/* Two lists that must agree: who writes what. */
Test(event, writers)
{
	unsigned count[INBOX__COUNT] = { 0 };
	enum event_inbox inbox;

	for (unsigned t = EVENT_NONE; t < EVENT__COUNT; t++)
		count[event_writer((enum event_type)t)]++;
	cr_assert_eq(count[INBOX_EINVOICE], 4);
	cr_assert_eq(count[INBOX_OFFICER], 6);
	cr_assert_eq(count[INBOX_MANAGER], 7);
	cr_assert_eq(count[INBOX_KEYGEN], 3);
	cr_assert_eq(count[INBOX_ISSUER], 2);
	cr_assert_eq(count[INBOX_ACTIVATOR], 2);
	cr_assert_eq(event_writer(EVENT_ISSUANCE_ORDERED), INBOX_NONE);
	cr_assert_eq(event_writer(EVENT_OUTCOME), INBOX_NONE);
	for (unsigned i = INBOX_NONE + 1; i < INBOX__COUNT; i++) {
		enum event_inbox want = (enum event_inbox)i;

		cr_assert(event_inbox_parse(event_inbox_name(want), &inbox));
		cr_assert_eq(inbox, want);
		cr_assert_neq(event_inbox_role(want), EV_ACTOR_ROLE_UNKNOWN);
	}
	cr_assert_not(event_inbox_parse("none", &inbox));
}

static struct event
approval(void)
{
	return (struct event){
		.type = EVENT_REQUEST_RETURNED,
		.request_returned = {
			.meta = {
				.event_id =
					"6f1f0c1e-6b0a-4c55-9d0f-2f6f7a3c1b11",
				.tax_code = "0100109106",
				.occurred_at = 1,
				.actor = { "ql-1", EV_ACTOR_ROLE_MANAGER },
			},
			.request_id = "3d0c9d2c-8b1c-4b0e-9a53-0d8e0c5a7a10",
			.revision = 1,
			.reason = "",
		},
	};
}

static void
expect(const struct event *ev, const char *reason)
{
	struct err e = { 0 };

	cr_assert_not(event_check(ev, &e), "%s", reason);
	cr_assert_eq(e.kind, ERR_REJECT);
	cr_assert_eq(e.code, EV_REFUSAL_CODE_BODY_INVALID);
	cr_assert_str_eq(e.text, reason);
}

Test(check, good)
{
	struct event ev = approval();
	struct err e;

	cr_assert(event_check(&ev, &e), "%s", e.text);
}

Test(check, identifiers)
{
	struct event ev = approval();

	ev.meta.event_id = "6F1F0C1E-6b0a-4c55-9d0f-2f6f7a3c1b11";
	expect(&ev, "meta.event_id: not a lower-case UUID");
	ev = approval();
	ev.meta.causation_id = "";
	expect(&ev, "meta.causation_id: not a lower-case UUID");
	ev = approval();
	ev.request_returned.request_id = NULL;
	expect(&ev, "request_id: missing");
	ev = approval();
	ev.meta.actor.role = EV_ACTOR_ROLE_UNKNOWN;
	expect(&ev, "meta.actor.role: not a known ActorRole");
	ev.meta.actor.role = EV_ACTOR_ROLE__COUNT;
	expect(&ev, "meta.actor.role: not a known ActorRole");
	ev.type = EVENT_NONE;
	expect(&ev, "event: of no known type");
}

/* Characters count, not octets: 1000 of three octets each are allowed. */
Test(check, text_is_counted_in_characters)
{
	char text[3 * 1001 + 1] = "";
	struct event ev = approval();
	struct err e;

	for (int i = 0; i < 1000; i++)
		memcpy(text + 3 * i, "ệ", 4);
	ev.request_returned.reason = text;
	cr_assert(event_check(&ev, &e), "%s", e.text);
	memcpy(text + 3000, "x", 2);
	expect(&ev, "reason: longer than 1000 characters");
	memset(text, 'n', 401);
	text[401] = '\0';
	ev = approval();
	ev.meta.actor.id = text;
	expect(&ev, "meta.actor.id: longer than 400 characters");
	ev = approval();
	ev.request_returned.reason = "\xff";
	expect(&ev, "reason: not well-formed UTF-8");
}

Test(check, arrays)
{
	const char *fields[65];
	struct event ev = approval();
	struct err e;

	for (int i = 0; i < 65; i++)
		fields[i] = "submission";
	ev.request_returned.fields.items = fields;
	ev.request_returned.fields.count = 64;
	cr_assert(event_check(&ev, &e), "%s", e.text);
	ev.request_returned.fields.count = 65;
	expect(&ev, "fields: more than 64 items");
	fields[2] = NULL;
	ev.request_returned.fields.count = 3;
	expect(&ev, "fields[2]: missing");
}

static void
expect_serial(const char *serial, bool good)
{
	struct event ev = approval();
	struct err e;

	ev.type = EVENT_ACTIVATION_REQUESTED;
	ev.activation_requested.serial_number = serial;
	cr_assert_eq(event_check(&ev, &e), good, "%s", serial);
}

Test(check, serials)
{
	expect_serial("4f3a9c0d5e6b7a8192a3b4c5d6e7f809", true);
	expect_serial("01", true);
	expect_serial("", false);
	expect_serial("4f3", false);
	expect_serial("4F3A", false);
	expect_serial("0x12", false);
	expect_serial("4f:3a", false);
	expect_serial("4f3a9c0d5e6b7a8192a3b4c5d6e7f8094f3a9c0d", true);
	expect_serial("4f3a9c0d5e6b7a8192a3b4c5d6e7f8094f3a9c0d00", false);
}

Test(check, octets)
{
	static const uint8_t der[EVENT_DER_MAX + 1];
	struct event ev = approval();
	struct err e;

	ev.type = EVENT_ISSUANCE_REQUESTED;
	ev.issuance_requested.request_id = ev.meta.event_id;
	ev.issuance_requested.csr_source = EV_CSR_SOURCE_UPLOADED;
	ev.issuance_requested.csr_der = bytes_of(der, EVENT_DER_MAX);
	cr_assert(event_check(&ev, &e), "%s", e.text);
	ev.issuance_requested.csr_der.len++;
	expect(&ev, "csr_der: larger than 16384 octets");
}

Test(check, times)
{
	struct event ev = approval();

	ev.meta.occurred_at = INT64_MAX;
	expect(&ev, "meta.occurred_at: not a time between the years 1 and "
		    "9999");
	ev.meta.occurred_at = INT64_C(253402300800000000);
	expect(&ev, "meta.occurred_at: not a time between the years 1 and "
		    "9999");
	ev.meta.occurred_at--;
	struct err e;
	cr_assert(event_check(&ev, &e), "%s", e.text);
}
