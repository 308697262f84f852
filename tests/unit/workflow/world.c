#include "world.h"

#include <stdio.h>
#include <string.h>

#include "base/uuid.h"

/* 2026-03-02T02:15:00Z: the morning of a Monday in Hà Nội. */
#define START INT64_C(1772417700000000)

static struct catalogue *
load_catalogue(struct err *e)
{
	AUTO(buffer) struct buffer text = { 0 };
	struct catalogue *c = NULL;

	cr_assert(file_read(CERTFLOW_SOURCE_DIR
			    "/schemas/catalogue/catalogue.json",
			    1 << 20, &text, e) &&
			  catalogue_parse(buffer_view(&text), &c, e),
		  "%s", e->text);
	return c;
}

static struct dossier_rules *
load_dossier(struct err *e)
{
	AUTO(buffer) struct buffer text = { 0 };
	struct dossier_rules *d = NULL;

	cr_assert(file_read(CERTFLOW_SOURCE_DIR
			    "/schemas/catalogue/dossier.json",
			    1 << 20, &text, e) &&
			  dossier_parse(buffer_view(&text), &d, e),
		  "%s", e->text);
	return d;
}

static bool
draw(void *self, char out[37], struct err *e)
{
	struct world *w = self;

	if (w->broken)
		return ERR_SET(e, ERR_RETRY, "test", 0, "no randomness");
	snprintf(out, 37, "%08x-0000-4000-8000-000000000000", ++w->ids);
	return true;
}

/* Whatever is claimed was foretold. */
static void
check_forecast(const struct world *w, const struct ev_sha256 *digest)
{
	bool told = false;

	for (size_t i = 0; i < w->forecast_count; i++)
		told = told || sha256_equal(&w->forecast[i], digest);
	cr_assert(told, "a claim that wf_claims() does not tell");
}

static bool
claim(void *self, const struct ev_sha256 *spki, const char *tax_code,
      enum wf_key_claim *out, struct err *e)
{
	struct world *w = self;

	(void)tax_code;
	if (w->broken)
		return ERR_SET(e, ERR_RETRY, "test", 0, "no database");
	check_forecast(w, spki);
	*out = w->key_taken_elsewhere ? WF_KEY_TAKEN : WF_KEY_FREE;
	return true;
}

static bool
claim_id(void *self, const struct ev_sha256 *digest, const char *tax_code,
	 enum wf_key_claim *out, struct err *e)
{
	struct world *w = self;

	(void)tax_code;
	if (w->broken)
		return ERR_SET(e, ERR_RETRY, "test", 0, "no database");
	check_forecast(w, digest);
	*out = w->id_taken_elsewhere ? WF_KEY_TAKEN : WF_KEY_FREE;
	return true;
}

/* --- the world ---------------------------------------------------------- */

struct world *
world_new(const char *tax_code)
{
	struct world *w = calloc(1, sizeof(*w));

	cr_assert(w != NULL && arena_new(1u << 28, &w->a, &w->e));
	cr_assert(subject_new(tax_code, &w->s, &w->e));
	w->tax_code = tax_code;
	w->env = (struct wf_env){
		.now = START,
		.limits = { .unsaved_ttl_us = US_PER_DAY,
			    .uncertified_ttl_us = 180 * US_PER_DAY,
			    .request_ttl_us = 30 * US_PER_DAY,
			    .deferral_ttl_us = 600 * US_PER_S,
			    .sign_ttl_us = US_PER_DAY,
			    .deferred_max = 16,
			    .open_enrolments_max = 8,
			    .open_requests_max = 8,
			    .certificates_max = 16 },
		.catalogue = load_catalogue(&w->e),
		.dossier = load_dossier(&w->e),
		.self = w,
		.uuid_draw = draw,
		.key_claim = claim,
		.id_claim = claim_id,
	};
	world_pki(w);
	return w;
}

void
world_free(struct world *w)
{
	catalogue_free((struct catalogue *)w->env.catalogue);
	dossier_free((struct dossier_rules *)w->env.dossier);
	subject_free(w->s);
	arena_free(w->a);
	free(w);
}

struct event *
world_event(struct world *w, enum event_type type, const char *actor)
{
	struct event *ev = arena_alloc(w->a, sizeof(*ev));
	char id[UUID_TEXT_MAX];

	cr_assert(ev != NULL);
	snprintf(id, sizeof(id), "%08x-1111-4111-8111-111111111111", ++w->ids);
	ev->type = type;
	ev->meta.event_id = arena_text(w->a, id, 36);
	ev->meta.tax_code = w->tax_code;
	ev->meta.occurred_at = w->env.now;
	ev->meta.actor.id = actor;
	ev->meta.actor.role = event_inbox_role(event_writer(type));
	return ev;
}

static struct bytes
encode(struct world *w, const struct ev_record *layout, const void *value)
{
	AUTO(buffer) struct buffer b = { 0 };

	cr_assert(layout_encode(layout, value, &b, &w->e), "%s", w->e.text);
	return arena_bytes(w->a, buffer_view(&b));
}

static void
append(struct world *w, const struct wf_emit *emit, const struct wf_input *in)
{
	struct log_entry *le = &w->log[w->log_count++];
	struct wf_record r;

	cr_assert_lt(w->log_count, LOG_MAX);
	*le = (struct log_entry){ .event = emit->event };
	if (emit->is_input) {
		le->submission = in->submission;
		le->inbox = in->inbox;
		memcpy(le->body_sha256.b, in->body_sha256, SHA256_LEN);
		le->source = in->source;
	}
	r = (struct wf_record){
		.event = le->event,
		.submission = le->submission,
		.schema_id = 7,
		.inbox = le->inbox,
		.body_sha256 = emit->is_input ? le->body_sha256.b : NULL,
		.source = le->source,
	};
	cr_assert(subject_apply(w->s, &r, &w->e), "%s", w->e.text);
}

static void
fill_input(struct world *w, struct wf_input *in)
{
	const struct event *ev = in->event;

	in->body = encode(w, event_record(ev->type), event_body(ev));
	if (ev->type == EVENT_REQUEST_SUBMITTED)
		in->submission = encode(w, &ev_record_submission,
					&ev->request_submitted.submission);
	in->payload = world_join(w, bytes_of("\0\0\0\0\7", 5), in->body);
	in->schema_id = 7;
	sha256(in->body, in->body_sha256);
}

static void
decide(struct world *w, const struct wf_input *in)
{
	w->forecast_count = wf_claims(&w->env, w->s, in->event, w->forecast);
	cr_assert(wf_decide(&w->env, w->s, in, w->a, &w->last, &w->e), "%s",
		  w->e.text);
	for (size_t i = 0; i < w->last.emit_count; i++)
		append(w, &w->last.emits[i], in);
}

enum wf_verdict
world_say_in(struct world *w, enum event_inbox inbox, const struct event *ev)
{
	char topic[64];
	struct wf_input in = { .inbox = inbox, .event = ev };

	snprintf(topic, sizeof(topic), "certflow.inbox.%s",
		 event_inbox_name(inbox));
	in.source.topic = arena_text(w->a, topic, strlen(topic));
	in.source.offset = w->offset++;
	fill_input(w, &in);
	decide(w, &in);
	return w->last.verdict;
}

enum wf_verdict
world_say(struct world *w, const struct event *ev)
{
	return world_say_in(w, event_writer(ev->type), ev);
}

/* The test keeps no decoder: the event is read back with its own layout. */
static struct event *
decode_payload(struct world *w, const struct wf_deferred *d)
{
	struct event *ev = arena_alloc(w->a, sizeof(*ev));

	cr_assert(event_type_parse(d->event_name, &ev->type));
	cr_assert(
		layout_decode(event_record(ev->type),
			      bytes_of(d->payload.data + 5, d->payload.len - 5),
			      w->a, &ev->meta, &w->e),
		"%s", w->e.text);
	return ev;
}

static bool
retry_one(struct world *w, const struct wf_deferred *d)
{
	struct wf_deferred copy = *d;
	struct wf_input in = { .inbox = copy.inbox, .deferred = &copy };

	in.event = decode_payload(w, &copy);
	in.source = copy.source;
	in.source.topic =
		arena_text(w->a, copy.source.topic, strlen(copy.source.topic));
	in.headers = copy.headers;
	in.header_count = copy.header_count;
	fill_input(w, &in);
	decide(w, &in);
	return w->last.verdict != WF_STILL_WAITING;
}

unsigned
world_retry(struct world *w)
{
	const struct wf_deferred *d;
	unsigned decided = 0;

	for (size_t i = 0; (d = subject_deferred(w->s, i)) != NULL; i++) {
		if (!retry_one(w, d))
			continue;
		decided++;
		i = (size_t)-1; /* something changed: from the start */
		cr_assert_lt(decided, 1000);
	}
	return decided;
}

unsigned
world_tick(struct world *w)
{
	unsigned n = 0;

	for (;; n++) {
		struct wf_decision d;

		cr_assert(wf_clock(&w->env, w->s, w->a, &d, &w->e));
		if (d.emit_count == 0)
			return n;
		cr_assert_lt(n, 1000);
		for (size_t i = 0; i < d.emit_count; i++)
			append(w, &d.emits[i], NULL);
	}
}

enum ev_refusal_code
world_code(const struct world *w)
{
	return w->last.outcome.code;
}

const char *
world_param(const struct world *w, const char *key)
{
	for (size_t i = 0; i < w->last.refusal.param_count; i++)
		if (strcmp(w->last.refusal.params[i].key, key) == 0)
			return w->last.refusal.params[i].value;
	return "";
}

const struct event *
world_find(const struct world *w, enum event_type type)
{
	for (size_t i = w->log_count; i-- > 0;)
		if (w->log[i].event->type == type)
			return w->log[i].event;
	return NULL;
}

static void
encode_subject(struct world *w, const struct subject *s, struct buffer *out)
{
	cr_assert(subject_encode(s, out, &w->e), "%s", w->e.text);
}

void
world_check_replay(struct world *w)
{
	AUTO(subject) struct subject *again = NULL;
	AUTO(buffer) struct buffer live = { 0 };
	AUTO(buffer) struct buffer replayed = { 0 };

	cr_assert(subject_new(w->tax_code, &again, &w->e));
	for (size_t i = 0; i < w->log_count; i++) {
		const struct log_entry *le = &w->log[i];
		const struct wf_record r = {
			.event = le->event,
			.submission = le->submission,
			.schema_id = 7,
			.inbox = le->inbox,
			.body_sha256 = le->inbox == INBOX_NONE
					       ? NULL
					       : le->body_sha256.b,
			.source = le->source,
		};
		AUTO(buffer) struct buffer check = { 0 };
		struct subject *half = NULL;

		cr_assert(subject_apply(again, &r, &w->e), "%s", w->e.text);
		if (i % 3 != 0)
			continue;
		encode_subject(w, again, &check); /* go on from a checkpoint */
		cr_assert(subject_decode(buffer_view(&check), &half, &w->e),
			  "%s", w->e.text);
		subject_free(again);
		again = half;
	}
	encode_subject(w, w->s, &live);
	encode_subject(w, again, &replayed);
	cr_assert(bytes_equal(buffer_view(&live), buffer_view(&replayed)),
		  "live state and replayed state differ");
}
