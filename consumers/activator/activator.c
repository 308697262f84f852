/*
 * activator - proves that the key of a certificate works before it is used.
 *
 * reads   ActivationOrdered, CertificateActivated, ActivationFailed,
 *         EventRefused
 * writes  CertificateActivated, ActivationFailed
 * holds   the customer tokens
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "activation.h"
#include "hsm/hsm_config.h"
#include "runtime/notes.h"
#include "runtime/worker.h"

struct activator {
	struct hsm *hsm;
	struct notes *notes;
	atomic_uint threads; /* numbers given to pool threads */
};

struct thread {
	struct activator *activator;
	unsigned number;
};

static void
activator_close(void *self)
{
	struct activator *a = self;

	if (a == NULL)
		return;
	hsm_close(a->hsm);
	notes_free(a->notes);
	free(a);
}
DEFINE_AUTO(activator, struct activator *, activator_close);

static bool
activator_open(struct runtime *rt, void **self, struct err *e)
{
	AUTO(activator) struct activator *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return ERR_NO_MEMORY(e);
	if (!notes_new(&a->notes, e) ||
	    !hsm_open_configured(runtime_config(rt), "hsm.tokens",
				 (struct bytes){ 0 }, &a->hsm, e))
		return false;
	*self = TAKE(a);
	return true;
}

static bool
ready(void *self, size_t busy, struct err *why)
{
	struct activator *a = self;

	(void)busy; /* the supervisor of the tokens waits for callers itself */
	return hsm_ready_or_exit(a->hsm, why);
}

static bool
thread_open(void *self, struct watch_slot *slot, void **out, struct err *e)
{
	struct activator *a = self;
	struct thread *t = malloc(sizeof(*t));

	(void)slot; /* calls into the module are watched in ready() */
	if (t == NULL)
		return ERR_NO_MEMORY(e);
	t->activator = a;
	t->number = atomic_fetch_add(&a->threads, 1);
	*out = t;
	return true;
}

static void
answered(struct activator *a, struct ledger *l, const char *order_id)
{
	if (order_id == NULL)
		return;
	ledger_close(l, order_id);
	notes_drop(a->notes, order_id);
}

static void
refused(struct activator *a, struct ledger *l, const char *outcome_id)
{
	char order_id[LEDGER_KEY_MAX];
	const char *noted = NULL;

	if (outcome_id != NULL)
		noted = notes_key(a->notes, outcome_id);
	if (noted == NULL)
		return;
	snprintf(order_id, sizeof(order_id), "%s", noted);
	answered(a, l, order_id);
}

static bool
observe(void *self, const struct event *ev, struct ledger *l, struct err *e)
{
	struct activator *a = self;
	const char *id = ev->meta.event_id;

	switch (ev->type) {
	case EVENT_ACTIVATION_ORDERED:
		return notes_add(a->notes, id, id, EVENT_CERTIFICATE_ACTIVATED,
				 e) &&
		       notes_add(a->notes, id, id, EVENT_ACTIVATION_FAILED,
				 e) &&
		       ledger_open(l, id, e);
	case EVENT_CERTIFICATE_ACTIVATED:
	case EVENT_ACTIVATION_FAILED:
		answered(a, l, ev->meta.causation_id);
		return true;
	case EVENT_EVENT_REFUSED:
		refused(a, l, ev->meta.causation_id);
		return true;
	default:
		return true;
	}
}

static bool
work(void *thread, const struct ledger_order *o, void **job, struct err *e)
{
	const struct thread *t = thread;
	struct activation *out = malloc(sizeof(*out));

	if (out == NULL)
		return ERR_NO_MEMORY(e);
	*job = out;
	return activation_test(t->activator->hsm, t->number,
			       &o->event->activation_ordered, o->attempts > 0,
			       out, e);
}

static bool
finish(void *self, const struct ledger_order *o, void *job, struct outbox *out,
       struct err *e)
{
	const struct ev_activation_ordered *order =
		&o->event->activation_ordered;
	const struct activation *a = job;
	struct event ev = { .type = EVENT_CERTIFICATE_ACTIVATED };

	(void)self;
	if (a->activated) {
		ev.certificate_activated = (struct ev_certificate_activated){
			.serial_number = order->serial_number,
			.enrolment_id = order->enrolment_id,
			.key_ref = { a->key.token, order->key_ref.key_id },
			.tested_at = a->tested_at,
		};
	} else {
		ev.type = EVENT_ACTIVATION_FAILED;
		ev.activation_failed = (struct ev_activation_failed){
			.serial_number = order->serial_number,
			.code = a->code,
			.detail = a->detail,
		};
	}
	return outbox_send(out, &ev, e);
}

/* clang-format off */
static const struct config_option options[] = {
	HSM_OPTIONS,
	{ "hsm.tokens", CONFIG_LIST, NULL, 0, 0, false,
	  "labels of the customer tokens, e.g. customer-1,customer-2" },
	{ 0 },
};
/* clang-format on */

static const enum event_type wants[] = {
	EVENT_ACTIVATION_ORDERED,
	EVENT_CERTIFICATE_ACTIVATED,
	EVENT_ACTIVATION_FAILED,
	EVENT_EVENT_REFUSED,
};

static const enum event_type writes[] = { EVENT_CERTIFICATE_ACTIVATED,
					  EVENT_ACTIVATION_FAILED };

int
main(int argc, char *argv[])
{
	static const struct worker activator = {
		.name = "activator",
		.options = options,
		.inbox = INBOX_ACTIVATOR,
		.wants = wants,
		.want_count = sizeof(wants) / sizeof(wants[0]),
		.writes = writes,
		.write_count = sizeof(writes) / sizeof(writes[0]),
		.holds_keys = true,
		.threads_option = "hsm.threads",
		.open = activator_open,
		.close = activator_close,
		.ready = ready,
		.observe = observe,
		.thread_open = thread_open,
		.thread_close = free,
		.work = work,
		.finish = finish,
		.job_free = free,
	};

	return worker_main(&activator, argc, argv);
}
