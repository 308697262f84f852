/*
 * What the events of the log mean for the ledger of keygen.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "observe.h"

struct key {
	char text[LEDGER_KEY_MAX];
};

static struct key
key_of(const char *task, const char *enrolment_id)
{
	struct key k;

	snprintf(k.text, sizeof(k.text), "%s/%s", task, enrolment_id);
	return k;
}

static bool
on_requested(struct keygen *kg, const struct event *ev, struct ledger *l,
	     struct err *e)
{
	struct key make = key_of("make", ev->key_pair_requested.enrolment_id);

	return notes_add(kg->notes, make.text, ev->meta.event_id,
			 EVENT_CSR_GENERATED, e) &&
	       notes_add(kg->notes, make.text, ev->meta.event_id,
			 EVENT_KEY_PAIR_FAILED, e) &&
	       ledger_open(l, make.text, e);
}

/* Left-over keys of old enrolments were settled when they were new. */
static bool
is_recent(const struct keygen *kg, const struct event *ev)
{
	const int64_t *recorded = ev->meta.recorded_at;

	return recorded == NULL ||
	       clock_now_us() - *recorded <= kg->settle_within_us;
}

/* Is there, or may there be, another key than the admitted one? */
static bool
needs_settling(const struct keygen *kg, const struct event *ev,
	       const char *make)
{
	return !notes_is_marked(kg->notes, make,
				&ev->csr_generated.spki_sha256) &&
	       is_recent(kg, ev);
}

static bool
on_csr(struct keygen *kg, const struct event *ev, struct ledger *l,
       struct err *e)
{
	struct key make = key_of("make", ev->csr_generated.enrolment_id);
	struct key settle = key_of("settle", ev->csr_generated.enrolment_id);
	bool open = needs_settling(kg, ev, make.text);

	notes_answered(kg->notes, l, make.text);
	/* A settling that knew of no admitted key is out of date. */
	ledger_close(l, settle.text);
	return !open || ledger_open(l, settle.text, e);
}

static bool
on_failed(struct keygen *kg, const struct event *ev, struct ledger *l,
	  struct err *e)
{
	struct key make = key_of("make", ev->key_pair_failed.enrolment_id);
	struct key settle = key_of("settle", ev->key_pair_failed.enrolment_id);

	notes_answered(kg->notes, l, make.text);
	if (strcmp(ev->meta.actor.id, kg->instance) == 0)
		return true;
	return ledger_open(l, settle.text, e);
}

static bool
on_abandoned(struct keygen *kg, const struct event *ev, struct ledger *l,
	     struct err *e)
{
	struct key make = key_of("make", ev->enrolment_abandoned.enrolment_id);
	struct key destroy =
		key_of("destroy", ev->enrolment_abandoned.enrolment_id);

	notes_answered(kg->notes, l, make.text);
	return notes_add(kg->notes, destroy.text, ev->meta.event_id,
			 EVENT_KEY_PAIR_DESTROYED, e) &&
	       ledger_open(l, destroy.text, e);
}

static void
on_destroyed(struct keygen *kg, const struct event *ev, struct ledger *l)
{
	const struct ev_key_pair_destroyed *d = &ev->key_pair_destroyed;
	bool abandoned = d->cause == EV_DESTRUCTION_CAUSE_ABANDONED;
	struct key k =
		key_of(abandoned ? "destroy" : "settle", d->enrolment_id);

	notes_answered(kg->notes, l, k.text);
}

/* Did another CSR of the enrolment come first, or may it have? */
static bool
lost_to_another(enum ev_refusal_code code)
{
	return code == EV_REFUSAL_CODE_EVENT_ID_CONFLICT ||
	       code == EV_REFUSAL_CODE_STATE;
}

/*
 * An outcome was refused: it is not asked for any more, and a key whose CSR
 * was refused has no place in the token.  The refusal names the enrolment and
 * the key that stays, so that it does not matter whether this instance made
 * the other one, or has read of the admitted one: after a rebalance it may
 * have been read by another.
 */
static bool
on_refused(struct keygen *kg, const struct event *ev, struct ledger *l,
	   struct err *e)
{
	const struct ev_event_refused *refused = &ev->event_refused;
	const char *name = refused->event_name;
	const char *enrolment = event_refusal_param(refused, "enrolment_id");
	struct key key, settle;
	bool ours =
		notes_refused(kg->notes, l, ev->meta.causation_id, key.text);

	if (name == NULL ||
	    strcmp(name, event_type_name(EVENT_CSR_GENERATED)) != 0)
		return true;
	if (enrolment == NULL && ours && !lost_to_another(refused->code))
		enrolment = strchr(key.text, '/') + 1;
	if (enrolment == NULL || !is_recent(kg, ev))
		return true;
	settle = key_of("settle", enrolment);
	return ledger_open(l, settle.text, e);
}

bool
keygen_observe(void *self, const struct event *ev, struct ledger *l,
	       struct err *e)
{
	struct keygen *kg = self;

	switch (ev->type) {
	case EVENT_KEY_PAIR_REQUESTED:
		return on_requested(kg, ev, l, e);
	case EVENT_CSR_GENERATED:
		return on_csr(kg, ev, l, e);
	case EVENT_KEY_PAIR_FAILED:
		return on_failed(kg, ev, l, e);
	case EVENT_ENROLMENT_ABANDONED:
		return on_abandoned(kg, ev, l, e);
	case EVENT_KEY_PAIR_DESTROYED:
		on_destroyed(kg, ev, l);
		return true;
	case EVENT_EVENT_REFUSED:
		return on_refused(kg, ev, l, e);
	default:
		return true;
	}
}
