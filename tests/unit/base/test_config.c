#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/config.h"

static const struct config_option table[] = {
	{ "kafka.bootstrap", CONFIG_TEXT, NULL, 0, 0, false, "broker" },
	{ "threads", CONFIG_INT, "2", 1, 64, false, "threads" },
	{ "wait", CONFIG_DURATION, "30s", 0, 0, false, "time" },
	{ "verbose", CONFIG_BOOL, "false", 0, 0, false, "more" },
	{ "hsm.tokens", CONFIG_LIST, "a,b", 0, 0, false, "tokens" },
	{ "hsm.pin_file", CONFIG_TEXT, "", 0, 0, true, "where the PIN is" },
	{ NULL, CONFIG_TEXT, NULL, 0, 0, false, NULL },
};
static const struct config_option *const tables[] = { table, NULL };

/* config_load() with these arguments, ended by NULL. */
__attribute__((sentinel)) static enum config_result
load(struct config **cfg, struct err *e, ...)
{
	char program[] = "demo";
	char *argv[16] = { program };
	int argc = 1;
	const char *arg;
	va_list ap;

	va_start(ap, e);
	while ((arg = va_arg(ap, const char *)) != NULL)
		argv[argc++] = (char *)(uintptr_t)arg;
	va_end(ap);
	return config_load("demo", tables, argc, argv, cfg, e);
}

static void
write_text(char *path, const char *text)
{
	int fd = mkstemp(path);

	cr_assert_geq(fd, 0);
	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

Test(config, later_sources_win)
{
	char path[] = "/tmp/certflow-test-config-XXXXXX";
	AUTO(config) struct config *cfg = NULL;
	const char *items[CONFIG_ITEMS_MAX];
	struct err e = { 0 };

	write_text(path, "threads = 3\nwait = 250ms\n[kafka]\n"
			 "bootstrap = file:1\n[hsm]\ntokens = x , , a b,z\n");
	setenv("CERTFLOW_DEMO_KAFKA_BOOTSTRAP", "env:2", 1);
	cr_assert_eq(
		load(&cfg, &e, "--config", path, "--set", "threads=5", NULL),
		CONFIG_RUN, "%s", e.text);
	cr_expect_str_eq(config_text(cfg, "kafka.bootstrap"), "env:2");
	cr_expect_eq(config_int(cfg, "threads"), 5);
	cr_expect_eq(config_duration_us(cfg, "wait"), 250000);
	cr_expect_eq(config_bool(cfg, "verbose"), false);
	cr_assert_eq(config_list(cfg, "hsm.tokens", items), 3);
	cr_expect_str_eq(items[0], "x");
	cr_expect_str_eq(items[1], "a b");
	cr_expect_str_eq(items[2], "z");
	unlink(path);
}

struct wrong {
	const char *set;
	const char *reason;
};

Test(config, wrong_values_are_named)
{
	static const struct wrong cases[] = {
		{ "threads=0", "threads: 0 is not within 1 to 64" },
		{ "threads=two", "threads: \"two\" is not a number" },
		{ "wait=soon", "wait: \"soon\" is not a duration" },
		{ "wait=-1s", "wait: \"-1s\" is not a duration" },
		{ "wait=9223372036854775807d", "is not a duration" },
		{ "verbose=yes", "verbose: \"yes\" is neither" },
		{ "colour=red", "--set: unknown key \"colour\"" },
		{ "nothing", "--set wants key=value" },
	};
	struct config *cfg = NULL;
	struct err e = { 0 };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cr_expect_eq(load(&cfg, &e, "--set", "kafka.bootstrap=h:1",
				  "--set", cases[i].set, NULL),
			     CONFIG_FAILED);
		cr_expect_not_null(strstr(e.text, cases[i].reason), "%s",
				   e.text);
	}
}

Test(config, unknown_keys_are_errors_in_file_and_environment)
{
	char path[] = "/tmp/certflow-test-config-XXXXXX";
	struct config *cfg = NULL;
	struct err e = { 0 };

	write_text(path, "[kafka]\nbootstrp = x\n");
	cr_expect_eq(load(&cfg, &e, "--config", path, NULL), CONFIG_FAILED);
	cr_expect_not_null(strstr(e.text, "\"kafka.bootstrp\""), "%s", e.text);
	unlink(path);
	setenv("CERTFLOW_DEMO_TREADS", "1", 1);
	cr_expect_eq(load(&cfg, &e, "--set", "kafka.bootstrap=h:1", NULL),
		     CONFIG_FAILED);
	cr_expect_not_null(strstr(e.text, "CERTFLOW_DEMO_TREADS"), "%s",
			   e.text);
}

Test(config, a_long_value_is_read_whole)
{
	char path[] = "/tmp/certflow-test-config-XXXXXX";
	AUTO(config) struct config *cfg = NULL;
	char text[1100], value[1000];
	struct err e = { 0 };

	memset(value, 'x', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	snprintf(text, sizeof(text),
		 "; first\n\n# second\n[kafka]\r\n  bootstrap=%s ;a=b\n",
		 value);
	write_text(path, text);
	cr_assert_eq(load(&cfg, &e, "--config", path, NULL), CONFIG_RUN, "%s",
		     e.text);
	cr_expect_eq(strlen(config_text(cfg, "kafka.bootstrap")),
		     strlen(value) + strlen(" ;a=b"));
	unlink(path);
}

Test(config, wrong_lines_of_a_file_are_named)
{
	static const struct wrong cases[] = {
		{ "threads = 2\nnothing\n", ":2: not a key = value line" },
		{ "[kafka\nbootstrap = h:1\n", ":1: not a [section] line" },
		{ "[kafka] x\n", ":1: not a [section] line" },
		{ "threads = 1 \" x\n", "threads: \"1 \" x\" is not" },
	};
	struct config *cfg = NULL;
	struct err e = { 0 };
	char line[3000];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char path[] = "/tmp/certflow-test-config-XXXXXX";

		write_text(path, cases[i].set);
		cr_expect_eq(load(&cfg, &e, "--config", path, "--set",
				  "kafka.bootstrap=h:1", NULL),
			     CONFIG_FAILED);
		cr_expect_not_null(strstr(e.text, cases[i].reason), "%s",
				   e.text);
		unlink(path);
	}
	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	char path[] = "/tmp/certflow-test-config-XXXXXX";

	write_text(path, line);
	cr_expect_eq(load(&cfg, &e, "--config", path, NULL), CONFIG_FAILED);
	cr_expect_not_null(strstr(e.text, ":1: the line is too long"), "%s",
			   e.text);
	unlink(path);
}

Test(config, required_keys_are_required)
{
	struct config *cfg = NULL;
	struct err e = { 0 };

	cr_expect_eq(load(&cfg, &e, "--set", "threads=2", NULL), CONFIG_FAILED);
	cr_expect_str_eq(e.text, "kafka.bootstrap must be set");
}

Test(config, secrets_are_not_printed, .init = cr_redirect_stdout)
{
	struct config *cfg = NULL;
	struct err e = { 0 };

	cr_assert_eq(load(&cfg, &e, "--set", "kafka.bootstrap=h:1", "--set",
			  "hsm.pin_file=/run/pin", "--print-config", NULL),
		     CONFIG_EXIT);
	fflush(stdout);
	cr_expect_stdout_eq_str("kafka.bootstrap=h:1\nthreads=2\nwait=30s\n"
				"verbose=false\nhsm.tokens=a,b\n"
				"hsm.pin_file=***\n");
}
