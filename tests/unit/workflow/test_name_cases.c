/*
 * What becomes of each name of tests/data/name-length-cases.tsv when it is
 * submitted: taken as it is, refused with a proposal that is then accepted,
 * or refused because not even the abbreviation fits.
 */
#include <string.h>

#include "base/text.h"
#include "workflow/name.h"
#include "world.h"

#define SUB submission(ev)

static enum wf_verdict
say_name(struct world *w, const char *legal, const char *certificate)
{
	struct event *ev = submit_event(w, R1, 1);

	SUB->customer.legal_name = legal;
	SUB->customer.certificate_name = certificate;
	return world_say(w, ev);
}

static void
expect_too_long(struct world *w, const char *legal, const char *proposal)
{
	cr_expect_eq(say_name(w, legal, legal), WF_REFUSED, "%s", legal);
	cr_expect_eq(world_code(w), EV_REFUSAL_CODE_NAME_TOO_LONG, "%s", legal);
	cr_expect_str_eq(w->last.refusal.field,
			 "submission.customer.certificate_name");
	cr_expect_str_eq(world_param(w, "proposal"), proposal, "%s", legal);
}

/* Neither cut by hand nor abbreviated by taste. */
static void
expect_no_other(struct world *w, const char *legal, const char *proposal)
{
	AUTO(str) char *cut = strdup(proposal);
	char *last = strrchr(cut, ' ');

	*last = '\0';
	cr_expect_eq(say_name(w, legal, cut), WF_REFUSED, "%s", cut);
	cr_expect_eq(world_code(w), EV_REFUSAL_CODE_LINT, "%s", cut);
	cr_expect_str_eq(world_param(w, "proposal"), proposal);
}

static void
check_case(char *line)
{
	AUTO(world) struct world *w = world_new(TAX);
	const char *legal = strsep(&line, "\t");
	const char *chars = strsep(&line, "\t");
	const char *proposal = strsep(&line, "\t");
	const char *proposal_chars = strsep(&line, "\t");
	const char *result = strsep(&line, "\t");

	cr_expect_eq(text_chars(legal), strtoul(chars, NULL, 10));
	cr_expect_eq(text_chars(proposal), strtoul(proposal_chars, NULL, 10));
	if (strcmp(result, "REFUSE") == 0) {
		expect_too_long(w, legal, ""); /* no proposal */
		return;
	}
	if (strcmp(result, "abbreviated") == 0) {
		expect_too_long(w, legal, proposal);
		expect_no_other(w, legal, proposal);
	}
	/* The same officer, now with what was proposed. */
	cr_expect_eq(say_name(w, legal, proposal), WF_ADMITTED, "%s: %s", legal,
		     ev_refusal_code_name(world_code(w)));
	world_check_replay(w);
}

Test(name_cases, submitted)
{
	AUTO(file)
	FILE *f = fopen(CERTFLOW_SOURCE_DIR "/tests/data/name-length-cases.tsv",
			"re");
	char line[2048];
	unsigned rows = 0;

	cr_assert(f != NULL && fgets(line, sizeof(line), f) != NULL);
	while (fgets(line, sizeof(line), f) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		check_case(line);
		rows++;
	}
	cr_assert_eq(rows, 12);
}

/* What the officer confirmed is what the manager approves and what is
 * ordered: no program puts another name there. */
Test(name_cases, confirmed_name_is_ordered)
{
	static const char legal[] = "CÔNG TY TRÁCH NHIỆM HỮU HẠN THƯƠNG MẠI "
				    "VÀ DỊCH VỤ BÌNH MINH MẪU 1";
	static const char shorter[] =
		"CÔNG TY TNHH THƯƠNG MẠI VÀ DỊCH VỤ BÌNH MINH MẪU 1";
	AUTO(world) struct world *w = world_new(TAX);
	const struct event *found;

	enrol(w, E1);
	cr_assert_eq(say_name(w, legal, shorter), WF_ADMITTED);
	found = world_find(w, EVENT_REQUEST_SUBMITTED);
	cr_expect_str_eq(
		found->request_submitted.submission.customer.certificate_name,
		shorter);
	cr_assert_eq(approve(w, R1, E1), WF_ADMITTED);
	cr_expect_str_eq(w->s->st.customer->certificate_name, shorter);
	cr_expect_str_eq(w->s->st.customer->legal_name, legal);
}
