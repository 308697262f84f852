#include "workflow/subject.h"

#include <string.h>

#include "workflow/facts.h"
#include "workflow/layout.h"
#include "workflow/subject_state.h"

/* Checkpoint: mark, layout (16 of its digest), checksum (8), state. */
#define MARK "certflow-subject2"
#define LAYOUT_LEN 16
#define SUM_LEN 8
#define HEAD_LEN (sizeof(MARK) - 1 + LAYOUT_LEN + SUM_LEN)

/* Garbage that is tolerated before the live part is copied out of it. */
#define SLACK (32u * 1024)

/* NULL: e is filled. */
static struct subject *
open_empty(struct err *e)
{
	struct subject *s = calloc(1, sizeof(*s));

	if (s == NULL) {
		(void)ERR_NO_MEMORY(e);
		return NULL;
	}
	if (!arena_new(SUBJECT_ARENA_MAX, &s->arena, e)) {
		free(s);
		return NULL;
	}
	return s;
}

bool
subject_new(const char *tax_code, struct subject **out, struct err *e)
{
	AUTO(subject) struct subject *s = open_empty(e);

	if (s == NULL || !subject_text(s, tax_code, &s->st.tax_code, e))
		return false;
	*out = TAKE(s);
	return true;
}

void
subject_free(struct subject *s)
{
	if (s == NULL)
		return;
	subject_index_free(s);
	arena_free(s->arena);
	free(s);
}

/* --- memory ------------------------------------------------------------- */

void *
subject_alloc(struct subject *s, size_t size)
{
	void *p = arena_alloc(s->arena, size);

	if (p != NULL)
		s->allocated += size;
	return p;
}

bool
subject_bytes(struct subject *s, struct bytes b, struct bytes *out,
	      struct err *e)
{
	uint8_t *copy;

	*out = (struct bytes){ NULL, 0 };
	if (b.data == NULL)
		return true;
	if ((copy = subject_alloc(s, b.len + 1)) == NULL)
		return ERR_NO_MEMORY(e);
	memcpy(copy, b.data, b.len);
	*out = bytes_of(copy, b.len);
	return true;
}

bool
subject_text(struct subject *s, const char *text, const char **out,
	     struct err *e)
{
	struct bytes copy;

	*out = NULL;
	if (text == NULL)
		return true;
	if (!subject_bytes(s, bytes_of_str(text), &copy, e))
		return false;
	*out = (const char *)copy.data;
	return true;
}

bool
subject_copy(struct subject *s, const struct ev_record *layout,
	     const void *from, void *to, struct err *e)
{
	AUTO(buffer) struct buffer octets = { 0 };

	if (!layout_encode(layout, from, &octets, e))
		return false;
	s->allocated += octets.len * 2; /* near enough for a threshold */
	return layout_decode(layout, buffer_view(&octets), s->arena, to, e);
}

void *
subject_push(struct subject *s, void *list, size_t item_size, struct err *e)
{
	struct wf_list l; /* every list has this layout */
	size_t room;

	memcpy(&l, list, sizeof(l));
	room = layout_room(l.count);
	if (l.count == 0 || l.count == room) {
		void *items =
			subject_alloc(s, layout_room(l.count + 1) * item_size);

		if (items == NULL) {
			(void)ERR_NO_MEMORY(e);
			return NULL;
		}
		if (l.count > 0)
			memcpy(items, l.items, l.count * item_size);
		l.items = items;
	}
	l.count++;
	memcpy(list, &l, sizeof(l));
	return (uint8_t *)l.items + (l.count - 1) * item_size;
}

bool
subject_push_name(struct subject *s, struct wf_names *list, const char *name,
		  struct err *e)
{
	const char **slot;

	if (wf_names_hold(list, name))
		return true;
	slot = subject_push(s, list, sizeof(*slot), e);
	return slot != NULL && subject_text(s, name, slot, e);
}

/* --- checkpoints -------------------------------------------------------- */

static bool
make_head(struct bytes state, uint8_t head[HEAD_LEN], struct err *e)
{
	uint8_t digest[SHA256_LEN];
	const size_t mark = sizeof(MARK) - 1;

	memcpy(head, MARK, mark);
	if (!layout_digest(&wf_state_layout, digest, e))
		return false;
	memcpy(head + mark, digest, LAYOUT_LEN);
	sha256(state, digest);
	memcpy(head + mark + LAYOUT_LEN, digest, SUM_LEN);
	return true;
}

bool
subject_encode(const struct subject *s, struct buffer *out, struct err *e)
{
	AUTO(buffer) struct buffer state = { 0 };
	uint8_t head[HEAD_LEN];

	return layout_encode(&wf_state_layout, &s->st, &state, e) &&
	       make_head(buffer_view(&state), head, e) &&
	       buffer_add(out, head, sizeof(head), e) &&
	       buffer_add(out, state.data, state.len, e);
}

static bool
unreadable(struct err *e, const char *why)
{
	return ERR_SET(e, ERR_RETRY, "workflow", 0, "unreadable checkpoint: %s",
		       why);
}

bool
subject_decode(struct bytes b, struct subject **out, struct err *e)
{
	AUTO(subject) struct subject *s = NULL;
	struct bytes state;
	uint8_t head[HEAD_LEN];

	if (b.data == NULL || b.len < HEAD_LEN)
		return unreadable(e, "too short");
	state = bytes_of(b.data + HEAD_LEN, b.len - HEAD_LEN);
	if (!make_head(state, head, e))
		return false;
	if (memcmp(head, b.data, HEAD_LEN) != 0)
		return unreadable(e, "another version, or damaged");
	if ((s = open_empty(e)) == NULL)
		return false;
	if (!layout_decode(&wf_state_layout, state, s->arena, &s->st, e))
		return e->kind == ERR_REJECT ? unreadable(e, "no such state")
					     : false;
	s->allocated = s->live = state.len * 2;
	subject_index_build(s);
	*out = TAKE(s);
	return true;
}

/* Lists that grew and texts that were replaced leave garbage behind. */
static bool
compact(struct subject *s, struct err *e)
{
	AUTO(buffer) struct buffer octets = { 0 };
	AUTO(subject) struct subject *fresh = NULL;
	struct arena *old = s->arena;

	if (s->allocated < 2 * s->live + SLACK)
		return true;
	if ((fresh = open_empty(e)) == NULL ||
	    !layout_encode(&wf_state_layout, &s->st, &octets, e) ||
	    !layout_decode(&wf_state_layout, buffer_view(&octets), fresh->arena,
			   &fresh->st, e))
		return false;
	s->arena = fresh->arena;
	s->st = fresh->st;
	s->allocated = s->live = octets.len * 2;
	fresh->arena = old;
	return true;
}

/* --- folding ------------------------------------------------------------ */

typedef bool fold(struct subject *s, const struct wf_record *r, struct err *e);

/* What each record of the log changes, besides input identity. */
static fold *const folds[EVENT__COUNT] = {
	[EVENT_KEY_PAIR_REQUESTED] = apply_enrolment,
	[EVENT_CSR_GENERATED] = apply_enrolment,
	[EVENT_KEY_PAIR_FAILED] = apply_enrolment,
	[EVENT_KEY_PAIR_DESTROYED] = apply_enrolment,
	[EVENT_ENROLMENT_SAVED] = apply_enrolment,
	[EVENT_ENROLMENT_ABANDONED] = apply_enrolment,
	[EVENT_REQUEST_SUBMITTED] = apply_request,
	[EVENT_REQUEST_APPROVED] = apply_request,
	[EVENT_REQUEST_RETURNED] = apply_request,
	[EVENT_REQUEST_REJECTED] = apply_request,
	[EVENT_REQUEST_WITHDRAWN] = apply_request,
	[EVENT_REQUEST_REASSIGNED] = apply_request,
	[EVENT_REQUEST_LAPSED] = apply_request,
	[EVENT_ISSUANCE_REQUESTED] = apply_request,
	[EVENT_ISSUANCE_ORDERED] = apply_order,
	[EVENT_CERTIFICATE_ISSUED] = apply_order,
	[EVENT_CERTIFICATE_REJECTED] = apply_order,
	[EVENT_ISSUANCE_FAILED] = apply_order,
	[EVENT_ORDER_VOID_REQUESTED] = apply_order,
	[EVENT_ORDER_VOIDED] = apply_order,
	[EVENT_ACTIVATION_REQUESTED] = apply_certificate,
	[EVENT_CERTIFICATE_ACTIVATED] = apply_certificate,
	[EVENT_ACTIVATION_FAILED] = apply_certificate,
	[EVENT_DEACTIVATION_REQUESTED] = apply_certificate,
	[EVENT_CERTIFICATE_DEACTIVATED] = apply_certificate,
	[EVENT_CERTIFICATE_REVOKED] = apply_certificate,
	[EVENT_CERTIFICATE_SUSPENDED] = apply_certificate,
	[EVENT_CERTIFICATE_RESUMED] = apply_certificate,
	[EVENT_EVENT_REFUSED] = apply_certificate,
	[EVENT_SUSPENSION_REQUESTED] = apply_status,
	[EVENT_RESUMPTION_REQUESTED] = apply_status,
	[EVENT_REVOCATION_REQUESTED] = apply_status,
	[EVENT_STATUS_CHANGE_CONFIRMED] = apply_status,
	[EVENT_STATUS_CHANGE_DECLINED] = apply_status,
};

static bool
check_order(const struct subject *s, const struct ev_meta *meta, bool *skip,
	    struct err *e)
{
	if (strcmp(meta->tax_code, s->st.tax_code) != 0)
		return ERR_SET(e, ERR_FATAL, "workflow", 0,
			       "log record of tax code %s folded into %s",
			       meta->tax_code, s->st.tax_code);
	if (meta->sequence == NULL)
		return ERR_SET(e, ERR_FATAL, "workflow", 0,
			       "log record %s of %s has no sequence",
			       meta->event_id, s->st.tax_code);
	*skip = *meta->sequence <= s->st.sequence;
	if (!*skip && *meta->sequence != s->st.sequence + 1)
		return ERR_SET(e, ERR_FATAL, "workflow", 0,
			       "gap in the log of %s: %lld after %lld",
			       s->st.tax_code, (long long)*meta->sequence,
			       (long long)s->st.sequence);
	return true;
}

bool
subject_apply(struct subject *s, const struct wf_record *r, struct err *e)
{
	const struct ev_meta *meta = &r->event->meta;
	enum event_type type = r->event->type;
	bool skip = false;

	if ((unsigned)type >= EVENT__COUNT || type == EVENT_NONE ||
	    type == EVENT_OUTCOME || type == EVENT_PERSONAL_RECORD)
		return ERR_SET(e, ERR_FATAL, "workflow", 0,
			       "%s is no record of the log",
			       event_type_name(type));
	if (!check_order(s, meta, &skip, e) || skip)
		return skip;
	if (folds[type] != NULL && !folds[type](s, r, e))
		return err_context(e, "%s %s, sequence %lld of %s",
				   event_type_name(type), meta->event_id,
				   (long long)*meta->sequence, s->st.tax_code);
	if (!apply_input(s, r, e))
		return false;
	s->st.sequence = *meta->sequence;
	return compact(s, e);
}

/* --- what others may see ------------------------------------------------ */

const char *
subject_tax_code(const struct subject *s)
{
	return s->st.tax_code;
}

int64_t
subject_sequence(const struct subject *s)
{
	return s->st.sequence;
}

size_t
subject_size(const struct subject *s)
{
	return sizeof(*s) + s->allocated +
	       s->index.size * sizeof(s->index.slots[0]);
}
