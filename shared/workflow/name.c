#include "workflow/name.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

/* In the order in which they are tried: what loses least comes first. */
static const struct {
	const char *words;
	const char *shorter;
} abbreviations[] = {
	{ "CHI NHÁNH", "CN" },
	{ "VĂN PHÒNG ĐẠI DIỆN", "VPĐD" },
	{ "TRÁCH NHIỆM HỮU HẠN", "TNHH" },
	{ "MỘT THÀNH VIÊN", "MTV" },
	{ "XUẤT NHẬP KHẨU", "XNK" },
	{ "CỔ PHẦN", "CP" },
	{ "ĐẦU TƯ", "ĐT" },
	{ "XÂY DỰNG", "XD" },
	{ "PHÁT TRIỂN", "PT" },
	{ "THÀNH PHỐ", "TP" },
	{ "THƯƠNG MẠI", "TM" },
	{ "DỊCH VỤ", "DV" },
	{ "SẢN XUẤT", "SX" },
};

static bool
refuse_character(struct wf_refusal *r, const char *field, uint32_t c)
{
	char text[16];

	snprintf(text, sizeof(text), "U+%04X", (unsigned)c);
	wf_refuse(r, EV_REFUSAL_CODE_NAME_CHARACTER, field);
	wf_refusal_param(r, "character", text);
	return false;
}

bool
name_check(const char *name, const char *field, struct wf_refusal *r)
{
	size_t len = strlen(name);
	uint32_t c;

	if (!text_is_utf8(name, len))
		return refuse_character(r, field, 0xfffd);
	if ((c = text_forbidden_in_name(name)) != 0)
		return refuse_character(r, field, c);
	if (!text_is_nfc(name)) {
		wf_refuse(r, EV_REFUSAL_CODE_NAME_NOT_NFC, field);
		return false;
	}
	if ((c = text_look_alike(name)) != 0)
		return refuse_character(r, field, c);
	if (len > 0 && (name[0] == ' ' || name[len - 1] == ' '))
		return refuse_character(r, field, ' ');
	return true;
}

bool
name_fits(const char *name)
{
	return text_chars(name) <= NAME_CERTIFICATE_MAX;
}

static bool
stands_alone(const char *name, const char *at, size_t len)
{
	return (at == name || at[-1] == ' ') &&
	       (at[len] == '\0' || at[len] == ' ' || at[len] == ',');
}

/* Replace the words wherever they stand alone; never longer than before. */
static void
shorten(char *name, const char *words, const char *shorter)
{
	const size_t from = strlen(words), to = strlen(shorter);
	char *at = name;

	while ((at = strstr(at, words)) != NULL) {
		if (!stands_alone(name, at, from)) {
			at += from;
			continue;
		}
		memcpy(at, shorter, to);
		memmove(at + to, at + from, strlen(at + from) + 1);
		at += to;
	}
}

const char *
name_propose(struct arena *a, const char *legal_name)
{
	char *name = arena_text(a, legal_name, strlen(legal_name));
	const size_t count = sizeof(abbreviations) / sizeof(abbreviations[0]);

	for (size_t i = 0; name != NULL && i < count && !name_fits(name); i++)
		shorten(name, abbreviations[i].words, abbreviations[i].shorter);
	return name;
}
