/* The state tables: whole squares, and agreement with the schemas. */
#include <string.h>

#include "states_document.h"
#include "world.h"

static bool
same_trigger(const struct wf_row *a, const struct wf_row *b)
{
	return a->machine == b->machine && a->on == b->on &&
	       a->which == b->which &&
	       (a->from == b->from || a->from == WF_ANY || b->from == WF_ANY);
}

Test(states, one_row_for_each_state_and_event)
{
	size_t n;
	const struct wf_row *rows = wf_rows(&n);

	for (size_t i = 0; i < n; i++)
		for (size_t k = i + 1; k < n; k++)
			cr_expect(!same_trigger(&rows[i], &rows[k]),
				  "rows %zu and %zu", i, k);
}

Test(states, rows_are_well_formed)
{
	size_t n;
	const struct wf_row *rows = wf_rows(&n);

	for (size_t i = 0; i < n; i++) {
		const struct wf_row *r = &rows[i];
		int count = wf_state_count(r->machine);

		cr_expect(r->from == WF_ANY ||
				  (r->from >= 0 && r->from < count),
			  "row %zu", i);
		cr_expect(r->to == WF_SAME || (r->to > 0 && r->to < count),
			  "row %zu", i);
		cr_expect(r->on != EVENT_NONE);
		cr_expect(!r->by_clock || event_writer(r->on) == INBOX_NONE,
			  "row %zu: the clock speaks as the registrar", i);
		cr_expect(r->emits == EVENT_NONE ||
				  event_writer(r->emits) == INBOX_NONE,
			  "row %zu: only our own events are emitted", i);
		cr_expect_eq(r->guards[WF_GUARDS_MAX - 1],
			     EV_REFUSAL_CODE_UNKNOWN, "row %zu", i);
	}
}

Test(states, every_state_is_reached_and_named)
{
	size_t n;
	const struct wf_row *rows = wf_rows(&n);

	for (int m = 0; m < WF_MACHINE__COUNT; m++)
		for (int s = 1; s < wf_state_count((enum wf_machine)m); s++) {
			bool reached = false;

			for (size_t i = 0; i < n; i++)
				reached |= (int)rows[i].machine == m &&
					   rows[i].to == s;
			cr_expect(reached, "%s %s",
				  wf_machine_name((enum wf_machine)m),
				  wf_state_name((enum wf_machine)m, s));
			cr_expect_not_null(
				wf_state_name((enum wf_machine)m, s));
		}
	cr_expect_str_eq(wf_state_name(WF_REQUEST, 99), "?");
	cr_expect_str_eq(wf_state_name(WF_REQUEST, -1), "?");
}

/* Names of request states are those of the schemas. */
Test(states, request_states_are_the_schemas)
{
	for (int s = 1; s < EV_REQUEST_STATE__COUNT; s++)
		cr_expect_str_eq(
			wf_state_name(WF_REQUEST, s),
			ev_request_state_name((enum ev_request_state)s));
	cr_expect_str_eq(wf_state_label_vi(WF_REQUEST,
					   EV_REQUEST_STATE_PENDING_APPROVAL),
			 "Chờ phê duyệt");
	cr_expect_str_eq(wf_state_label_vi(WF_USE, WF_USE_ACTIVE), "Hoạt động");
}

static bool
has_row(enum event_type type)
{
	size_t n;
	const struct wf_row *rows = wf_rows(&n);

	for (size_t i = 0; i < n; i++)
		if (rows[i].on == type || rows[i].emits == type)
			return true;
	return false;
}

/* Every event takes part. */
Test(states, every_event_has_a_row)
{
	static const enum event_type without[] = {
		EVENT_EVENT_DEFERRED,
		EVENT_OUTCOME,
		EVENT_PERSONAL_RECORD,
	};

	for (int t = EVENT_NONE + 1; t < EVENT__COUNT; t++) {
		bool expected = true;

		for (size_t i = 0; i < sizeof(without) / sizeof(without[0]);
		     i++)
			expected &= without[i] != (enum event_type)t;
		cr_expect_eq(has_row((enum event_type)t), expected, "%s",
			     event_type_name((enum event_type)t));
	}
}

/* schemas/states.md is what the tables print. */
Test(states, document_is_current)
{
	AUTO(buffer) struct buffer printed = { 0 };
	AUTO(buffer) struct buffer kept = { 0 };
	const char *now = CERTFLOW_BINARY_DIR "/states.md";
	struct err e = { 0 };

	states_document(&printed);
	cr_assert(file_write(now, buffer_view(&printed), 0644, &e), "%s",
		  e.text);
	cr_assert(file_read(CERTFLOW_SOURCE_DIR "/schemas/states.md", 1 << 20,
			    &kept, &e),
		  "%s", e.text);
	cr_assert(bytes_equal(buffer_view(&printed), buffer_view(&kept)),
		  "schemas/states.md is not what the tables say; copy %s", now);
}
