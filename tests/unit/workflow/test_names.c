/* Names that events bring: ids of persons and of new objects. */
#include <string.h>

#include "world.h"

#define SUB submission(ev)
#define C(code) EV_REFUSAL_CODE_##code

/* One person, one spelling: else he could be two for the four eyes. */
Test(names, actors_have_one_spelling)
{
	static const char *const spellings[] = {
		"GDV-1",
		"gdv-1 ",
		" gdv-1",
		"gdv-1\n",
		"gdv\xe2\x80\x91"
		"1",
		"",
		"a@example.vn",
		"gdv-1\x1f"
		"gdv-2",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"aaa",
	};

	for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++) {
		AUTO(world) struct world *w = world_new(TAX);
		struct event *ev;

		enrol(w, E1);
		submit(w, R1, 1);
		ev = approve_event(w, R1, E1);
		ev->meta.actor.id = spellings[i];
		cr_expect_eq(world_say(w, ev), WF_REFUSED, "'%s'",
			     spellings[i]);
		cr_expect_eq(world_code(w), C(BODY_INVALID));
		cr_expect_str_eq(w->last.refusal.field, "meta.actor.id");
	}
}

/* Nor does an approver become the officer by being spelled otherwise. */
Test(names, new_officers_have_one_spelling)
{
	AUTO(world) struct world *w = world_new(TAX);
	struct event *ev;

	enrol(w, E1);
	submit(w, R1, 1);
	cr_assert_eq(approve(w, R1, E1), WF_ADMITTED);
	ev = world_event(w, EVENT_REQUEST_REASSIGNED, "ql-2");
	ev->request_reassigned.request_id = R1;
	ev->request_reassigned.new_officer_id = "QL-1";
	ev->request_reassigned.reason = "";
	cr_expect_eq(world_say(w, ev), WF_REFUSED);
	cr_expect_eq(world_code(w), C(BODY_INVALID));
	cr_expect_str_eq(w->last.refusal.field, "new_officer_id");
}

/* The read model and the tokens know objects by their id alone. */
Test(names, ids_belong_to_one_tax_code)
{
	AUTO(world) struct world *w = world_new(TAX);
	struct event *ev;

	enrol(w, E1);
	w->id_taken_elsewhere = true;
	ev = world_event(w, EVENT_KEY_PAIR_REQUESTED, CUSTOMER);
	ev->key_pair_requested.enrolment_id = E2;
	ev->key_pair_requested.certificate_type =
		EV_CERTIFICATE_TYPE_SERVER_SIGNATURE;
	ev->key_pair_requested.unit_kind = EV_UNIT_KIND_ENTERPRISE;
	ev->key_pair_requested.key_algorithm = EV_KEY_ALGORITHM_RSA_2048;
	cr_expect_eq(world_say(w, ev), WF_REFUSED);
	cr_expect_eq(world_code(w), C(DUPLICATE_ID));
	cr_expect_eq(submit(w, R1, 1), WF_REFUSED);
	cr_expect_eq(world_code(w), C(DUPLICATE_ID));
	w->id_taken_elsewhere = false;
	cr_expect_eq(submit(w, R1, 1), WF_ADMITTED);
}

static void
return_approved(struct world *w)
{
	struct event *ev;

	enrol(w, E1);
	submit(w, R1, 1);
	cr_assert_eq(approve(w, R1, E1), WF_ADMITTED);
	ev = world_event(w, EVENT_REQUEST_RETURNED, MANAGER);
	ev->request_returned.request_id = R1;
	ev->request_returned.revision = 1;
	ev->request_returned.reason = "";
	cr_assert_eq(world_say(w, ev), WF_ADMITTED);
}

/* Returned after its approval, a first request can still be corrected. */
Test(names, returned_request_corrects_its_customer)
{
	static const enum ev_customer_source sources[] = {
		EV_CUSTOMER_SOURCE_NEW, EV_CUSTOMER_SOURCE_EXISTING
	};

	for (size_t i = 0; i < 2; i++) {
		AUTO(world) struct world *w = world_new(TAX);
		struct event *ev;

		return_approved(w);
		ev = submit_event(w, R1, 2);
		SUB->customer.source = sources[i];
		SUB->customer.address = "Số 5";
		cr_expect_eq(world_say(w, ev), WF_ADMITTED, "%s",
			     ev_refusal_code_name(world_code(w)));
		cr_expect_eq(approve(w, R1, E1), WF_ADMITTED);
		cr_expect_str_eq(w->s->st.customer->address, "Số 5");
		world_check_replay(w);
	}
}

/* But no other request, and none once there is a certificate. */
Test(names, other_requests_keep_to_the_record)
{
	AUTO(world) struct world *w = world_new(TAX);
	struct event *ev;

	return_approved(w);
	ev = submit_event(w, R2, 1);
	SUB->customer.source = EV_CUSTOMER_SOURCE_NEW;
	world_say(w, ev);
	cr_expect_eq(world_code(w), C(CUSTOMER_EXISTS));
	ev = submit_event(w, R2, 1);
	SUB->customer.source = EV_CUSTOMER_SOURCE_EXISTING;
	SUB->customer.address = "Số 5";
	world_say(w, ev);
	cr_expect_eq(world_code(w), C(CUSTOMER_DIFFERS));
}
