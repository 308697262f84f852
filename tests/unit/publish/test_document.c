/* Filling in, and the examples that --template prints. */
#include <criterion/criterion.h>
#include <string.h>

#include "event/event_json.h"
#include "publish/document.h"

static void
read_back(enum event_type type)
{
	AUTO(json) json_t *json = NULL;
	AUTO(event) struct event *ev = NULL;
	char ref[UUID_TEXT_MAX];
	struct err e = { 0 };

	cr_assert(document_example(type, &json, &e), "%s", e.text);
	if (type == EVENT_PERSONAL_RECORD)
		cr_assert(document_fill_personal(json, ref, &e), "%s", e.text);
	else
		cr_assert(
			document_fill_meta(json, event_writer(type), NULL, &e));
	cr_assert(event_from_json(json, &ev, &e), "%s: %s",
		  event_type_name(type), e.text);
	cr_assert_eq(ev->type, type);
	cr_assert(event_check(ev, &e), "%s: %s", event_type_name(type), e.text);
	if (type == EVENT_PERSONAL_RECORD)
		return;
	cr_assert_eq(ev->meta.actor.role, event_inbox_role(event_writer(type)));
	cr_assert_null(ev->meta.sequence);
	cr_assert_null(ev->meta.recorded_at);
}

Test(example, of_every_event_that_can_be_published)
{
	for (unsigned t = EVENT_NONE + 1; t < EVENT__COUNT; t++) {
		if (event_writer((enum event_type)t) != INBOX_NONE)
			read_back((enum event_type)t);
	}
	read_back(EVENT_PERSONAL_RECORD);
}

Test(example, meaning)
{
	AUTO(str) char *text = NULL;
	struct err e;

	cr_assert(document_meaning(EVENT_ENROLMENT_SAVED, &text, &e));
	cr_assert_not_null(strstr(text, "Lưu lại"));
}

Test(fill, what_is_there_stays)
{
	AUTO(json)
	json_t *json = json_pack("{s:{s:s, s:s, s:{s:s, s:s}}}", "meta",
				 "event_id", "x", "occurred_at", "y", "actor",
				 "id", "z", "role", "OFFICER");
	AUTO(json) json_t *before = json_deep_copy(json);
	struct err e;

	cr_assert(document_fill_meta(json, INBOX_MANAGER, "other", &e));
	cr_assert(json_equal(json, before));
}

Test(fill, what_is_missing)
{
	AUTO(json) json_t *json = json_pack("{s:{}}", "meta");
	const char *id, *role, *actor, *when;
	uint8_t uuid[UUID_LEN];
	struct err e;

	cr_assert(document_fill_meta(json, INBOX_MANAGER, "ql-0007", &e));
	cr_assert_eq(json_unpack(json, "{s:{s:s, s:s, s:{s:s, s:s}}}", "meta",
				 "event_id", &id, "occurred_at", &when, "actor",
				 "id", &actor, "role", &role),
		     0);
	cr_assert(uuid_parse(id, uuid));
	cr_assert_str_eq(role, "MANAGER");
	cr_assert_str_eq(actor, "ql-0007");
}

/* No meta at all: left to the schema, which names it. */
Test(fill, nothing_to_fill)
{
	AUTO(json) json_t *json = json_pack("{s:s}", "type", "EnrolmentSaved");
	struct event *ev = NULL;
	struct err e;

	cr_assert(document_fill_meta(json, INBOX_EINVOICE, NULL, &e));
	cr_assert_not(event_from_json(json, &ev, &e));
	cr_assert_str_eq(e.text, "meta: missing");
}

Test(fill, personal_ref_is_taken_out)
{
	static const char ref[] = "1b671a64-40d5-491e-99b0-da01ff1f3341";
	AUTO(json) json_t *json = json_pack("{s:s}", "personal_ref", ref);
	AUTO(json) json_t *bad = json_pack("{s:s}", "personal_ref", "me");
	AUTO(json) json_t *array = json_array();
	char out[UUID_TEXT_MAX];
	struct err e;

	cr_assert(document_fill_personal(json, out, &e));
	cr_assert_str_eq(out, ref);
	cr_assert_null(json_object_get(json, "personal_ref"));
	cr_assert_eq(json_string_length(json_object_get(json, "salt")), 64);
	cr_assert_not(document_fill_personal(bad, out, &e));
	cr_assert_str_eq(e.text, "personal_ref: not a lower-case UUID");
	cr_assert_not(document_fill_personal(array, out, &e));
}
