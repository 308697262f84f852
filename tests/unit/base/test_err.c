#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"

Test(err, context_stands_before_the_cause)
{
	struct err e = { 0 };

	cr_expect_not(ERR_SET(&e, ERR_RETRY, "pg", 7, "cannot %s", "read"));
	cr_expect_not(err_context(&e, "partition %d", 3));
	cr_expect_str_eq(e.text, "partition 3: cannot read");
	cr_expect_eq(e.kind, ERR_RETRY);
	cr_expect_eq(e.code, 7);
}

Test(err, a_long_context_never_hides_the_cause)
{
	struct err e = { 0 };
	char longer[2 * ERR_TEXT_MAX];

	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	(void)ERR_SET(&e, ERR_REJECT, "avro", 0, "the cause");
	(void)err_context(&e, "%s", longer);
	cr_expect_lt(strlen(e.text), sizeof(e.text));
	cr_expect_str_eq(e.text + strlen(e.text) - strlen("the cause"),
			 "the cause");
}

/* Runs f with standard error going into out. */
static void
capture(void (*f)(void), char *out, size_t size)
{
	int saved = dup(STDERR_FILENO);
	int ends[2];
	ssize_t n;

	cr_assert_eq(pipe(ends), 0);
	dup2(ends[1], STDERR_FILENO);
	f();
	dup2(saved, STDERR_FILENO);
	close(ends[1]);
	n = read(ends[0], out, size - 1);
	out[n < 0 ? 0 : n] = '\0';
	close(ends[0]);
	close(saved);
}

static void
one_line(void)
{
	log_line(LOG_DEBUG, "x", "below the threshold", NULL);
	log_line(LOG_INFO, "0199000112", "admitted", "a", "bare", "b",
		 "two words\n\"q\"", "c", NULL, "d", "", NULL);
}

Test(log, subject_first_values_quoted_one_line)
{
	char out[LOG_LINE_MAX];

	capture(one_line, out, sizeof(out));
	cr_expect_str_eq(out + strcspn(out, " "),
			 " info subject=0199000112 msg=admitted a=bare "
			 "b=\"two words\\x0a\\\"q\\\"\" c=- d=\"\"\n");
}

static void
huge_line(void)
{
	char value[3 * LOG_LINE_MAX];

	memset(value, 'v', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	log_line(LOG_INFO, "s", "m", "k", value, NULL);
}

Test(log, a_line_is_cut_at_its_cap_and_still_ends)
{
	char out[2 * LOG_LINE_MAX];

	capture(huge_line, out, sizeof(out));
	cr_expect_leq(strlen(out), LOG_LINE_MAX);
	cr_expect_eq(out[strlen(out) - 1], '\n');
}
