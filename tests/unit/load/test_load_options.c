/* The command line. */
#include <criterion/criterion.h>
#include <getopt.h>

#include "load/options.h"

static bool
parse(struct load_options *o, struct err *e, const char **argv)
{
	int argc = 0;

	while (argv[argc] != NULL)
		argc++;
	optind = 0; /* glibc: start anew */
	/* getopt moves the pointers, never the characters. */
	return load_options_parse(argc, (char **)(uintptr_t)argv, o, e);
}

#define PARSE(o, e, ...)                                                       \
	parse(o, e, (const char *[]){ "load", __VA_ARGS__, NULL })

static void
set_stack(void)
{
	setenv("CERTFLOW_KAFKA", "127.0.0.1:1", 1);
	setenv("CERTFLOW_REGISTRY", "http://127.0.0.1:2", 1);
	setenv("CERTFLOW_PG", "host=127.0.0.1", 1);
}

TestSuite(load_options, .init = set_stack);

Test(load_options, press)
{
	struct load_options o;
	struct err e;

	cr_assert(PARSE(&o, &e, "--rate", "2.5/s", "--poisson", "--count", "7",
			"--step", "press", "--seed", "9", "--first-tax-code",
			"10000001", "--poll-ms", "2", "--timeout", "3",
			"--window", "4", "--no-progress", "--report", "r"),
		  "%s", e.text);
	cr_expect_float_eq(o.load.rate, 2.5, 1e-9);
	cr_expect(o.load.poisson && !o.load.progress);
	cr_expect_eq(o.load.count, 7);
	cr_expect_str_eq(o.load.step->name, "press");
	cr_expect_eq(o.load.until, LOAD_VISIBLE);
	cr_expect_eq(o.load.seed, 9);
	cr_expect_eq(o.load.first, 10000001);
	cr_expect_eq(o.load.poll_us, 2000);
	cr_expect_eq(o.load.timeout_us, 3000000);
	cr_expect_eq(o.load.window, 4);
	cr_expect_str_eq(o.report, "r");
}

Test(load_options, what_is_not_said)
{
	struct load_options o, again;
	struct err e;

	cr_assert(PARSE(&o, &e, "--burst", "--count", "7"));
	cr_expect_str_eq(o.load.step->name, "whole");
	cr_expect_eq(o.load.rate, 0);
	cr_assert(PARSE(&again, &e, "--burst", "--count", "7"));
	cr_expect_neq(o.load.seed, again.load.seed);
	cr_expect_neq(o.load.first, again.load.first);
	cr_assert(PARSE(&o, &e, "--burst", "--count", "7", "--step", "submit"));
	cr_expect_eq(o.load.until, LOAD_ADMITTED);
	cr_assert(PARSE(&o, &e, "--rate", "1", "--from", "-"));
	cr_expect_eq(o.load.count, 0);
	cr_expect_eq(o.load.until, LOAD_ADMITTED);
}

static void
expect(const char *reason, const char **argv)
{
	struct load_options o;
	struct err e = { 0 };

	cr_assert_not(parse(&o, &e, argv), "%s", reason);
	cr_expect_eq(e.kind, ERR_REJECT);
	cr_expect(strstr(e.text, reason) != NULL, "%s: %s", reason, e.text);
}

#define EXPECT(reason, ...)                                                    \
	expect(reason, (const char *[]){ "load", __VA_ARGS__, NULL })

Test(load_options, errors)
{
	EXPECT("--rate and --burst", "--count", "1");
	EXPECT("--rate and --burst", "--count", "1", "--rate", "1", "--burst");
	EXPECT("--poisson", "--count", "1", "--burst", "--poisson");
	EXPECT("--count is missing", "--burst");
	EXPECT("--count", "--burst", "--count", "0");
	EXPECT("--count", "--burst", "--count", "1x");
	EXPECT("--count", "--burst", "--count", "-1");
	EXPECT("--rate", "--rate", "0", "--count", "1");
	EXPECT("--rate", "--rate", "inf", "--count", "1");
	EXPECT("--rate", "--rate", "3/m", "--count", "1");
	EXPECT("no step sign", "--burst", "--count", "1", "--step", "sign");
	EXPECT("no stage signed", "--burst", "--count", "1", "--until",
	       "signed");
	EXPECT("nothing is ordered", "--burst", "--count", "1", "--step",
	       "enrol", "--until", "issued");
	EXPECT("exclude", "--burst", "--from", "x", "--step", "press");
	EXPECT("--first-tax-code", "--burst", "--count", "1",
	       "--first-tax-code", "1");
	EXPECT("what is", "--burst", "--count", "1", "x");
	EXPECT("incomplete", "--burst", "--count");
	unsetenv("CERTFLOW_PG");
	EXPECT("CERTFLOW_PG", "--burst", "--count", "1");
	unsetenv("CERTFLOW_REGISTRY");
	EXPECT("CERTFLOW_REGISTRY", "--burst", "--count", "1");
	unsetenv("CERTFLOW_KAFKA");
	EXPECT("CERTFLOW_KAFKA", "--burst", "--count", "1");
}
