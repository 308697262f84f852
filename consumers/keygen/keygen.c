/*
 * keygen - makes the key pairs of enrolments, and removes them.
 *
 * reads   KeyPairRequested, CsrGenerated, KeyPairFailed, KeyPairDestroyed,
 *         EnrolmentAbandoned, EventRefused
 * writes  CsrGenerated, KeyPairFailed, KeyPairDestroyed
 * holds   the customer tokens
 *
 * It leaves no second and no orphan key: one that an earlier life has made
 * is adopted, one that lost to another is destroyed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keygen.h"
#include "observe.h"

static void
keygen_close(void *self)
{
	struct keygen *kg = self;

	if (kg == NULL)
		return;
	hsm_close(kg->hsm);
	keygen_census_free(kg->census);
	notes_free(kg->notes);
	pthread_mutex_destroy(&kg->lock);
	free(kg);
}
DEFINE_AUTO(keygen, struct keygen *, keygen_close);

static bool
keygen_open(struct runtime *rt, void **self, struct err *e)
{
	const struct config *cfg = runtime_config(rt);
	AUTO(keygen) struct keygen *kg = calloc(1, sizeof(*kg));

	if (kg == NULL)
		return ERR_NO_MEMORY(e);
	pthread_mutex_init(&kg->lock, NULL);
	kg->instance = runtime_instance(rt);
	kg->settle_within_us = config_duration_us(cfg, "settle_within");
	if (!notes_new(&kg->notes, e) || !keygen_census_new(&kg->census, e) ||
	    !hsm_open_configured(cfg, "hsm.tokens", (struct bytes){ 0 },
				 &kg->hsm, e))
		return false;
	*self = TAKE(kg);
	return true;
}

static bool
ready(void *self, struct err *why)
{
	const struct keygen *kg = self;

	return hsm_ready(kg->hsm, why);
}

static void
job_free(void *self)
{
	struct keygen_job *job = self;

	if (job == NULL)
		return;
	buffer_free(&job->csr);
	free(job);
}

/* The key that stays, if the refusal names one. */
static bool
set_admitted(struct keygen_job *job, const struct ev_event_refused *ev,
	     struct err *e)
{
	const char *hex = event_refusal_param(ev, "spki_sha256");
	size_t len = 0;

	job->has_admitted = hex != NULL;
	if (hex == NULL ||
	    (hex_decode(hex, job->admitted.b, SHA256_LEN, &len) &&
	     len == SHA256_LEN))
		return true;
	return ERR_SET(e, ERR_REJECT, "keygen", 0,
		       "params.spki_sha256 is no SHA-256");
}

/* The event says what to do; the order's key names the enrolment. */
static bool
set_task(struct keygen_job *job, const struct ledger_order *o, struct err *e)
{
	const struct event *ev = o->event;

	job->tax_code = ev->meta.tax_code;
	job->look_first = o->caught_up || o->attempts > 0;
	job->recorded_us = o->caught_up && ev->meta.recorded_at != NULL
				   ? *ev->meta.recorded_at
				   : INT64_MAX;
	switch (ev->type) {
	case EVENT_KEY_PAIR_REQUESTED:
		job->task = KEYGEN_MAKE;
		job->algorithm = ev->key_pair_requested.key_algorithm;
		break;
	case EVENT_ENROLMENT_ABANDONED:
		job->task = KEYGEN_DESTROY;
		break;
	case EVENT_CSR_GENERATED:
		job->has_admitted = true;
		job->admitted = ev->csr_generated.spki_sha256;
		job->task = KEYGEN_SETTLE;
		break;
	case EVENT_EVENT_REFUSED:
		job->task = KEYGEN_SETTLE;
		return set_admitted(job, &ev->event_refused, e);
	default:
		job->task = KEYGEN_SETTLE;
		break;
	}
	return true;
}

static bool
prepare(void *self, const struct ledger_order *o, void **out, struct err *e)
{
	struct keygen_job *job = calloc(1, sizeof(*job));
	const char *enrolment_id = strchr(o->key, '/') + 1;

	(void)self;
	if (job == NULL)
		return ERR_NO_MEMORY(e);
	*out = job;
	if (!set_task(job, o, e))
		return false;
	if (!uuid_parse(enrolment_id, job->id))
		return ERR_SET(e, ERR_REJECT, "keygen", 0,
			       "enrolment_id is not a UUID");
	snprintf(job->enrolment_id, sizeof(job->enrolment_id), "%s",
		 enrolment_id);
	if (snprintf(job->label, sizeof(job->label), "%s/%s", job->tax_code,
		     enrolment_id) >= (int)sizeof(job->label))
		return ERR_SET(e, ERR_REJECT, "keygen", 0,
			       "meta.tax_code is too long");
	return true;
}

/* One order of an enrolment at a time: what one makes the next must see. */
static bool
claim(const struct keygen_thread *t, const char *enrolment_id, struct err *e)
{
	struct keygen *kg = t->keygen;
	bool free = true;

	pthread_mutex_lock(&kg->lock);
	for (unsigned i = 0; i < HSM_THREADS_MAX; i++)
		free = free && strcmp(kg->claims[i], enrolment_id) != 0;
	if (free)
		snprintf(kg->claims[t->number], UUID_TEXT_MAX, "%s",
			 enrolment_id);
	pthread_mutex_unlock(&kg->lock);
	return free || ERR_SET(e, ERR_RETRY, "keygen", 0,
			       "another order of this enrolment is under way");
}

static void
release(const struct keygen_thread *t)
{
	pthread_mutex_lock(&t->keygen->lock);
	t->keygen->claims[t->number][0] = '\0';
	pthread_mutex_unlock(&t->keygen->lock);
}

static bool
work(void *self, unsigned thread, const struct ledger_order *o, void **data,
     struct err *e)
{
	const struct keygen_thread t = { self, thread };
	struct keygen_job *job = *data;
	bool ok;

	(void)o;
	if (!claim(&t, job->enrolment_id, e))
		return false;
	ok = job->task == KEYGEN_MAKE ? keygen_make(&t, job, e)
				      : keygen_remove(&t, job, e);
	release(&t);
	return ok;
}

static struct ev_key_ref
key_ref(const struct hsm_key *key)
{
	struct ev_key_ref ref = { .token = key->token };

	memcpy(ref.key_id.b, key->id, sizeof(ref.key_id.b));
	return ref;
}

static bool
send_made(struct keygen *kg, const struct ledger_order *o,
	  const struct keygen_job *job, struct outbox *out, struct err *e)
{
	const struct hsm_attributes *a = &job->key.attributes;
	struct event ev = { .type = EVENT_CSR_GENERATED };
	struct ev_csr_generated *csr = &ev.csr_generated;

	*csr = (struct ev_csr_generated){
		.enrolment_id = job->enrolment_id,
		.key_ref = key_ref(&job->key),
		.key_algorithm = job->algorithm,
		.csr_der = buffer_view(&job->csr),
		.attributes = { .sensitive = a->sensitive,
				.extractable = a->extractable,
				.always_sensitive = a->always_sensitive,
				.never_extractable = a->never_extractable,
				.local = a->local },
	};
	sha256(hsm_key_spki(&job->key), csr->spki_sha256.b);
	if (!job->several)
		notes_mark(kg->notes, o->key, &csr->spki_sha256);
	return outbox_send(out, &ev, e);
}

static bool
send_failed(const struct keygen_job *job, struct outbox *out, struct err *e)
{
	struct event ev = { .type = EVENT_KEY_PAIR_FAILED };

	ev.key_pair_failed = (struct ev_key_pair_failed){
		.enrolment_id = job->enrolment_id,
		.code = job->code,
		.ckr = job->ckr != 0 ? &job->ckr : NULL,
		.detail = job->detail,
	};
	return outbox_send(out, &ev, e);
}

static bool
send_destroyed(const struct keygen_job *job, struct outbox *out, struct err *e)
{
	struct event ev = { .type = EVENT_KEY_PAIR_DESTROYED };
	struct ev_key_ref ref = key_ref(&job->key);
	struct ev_sha256 spki;

	ev.key_pair_destroyed = (struct ev_key_pair_destroyed){
		.enrolment_id = job->enrolment_id,
		.key_ref = job->has_key ? &ref : NULL,
		.cause = job->task == KEYGEN_DESTROY
				 ? EV_DESTRUCTION_CAUSE_ABANDONED
				 : EV_DESTRUCTION_CAUSE_LOST_RACE,
	};
	if (job->has_key && job->key.spki_len > 0) {
		sha256(hsm_key_spki(&job->key), spki.b);
		ev.key_pair_destroyed.spki_sha256 = &spki;
	}
	return outbox_send(out, &ev, e);
}

static bool
finish(void *self, const struct ledger_order *o, void *data, struct outbox *out,
       struct err *e)
{
	const struct keygen *kg = self;
	const struct keygen_job *job = data;

	if (job->task == KEYGEN_SETTLE && !job->has_key)
		return true; /* nothing had to go: nothing to report */
	if (job->doubtful && notes_doubt(kg->notes, o->key) < KEYGEN_TRIES)
		return ERR_SET(e, ERR_RETRY, "keygen", 0, "%s", job->detail);
	if (job->task != KEYGEN_MAKE)
		return send_destroyed(job, out, e);
	return job->failed ? send_failed(job, out, e)
			   : send_made(self, o, job, out, e);
}

/* clang-format off */
static const struct config_option options[] = {
	HSM_OPTIONS,
	HSM_CUSTOMER_TOKENS,
	{ "settle_within", CONFIG_DURATION, "24h", 0, 0, false,
	  "after a start, enrolments whose CSR is younger than this are "
	  "searched for left-over keys, e.g. 24h" },
	{ 0 },
};
/* clang-format on */

static const enum event_type wants[] = {
	EVENT_KEY_PAIR_REQUESTED,  EVENT_CSR_GENERATED,
	EVENT_KEY_PAIR_FAILED,     EVENT_KEY_PAIR_DESTROYED,
	EVENT_ENROLMENT_ABANDONED, EVENT_EVENT_REFUSED,
};

static const enum event_type writes[] = { EVENT_CSR_GENERATED,
					  EVENT_KEY_PAIR_FAILED,
					  EVENT_KEY_PAIR_DESTROYED };

int
main(int argc, char *argv[])
{
	static const struct worker keygen = {
		.name = "keygen",
		.options = options,
		.inbox = INBOX_KEYGEN,
		.wants = wants,
		.want_count = sizeof(wants) / sizeof(wants[0]),
		.writes = writes,
		.write_count = sizeof(writes) / sizeof(writes[0]),
		.holds_keys = true,
		.threads_option = "hsm.threads",
		.open = keygen_open,
		.close = keygen_close,
		.ready = ready,
		.observe = keygen_observe,
		.prepare = prepare,
		.work = work,
		.finish = finish,
		.job_free = job_free,
	};

	return worker_main(&keygen, argc, argv);
}
