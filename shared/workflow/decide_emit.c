/* Building the records that a decision appends to the log. */
#include <string.h>

#include "base/uuid.h"
#include "workflow/judge.h"
#include "workflow/layout.h"
#include "workflow/waiting.h"

#define ACTOR_ID "registrar"
#define MESSAGE_MAX 1000 /* octets: within EVENT_TEXT_MAX characters */

static void *
no_memory(struct judge *j)
{
	(void)ERR_NO_MEMORY(j->e);
	return NULL;
}

const char *
judge_text(struct judge *j, const char *text)
{
	const char *copy = arena_text(j->a, text, strlen(text));

	return copy == NULL ? no_memory(j) : copy;
}

/* Sequence and time are pointers in struct ev_meta. */
static bool
stamp(struct judge *j, struct ev_meta *meta)
{
	int64_t *numbers = arena_alloc(j->a, 2 * sizeof(*numbers));

	if (numbers == NULL)
		return ERR_NO_MEMORY(j->e);
	numbers[0] = subject_sequence(j->s) + 1 + (int64_t)j->out->emit_count;
	numbers[1] = j->env->now;
	meta->sequence = &numbers[0];
	meta->recorded_at = &numbers[1];
	return true;
}

static struct event *
add(struct judge *j, bool is_input)
{
	struct event *ev;

	if (j->out->emit_count == WF_EMIT_MAX) {
		(void)ERR_SET(j->e, ERR_FATAL, "workflow", 0,
			      "more than %d records for one input",
			      WF_EMIT_MAX);
		return NULL;
	}
	if ((ev = arena_alloc(j->a, sizeof(*ev))) == NULL)
		return no_memory(j);
	if (is_input)
		*ev = *j->in->event;
	if (!stamp(j, &ev->meta))
		return NULL;
	ev->arena = NULL;
	j->out->emits[j->out->emit_count++] =
		(struct wf_emit){ .event = ev, .is_input = is_input };
	return ev;
}

struct event *
judge_emit(struct judge *j, enum event_type type)
{
	struct event *ev = add(j, false);
	char id[UUID_TEXT_MAX];

	if (ev == NULL || !j->env->uuid_draw(j->env->self, id, j->e))
		return NULL;
	ev->type = type;
	ev->meta.event_id = judge_text(j, id);
	if (ev->meta.event_id == NULL)
		return NULL;
	ev->meta.tax_code = subject_tax_code(j->s);
	ev->meta.occurred_at = j->env->now;
	ev->meta.actor.id = ACTOR_ID;
	ev->meta.actor.role = EV_ACTOR_ROLE_REGISTRAR;
	if (j->in != NULL)
		ev->meta.causation_id = j->in->event->meta.event_id;
	return ev;
}

static void
set_outcome(struct judge *j, enum ev_outcome_result result)
{
	struct wf_decision *out = j->out;

	out->outcome.result = result;
	out->outcome.code = out->refusal.code;
	out->outcome.sequence = *out->emits[0].event->meta.sequence;
}

/* Into the arena: *out may be used again before the record is written. */
static bool
copy_field(struct judge *j)
{
	if (j->refusal->field[0] == '\0')
		return true;
	j->out->outcome.field = judge_text(j, j->refusal->field);
	return j->out->outcome.field != NULL;
}

/* The last one comes first, in front of what the judge_*() functions added. */
static void
move_to_front(struct wf_decision *out)
{
	struct wf_emit last = out->emits[out->emit_count - 1];

	for (size_t i = out->emit_count - 1; i > 0; i--) {
		const int64_t *sequence = last.event->meta.sequence;

		out->emits[i] = out->emits[i - 1];
		last.event->meta.sequence = out->emits[i].event->meta.sequence;
		out->emits[i].event->meta.sequence = sequence;
	}
	out->emits[0] = last;
}

bool
judge_admit(struct judge *j)
{
	if (add(j, true) == NULL)
		return false;
	move_to_front(j->out);
	j->out->verdict = WF_ADMITTED;
	set_outcome(j, EV_OUTCOME_RESULT_ADMITTED);
	return true;
}

static bool
fill_params(struct judge *j, struct ev_event_refused *ev)
{
	const struct wf_refusal *r = j->refusal;
	struct ev_string_entry *items =
		arena_alloc(j->a, sizeof(*items) * WF_PARAMS_MAX);

	if (items == NULL)
		return ERR_NO_MEMORY(j->e);
	ev->params.items = items;
	ev->params.count = r->param_count;
	for (size_t i = 0; i < r->param_count; i++) {
		items[i].key = judge_text(j, r->params[i].key);
		items[i].value = judge_text(j, r->params[i].value);
		if (items[i].key == NULL || items[i].value == NULL)
			return false;
	}
	return true;
}

bool
judge_finish_refusal(struct judge *j, const struct ev_source_position *src,
		     const struct ev_sha256 *payload_sha256)
{
	struct event *ev = judge_emit(j, EVENT_EVENT_REFUSED);
	struct ev_event_refused *refused;
	char text[MESSAGE_MAX];

	if (ev == NULL)
		return false;
	refused = &ev->event_refused;
	refused->source = *src;
	refused->code = j->refusal->code;
	refused->payload_sha256 = *payload_sha256;
	if (j->in != NULL)
		refused->event_name = event_type_name(j->in->event->type);
	refused->message_en = judge_text(
		j, wf_refusal_message_en(j->refusal, text, sizeof(text)));
	refused->message_vi = judge_text(
		j, wf_refusal_message_vi(j->refusal, text, sizeof(text)));
	if (!copy_field(j))
		return false;
	refused->field = j->out->outcome.field;
	if (refused->message_en == NULL || refused->message_vi == NULL ||
	    !fill_params(j, refused))
		return false;
	move_to_front(j->out);
	j->out->verdict = WF_REFUSED;
	set_outcome(j, EV_OUTCOME_RESULT_REFUSED);
	return true;
}

static bool
fill_headers(struct judge *j, struct ev_event_deferred *ev)
{
	const char *object = waiting_object(j->in->event);
	struct ev_bytes_entry *items =
		arena_alloc(j->a, sizeof(*items) * (j->in->header_count + 1));
	size_t n = 0;

	if (items == NULL)
		return ERR_NO_MEMORY(j->e);
	for (size_t i = 0; i < j->in->header_count; i++)
		if (strcmp(j->in->headers[i].key, WAITING_OBJECT_HEADER) != 0)
			items[n++] = j->in->headers[i];
	if (object != NULL) {
		items[n].key = WAITING_OBJECT_HEADER;
		items[n++].value = bytes_of_str(object);
	}
	ev->headers.items = items;
	ev->headers.count = n;
	return true;
}

bool
judge_defer(struct judge *j)
{
	struct event *ev;
	struct ev_event_deferred *deferred;

	j->out->emit_count = 0;
	ev = judge_emit(j, EVENT_EVENT_DEFERRED);
	if (ev == NULL)
		return false;
	deferred = &ev->event_deferred;
	deferred->source = j->in->source;
	deferred->event_name = event_type_name(j->in->event->type);
	deferred->waiting_for = j->refusal->code;
	deferred->deadline = j->deadline;
	deferred->payload = j->in->payload;
	if (!fill_headers(j, deferred) || !copy_field(j))
		return false;
	j->out->verdict = WF_DEFERRED;
	set_outcome(j, EV_OUTCOME_RESULT_DEFERRED);
	return true;
}

/* What was put together borrows from the subject, which changes as soon as
 * the first record is folded: the arena gets copies of its own. */
bool
judge_detach(struct judge *j)
{
	for (size_t i = 0; i < j->out->emit_count; i++) {
		AUTO(buffer) struct buffer octets = { 0 };
		struct wf_emit *emit = &j->out->emits[i];
		const struct ev_record *layout =
			event_record(emit->event->type);
		struct event *copy;

		if (emit->is_input)
			continue; /* the caller's own memory */
		copy = arena_alloc(j->a, sizeof(*copy));
		if (copy == NULL)
			return ERR_NO_MEMORY(j->e);
		copy->type = emit->event->type;
		if (!layout_encode(layout, event_body(emit->event), &octets,
				   j->e) ||
		    !layout_decode(layout, buffer_view(&octets), j->a,
				   &copy->meta, j->e))
			return err_context(j->e, "copy of %s",
					   event_type_name(copy->type));
		emit->event = copy;
	}
	return true;
}
