#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "registry/registry.h"
#include "server.h"

#define TIMEOUT_MS 500

static struct server server;
static struct registry *registry;
static char dir[64];
static struct err e;

static void
open_with(registry_fallback find, void *self)
{
	const struct registry_config cfg = { .url = server.url,
					     .cache_dir = dir,
					     .timeout_ms = TIMEOUT_MS,
					     .find = find,
					     .self = self };

	registry_close(registry);
	registry = NULL;
	cr_assert(registry_open(&cfg, &registry, &e), "%s", e.text);
}

static void
set_up(void)
{
	strcpy(dir, "/tmp/certflow-registry-XXXXXX");
	cr_assert_not_null(mkdtemp(dir));
	server_open(&server);
	open_with(NULL, NULL);
}

static void
tear_down(void)
{
	char command[128];

	registry_close(registry);
	server_close(&server);
	snprintf(command, sizeof(command), "rm -r %s", dir);
	cr_assert_eq(system(command), 0);
}

TestSuite(registry, .init = set_up, .fini = tear_down, .timeout = 30);

Test(registry, schema_is_fetched_once_and_kept_over_a_restart)
{
	struct bytes text;

	server.body = "{\"schema\": \"\\\"string\\\"\"}";
	cr_assert(registry_schema(registry, 7, &text, &e), "%s", e.text);
	cr_expect(bytes_equal(text, bytes_of_str("\"string\"")));
	cr_expect_str_eq(server.path, "/v7/schemas/ids/7");
	cr_assert(registry_schema(registry, 7, &text, &e), "%s", e.text);
	cr_expect_eq(server.requests, 1);
	open_with(NULL, NULL);
	server.status = 500;
	cr_assert(registry_schema(registry, 7, &text, &e), "%s", e.text);
	cr_expect(bytes_equal(text, bytes_of_str("\"string\"")));
	cr_expect_eq(server.requests, 1);
}

struct nonsense {
	unsigned status;
	char body[128];
	size_t repeat;
	char why[48]; /* part of the error's text */
};

ParameterizedTestParameters(registry, nonsense)
{
	static struct nonsense cases[] = {
		{ 200, "<html>welcome</html>", 1, "not JSON" },
		{ 200, "", 1, "not JSON" },
		{ 200, "[1, 2]", 1, "not a JSON object" },
		{ 200, "{}", 1, "no schema text" },
		{ 200, "{\"schema\": 5}", 1, "no schema text" },
		{ 200, "{\"schema\": \"\"}", 1, "no schema text" },
		{ 200, "{\"schema\": \"a\\u0000b\"}", 1, "not JSON" },
		{ 200, "{\"schema\": \"x\", \"schema\": \"y\"}", 1,
		  "not JSON" },
		{ 200, "{\"schema\": \"x\", \"schemaType\": \"JSON\"}", 1,
		  "not AVRO" },
		{ 200, "{\"schema\": \"x\"} trailing", 1, "not JSON" },
		{ 200, "0123456789abcdef", 70000, "more than" },
		{ 301, "{\"schema\": \"x\"}", 1, "status 301" },
		{ 401, "{\"error_code\": 401}", 1, "status 401" },
		{ 404, "<html>404</html>", 1, "status 404" },
		{ 404, "{\"error_code\": 404}", 1, "status 404" },
		{ 503, "{\"schema\": \"x\"}", 1, "status 503" },
	};
	return cr_make_param_array(struct nonsense, cases,
				   sizeof(cases) / sizeof(cases[0]));
}

ParameterizedTest(struct nonsense *n, registry, nonsense)
{
	struct bytes text;

	server.status = n->status;
	server.body = n->body;
	server.repeat = n->repeat;
	cr_assert_not(registry_schema(registry, 7, &text, &e));
	cr_expect_eq(e.kind, ERR_RETRY, "%s: %s", n->body, e.text);
	cr_expect_not_null(strstr(e.text, n->why), "%s: %s", n->body, e.text);
	/* nothing of it was kept */
	server.status = 200;
	server.body = "{\"schema\": \"good\"}";
	server.repeat = 1;
	cr_assert(registry_schema(registry, 7, &text, &e), "%s", e.text);
	cr_expect(bytes_equal(text, bytes_of_str("good")));
}

Test(registry, unknown_id_is_asked_for_once)
{
	struct bytes text;

	server.status = 404;
	server.body = "{\"error_code\": 40403, \"message\": \"none\"}";
	for (int i = 0; i < 50; i++) {
		cr_assert_not(registry_schema(registry, 99, &text, &e));
		cr_expect_eq(e.kind, ERR_REJECT);
	}
	cr_expect_eq(server.requests, 1);
	cr_assert_not(registry_schema(registry, -5, &text, &e));
	cr_expect_eq(e.kind, ERR_REJECT);
	cr_expect_eq(server.requests, 1, "no id is negative: not asked");
}

Test(registry, silence_ends_in_time)
{
	struct bytes text;
	int64_t start = clock_monotonic_us();

	server.delay_ms = 3 * TIMEOUT_MS;
	cr_assert_not(registry_schema(registry, 7, &text, &e));
	cr_expect_eq(e.kind, ERR_RETRY);
	cr_expect_lt(clock_monotonic_us() - start, 1000 * 2 * TIMEOUT_MS);
}

struct elsewhere {
	int calls;
	enum err_kind kind; /* ERR_NONE: it knows the schema */
};

static bool
find_elsewhere(void *self, int32_t id, struct buffer *text, struct err *why)
{
	struct elsewhere *x = self;

	x->calls++;
	if (x->kind != ERR_NONE)
		return ERR_SET(why, x->kind, "test", 0, "not here: %d", id);
	return buffer_add(text, "elsewhere", 9, why);
}

Test(registry, fallback_answers_for_a_registry_that_is_away_or_empty)
{
	struct elsewhere x = { 0 };
	struct bytes text;

	open_with(find_elsewhere, &x);
	server.status = 503;
	cr_assert(registry_schema(registry, 1, &text, &e), "%s", e.text);
	cr_expect(bytes_equal(text, bytes_of_str("elsewhere")));
	server.status = 404; /* lost its database */
	server.body = "{\"error_code\": 40403}";
	cr_assert(registry_schema(registry, 2, &text, &e), "%s", e.text);
	cr_expect_eq(x.calls, 2);
	x.kind = ERR_REJECT; /* both deny */
	cr_assert_not(registry_schema(registry, 3, &text, &e));
	cr_expect_eq(e.kind, ERR_REJECT);
	x.kind = ERR_RETRY; /* one denies, one does not know */
	cr_assert_not(registry_schema(registry, 4, &text, &e));
	cr_expect_eq(e.kind, ERR_RETRY);
	x.kind = ERR_REJECT; /* one is away, one denies */
	server.status = 503;
	cr_assert_not(registry_schema(registry, 5, &text, &e));
	cr_expect_eq(e.kind, ERR_RETRY);
}

Test(registry, id_of_our_text_survives_a_registry_that_is_away)
{
	int32_t id = 0;

	server.body = "{\"subject\": \"certflow.v1.X\", \"id\": 12, "
		      "\"version\": 1, \"schema\": \"t\"}";
	cr_assert(registry_id_of(registry, "certflow.v1.X", "t", &id, &e), "%s",
		  e.text);
	cr_expect_eq(id, 12);
	cr_expect_str_eq(server.path, "/v7/subjects/certflow.v1.X");
	cr_expect_str_eq(server.asked, "{\"schema\":\"t\"}");
	open_with(NULL, NULL);
	server.status = 503;
	id = 0;
	cr_assert(registry_id_of(registry, "certflow.v1.X", "t", &id, &e));
	cr_expect_eq(id, 12);
	/* another text has no id yet */
	cr_expect_not(registry_id_of(registry, "certflow.v1.X", "u", &id, &e));
	cr_expect_eq(e.kind, ERR_RETRY);
	/* "not registered" is an answer and outranks what was remembered */
	server.status = 404;
	server.body = "{\"error_code\": 40403}";
	cr_expect_not(registry_id_of(registry, "certflow.v1.X", "t", &id, &e));
	cr_expect_eq(e.kind, ERR_RETRY);
}

Test(registry, id_must_be_an_id_of_that_subject)
{
	static const char *const bad[] = {
		"{\"id\": 0}",
		"{\"id\": -3}",
		"{\"id\": \"3\"}",
		"{\"id\": 3.5}",
		"{\"id\": 3000000000}",
		"{\"subject\": \"other\", \"id\": 3}",
		"{}",
	};
	int32_t id;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		server.body = bad[i];
		cr_expect_not(registry_id_of(registry, "s", "t", &id, &e), "%s",
			      bad[i]);
		cr_expect_eq(e.kind, ERR_RETRY);
	}
}

Test(registry, damaged_cache_file_is_not_believed)
{
	struct bytes text;
	char path[128];

	server.body = "{\"schema\": \"good\"}";
	for (int id = 7; id <= 9; id++) {
		static const char *const bad[] = { "a", "half of a schema",
						   "other\n0123456789abcdef"
						   "0123456789abcdef"
						   "0123456789abcdef"
						   "0123456789abcdef" };

		snprintf(path, sizeof(path), "%s/%d.avsc", dir, id);
		cr_assert(
			file_write(path, bytes_of_str(bad[id - 7]), 0600, &e));
		cr_assert(registry_schema(registry, id, &text, &e), "%s",
			  e.text);
		cr_expect(bytes_equal(text, bytes_of_str("good")));
	}
}
