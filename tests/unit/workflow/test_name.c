#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "workflow/name.h"

/* legal name, characters, abbreviated, characters, verdict */
static void
check_case(char *line, unsigned number, struct arena *a)
{
	char *legal = strsep(&line, "\t");
	char *chars = strsep(&line, "\t");
	char *want = strsep(&line, "\t");
	char *want_chars = strsep(&line, "\t");
	char *result = strsep(&line, "\t");
	const char *got = name_propose(a, legal);

	cr_assert_not_null(got);
	cr_expect_str_eq(got, want, "line %u", number);
	cr_expect_eq(text_chars(legal), strtoul(chars, NULL, 10));
	cr_expect_eq(text_chars(got), strtoul(want_chars, NULL, 10));
	cr_expect_eq(name_fits(got), strcmp(result, "REFUSE") != 0, "line %u",
		     number);
	cr_expect_eq(strcmp(got, legal) == 0, strcmp(result, "verbatim") == 0,
		     "line %u", number);
}

Test(name, abbreviation_cases)
{
	AUTO(file)
	FILE *f = fopen(CERTFLOW_SOURCE_DIR "/tests/data/name-length-cases.tsv",
			"r");
	AUTO(arena) struct arena *a = NULL;
	struct err e = { 0 };
	char line[2048];
	unsigned number = 1;

	cr_assert(arena_new(1 << 20, &a, &e));
	cr_assert(f != NULL && fgets(line, sizeof(line), f) != NULL);
	while (fgets(line, sizeof(line), f) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		check_case(line, ++number, a);
	}
	cr_assert_eq(number, 13);
}

Test(name, words_inside_words_stay)
{
	AUTO(arena) struct arena *a = NULL;
	struct err e = { 0 };
	const char *name = "XCHI NHÁNH CỔ PHẦNX AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA "
			   "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

	cr_assert(arena_new(1 << 20, &a, &e));
	cr_expect_str_eq(name_propose(a, name), name);
}

static void
expect_refused(const char *name, enum ev_refusal_code code,
	       const char *character)
{
	struct wf_refusal r = { 0 };

	cr_expect(!name_check(name, "f", &r), "%s", name);
	cr_expect_eq(r.code, code, "%s", name);
	cr_expect_str_eq(r.field, "f");
	if (character != NULL)
		cr_expect_str_eq(r.params[0].value, character, "%s", name);
}

Test(name, forbidden_characters)
{
	struct wf_refusal r = { 0 };

	cr_expect(name_check("HỢP TÁC XÃ \"MẪU\" & DỊCH VỤ, ĐẤT ĐỎ", "f", &r));
	expect_refused("CÔNG TY \u0410B", EV_REFUSAL_CODE_NAME_CHARACTER,
		       "U+0410"); /* Cyrillic A */
	expect_refused("\u039fNG", EV_REFUSAL_CODE_NAME_CHARACTER,
		       "U+039F"); /* Greek O */
	expect_refused("A\u200bB", EV_REFUSAL_CODE_NAME_CHARACTER, "U+200B");
	expect_refused("A\u202eB", EV_REFUSAL_CODE_NAME_CHARACTER, "U+202E");
	expect_refused("A\u00a0B", EV_REFUSAL_CODE_NAME_CHARACTER, "U+00A0");
	expect_refused("A\tB", EV_REFUSAL_CODE_NAME_CHARACTER, "U+0009");
	expect_refused("\uff21B", EV_REFUSAL_CODE_NAME_CHARACTER, "U+FF21");
	expect_refused("\U0001d400B", EV_REFUSAL_CODE_NAME_CHARACTER,
		       "U+1D400"); /* mathematical bold A */
	expect_refused(" A", EV_REFUSAL_CODE_NAME_CHARACTER, "U+0020");
	expect_refused("A ", EV_REFUSAL_CODE_NAME_CHARACTER, "U+0020");
	expect_refused("CO\u0302NG", EV_REFUSAL_CODE_NAME_NOT_NFC, NULL);
}
