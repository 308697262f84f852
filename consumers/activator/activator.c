/*
 * activator - proves that the key of a certificate works before it is used.
 *
 * reads   ActivationOrdered, CertificateActivated, ActivationFailed,
 *         EventRefused
 * writes  CertificateActivated, ActivationFailed
 * holds   the customer tokens
 */
#include <stdlib.h>

#include "activation.h"
#include "hsm/hsm_config.h"
#include "runtime/notes.h"
#include "runtime/worker.h"

struct activator {
	struct hsm *hsm;
	struct notes *notes;
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
ready(void *self, struct err *why)
{
	const struct activator *a = self;

	return hsm_ready(a->hsm, why);
}

static bool
observe(void *self, const struct event *ev, struct ledger *l, struct err *e)
{
	struct activator *a = self;
	const char *id = ev->meta.event_id;
	char key[LEDGER_KEY_MAX];

	switch (ev->type) {
	case EVENT_ACTIVATION_ORDERED:
		return notes_add(a->notes, id, id, EVENT_CERTIFICATE_ACTIVATED,
				 e) &&
		       notes_add(a->notes, id, id, EVENT_ACTIVATION_FAILED,
				 e) &&
		       ledger_open(l, id, e);
	case EVENT_CERTIFICATE_ACTIVATED:
	case EVENT_ACTIVATION_FAILED:
		if (ev->meta.causation_id != NULL)
			notes_answered(a->notes, l, ev->meta.causation_id);
		return true;
	case EVENT_EVENT_REFUSED:
		(void)notes_refused(a->notes, l, ev->meta.causation_id, key);
		return true;
	default:
		return true;
	}
}

static bool
work(void *self, unsigned thread, const struct ledger_order *o, void **job,
     struct err *e)
{
	const struct activator *a = self;
	struct activation *out = malloc(sizeof(*out));

	if (out == NULL)
		return ERR_NO_MEMORY(e);
	*job = out;
	return activation_test(a->hsm, thread, &o->event->activation_ordered,
			       out, e);
}

static bool
finish(void *self, const struct ledger_order *o, void *job, struct outbox *out,
       struct err *e)
{
	const struct ev_activation_ordered *order =
		&o->event->activation_ordered;
	const struct activator *activator = self;
	const struct activation *a = job;
	struct event ev = { .type = EVENT_CERTIFICATE_ACTIVATED };

	if (!a->activated &&
	    notes_doubt(activator->notes, o->key) < ACTIVATION_TRIES)
		return ERR_SET(e, ERR_RETRY, "activator", 0, "%s", a->detail);
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
	HSM_CUSTOMER_TOKENS,
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
		.work = work,
		.finish = finish,
		.job_free = free,
	};

	return worker_main(&activator, argc, argv);
}
