/*
 * The tables that portals read, schemas/events.md and schemas/states.md,
 * against what the code does: both ways, event by event and code by code.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "workflow/refusal.h"
#include "workflow/states.h"

#define INBOX_TITLE "## `certflow.inbox."
#define OWN_TITLE "## Only on the log"
#define OTHER_TITLE "## Other records"
#define REFUSALS_TITLE "## Refusals"
#define WAITS " ⏳"
#define TEXT_MAX (1u << 20)

enum place { PLACE_ABSENT, PLACE_INBOX, PLACE_OWN, PLACE_OTHER };

/* Where events.md lists an event. */
struct listed {
	enum place place;
	enum event_inbox inbox;
};

static void
read_document(const char *name, struct buffer *text)
{
	char path[512];
	struct err e = { 0 };

	snprintf(path, sizeof(path), "%s/schemas/%s", CERTFLOW_SOURCE_DIR,
		 name);
	cr_assert(file_read(path, TEXT_MAX, text, &e), "%s", e.text);
	cr_assert(buffer_add(text, "", 1, &e), "%s", e.text);
}

static bool
begins(const char *line, const char *with)
{
	return strncmp(line, with, strlen(with)) == 0;
}

/* "## ..." decides what the rows below it mean. */
static struct listed
section(const char *line)
{
	struct listed where = { PLACE_ABSENT, INBOX_NONE };
	char inbox[32];

	if (begins(line, OWN_TITLE))
		where.place = PLACE_OWN;
	else if (begins(line, OTHER_TITLE))
		where.place = PLACE_OTHER;
	else if (begins(line, INBOX_TITLE)) {
		where.place = PLACE_INBOX;
		snprintf(inbox, sizeof(inbox), "%s",
			 line + strlen(INBOX_TITLE));
		inbox[strcspn(inbox, "`")] = '\0';
		cr_assert(event_inbox_parse(inbox, &where.inbox),
			  "no such inbox: %s", inbox);
	}
	return where;
}

/* "| [RequestApproved](#requestapproved) | ..." */
static void
note_event(char *line, struct listed where, struct listed *events)
{
	char *name = line + strlen("| [");
	enum event_type type;

	name[strcspn(name, "]")] = '\0';
	cr_assert(event_type_parse(name, &type), "no such event: %s", name);
	cr_expect_eq(events[type].place, PLACE_ABSENT, "%s twice", name);
	events[type] = where;
}

static void
read_events(struct listed *events)
{
	AUTO(buffer) struct buffer text = { 0 };
	struct listed where = { PLACE_ABSENT, INBOX_NONE };
	char *line;

	read_document("events.md", &text);
	for (char *rest = (char *)text.data;
	     (line = strsep(&rest, "\n")) != NULL;) {
		if (begins(line, "## "))
			where = section(line);
		else if (where.place != PLACE_ABSENT && begins(line, "| ["))
			note_event(line, where, events);
	}
}

Test(event_table, each_event_stands_in_the_inbox_that_the_code_gives_it)
{
	struct listed events[EVENT__COUNT] = { 0 };

	read_events(events);
	for (int t = EVENT_NONE + 1; t < EVENT__COUNT; t++) {
		enum event_type type = (enum event_type)t;
		const char *name = event_type_name(type);

		cr_expect_neq(events[t].place, PLACE_ABSENT, "%s is missing",
			      name);
		cr_expect_eq(events[t].inbox, event_writer(type),
			     "%s: %s in events.md, %s in the code", name,
			     event_inbox_name(events[t].inbox),
			     event_inbox_name(event_writer(type)));
	}
}

/* Rows are the registrar's own acts or follow an inbox, never others. */
Test(event_table, workflow_tables_hold_events_of_the_log)
{
	struct listed events[EVENT__COUNT] = { 0 };
	size_t n;
	const struct wf_row *rows = wf_rows(&n);

	read_events(events);
	for (size_t i = 0; i < n; i++) {
		const char *name = event_type_name(rows[i].on);

		cr_expect(events[rows[i].on].place == PLACE_INBOX ||
				  events[rows[i].on].place == PLACE_OWN,
			  "row %zu: %s is not on the log", i, name);
		if (rows[i].emits != EVENT_NONE)
			cr_expect_eq(events[rows[i].emits].place, PLACE_OWN,
				     "row %zu: %s is not the registrar's", i,
				     event_type_name(rows[i].emits));
	}
}

/* "| CSR_NONE ⏳ | ..."; the heading and its rule are skipped. */
static void
note_refusal(char *line, unsigned *rows)
{
	char *name = line + strlen("| ");
	char *end = strstr(name, " | ");
	enum ev_refusal_code code;
	bool waits;

	cr_assert_not_null(end, "%s", line);
	*end = '\0';
	end = strstr(name, WAITS);
	waits = end != NULL;
	if (waits)
		*end = '\0';
	if (strcmp(name, "code") == 0)
		return;
	cr_assert(ev_refusal_code_parse(name, &code), "no such code: %s", name);
	cr_expect_eq(waits, wf_refusal_defers(code), "%s", name);
	rows[code]++;
}

Test(event_table, each_refusal_code_has_one_row)
{
	AUTO(buffer) struct buffer text = { 0 };
	unsigned rows[EV_REFUSAL_CODE__COUNT] = { 0 };
	char *line, *rest;

	read_document("states.md", &text);
	rest = strstr((char *)text.data, REFUSALS_TITLE);
	cr_assert_not_null(rest);
	while ((line = strsep(&rest, "\n")) != NULL)
		if (begins(line, "| "))
			note_refusal(line, rows);
	for (int c = EV_REFUSAL_CODE_UNKNOWN + 1; c < EV_REFUSAL_CODE__COUNT;
	     c++)
		cr_expect_eq(rows[c], 1, "%s: %u rows",
			     ev_refusal_code_name((enum ev_refusal_code)c),
			     rows[c]);
}
