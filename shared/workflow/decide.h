/*
 * decide.h - the registrar's mind: (state, input, facts) -> what happens.
 *
 * Pure. Nothing here changes the subject: the caller appends the emitted
 * records to the log and feeds the same records to subject_apply().
 */
#ifndef CERTFLOW_WORKFLOW_DECIDE_H
#define CERTFLOW_WORKFLOW_DECIDE_H

#include "workflow/facts.h"
#include "workflow/refusal.h"
#include "workflow/subject.h"

#define WF_EMIT_MAX 4

/* One decoded inbox message. */
struct wf_input {
	enum event_inbox inbox;
	const struct event *event;
	struct bytes body; /* Avro body as it came                      */
	struct bytes
		submission;   /* span of `submission` inside body, or absent */
	struct bytes payload; /* Kafka value as it came                    */
	const struct ev_bytes_entry *headers; /* kept if it is deferred       */
	size_t header_count;
	int32_t schema_id;
	uint8_t body_sha256[SHA256_LEN];
	struct ev_source_position source;
	/* Decided again: the EventDeferred it was kept as, else NULL. */
	const struct wf_deferred *deferred;
};

enum wf_verdict {
	WF_ADMITTED,      /* emits[0] is the input itself, then our own      */
	WF_REFUSED,       /* emits[0] is EventRefused                        */
	WF_DEFERRED,      /* emits[0] is EventDeferred                       */
	WF_STILL_WAITING, /* a deferred input that still has to wait: nothing */
	WF_REPEATED,      /* seen before: `first` is reported again          */
};

struct wf_emit {
	struct event *event; /* meta complete: sequence, recorded_at, ids */
	bool is_input;       /* body = new meta + unchanged rest of input   */
};

/* What certflow.outcomes says. */
struct wf_outcome {
	enum ev_outcome_result result;
	enum ev_refusal_code code; /* UNKNOWN when admitted */
	const char *field;         /* or NULL */
	int64_t sequence;          /* of the emitted record */
};

struct wf_decision {
	enum wf_verdict verdict;
	struct wf_refusal refusal; /* REFUSED, DEFERRED: why */
	struct wf_outcome outcome; /* of this input (REPEATED: the first one) */
	size_t emit_count;
	struct wf_emit emits[WF_EMIT_MAX]; /* memory: arena given at the call */
};

/**
 * Judge one input against its subject.
 *
 * Order: repeat or EVENT_ID_CONFLICT, ROLE (inbox and actor), tax code,
 * state table, guards in the documented order.  CSR content is checked
 * before anything is deferred.
 *
 * @param s  the subject of in->event->meta.tax_code (subject_new() if new)
 * @param a  memory of everything in *out; must outlive it
 * @return false: technical failure of a callback; nothing decided
 */
bool wf_decide(const struct wf_env *env, const struct subject *s,
	       const struct wf_input *in, struct arena *a,
	       struct wf_decision *out, struct err *e) MUST_CHECK;

#define WF_CLAIMS_MAX 2

/**
 * What wf_decide() is going to claim for an event unless it is refused
 * before: digests for key_claim() and id_claim().  For a caller who claims for
 * many events at once.  A forecast: neither what is missing here nor what is
 * here for nothing changes a decision.
 * @param s  its subject as it is now, or NULL
 * @return how many
 */
size_t wf_claims(const struct wf_env *env, const struct subject *s,
		 const struct event *ev, struct ev_sha256 out[WF_CLAIMS_MAX]);

/**
 * The next thing that the clock demands (one at a time: abandon, lapse),
 * emits only our own events.  Expired deferrals are not here: the caller
 * feeds each deferred event through wf_decide(), which refuses it with
 * DEFERRED_TOO_LONG past its deadline.
 * @param out  emit_count 0: nothing is due
 */
bool wf_clock(const struct wf_env *env, const struct subject *s,
	      struct arena *a, struct wf_decision *out, struct err *e)
	MUST_CHECK;

/**
 * EventRefused for a message that could not be decoded, recorded under the
 * tax code that is its Kafka key.
 */
bool wf_refuse_unreadable(const struct wf_env *env, const struct subject *s,
			  const struct wf_refusal *why,
			  const struct ev_source_position *source,
			  struct bytes payload, struct arena *a,
			  struct wf_decision *out, struct err *e) MUST_CHECK;

#endif
