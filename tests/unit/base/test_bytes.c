#include <criterion/criterion.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/bytes.h"

Test(bytes, buffer_grows_and_keeps_its_content)
{
	AUTO(buffer) struct buffer b = { 0 };
	struct err e = { 0 };

	for (int i = 0; i < 1000; i++)
		cr_assert(buffer_add(&b, "abc", 3, &e));
	cr_assert_eq(b.len, 3000);
	cr_expect_arr_eq(b.data + 2997, "abc", 3);
}

Test(bytes, buffer_refuses_to_pass_its_cap)
{
	AUTO(buffer) struct buffer b = { 0 };
	struct err e = { 0 };

	cr_assert(buffer_add(&b, "x", 1, &e));
	cr_expect_not(buffer_reserve(&b, BUFFER_MAX, &e));
	cr_expect_eq(e.kind, ERR_FATAL);
	cr_expect_not(buffer_reserve(&b, SIZE_MAX, &e), "no wrap-around");
	cr_expect_eq(b.len, 1, "a refusal changes nothing");
}

Test(bytes, hex_goes_both_ways)
{
	const uint8_t in[] = { 0x00, 0x7f, 0x80, 0xff };
	uint8_t out[4];
	char text[9];
	size_t len = 0;

	hex_encode(bytes_of(in, sizeof(in)), text);
	cr_expect_str_eq(text, "007f80ff");
	cr_assert(hex_decode("007F80ff", out, sizeof(out), &len));
	cr_expect_eq(len, 4);
	cr_expect_arr_eq(in, out, 4);
	cr_expect_not(hex_decode("0", out, sizeof(out), &len), "odd");
	cr_expect_not(hex_decode("0g", out, sizeof(out), &len), "digit");
	cr_expect_not(hex_decode("0011223344", out, 4, &len), "too long");
}

/* FIPS 180-4, "abc". */
Test(bytes, sha256_of_abc)
{
	uint8_t digest[SHA256_LEN];
	char text[2 * SHA256_LEN + 1];

	sha256(bytes_of_str("abc"), digest);
	hex_encode(bytes_of(digest, sizeof(digest)), text);
	cr_expect_str_eq(text, "ba7816bf8f01cfea414140de5dae2223"
			       "b00361a396177a9cb410ff61f20015ad");
}

Test(bytes, absent_is_not_empty)
{
	struct bytes absent = { 0 };
	struct bytes empty = bytes_of("", 0);

	cr_expect(bytes_equal(absent, absent));
	cr_expect_not(bytes_equal(absent, empty));
	cr_expect(bytes_equal(empty, empty));
	cr_expect_not(bytes_equal(bytes_of("ab", 2), bytes_of("ac", 2)));
}

Test(bytes, files_are_written_whole_and_read_with_a_cap)
{
	char path[] = "/tmp/certflow-test-bytes-XXXXXX";
	AUTO(buffer) struct buffer b = { 0 };
	struct err e = { 0 };
	struct stat st;

	cr_assert_geq(close(mkstemp(path)), 0);
	cr_assert(file_write(path, bytes_of("secret", 6), 0600, &e));
	cr_assert(file_read(path, 6, &b, &e), "%s", e.text);
	cr_expect_eq(b.len, 6);
	cr_expect_str_eq((char *)b.data, "secret", "terminated");
	cr_expect_not(file_read(path, 5, &b, &e), "cap");
	cr_assert_eq(stat(path, &st), 0);
	cr_expect_eq(st.st_mode & 0777, 0600);
	cr_assert_eq(unlink(path), 0);
	cr_expect_not(file_read(path, 6, &b, &e));
	cr_expect_not_null(strstr(e.text, path), "the error names the file");
}

/* Two writes amid one tick of the kernel's clock have the same date. */
Test(bytes, a_file_that_was_replaced_at_once_is_another)
{
	char path[] = "/tmp/certflow-test-bytes-XXXXXX";
	struct file_stamp last, now;
	struct err e = { 0 };

	cr_assert_geq(close(mkstemp(path)), 0);
	last = file_stamp(path);
	for (int i = 0; i < 50; i++) {
		now = file_stamp(path);
		cr_assert(file_stamp_equal(&now, &last));
		cr_assert(file_write(path, bytes_of("same", 4), 0600, &e));
		now = file_stamp(path);
		cr_assert_not(file_stamp_equal(&now, &last), "write %d", i);
		last = now;
	}
	cr_assert_eq(unlink(path), 0);
	now = file_stamp(path);
	cr_assert_not(file_stamp_equal(&now, &last));
}

Test(arena, cap_holds_and_memory_is_zeroed)
{
	AUTO(arena) struct arena *a = NULL;
	struct err e = { 0 };
	char *text;

	cr_assert(arena_new(10000, &a, &e));
	text = arena_text(a, "hello", 3);
	cr_assert_str_eq(text, "hel");
	cr_expect_null(arena_alloc(a, 10001));
	cr_expect_null(arena_alloc(a, SIZE_MAX));
	for (int i = 0; i < 9; i++) {
		char *p = arena_alloc(a, 1000);

		cr_assert_not_null(p);
		for (int j = 0; j < 1000; j++)
			cr_assert_eq(p[j], 0);
		memset(p, 0xff, 1000);
	}
	cr_expect_null(arena_alloc(a, 1000), "ten thousand are spent");
}

Test(arena, empty_bytes_are_present)
{
	AUTO(arena) struct arena *a = NULL;
	struct err e = { 0 };

	cr_assert(arena_new(100, &a, &e));
	cr_expect_not_null(arena_bytes(a, bytes_of("", 0)).data);
}
