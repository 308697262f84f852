/* EXISTING must equal the record of the last approved submission. */
#include "world.h"

#define SUB submission(ev)
#define C(code) EV_REFUSAL_CODE_##code

static enum ev_refusal_code
existing(struct world *w, void (*alter)(struct ev_customer *c))
{
	struct event *ev = submit_event(w, R2, 1);

	SUB->customer.source = EV_CUSTOMER_SOURCE_EXISTING;
	if (alter != NULL)
		alter(&SUB->customer);
	world_say(w, ev);
	return world_code(w);
}

static void
alter_address(struct ev_customer *c)
{
	c->address = "Số 5";
}

static void
alter_locality(struct ev_customer *c)
{
	c->locality = NULL;
}

static void
alter_person(struct ev_customer *c)
{
	static const struct ev_legal_representative other = {
		.personal_ref = "88888888-8888-4888-8888-888888888888",
	};

	c->legal_representative = &other;
}

static void
claim_new(struct ev_customer *c)
{
	c->source = EV_CUSTOMER_SOURCE_NEW;
}

Test(customer, existing_customer_equals_the_record)
{
	AUTO(world) struct world *w = world_new(TAX);
	struct event *ev;

	certified(w, E1, R1);
	cr_expect_eq(existing(w, alter_address), C(CUSTOMER_DIFFERS));
	cr_expect_str_eq(w->last.refusal.field, "submission.customer.address");
	cr_expect_eq(existing(w, alter_locality), C(CUSTOMER_DIFFERS));
	cr_expect_eq(existing(w, alter_person), C(CUSTOMER_DIFFERS));
	cr_expect_eq(existing(w, claim_new), C(CUSTOMER_EXISTS));
	cr_expect_eq(existing(w, NULL), C(UNKNOWN));
	ev = submit_event(w, R3, 1);
	SUB->request_type = EV_REQUEST_TYPE_MODIFICATION;
	SUB->previous_serial_number =
		w->s->st.certificates.items[0].serial_number;
	alter_address(&SUB->customer);
	world_say(w, ev); /* only the form is missing, not the equality */
	cr_expect_eq(world_code(w), C(DOSSIER_INCOMPLETE));
	cr_expect_str_eq(world_param(w, "missing"), "CHANGE_FORM");
}
