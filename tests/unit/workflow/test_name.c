#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistr.h>

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

/* In NFC as they stand here; each is named. */
static const struct {
	uint32_t c;
	const char *what;
} hidden[] = {
	{ 0x1, "control" },
	{ 0x9, "tabulator" },
	{ 0xa, "line feed" },
	{ 0x7f, "delete" },
	{ 0x85, "next line" },
	{ 0xa0, "no-break space" },
	{ 0xad, "soft hyphen" },
	{ 0x34f, "combining grapheme joiner" },
	{ 0x61c, "Arabic letter mark" },
	{ 0x115f, "Hangul filler" },
	{ 0x180e, "Mongolian vowel separator" },
	{ 0x2003, "em space" },
	{ 0x200b, "zero width space" },
	{ 0x200c, "zero width non-joiner" },
	{ 0x200d, "zero width joiner" },
	{ 0x200e, "left-to-right mark" },
	{ 0x200f, "right-to-left mark" },
	{ 0x2028, "line separator" },
	{ 0x2029, "paragraph separator" },
	{ 0x202a, "left-to-right embedding" },
	{ 0x202b, "right-to-left embedding" },
	{ 0x202c, "pop directional formatting" },
	{ 0x202d, "left-to-right override" },
	{ 0x202e, "right-to-left override" },
	{ 0x2060, "word joiner" },
	{ 0x2066, "left-to-right isolate" },
	{ 0x2067, "right-to-left isolate" },
	{ 0x2068, "first strong isolate" },
	{ 0x2069, "pop directional isolate" },
	{ 0x2800, "Braille blank" },
	{ 0x3000, "ideographic space" },
	{ 0x3164, "Hangul filler" },
	{ 0xfe0f, "variation selector" },
	{ 0xfeff, "zero width no-break space" },
	{ 0xe000, "private use" },
	{ 0xe0041, "tag" },
	{ 0x378, "unassigned" },
	{ 0xd0, "eth, like D with stroke" },
	{ 0x189, "African D, like D with stroke" },
	{ 0x131, "dotless i" },
	{ 0x17f, "long s" },
	{ 0x1c0, "dental click, like l" },
	{ 0x1c3, "retroflex click, like !" },
	{ 0x251, "Latin alpha, like a" },
	{ 0x261, "script g, like g" },
	{ 0x301, "acute that composes with nothing" },
	{ 0x335, "stroke overlay" },
	{ 0x391, "Greek Alpha" },
	{ 0x39f, "Greek Omicron" },
	{ 0x410, "Cyrillic A" },
	{ 0x421, "Cyrillic Es" },
	{ 0x455, "Cyrillic dze, like s" },
	{ 0x501, "Cyrillic komi de, like d" },
	{ 0x53d, "Armenian" },
	{ 0x13a0, "Cherokee, like D" },
	{ 0x660, "Arabic digit" },
	{ 0x966, "Devanagari digit" },
	{ 0x2010, "hyphen" },
	{ 0x2024, "one dot leader" },
	{ 0x2044, "fraction slash" },
	{ 0x2160, "Roman numeral one" },
	{ 0x2170, "small Roman numeral one" },
	{ 0x2212, "minus" },
	{ 0x2236, "ratio, like :" },
	{ 0x2460, "circled one" },
	{ 0xa4f2, "Lisu, like I" },
	{ 0xfb01, "ligature fi" },
	{ 0xff10, "full-width digit" },
	{ 0xff21, "full-width A" },
	{ 0x1d400, "mathematical A" },
	{ 0x1d7ce, "mathematical digit" },
	{ 0x1f1fb, "regional indicator" },
};

Test(name, hidden_and_look_alike_characters)
{
	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++) {
		char name[16] = "X", character[16];
		struct wf_refusal r = { 0 };
		int n = u8_uctomb((uint8_t *)name + 1, hidden[i].c, 8);

		cr_assert_gt(n, 0);
		name[1 + n] = 'Y';
		snprintf(character, sizeof(character), "U+%04X", hidden[i].c);
		cr_expect_not(name_check(name, "f", &r), "%s", hidden[i].what);
		cr_expect_eq(r.code, EV_REFUSAL_CODE_NAME_CHARACTER, "%s",
			     hidden[i].what);
		cr_expect_str_eq(r.params[0].value, character, "%s",
				 hidden[i].what);
	}
}

/* Every letter of Vietnamese in NFC, and what else companies are called. */
Test(name, plain_names)
{
	static const char *const names[] = {
		"AÀẢÃÁẠĂẰẲẴẮẶÂẦẨẪẤẬ BCDĐ EÈẺẼÉẸÊỀỂỄẾỆ GHIÌỈĨÍỊ KLMN",
		"OÒỎÕÓỌÔỒỔỖỐỘƠỜỞỠỚỢ PQRSTUÙỦŨÚỤƯỪỬỮỨỰ VXYỲỶỸÝỴ FJWZ",
		"aàảãáạăằẳẵắặâầẩẫấậ bcdđ eèẻẽéẹêềểễếệ ghiìỉĩíị klmn",
		"oòỏõóọôồổỗốộơờởỡớợ pqrstuùủũúụưừửữứự vxyỳỷỹýỵ fjwz",
		"HỢP TÁC XÃ \"MẪU\" & DỊCH VỤ, ĐẤT ĐỎ (VN) - 1/2; A+B. #3",
		"Café Müller – “Škoda” L’Oréal…",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct wf_refusal r = { 0 };

		cr_expect(name_check(names[i], "f", &r), "%s: %s", names[i],
			  r.param_count > 0 ? r.params[0].value : "");
	}
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
