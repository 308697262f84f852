#include "workflow/tax_code.h"

#include <string.h>

#define PLAIN 10 /* digits of an enterprise */
#define PERSONAL 12
#define BRANCH 13

static const char *const names[] = {
	[TAX_CODE_VALID] = "valid",
	[TAX_CODE_LENIENT] = "lenient",
	[TAX_CODE_BAD_FORMAT] = "bad_format",
	[TAX_CODE_BAD_LENGTH] = "bad_length",
	[TAX_CODE_BAD_COMPONENT] = "bad_component",
	[TAX_CODE_BAD_CHECKSUM] = "bad_checksum",
	[TAX_CODE_NO_CHECK_DIGIT] = "no_check_digit_exists",
	[TAX_CODE_WRONG_KIND] = "wrong_kind",
};

enum kind { DIGIT, SPACE, DASH, OTHER };

/* What people and PDF copies put between digits. */
static const struct {
	const char *text;
	enum kind kind;
} separators[] = {
	{ "-", DASH },
	{ " ", SPACE },
	{ ".", SPACE },
	{ "\t", SPACE },
	{ "\xc2\xa0", SPACE } /* no-break space */,
	{ "\xe2\x80\xaf", SPACE } /* narrow no-break space */,
	{ "\xe2\x80\x90", DASH } /* hyphen */,
	{ "\xe2\x80\x91", DASH } /* non-breaking hyphen */,
	{ "\xe2\x80\x93", DASH } /* en dash */,
	{ "\xe2\x88\x92", DASH } /* minus sign */,
};

static enum kind
classify(const char *p, size_t *len)
{
	*len = 1;
	if (*p >= '0' && *p <= '9')
		return DIGIT;
	for (size_t i = 0; i < sizeof(separators) / sizeof(separators[0]);
	     i++) {
		*len = strlen(separators[i].text);
		if (strncmp(p, separators[i].text, *len) == 0)
			return separators[i].kind;
	}
	return OTHER;
}

char
tax_code_check_digit(const char *nine)
{
	static const int weights[] = { 31, 29, 23, 19, 17, 13, 7, 5, 3 };
	int sum = 0;

	for (size_t i = 0; i < 9; i++)
		sum += weights[i] * (nine[i] - '0');
	if (sum % 11 == 0)
		return '\0';
	return (char)('0' + 10 - sum % 11);
}

static enum tax_code_verdict
check_digits(const char *digits, size_t count)
{
	char check;

	if (count == PERSONAL)
		return TAX_CODE_WRONG_KIND;
	if (count != PLAIN && count != BRANCH)
		return TAX_CODE_BAD_LENGTH;
	if (strncmp(digits, "00", 2) == 0 ||
	    strncmp(digits + 2, "0000000", 7) == 0 ||
	    (count == BRANCH && strncmp(digits + PLAIN, "000", 3) == 0))
		return TAX_CODE_BAD_COMPONENT;
	check = tax_code_check_digit(digits);
	if (check == '\0')
		return TAX_CODE_NO_CHECK_DIGIT;
	return digits[9] == check ? TAX_CODE_VALID : TAX_CODE_BAD_CHECKSUM;
}

static void
write_canonical(const char *digits, size_t count, char *out)
{
	memcpy(out, digits, PLAIN);
	out += PLAIN;
	if (count == BRANCH) {
		*out++ = '-';
		memcpy(out, digits + PLAIN, BRANCH - PLAIN);
		out += BRANCH - PLAIN;
	}
	*out = '\0';
}

enum tax_code_verdict
tax_code_read(const char *text, char canonical[TAX_CODE_MAX])
{
	char digits[BRANCH + 1] = { 0 };
	size_t count = 0, len;
	bool misplaced = false;
	enum tax_code_verdict verdict;

	canonical[0] = '\0';
	for (const char *p = text; *p != '\0'; p += len) {
		enum kind kind = classify(p, &len);

		if (kind == OTHER)
			return TAX_CODE_BAD_FORMAT;
		if (kind == DASH && count != PLAIN)
			misplaced = true;
		if (kind != DIGIT)
			continue;
		if (count < BRANCH)
			digits[count] = *p;
		count++;
	}
	verdict = check_digits(digits, count);
	if (verdict != TAX_CODE_VALID)
		return verdict;
	if (misplaced)
		return TAX_CODE_BAD_FORMAT;
	write_canonical(digits, count, canonical);
	if (strcmp(text, canonical) == 0 ||
	    (count == BRANCH && strcmp(text, digits) == 0))
		return TAX_CODE_VALID;
	return TAX_CODE_LENIENT;
}

bool
tax_code_is_canonical(const char *text)
{
	char canonical[TAX_CODE_MAX];

	return tax_code_read(text, canonical) == TAX_CODE_VALID &&
	       strcmp(text, canonical) == 0;
}

bool
tax_code_is_branch(const char *canonical)
{
	return strlen(canonical) > PLAIN;
}

const char *
tax_code_verdict_name(enum tax_code_verdict verdict)
{
	bool known = (unsigned)verdict < sizeof(names) / sizeof(names[0]);

	return known ? names[verdict] : "unknown";
}
