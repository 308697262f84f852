#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "workflow/refusal.h"

Test(refusal, every_code_has_its_texts)
{
	for (int c = 0; c < EV_REFUSAL_CODE__COUNT; c++) {
		enum ev_refusal_code code = (enum ev_refusal_code)c;
		const char *en = wf_refusal_text_en(code);
		const char *vi = wf_refusal_text_vi(code);

		cr_assert(en != NULL && *en != '\0', "%s",
			  ev_refusal_code_name(code));
		cr_assert(vi != NULL && *vi != '\0', "%s",
			  ev_refusal_code_name(code));
		cr_expect(text_is_utf8(vi, strlen(vi)) && text_is_nfc(vi), "%s",
			  vi);
	}
}

Test(refusal, codes_that_may_still_come_true)
{
	unsigned waiting = 0;

	for (int c = 0; c < EV_REFUSAL_CODE__COUNT; c++)
		waiting += wf_refusal_defers((enum ev_refusal_code)c);
	cr_expect_eq(waiting, 4);
	cr_expect(wf_refusal_defers(EV_REFUSAL_CODE_ENROLMENT_UNKNOWN));
	cr_expect(wf_refusal_defers(EV_REFUSAL_CODE_REQUEST_UNKNOWN));
	cr_expect(wf_refusal_defers(EV_REFUSAL_CODE_CERTIFICATE_UNKNOWN));
	cr_expect(wf_refusal_defers(EV_REFUSAL_CODE_CSR_NONE));
}

/* code, source, lines, kind, text, meaning: those that are refusals. */
static const struct {
	const char *name;
	enum ev_refusal_code code;
} literal[] = {
	{ "CUSTOMER_NOT_FOUND", EV_REFUSAL_CODE_CUSTOMER_NOT_FOUND },
	{ "MST_INVALID", EV_REFUSAL_CODE_TAX_CODE_INVALID },
};

static unsigned
check_literal(char *line)
{
	char *fields[6];

	for (size_t i = 0; i < 6; i++)
		fields[i] = strsep(&line, "\t");
	for (size_t i = 0; i < sizeof(literal) / sizeof(literal[0]); i++) {
		if (strcmp(literal[i].name, fields[0]) != 0)
			continue;
		cr_expect_str_eq(wf_refusal_text_vi(literal[i].code),
				 fields[4]);
		return 1;
	}
	return 0;
}

Test(refusal, literal_messages_byte_by_byte)
{
	AUTO(file)
	FILE *f = fopen(CERTFLOW_SOURCE_DIR "/tests/data/messages.tsv", "r");
	char line[1024];
	unsigned found = 0;

	cr_assert_not_null(f);
	while (fgets(line, sizeof(line), f) != NULL)
		found += check_literal(line);
	cr_expect_eq(found, sizeof(literal) / sizeof(literal[0]));
}

Test(refusal, parameters_are_filled_in)
{
	struct wf_refusal r = { 0 };
	char out[256];

	wf_refuse(&r, EV_REFUSAL_CODE_DOSSIER_INCOMPLETE, "submission.dossier");
	cr_expect_str_eq(wf_refusal_message_vi(&r, out, sizeof(out)),
			 "Hồ sơ chưa đầy đủ");
	wf_refusal_param(&r, "missing", "REQUEST_FORM, LEGAL_REP_ID");
	cr_expect_str_eq(
		wf_refusal_message_vi(&r, out, sizeof(out)),
		"Hồ sơ chưa đầy đủ, thiếu: REQUEST_FORM, LEGAL_REP_ID");
	cr_expect_str_eq(wf_refusal_message_en(&r, out, sizeof(out)),
			 "the dossier is incomplete, missing: REQUEST_FORM, "
			 "LEGAL_REP_ID");
	wf_refuse(&r, EV_REFUSAL_CODE_VALIDITY_SHORTENED, NULL);
	wf_refusal_param(&r, "not_after", "2036-01-01");
	cr_expect_str_eq(wf_refusal_message_vi(&r, out, sizeof(out)),
			 "Thời hạn bị rút ngắn đến 2036-01-01");
}

Test(refusal, long_texts_are_cut_between_characters)
{
	struct wf_refusal r = { 0 };
	char value[3 * WF_PARAM_MAX] = "", out[300];
	size_t len;

	for (size_t i = 0; i + 3 < sizeof(value); i += 3)
		memcpy(value + i, "Ệ", 3);
	wf_refuse(&r, EV_REFUSAL_CODE_STATE,
		  "a.field.that.is.longer.than."
		  "ninety-six.octets.and.therefore."
		  "has.to.be.cut.somewhere.to.fit."
		  "into.the.member");
	cr_expect_eq(strlen(r.field), sizeof(r.field) - 1);
	wf_refusal_param(&r, "state", value);
	len = strlen(r.params[0].value);
	cr_expect_eq(len, (WF_PARAM_MAX - 1) / 3 * 3);
	wf_refusal_message_vi(&r, out, sizeof(out));
	cr_expect(text_is_utf8(out, strlen(out)));
	for (int i = 0; i < 2 * WF_PARAMS_MAX; i++)
		wf_refusal_param(&r, "k", "v");
	cr_expect_eq(r.param_count, WF_PARAMS_MAX);
}
