#include "base/text.h"

#include <string.h>
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

#include "base/auto.h"

bool
text_is_utf8(const char *s, size_t len)
{
	return memchr(s, '\0', len) == NULL &&
	       u8_check((const uint8_t *)s, len) == NULL;
}

size_t
text_chars(const char *s)
{
	return u8_mbsnlen((const uint8_t *)s, strlen(s));
}

bool
text_is_nfc(const char *s)
{
	size_t len = strlen(s);
	size_t out_len = 0;
	AUTO(u8)
	uint8_t *out = u8_normalize(UNINORM_NFC, (const uint8_t *)s, len, NULL,
				    &out_len);

	return out != NULL && out_len == len && memcmp(out, s, len) == 0;
}

static bool
is_forbidden(ucs4_t c)
{
	if (c == ' ')
		return false;
	return uc_is_general_category_withtable(c, UC_CATEGORY_MASK_C |
							   UC_CATEGORY_MASK_Z);
}

uint32_t
text_forbidden_in_name(const char *s)
{
	const uint8_t *p = (const uint8_t *)s;
	ucs4_t c;

	while ((p = u8_next(&c, p)) != NULL)
		if (is_forbidden(c))
			return c;
	return 0;
}

/* Ends included. */
static const struct {
	ucs4_t first;
	ucs4_t last;
} plain[] = {
	{ 0x20, 0x7e },
	{ 0xc0, 0xcf }, /* no eth, which looks like D with stroke */
	{ 0xd1, 0xd6 },
	{ 0xd8, 0xdd },
	{ 0xdf, 0xef },
	{ 0xf1, 0xf6 },
	{ 0xf8, 0xfd },
	{ 0xff, 0x130 }, /* no dotless i, no ligatures */
	{ 0x134, 0x137 },
	{ 0x139, 0x13e }, /* no L with dot, no n after apostrophe */
	{ 0x141, 0x148 },
	{ 0x14a, 0x17e }, /* no long s */
	{ 0x1a0, 0x1a1 }, /* O and U with horn */
	{ 0x1af, 0x1b0 },
	{ 0x1ea0, 0x1ef9 }, /* Vietnamese */
	{ 0x2013, 0x2014 }, /* dashes, quotes, ellipsis */
	{ 0x2018, 0x2019 },
	{ 0x201c, 0x201d },
	{ 0x2026, 0x2026 },
};

static bool
is_look_alike(ucs4_t c)
{
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		if (c >= plain[i].first && c <= plain[i].last)
			return false;
	return true;
}

uint32_t
text_look_alike(const char *s)
{
	const uint8_t *p = (const uint8_t *)s;
	ucs4_t c;

	while ((p = u8_next(&c, p)) != NULL)
		if (is_look_alike(c))
			return c;
	return 0;
}
