/*
 * text.h - UTF-8 and Unicode Normalization Form C, over GNU libunistring.
 */
#ifndef CERTFLOW_BASE_TEXT_H
#define CERTFLOW_BASE_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/** Well-formed UTF-8 (RFC 3629) without U+0000. */
bool text_is_utf8(const char *s, size_t len) MUST_CHECK;

/** Code points in a terminated, well-formed string: X.520 counts these. */
size_t text_chars(const char *s);

/** Already in NFC (UAX #15)? The string must be well-formed. */
bool text_is_nfc(const char *s) MUST_CHECK;

/**
 * First code point that a name may not hold: control (Cc), format (Cf: zero
 * width, bidirectional), private use, unassigned, surrogate, line and
 * paragraph separators, and any space other than U+0020.
 * @return 0 if there is none
 */
uint32_t text_forbidden_in_name(const char *s);

/**
 * First code point that can pass for another one, or for nothing. Plain are
 * ASCII, the letters of Vietnamese and of other languages of Latin script
 * (Latin-1 and Latin Extended-A), and typographic quotes, dashes and dots.
 * All else is not: letters and digits of other scripts, full-width and
 * mathematical forms, combining marks that NFC left over, blanks that are no
 * spaces, and of the Latin ones those that look like others: U+00D0 and
 * U+0189 like U+0110, dotless i, long s, ligatures.
 * @return 0 if there is none
 */
uint32_t text_look_alike(const char *s);

#endif
