#include "states_document.h"

#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "workflow/refusal.h"
#include "workflow/states.h"

static void print(struct buffer *out, const char *fmt, ...) PRINTF_LIKE(2, 3);

static void
print(struct buffer *out, const char *fmt, ...)
{
	char text[2048];
	struct err e = { 0 };
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	cr_assert(n >= 0 && (size_t)n < sizeof(text));
	cr_assert(buffer_add(out, text, (size_t)n, &e), "%s", e.text);
}

static void
print_trigger(struct buffer *out, const struct wf_row *r)
{
	const char *which = wf_case_text(r->which);

	if (r->by_clock)
		print(out, "clock");
	else
		print(out, "%s", event_type_name(r->on));
	if (*which != '\0')
		print(out, ", %s", which);
}

static void
print_guards(struct buffer *out, const struct wf_row *r)
{
	for (size_t i = 0; r->guards[i] != EV_REFUSAL_CODE_UNKNOWN; i++)
		print(out, "%s%s", i == 0 ? "" : ", ",
		      ev_refusal_code_name(r->guards[i]));
	if (r->refused != EV_REFUSAL_CODE_UNKNOWN)
		print(out, "always %s", ev_refusal_code_name(r->refused));
}

static void
print_row(struct buffer *out, const struct wf_row *r)
{
	enum event_type emits = r->by_clock ? r->on : r->emits;

	print(out, "| %s%s | ",
	      r->from == WF_ANY ? "any" : wf_state_name(r->machine, r->from),
	      r->waits ? " ⏳" : "");
	print_trigger(out, r);
	print(out, " | ");
	print_guards(out, r);
	print(out, " | %s | %s |\n",
	      r->to == WF_SAME ? "(same)" : wf_state_name(r->machine, r->to),
	      emits == EVENT_NONE ? "" : event_type_name(emits));
}

static void
print_machine(struct buffer *out, enum wf_machine machine)
{
	size_t n;
	const struct wf_row *rows = wf_rows(&n);

	print(out, "\n## %s\n\n", wf_machine_name(machine));
	print(out, "| from | event | guards (refusal codes) | to | emits |\n"
		   "|---|---|---|---|---|\n");
	for (size_t i = 0; i < n; i++)
		if (rows[i].machine == machine)
			print_row(out, &rows[i]);
	print(out, "\n| state | label |\n|---|---|\n");
	for (int s = 1; s < wf_state_count(machine); s++) {
		const char *label = wf_state_label_vi(machine, s);

		print(out, "| %s | %s |\n", wf_state_name(machine, s),
		      label == NULL ? "" : label);
	}
}

static void
print_refusals(struct buffer *out)
{
	print(out, "\n## Refusals\n\nA code marked ⏳ may still come true: the "
		   "event is deferred first.\n\n"
		   "| code | meaning | Vietnamese |\n|---|---|---|\n");
	for (int c = 1; c < EV_REFUSAL_CODE__COUNT; c++) {
		enum ev_refusal_code code = (enum ev_refusal_code)c;

		print(out, "| %s%s | %s | %s |\n", ev_refusal_code_name(code),
		      wf_refusal_defers(code) ? " ⏳" : "",
		      wf_refusal_text_en(code), wf_refusal_text_vi(code));
	}
}

void
states_document(struct buffer *out)
{
	print(out,
	      "# States, transitions and refusals\n\n"
	      "Printed from the tables in `shared/workflow`; a test compares "
	      "the two.\n\n"
	      "A row marked ⏳ is deferred: the event waits until the state "
	      "allows it. Anything\nnot listed is refused with `STATE`. NONE "
	      "means: no such object yet. A certificate\nafter its not_after "
	      "is EXPIRED, which is computed and never an event. A serial\n"
	      "number counts as issued from its order on: it can be revoked "
	      "before its\ncertificate is seen, which then comes as "
	      "REVOKED.\n");
	for (int m = 0; m < WF_MACHINE__COUNT; m++)
		print_machine(out, (enum wf_machine)m);
	print_refusals(out);
}
