/* The command line. */
#include <criterion/criterion.h>
#include <getopt.h>

#include "publish/options.h"

static bool
parse(struct options *o, struct err *e, const char **argv)
{
	int argc = 0;

	while (argv[argc] != NULL)
		argc++;
	optind = 0; /* glibc: start anew */
	/* getopt moves the pointers, never the characters. */
	return options_parse(argc, (char **)(uintptr_t)argv, o, e);
}

#define PARSE(o, e, ...)                                                       \
	parse(o, e, (const char *[]){ "publish", __VA_ARGS__, NULL })

static void
set_stack(void)
{
	setenv("CERTFLOW_KAFKA", "127.0.0.1:1", 1);
	setenv("CERTFLOW_REGISTRY", "http://127.0.0.1:2", 1);
}

Test(options, publish, .init = set_stack)
{
	struct options o;
	struct err e;

	cr_assert(PARSE(&o, &e, "--role", "officer", "--wait", "--timeout", "7",
			"--json", "--file", "x.json"));
	cr_assert_eq(o.mode, MODE_PUBLISH);
	cr_assert_eq(o.publisher.inbox, INBOX_OFFICER);
	cr_assert_eq(o.publisher.timeout_ms, 7000);
	cr_assert(o.publisher.wait && o.json);
	cr_assert_str_eq(o.file, "x.json");
	cr_assert_str_eq(o.publisher.kafka.bootstrap, "127.0.0.1:1");
}

static void
expect(const char *reason, const char **argv)
{
	struct options o;
	struct err e = { 0 };

	cr_assert_not(parse(&o, &e, argv), "%s", reason);
	cr_assert_str_eq(e.text, reason);
}

#define EXPECT(reason, ...)                                                    \
	expect(reason, (const char *[]){ "publish", __VA_ARGS__, NULL })

Test(options, mistakes, .init = set_stack)
{
	EXPECT("--role is missing", "--wait");
	EXPECT("--role: there is no role boss", "--role", "boss");
	EXPECT("--role: there is no role none", "--role", "none");
	EXPECT("--timeout: not a number of seconds: 1x", "--timeout", "1x");
	EXPECT("--timeout: not a number of seconds: 0", "--timeout", "0");
	EXPECT("--template: there is no event X", "--template", "X");
	EXPECT("--erase needs --role personal", "--role", "officer", "--erase",
	       "x");
	EXPECT("unknown or incomplete option --colour", "--colour");
	EXPECT("what is file.json", "--role", "officer", "file.json");
}

Test(options, no_stack_needed_for_help)
{
	struct options o;
	struct err e;

	unsetenv("CERTFLOW_KAFKA");
	unsetenv("CERTFLOW_REGISTRY");
	cr_assert(PARSE(&o, &e, "--template", "EnrolmentSaved"));
	cr_assert_eq(o.template, EVENT_ENROLMENT_SAVED);
	cr_assert(PARSE(&o, &e, "--list"));
	EXPECT("--kafka or CERTFLOW_KAFKA is missing", "--role", "officer");
	EXPECT("--registry or CERTFLOW_REGISTRY is missing", "--role",
	       "officer", "--kafka", "x:1");
}
