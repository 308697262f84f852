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

static bool
is_look_alike(ucs4_t c)
{
	const uc_script_t *script = uc_script(c);

	if (c >= 0xff00 && c <= 0xffef)
		return true;
	if (uc_is_general_category_withtable(c, UC_CATEGORY_MASK_M))
		return true;
	return uc_is_general_category_withtable(c, UC_CATEGORY_MASK_L) &&
	       (script == NULL || strcmp(script->name, "Latin") != 0);
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
