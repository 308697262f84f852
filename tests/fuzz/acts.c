/* Each takes its choices from the input, so that a changed octet is another
 * story. */
#include "acts.h"

#include <string.h>

static const char *const enrolments[] = { E1, E2, E3 };
static const char *const requests[] = { R1, R2, R3 };
static const char *const people[] = { CUSTOMER, OFFICER, MANAGER, "gdv-2",
				      "ql-2" };

static const char *
any(struct feed *in, const char *const *of, size_t n)
{
	return of[feed_choice(in, n)];
}
#define ANY(in, of) any(in, of, sizeof(of) / sizeof((of)[0]))

static void
act_key_requested(struct world *w, struct feed *in)
{
	(void)key_requested(w, ANY(in, enrolments));
}

static void
act_csr_generated(struct world *w, struct feed *in)
{
	struct event *ev = world_event(w, EVENT_CSR_GENERATED, "keygen-1");
	struct ev_csr_generated *c = &ev->csr_generated;
	const char *key = ANY(in, enrolments);
	uint8_t bits = feed_octet(in);

	c->enrolment_id = ANY(in, enrolments);
	c->key_ref.token = "customer-1";
	c->key_algorithm = EV_KEY_ALGORITHM_RSA_2048;
	c->csr_der = world_csr(w, TAX, bits & 1 ? key : c->enrolment_id, key);
	c->spki_sha256 = world_spki(w, bits & 2 ? E1 : key);
	c->attributes =
		(struct ev_key_attributes){ true, bits & 4, true, true, true };
	(void)world_say(w, ev);
}

static void
act_saved(struct world *w, struct feed *in)
{
	struct event *ev =
		world_event(w, EVENT_ENROLMENT_SAVED, ANY(in, people));

	ev->enrolment_saved.enrolment_id = ANY(in, enrolments);
	(void)world_say(w, ev);
}

static void
act_key_failed(struct world *w, struct feed *in)
{
	struct event *ev = world_event(w, EVENT_KEY_PAIR_FAILED, "keygen-1");

	ev->key_pair_failed.enrolment_id = ANY(in, enrolments);
	ev->key_pair_failed.code = EV_KEY_PAIR_FAILURE_CODE_TOKEN_FULL;
	ev->key_pair_failed.detail = "";
	(void)world_say(w, ev);
}

static void
act_key_destroyed(struct world *w, struct feed *in)
{
	struct event *ev = world_event(w, EVENT_KEY_PAIR_DESTROYED, "keygen-1");
	struct ev_key_pair_destroyed *d = &ev->key_pair_destroyed;
	static struct ev_sha256 spki;
	uint8_t bits = feed_octet(in);

	d->enrolment_id = ANY(in, enrolments);
	spki = world_spki(w, ANY(in, enrolments));
	d->spki_sha256 = bits & 1 ? &spki : NULL;
	d->cause = bits & 2 ? EV_DESTRUCTION_CAUSE_ABANDONED
			    : EV_DESTRUCTION_CAUSE_LOST_RACE;
	(void)world_say(w, ev);
}

static void
act_submit(struct world *w, struct feed *in)
{
	const char *request = ANY(in, requests);
	int32_t revision = (int32_t)feed_choice(in, 4);
	struct event *ev = submit_event(w, request, revision);
	struct ev_submission *sub = submission(ev);
	uint8_t bits = feed_octet(in);

	ev->meta.actor.id = ANY(in, people);
	if (bits & 1)
		sub->request_type = (enum ev_request_type)feed_choice(
			in, EV_REQUEST_TYPE__COUNT);
	if (bits & 2) {
		sub->csr_source = EV_CSR_SOURCE_UPLOADED;
		sub->device_type = bits & 4 ? EV_DEVICE_TYPE_USB_TOKEN
					    : EV_DEVICE_TYPE_HSM;
		sub->csr_der = world_csr(w, TAX, "", ANY(in, enrolments));
	}
	if (bits & 8)
		sub->enrolment_id = ANY(in, enrolments);
	if (bits & 16)
		sub->customer.source = (enum ev_customer_source)feed_choice(
			in, EV_CUSTOMER_SOURCE__COUNT);
	if (bits & 32)
		sub->customer.legal_name = "CÔNG TY TNHH MẪU HAI";
	if (bits & 64 && w->s->st.certificates.count > 0)
		sub->previous_serial_number =
			w->s->st.certificates.items[0].serial_number;
	if (bits & 128)
		sub->validity_months = (int32_t)feed_octet(in) - 8;
	sub->accept_shortened_validity = revision & 1;
	(void)world_say(w, ev);
}

static void
act_approve(struct world *w, struct feed *in)
{
	const char *request = ANY(in, requests);
	struct event *ev = approve_event(w, request, ANY(in, enrolments));

	ev->meta.actor.id = ANY(in, people);
	if (feed_octet(in) & 1)
		ev->request_approved.submission_sha256.b[0] ^= 1;
	if (feed_octet(in) & 1)
		ev->request_approved.signature_cms =
			world_signature(w, &ev->request_approved);
	(void)world_say(w, ev);
}

static void
act_manager(struct world *w, struct feed *in)
{
	static const enum event_type types[] = { EVENT_REQUEST_RETURNED,
						 EVENT_REQUEST_REJECTED,
						 EVENT_REQUEST_REASSIGNED,
						 EVENT_REQUEST_WITHDRAWN };
	enum event_type type = types[feed_choice(in, 4)];
	struct event *ev = world_event(w, type, ANY(in, people));
	const char *request = ANY(in, requests);
	const struct wf_request *rq = subject_request(w->s, request);
	int32_t revision = rq == NULL ? 1 : rq->submission.revision;

	switch (type) {
	case EVENT_REQUEST_RETURNED:
		ev->request_returned.request_id = request;
		ev->request_returned.revision = revision;
		ev->request_returned.reason = "x";
		break;
	case EVENT_REQUEST_REJECTED:
		ev->request_rejected.request_id = request;
		ev->request_rejected.revision = revision;
		ev->request_rejected.reason = "x";
		break;
	case EVENT_REQUEST_REASSIGNED:
		ev->request_reassigned.request_id = request;
		ev->request_reassigned.new_officer_id = ANY(in, people);
		ev->request_reassigned.reason = "x";
		break;
	default:
		ev->request_withdrawn.request_id = request;
		ev->request_withdrawn.reason = "x";
		break;
	}
	(void)world_say(w, ev);
}

static void
act_issue(struct world *w, struct feed *in)
{
	struct event *ev = issue_event(w, ANY(in, requests));

	ev->meta.actor.id = ANY(in, people);
	if (feed_octet(in) & 1) {
		ev->issuance_requested.csr_source = EV_CSR_SOURCE_UPLOADED;
		if (feed_octet(in) & 1)
			ev->issuance_requested.csr_der =
				world_csr(w, TAX, "", ANY(in, enrolments));
	}
	(void)world_say(w, ev);
}

static void
act_issued(struct world *w, struct feed *in)
{
	uint8_t signature = (uint8_t)feed_choice(in, 2);
	uint8_t salt = (uint8_t)feed_choice(in, 3);
	struct event *ev;

	if (world_find(w, EVENT_ISSUANCE_ORDERED) == NULL)
		return;
	ev = issued_event(w, signature, salt);
	if (feed_octet(in) & 1)
		ev->certificate_issued.order_id = R3;
	(void)world_say(w, ev);
}

static void
act_order_ends(struct world *w, struct feed *in)
{
	const struct event *order = world_find(w, EVENT_ISSUANCE_ORDERED);
	bool failed = feed_octet(in) & 1;
	struct event *ev = world_event(
		w, failed ? EVENT_ISSUANCE_FAILED : EVENT_ORDER_VOID_REQUESTED,
		failed ? "issuer-1" : ANY(in, people));
	struct ev_issuance_failed *to = &ev->issuance_failed;

	if (order == NULL)
		return;
	if (!failed) {
		ev->order_void_requested.order_id = order->meta.event_id;
		ev->order_void_requested.reason = "x";
	} else {
		to->order_id = order->meta.event_id;
		to->request_id = order->issuance_ordered.request_id;
		to->serial_number = order->issuance_ordered.serial_number;
		to->code = (enum ev_issuance_failure_code)(
			1 +
			feed_choice(in, EV_ISSUANCE_FAILURE_CODE__COUNT - 1));
		to->detail = "";
	}
	(void)world_say(w, ev);
}

/* Of the CA's status: asked for by one person, decided by another. */
static void
act_status(struct world *w, struct feed *in, size_t which)
{
	static const enum event_type types[] = { EVENT_SUSPENSION_REQUESTED,
						 EVENT_RESUMPTION_REQUESTED,
						 EVENT_REVOCATION_REQUESTED,
						 EVENT_STATUS_CHANGE_CONFIRMED,
						 EVENT_STATUS_CHANGE_DECLINED };
	const char *serial = world_find(w, EVENT_ISSUANCE_ORDERED)
				     ->issuance_ordered.serial_number;
	struct event *ev = world_event(w, types[which], ANY(in, people));
	const char *id = ANY(in, enrolments); /* any id will do */

	/* The first three begin with the same members, as do the others. */
	if (which >= 3) {
		ev->status_change_confirmed.status_change_id = id;
	} else {
		ev->suspension_requested.status_change_id = id;
		ev->suspension_requested.serial_number = serial;
	}
	if (which < 2) {
		ev->suspension_requested.reason_text = "x";
	} else if (which == 2) {
		ev->revocation_requested.reason = (enum ev_revocation_reason)(
			1 + feed_choice(in, EV_REVOCATION_REASON__COUNT - 1));
		ev->revocation_requested.requester =
			EV_REVOCATION_REQUESTER_SUBSCRIBER;
	}
	(void)world_say(w, ev);
}

static void
act_use(struct world *w, struct feed *in)
{
	static const enum event_type types[] = { EVENT_ACTIVATION_REQUESTED,
						 EVENT_CERTIFICATE_ACTIVATED,
						 EVENT_ACTIVATION_FAILED,
						 EVENT_DEACTIVATION_REQUESTED };
	size_t which = feed_choice(in, 9);
	enum event_type type;
	struct event *ev;

	if (world_find(w, EVENT_ISSUANCE_ORDERED) == NULL)
		return;
	if (which >= 4) {
		act_status(w, in, which - 4);
		return;
	}
	type = types[which];
	ev = serial_event(w, type, ANY(in, people));
	if (type == EVENT_ACTIVATION_FAILED)
		ev->activation_failed.code =
			EV_ACTIVATION_FAILURE_CODE_KEY_NOT_FOUND;
	if (type == EVENT_CERTIFICATE_ACTIVATED &&
	    ev->certificate_activated.enrolment_id == NULL)
		return; /* no activator would say so: it has no such field */
	(void)world_say(w, ev);
}

/* The last event once more, through any inbox, perhaps a bit different. */
static void
act_again(struct world *w, struct feed *in)
{
	enum event_inbox inbox =
		(enum event_inbox)(1 + feed_choice(in, INBOX__COUNT - 1));
	const struct log_entry *last;
	struct event *ev;

	if (w->log_count == 0)
		return;
	last = &w->log[w->log_count - 1];
	if (event_writer(last->event->type) == INBOX_NONE)
		return;
	ev = arena_alloc(w->a, sizeof(*ev));
	require(ev != NULL);
	*ev = *last->event;
	ev->meta.sequence = NULL;
	ev->meta.recorded_at = NULL;
	if (feed_octet(in) & 1)
		ev->meta.occurred_at++;
	(void)world_say_in(w, inbox, ev);
}

static void
act_time(struct world *w, struct feed *in)
{
	static const int64_t steps[] = { 1,
					 US_PER_S,
					 601 * US_PER_S,
					 US_PER_DAY + 1,
					 31 * US_PER_DAY,
					 181 * US_PER_DAY };

	w->env.now += steps[feed_choice(in, 6)];
	(void)world_retry(w);
	(void)world_tick(w);
}

static void
act_world(struct world *w, struct feed *in)
{
	uint8_t bits = feed_octet(in);

	w->csr_refuses =
		bits & 1 ? EV_REFUSAL_CODE_KEY_ROCA : EV_REFUSAL_CODE_UNKNOWN;
	w->tbs_refuses =
		bits & 2 ? EV_REFUSAL_CODE_LINT : EV_REFUSAL_CODE_UNKNOWN;
	w->ca_invalid = bits & 4;
	w->shortened = bits & 8;
	w->key_taken_elsewhere = bits & 16;
	w->id_taken_elsewhere = bits & 32;
	w->approvers_known = bits & 64;
	w->env.limits.approval_signature_required = (bits & 192) == 192;
}

static void
act_certified(struct world *w, struct feed *in)
{
	static const uint8_t all[] = { 0, 0 };
	struct feed none = { all, 0 };

	(void)in;
	act_world(w, &none);
	if (w->log_count == 0)
		certified(w, E1, R1);
}

void
act(struct world *w, struct feed *in)
{
	static void (*const kinds[])(struct world * w, struct feed * in) = {
		act_key_requested, act_csr_generated, act_saved,
		act_key_failed,    act_key_destroyed, act_submit,
		act_approve,       act_manager,       act_issue,
		act_issued,        act_order_ends,    act_use,
		act_again,         act_time,          act_world,
		act_certified
	};

	kinds[feed_choice(in, sizeof(kinds) / sizeof(kinds[0]))](w, in);
}
