#include <criterion/criterion.h>
#include <string.h>

#include "base/text.h"
#include "base/uuid.h"

Test(text, characters_are_counted_not_octets)
{
	cr_expect_eq(text_chars(""), 0);
	cr_expect_eq(text_chars("CÔNG TY CỔ PHẦN ÔNG ĐỒ MẪU"), 26);
}

Test(text, utf8_is_checked)
{
	cr_expect(text_is_utf8("Đồ", strlen("Đồ")));
	cr_expect_not(text_is_utf8("\xc3", 1), "cut");
	cr_expect_not(text_is_utf8("\xc0\x80", 2), "over-long");
	cr_expect_not(text_is_utf8("\xed\xa0\x80", 3), "surrogate");
	cr_expect_not(text_is_utf8("\xf4\x90\x80\x80", 4), "above 10ffff");
	cr_expect_not(text_is_utf8("a\0b", 3), "U+0000");
}

Test(text, composed_and_decomposed)
{
	cr_expect(text_is_nfc("MẪU"));
	cr_expect_not(text_is_nfc("MA\xcc\x82\xcc\x83U"), "decomposed");
}

Test(text, names_hold_no_invisible_characters)
{
	cr_expect_eq(text_forbidden_in_name("CÔNG TY \"MẪU\" & CO., 1"), 0);
	cr_expect_eq(text_forbidden_in_name("A\xe2\x80\x8b"), 0x200b);
	cr_expect_eq(text_forbidden_in_name("A\xe2\x80\xae"), 0x202e);
	cr_expect_eq(text_forbidden_in_name("A\tB"), 9);
	cr_expect_eq(text_forbidden_in_name("A\xc2\xa0"
					    "B"),
		     0xa0);
}

/* RFC 9562, A.4: the DNS name space and www.example.com. */
Test(uuid, version_5_is_the_published_vector)
{
	char out[UUID_TEXT_MAX];

	cr_assert(uuid_v5("6ba7b810-9dad-11d1-80b4-00c04fd430c8",
			  "www.example.com", out));
	cr_expect_str_eq(out, "2ed6657d-e927-568b-95e1-2665a8aea6a2");
	cr_expect_not(uuid_v5("nonsense", "x", out));
}

Test(uuid, version_4_is_marked_and_new_each_time)
{
	char a[UUID_TEXT_MAX];
	char b[UUID_TEXT_MAX];
	uint8_t id[UUID_LEN];
	struct err e = { 0 };

	cr_assert(uuid_v4(a, &e));
	cr_assert(uuid_v4(b, &e));
	cr_expect_str_neq(a, b);
	cr_expect_eq(a[14], '4');
	cr_assert(uuid_parse(a, id));
	cr_expect_str_eq(uuid_format(id, b), a);
}

Test(uuid, only_the_canonical_form)
{
	static const char *const wrong[] = {
		"",
		"2ED6657D-e927-568b-95e1-2665a8aea6a2",
		"2ed6657de927568b95e12665a8aea6a2",
		"2ed6657d-e927-568b-95e1-2665a8aea6a",
		"2ed6657d-e927-568b-95e1-2665a8aea6a2a",
		"{ed6657d-e927-568b-95e1-2665a8aea6a2}",
		"2ed6657d+e927-568b-95e1-2665a8aea6a2",
	};
	uint8_t id[UUID_LEN];

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		cr_expect_not(uuid_parse(wrong[i], id), "%s", wrong[i]);
}
