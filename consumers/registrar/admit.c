#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "kafka/dead_letter.h"
#include "registrar/registrar.h"
#include "runtime/cloudevents.h"

#define DECISION_MAX (4u * 1024 * 1024) /* octets of one decision         */
#define AGAIN_US (1 * US_PER_S)         /* a deferred one, undecidable now */

struct wires {
	struct buffer wire[WF_EMIT_MAX];
};

static void
wires_free(struct wires *w)
{
	for (size_t i = 0; i < WF_EMIT_MAX; i++)
		buffer_free(&w->wire[i]);
}
DEFINE_AUTO_VALUE(wires, struct wires, wires_free);

/* ---- one decision ----------------------------------------------------- */

static bool
decide(struct registrar *r, struct lane *lane, const struct cached *it,
       const struct intake *in, struct arena *a, struct wf_decision *d,
       struct err *e)
{
	char cause[KAFKA_SOURCE_TEXT_MAX];
	struct err second = { 0 };
	bool done;

	kafka_source_format(in->source.topic, in->source.partition,
			    in->source.offset, cause);
	r->cause = cause;
	r->cause_partition = lane->log.partition;
	r->claim_count = 0;
	r->env.now = clock_now_us();
	done = wf_decide(&r->env, it->subject, &in->in, a, d, e);
	if (!done)
		r->failed = !claims_return(r, &second) || r->failed;
	else if (d->verdict != WF_ADMITTED)
		done = claims_return(r, e);
	r->cause = NULL;
	return done ||
	       err_context(e, "decide %s", event_type_name(in->event->type));
}

/* Fold what was sent, read back from its own octets: what lives and what a
 * later fold rebuilds cannot differ. */
static bool
apply(struct registrar *r, struct cached *it, const struct wf_emit *emit,
      const struct intake *in, struct bytes wire, struct err *e)
{
	AUTO(log_record) struct log_record rec = { 0 };
	char source[KAFKA_SOURCE_TEXT_MAX];
	char digest[2 * SHA256_LEN + 1];
	bool is_input = emit->is_input && in != NULL;

	if (is_input) {
		kafka_source_format(in->source.topic, in->source.partition,
				    in->source.offset, source);
		hex_encode(bytes_of(in->in.body_sha256, SHA256_LEN), digest);
	}
	return log_record_open(r->schemas, wire, is_input ? source : NULL,
			       is_input ? digest : NULL, &rec, e) &&
	       subjects_apply(r, it, &rec.rec, e);
}

/* Encode all before anything is sent; send all before anything is folded:
 * records may borrow from the subject. */
static bool
publish(struct registrar *r, struct lane *lane, struct cached *it,
	const struct wf_decision *d, const struct intake *in, struct err *e)
{
	AUTO(wires) struct wires w = { 0 };
	char trace[CE_TRACEPARENT_MAX] = "";
	const char *parent = NULL;

	if (in != NULL && in->in.header_count > 0 &&
	    in->in.headers[0].value.len < sizeof(trace)) {
		memcpy(trace, in->in.headers[0].value.data,
		       in->in.headers[0].value.len);
		parent = trace;
	}
	for (size_t i = 0; i < d->emit_count; i++)
		if (!emit_encode(r, &d->emits[i], in, &w.wire[i], e))
			return false;
	for (size_t i = 0; i < d->emit_count; i++)
		if (!emit_log(r, lane, &d->emits[i], in, parent,
			      buffer_view(&w.wire[i]), e))
			return false;
	r->failed = true; /* until all of it is folded */
	for (size_t i = 0; i < d->emit_count; i++)
		if (!apply(r, it, &d->emits[i], in, buffer_view(&w.wire[i]), e))
			return false;
	r->failed = false;
	return true;
}

static void
tell(struct registrar *r, const struct wf_decision *d, const char *tax_code,
     const char *event_name)
{
	static const char *const said[] = {
		[WF_ADMITTED] = "admitted", [WF_REFUSED] = "refused",
		[WF_DEFERRED] = "deferred", [WF_STILL_WAITING] = "waiting",
		[WF_REPEATED] = "repeated",
	};
	struct metric *const counts[] = {
		[WF_ADMITTED] = r->count.admitted,
		[WF_REFUSED] = r->count.refused,
		[WF_DEFERRED] = r->count.deferred,
		[WF_STILL_WAITING] = r->count.waiting,
		[WF_REPEATED] = r->count.repeated,
	};
	bool said_no = d->verdict == WF_REFUSED || d->verdict == WF_DEFERRED;
	char sequence[24];

	metric_inc(counts[d->verdict], 1);
	log_line(said_no ? LOG_INFO : LOG_DEBUG, tax_code, said[d->verdict],
		 "event", event_name, "code",
		 said_no ? ev_refusal_code_name(d->refusal.code) : NULL,
		 "field", said_no ? d->refusal.field : NULL, "seq",
		 log_int(sequence, d->outcome.sequence), NULL);
	for (size_t i = 0; i < d->emit_count; i++)
		if (d->emits[i].event->type == EVENT_CERTIFICATE_REJECTED)
			log_line(LOG_ERROR, tax_code,
				 "a signed certificate was rejected", NULL);
}

/* Records, outcome; the subject has changed if *changed. */
static bool
carry_out(struct registrar *r, struct lane *lane, struct cached *it,
	  const struct wf_decision *d, const struct intake *in, struct err *e)
{
	tell(r, d, in->key, event_type_name(in->event->type));
	if (d->verdict == WF_STILL_WAITING)
		return true;
	if (publish(r, lane, it, d, in, e) &&
	    emit_outcome(r, lane, in, &d->outcome, bytes_of_str(in->key), e))
		return true;
	/* The event may be half sent, or its keys reserved for nothing. */
	r->failed = true;
	return false;
}

/* ---- what waits -------------------------------------------------------- */

/* One deferred event; *gone if it waits no longer. */
static bool
again(struct registrar *r, struct lane *lane, struct cached *it, size_t i,
      bool *gone, struct err *e)
{
	const struct wf_deferred *waiting = subject_deferred(it->subject, i);
	AUTO(arena) struct arena *a = NULL;
	AUTO(intake) struct intake in = { 0 };
	struct wf_decision d = { 0 };

	*gone = false;
	if (!intake_deferred(r->schemas, waiting, &in, e) ||
	    !arena_new(DECISION_MAX, &a, e) ||
	    !decide(r, lane, it, &in, a, &d, e))
		return false;
	*gone = d.verdict != WF_STILL_WAITING;
	return carry_out(r, lane, it, &d, &in, e);
}

bool
admit_deferred(struct registrar *r, struct lane *lane, struct cached *it,
	       struct err *e)
{
	size_t i = 0;
	bool gone;

	while (subject_deferred(it->subject, i) != NULL) {
		size_t before = (size_t)subject_sequence(it->subject);

		if (!again(r, lane, it, i, &gone, e)) {
			if (r->failed || e->kind != ERR_RETRY)
				return false;
			log_err(LOG_WARN, subject_tax_code(it->subject),
				"deferred event cannot be decided now", e);
			cache_changed(r->cache, it, clock_now_us() + AGAIN_US);
			return true;
		}
		/* What was decided may be what another one waits for. */
		if (gone && (size_t)subject_sequence(it->subject) == before) {
			r->failed = true;
			return ERR_SET(e, ERR_FATAL, "registrar", 0,
				       "a decided event still waits");
		}
		i = gone ? 0 : i + 1;
	}
	return true;
}

/* ---- messages ---------------------------------------------------------- */

/* Can it be what others wait for? A refusal or a deferral changes nothing,
 * but that the activator's ends an activation; a flood of them must not cost
 * a look at all that waits each time. */
static bool
may_help(const struct wf_decision *d, const struct intake *in)
{
	if (d->emit_count == 0)
		return false;
	return d->verdict == WF_ADMITTED || d->emit_count > 1 ||
	       in->in.inbox == INBOX_ACTIVATOR;
}

static bool
admit_event(struct registrar *r, struct lane *lane, const struct intake *in,
	    struct err *e)
{
	AUTO(arena) struct arena *a = NULL;
	struct wf_decision d = { 0 };
	struct cached *it;

	if (!subjects_find(r, in->key, lane->log.partition, &it, e) ||
	    !arena_new(DECISION_MAX, &a, e) ||
	    !decide(r, lane, it, in, a, &d, e) ||
	    !carry_out(r, lane, it, &d, in, e))
		return false;
	if (!may_help(&d, in) || admit_deferred(r, lane, it, e))
		return true;
	r->failed = true;
	return false;
}

bool
admit_own(struct registrar *r, struct lane *lane, struct cached *it,
	  const struct wf_decision *d, struct err *e)
{
	for (size_t i = 0; i < d->emit_count; i++)
		log_line(LOG_INFO, subject_tax_code(it->subject),
			 event_type_name(d->emits[i].event->type), NULL);
	if (publish(r, lane, it, d, NULL, e))
		return true;
	r->failed = true;
	return false;
}

/* On the log under the tax code that is its key, if it is one. */
static bool
refuse_unreadable(struct registrar *r, struct lane *lane,
		  const struct kafka_message *m, const struct intake *in,
		  struct wf_outcome *outcome, struct err *e)
{
	AUTO(arena) struct arena *a = NULL;
	struct wf_decision d = { 0 };
	struct cached *it;

	if (in->key[0] == '\0')
		return true;
	r->env.now = clock_now_us();
	if (!subjects_find(r, in->key, lane->log.partition, &it, e) ||
	    !arena_new(DECISION_MAX, &a, e) ||
	    !wf_refuse_unreadable(&r->env, it->subject, &in->why, &in->source,
				  m->value, a, &d, e) ||
	    !publish(r, lane, it, &d, NULL, e))
		return false;
	outcome->sequence = d.outcome.sequence;
	return true;
}

static bool
admit_unreadable(struct registrar *r, struct lane *lane,
		 const struct kafka_message *m, const struct intake *in,
		 struct err *e)
{
	struct wf_outcome outcome = {
		.result = EV_OUTCOME_RESULT_REFUSED,
		.code = in->why.code,
		.field = in->why.field[0] != '\0' ? in->why.field : NULL,
	};
	char source[KAFKA_SOURCE_TEXT_MAX];

	if (!refuse_unreadable(r, lane, m, in, &outcome, e))
		return false;
	metric_inc(r->count.dead_letters, 1);
	log_line(LOG_WARN, in->key[0] != '\0' ? in->key : "-", "dead letter",
		 "source",
		 kafka_source_format(m->topic, m->partition, m->offset, source),
		 "code", ev_refusal_code_name(in->why.code), "detail",
		 in->detail, NULL);
	if (emit_dead_letter(r, lane, m, in, e) &&
	    emit_outcome(r, lane, in, &outcome, m->key, e))
		return true;
	r->failed = true;
	return false;
}

bool
admit_message(struct registrar *r, struct lane *lane, struct opened *o,
	      struct err *e)
{
	if (!o->is_open) {
		*e = r->ahead->why;
		return false;
	}
	r->turn = o;
	switch (o->in.kind) {
	case INTAKE_EVENT:
		return admit_event(r, lane, &o->in, e);
	case INTAKE_MISPLACED:
		return emit_misplaced(r, lane, o->message, e);
	case INTAKE_UNREADABLE:
		break;
	}
	return admit_unreadable(r, lane, o->message, &o->in, e);
}
