/*
 * tax_code.h - Vietnamese tax codes (MST): NNNNNNNNNN or NNNNNNNNNN-NNN.
 *
 * Two digits of province (not 00), seven of serial (not 0000000), a check
 * digit; a branch adds -001 to -999. Check digit: 10 - (sum of the first
 * nine digits times 31, 29, 23, 19, 17, 13, 7, 5, 3) mod 11; where that is
 * 10, no tax code exists. Digits are ASCII digits and nothing else.
 */
#ifndef CERTFLOW_WORKFLOW_TAX_CODE_H
#define CERTFLOW_WORKFLOW_TAX_CODE_H

#include "base/err.h"

#define TAX_CODE_MAX 15 /* canonical form and terminator */

enum tax_code_verdict {
	TAX_CODE_VALID,   /* 10 digits, 10-3, or 13 without the hyphen     */
	TAX_CODE_LENIENT, /* the same once spaces, dots, dashes are tidied */
	TAX_CODE_BAD_FORMAT,
	TAX_CODE_BAD_LENGTH,
	TAX_CODE_BAD_COMPONENT, /* province 00, serial 0000000, branch 000 */
	TAX_CODE_BAD_CHECKSUM,
	TAX_CODE_NO_CHECK_DIGIT, /* these nine digits are never assigned */
	TAX_CODE_WRONG_KIND, /* 12 digits: an individual's personal number */
};

/**
 * What people type, for the command line.
 * @param canonical set when VALID or LENIENT, else ""
 */
enum tax_code_verdict tax_code_read(const char *text,
				    char canonical[TAX_CODE_MAX]);

/** Exactly the canonical form: what events and Kafka keys carry. */
bool tax_code_is_canonical(const char *text) MUST_CHECK;

/** The check digit behind nine digits, '\0' if no tax code begins so. */
char tax_code_check_digit(const char *nine);

/** Of a canonical code: does it have a branch suffix? */
bool tax_code_is_branch(const char *canonical) MUST_CHECK;

/** "bad_checksum"; a literal. */
const char *tax_code_verdict_name(enum tax_code_verdict verdict);

#endif
