/*
 * Identity of inputs: which were judged before and which still wait.
 *
 * An input is its inbox, its event id and the SHA-256 of its Avro body. The
 * log tells all three: an admitted record by its headers, EventRefused by
 * its causation_id and payload_sha256, EventDeferred by its causation_id and
 * its payload.
 */
#include <string.h>

#include "base/uuid.h"
#include "workflow/subject_state.h"
#include "workflow/waiting.h"

#define WIRE_HEAD 5 /* magic octet and schema id */
#define INBOX_PREFIX "certflow.inbox."

bool
wf_input_id_make(enum event_inbox inbox, const char *event_id,
		 const uint8_t *body_sha256, struct wf_input_id *out)
{
	out->inbox = inbox;
	if (event_id == NULL || !uuid_parse(event_id, out->event_id.b))
		return false;
	memcpy(out->body_sha256.b, body_sha256, SHA256_LEN);
	return true;
}

const struct wf_seen *
subject_seen(const struct subject *s, const struct wf_input_id *id)
{
	return subject_index_find(s, id, true);
}

bool
subject_id_taken(const struct subject *s, const struct wf_input_id *id)
{
	return subject_index_find(s, id, false) != NULL;
}

struct wf_waiting *
subject_waiting(const struct subject *s, const struct wf_input_id *id)
{
	for (size_t i = 0; i < s->st.waiting.count; i++) {
		struct wf_waiting *w = &s->st.waiting.items[i];

		if (w->inbox == id->inbox &&
		    memcmp(&w->event_id, &id->event_id, sizeof(id->event_id)) ==
			    0 &&
		    sha256_equal(&w->body_sha256, &id->body_sha256))
			return w;
	}
	return NULL;
}

static void
stop_waiting(struct subject *s, const struct wf_input_id *id)
{
	struct wf_waiting *w = subject_waiting(s, id);
	size_t i;

	if (w == NULL)
		return;
	i = (size_t)(w - s->st.waiting.items);
	s->st.waiting.count--;
	memmove(w, w + 1, (s->st.waiting.count - i) * sizeof(*w));
}

/* The older half of the refusals goes. */
static void
forget_refused(struct subject *s)
{
	struct wf_seen *items = s->st.seen.items;
	size_t gone = 0, kept = 0;

	for (size_t i = 0; i < s->st.seen.count; i++) {
		if (items[i].result == EV_OUTCOME_RESULT_REFUSED &&
		    gone < SUBJECT_REFUSED_KEPT)
			gone++;
		else
			items[kept++] = items[i];
	}
	s->st.seen.count = kept;
	subject_index_build(s);
}

/* It counts from now on, however long it waited. */
static struct wf_seen *
move_to_end(struct subject *s, struct wf_seen *seen)
{
	struct wf_seen *last = &s->st.seen.items[s->st.seen.count - 1];
	const struct wf_seen moved = *seen;

	if (seen == last)
		return last;
	memmove(seen, seen + 1, (size_t)(last - seen) * sizeof(*seen));
	*last = moved;
	subject_index_build(s);
	return last;
}

/* Room for an input that was not judged before. */
static struct wf_seen *
add_seen(struct subject *s, const struct wf_input_id *id, struct err *e)
{
	struct wf_seen *seen = subject_push(s, &s->st.seen, sizeof(*seen), e);

	if (seen == NULL)
		return NULL;
	*seen = (struct wf_seen){ .inbox = id->inbox,
				  .event_id = id->event_id,
				  .body_sha256 = id->body_sha256 };
	subject_index_add(s);
	return seen;
}

static bool
remember(struct subject *s, const struct wf_input_id *id,
	 enum ev_outcome_result result, enum ev_refusal_code code,
	 const char *field, int64_t sequence, struct err *e)
{
	struct wf_seen *seen = (struct wf_seen *)subject_seen(s, id);

	if (seen != NULL && seen->result != EV_OUTCOME_RESULT_DEFERRED)
		return true; /* the first outcome stays */
	if (seen == NULL && (seen = add_seen(s, id, e)) == NULL)
		return false;
	if (result == EV_OUTCOME_RESULT_REFUSED)
		seen = move_to_end(s, seen);
	seen->result = result;
	seen->code = code;
	seen->sequence = sequence;
	if (!subject_text(s, field, &seen->field, e))
		return false;
	if (result == EV_OUTCOME_RESULT_REFUSED &&
	    ++s->refused == 2 * SUBJECT_REFUSED_KEPT)
		forget_refused(s);
	return true;
}

/* Inbox of an input: what the header says, else the topic it came from. */
static enum event_inbox
inbox_of(const struct wf_record *r, const char *topic, const char *event_name)
{
	const size_t prefix = sizeof(INBOX_PREFIX) - 1;
	enum event_type type = EVENT_NONE;
	enum event_inbox inbox = r->inbox;

	if (inbox != INBOX_NONE)
		return inbox;
	if (strncmp(topic, INBOX_PREFIX, prefix) == 0 &&
	    event_inbox_parse(topic + prefix, &inbox))
		return inbox;
	if (event_name != NULL && event_type_parse(event_name, &type))
		return event_writer(type);
	return INBOX_NONE;
}

static bool
apply_refused(struct subject *s, const struct wf_record *r, struct err *e)
{
	const struct ev_event_refused *ev = &r->event->event_refused;
	enum event_inbox inbox = inbox_of(r, ev->source.topic, ev->event_name);
	struct wf_input_id id;

	if (!wf_input_id_make(inbox, ev->meta.causation_id,
			      ev->payload_sha256.b, &id))
		return true; /* could not be read: has no identity */
	stop_waiting(s, &id);
	return remember(s, &id, EV_OUTCOME_RESULT_REFUSED, ev->code, ev->field,
			*ev->meta.sequence, e);
}

static bool
copy_headers(struct subject *s, const struct ev_event_deferred *ev,
	     struct wf_waiting *w, struct err *e)
{
	for (size_t i = 0; i < ev->headers.count; i++) {
		const struct ev_bytes_entry *from = &ev->headers.items[i];
		struct ev_bytes_entry *to;

		if (strcmp(from->key, WAITING_OBJECT_HEADER) == 0) {
			struct bytes text;

			if (!subject_bytes(s, from->value, &text, e))
				return false;
			w->object = (const char *)text.data;
			continue;
		}
		to = subject_push(s, &w->headers, sizeof(*to), e);
		if (to == NULL || !subject_text(s, from->key, &to->key, e) ||
		    !subject_bytes(s, from->value, &to->value, e))
			return false;
	}
	return true;
}

static bool
start_waiting(struct subject *s, const struct wf_record *r,
	      const struct wf_input_id *id, struct err *e)
{
	const struct ev_event_deferred *ev = &r->event->event_deferred;
	struct wf_waiting *w = subject_push(s, &s->st.waiting, sizeof(*w), e);

	if (w == NULL)
		return false;
	memset(w, 0, sizeof(*w)); /* the place may have been used before */
	w->event_id = id->event_id;
	w->body_sha256 = id->body_sha256;
	w->inbox = id->inbox;
	w->source = ev->source;
	w->recorded_at = recorded(r);
	return subject_text(s, ev->source.topic, &w->source.topic, e) &&
	       subject_text(s, ev->event_name, &w->event_name, e) &&
	       subject_bytes(s, ev->payload, &w->payload, e) &&
	       copy_headers(s, ev, w, e);
}

static bool
apply_deferred(struct subject *s, const struct wf_record *r, struct err *e)
{
	const struct ev_event_deferred *ev = &r->event->event_deferred;
	enum event_inbox inbox = inbox_of(r, ev->source.topic, ev->event_name);
	struct wf_waiting *w;
	struct wf_input_id id;
	uint8_t digest[SHA256_LEN];

	if (ev->payload.len < WIRE_HEAD)
		return ERR_SET(e, ERR_FATAL, "workflow", 0,
			       "EventDeferred %s holds no message",
			       ev->meta.event_id);
	sha256(bytes_of(ev->payload.data + WIRE_HEAD,
			ev->payload.len - WIRE_HEAD),
	       digest);
	if (!wf_input_id_make(inbox, ev->meta.causation_id, digest, &id))
		return ERR_SET(e, ERR_FATAL, "workflow", 0,
			       "EventDeferred %s does not say what waits",
			       ev->meta.event_id);
	w = subject_waiting(s, &id);
	if (w == NULL && !start_waiting(s, r, &id, e))
		return false;
	if (w == NULL) /* else: it goes on waiting, for something else */
		w = &s->st.waiting.items[s->st.waiting.count - 1];
	w->waiting_for = ev->waiting_for;
	w->deadline = ev->deadline;
	return remember(s, &id, EV_OUTCOME_RESULT_DEFERRED, ev->waiting_for,
			NULL, *ev->meta.sequence, e);
}

static bool
apply_admitted(struct subject *s, const struct wf_record *r, struct err *e)
{
	const struct ev_meta *meta = &r->event->meta;
	struct wf_input_id id;

	if (r->inbox == INBOX_NONE || r->body_sha256 == NULL)
		return true; /* the registrar's own */
	if (!wf_input_id_make(r->inbox, meta->event_id, r->body_sha256, &id))
		return ERR_SET(e, ERR_FATAL, "workflow", 0,
			       "log record %s has no UUID", meta->event_id);
	stop_waiting(s, &id);
	return remember(s, &id, EV_OUTCOME_RESULT_ADMITTED,
			EV_REFUSAL_CODE_UNKNOWN, NULL, *meta->sequence, e);
}

bool
apply_input(struct subject *s, const struct wf_record *r, struct err *e)
{
	if (r->event->type == EVENT_EVENT_REFUSED)
		return apply_refused(s, r, e);
	if (r->event->type == EVENT_EVENT_DEFERRED)
		return apply_deferred(s, r, e);
	return event_writer(r->event->type) == INBOX_NONE
		       ? true
		       : apply_admitted(s, r, e);
}

const struct wf_deferred *
subject_deferred(const struct subject *s, size_t i)
{
	struct wf_waiting *w;

	if (i >= s->st.waiting.count)
		return NULL;
	w = &s->st.waiting.items[i];
	w->view = (struct wf_deferred){
		.source = w->source,
		.inbox = w->inbox,
		.event_name = w->event_name,
		.waiting_for = w->waiting_for,
		.recorded_at = w->recorded_at,
		.deadline = w->deadline,
		.payload = w->payload,
		.headers = w->headers.items,
		.header_count = w->headers.count,
	};
	return &w->view;
}
