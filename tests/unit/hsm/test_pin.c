/* The PIN: offered once, remembered when refused, never in a text. */
#include <criterion/criterion.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "fixture.h"

static struct fixture f;
static CK_FUNCTION_LIST *p11;
static CK_FUNCTION_LIST real;
static _Atomic int logins;
static CK_FLAGS extra_flags;
static _Atomic CK_RV login_answer;

static void
setup(void)
{
	fixture_init(&f, 1);
	p11 = fixture_list();
	real = *p11;
}

static void
teardown(void)
{
	fixture_remove(&f);
}

TestSuite(hsm_pin, .init = setup, .fini = teardown, .timeout = 60);

static CK_RV
counting_login(CK_SESSION_HANDLE s, CK_USER_TYPE user, CK_UTF8CHAR *pin,
	       CK_ULONG len)
{
	logins++;
	if (login_answer != CKR_OK)
		return login_answer;
	return real.C_Login(s, user, pin, len);
}

static CK_RV
flagged_info(CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
	CK_RV rv = real.C_GetTokenInfo(slot, info);

	info->flags |= extra_flags;
	return rv;
}

/* Open and give the supervisor time for several attempts. */
static struct hsm *
open_not_ready(int64_t for_us, struct err *e)
{
	return fixture_open_not_ready(&f, for_us, e);
}

Test(hsm_pin, a_wrong_pin_is_offered_once)
{
	struct err e = { 0 };
	struct hsm *h;

	p11->C_Login = counting_login;
	fixture_pin(&f, WRONG_PIN);
	h = open_not_ready(INT64_C(1500000), &e);
	cr_expect_eq(logins, 1);
	cr_expect_null(strstr(e.text, WRONG_PIN));
	hsm_close(h);

	/* A restart is no retry. */
	h = open_not_ready(INT64_C(500000), &e);
	cr_expect_eq(logins, 1);

	/* The same content in a new file is none either. */
	fixture_pin(&f, WRONG_PIN "\n");
	cr_expect_not(hsm_wait_ready(h, INT64_C(1500000), &e));
	cr_expect_eq(logins, 1);

	/* Another PIN is. */
	fixture_pin(&f, PIN);
	cr_expect(hsm_wait_ready(h, READY_US, &e), "%s", e.text);
	cr_expect_eq(logins, 2);
	hsm_close(h);

	/* The record is forgotten with success. */
	struct stat st;
	cr_assert_eq(stat(f.record, &st), 0);
	cr_expect_eq(st.st_size, 0);
	cr_expect_eq(st.st_mode & 0777, 0600);
}

Test(hsm_pin, the_record_does_not_hold_the_pin)
{
	AUTO(buffer) struct buffer record = { 0 };
	struct err e = { 0 };

	fixture_pin(&f, WRONG_PIN);
	hsm_close(open_not_ready(INT64_C(300000), &e));
	cr_assert(file_read(f.record, 4096, &record, &e), "%s", e.text);
	cr_expect(record.len > 64);
	cr_expect_null(
		memmem(record.data, record.len, WRONG_PIN, strlen(WRONG_PIN)));
}

Test(hsm_pin, a_record_that_cannot_be_written_is_still_remembered)
{
	struct err e = { 0 };
	struct hsm *h;

	p11->C_Login = counting_login;
	fixture_pin(&f, WRONG_PIN);
	f.settings.refused_pin_file = "/dev/full";
	h = open_not_ready(INT64_C(1500000), &e);
	cr_expect_eq(logins, 1);
	hsm_close(h);
}

Test(hsm_pin, an_unknown_answer_to_login_is_not_tried_again)
{
	struct err e = { 0 };
	struct hsm *h;

	p11->C_Login = counting_login;
	login_answer = CKR_VENDOR_DEFINED | 99;
	h = open_not_ready(INT64_C(1000000), &e);
	cr_expect_eq(logins, 1);
	hsm_close(h);
}

Test(hsm_pin, a_device_error_at_login_is_tried_again)
{
	struct err e = { 0 };
	struct hsm *h;

	p11->C_Login = counting_login;
	login_answer = CKR_DEVICE_ERROR;
	h = open_not_ready(INT64_C(500000), &e);
	while (logins < 2) /* the test's time-out ends it */
		usleep(10000);
	login_answer = CKR_OK;
	cr_expect(hsm_wait_ready(h, READY_US, &e), "%s", e.text);
	hsm_close(h);
}

Test(hsm_pin, no_login_when_tries_run_out)
{
	const CK_FLAGS flags[] = { CKF_USER_PIN_COUNT_LOW,
				   CKF_USER_PIN_FINAL_TRY,
				   CKF_USER_PIN_LOCKED };
	struct err e = { 0 };

	p11->C_Login = counting_login;
	p11->C_GetTokenInfo = flagged_info;
	for (size_t i = 0; i < 3; i++) {
		extra_flags = flags[i];
		hsm_close(open_not_ready(INT64_C(300000), &e));
		cr_expect_eq(logins, 0, "flags 0x%lx", flags[i]);
		cr_expect_not_null(strstr(e.text, "customer-1"), "%s", e.text);
	}
}

Test(hsm_pin, the_final_try_is_not_ours_even_with_a_new_pin)
{
	struct err e = { 0 };

	fixture_pin(&f, WRONG_PIN);
	hsm_close(open_not_ready(INT64_C(300000), &e));
	p11->C_Login = counting_login;
	p11->C_GetTokenInfo = flagged_info;
	extra_flags = CKF_USER_PIN_FINAL_TRY;
	fixture_pin(&f, PIN);
	hsm_close(open_not_ready(INT64_C(300000), &e));
	cr_expect_eq(logins, 0);
}

Test(hsm_pin, a_pin_file_open_to_others_is_not_used)
{
	struct err e = { 0 };

	p11->C_Login = counting_login;
	cr_assert_eq(chmod(f.pin_file, 0644), 0);
	hsm_close(open_not_ready(INT64_C(300000), &e));
	cr_expect_eq(logins, 0);
	cr_expect_not_null(strstr(e.text, "others"), "%s", e.text);
}

Test(hsm_pin, a_token_that_comes_later)
{
	const char *late[] = { "customer-1", "customer-2" };
	struct err e = { 0 };
	struct hsm *h;

	f.settings.tokens = late;
	f.settings.token_count = 2;
	h = open_not_ready(INT64_C(300000), &e);
	cr_expect_not_null(strstr(e.text, "customer-2"), "%s", e.text);
	hsm_close(h);
	cr_assert_eq(system("softhsm2-util --init-token --free --label "
			    "customer-2 --so-pin 135790 --pin " PIN
			    " >/dev/null"),
		     0);
	h = fixture_open(&f);
	hsm_close(h);
}
