/* Which libraries are accepted as a PKCS#11 module. */
#include <criterion/criterion.h>

#include "fixture.h"

#define SPY "/usr/lib/x86_64-linux-gnu/pkcs11/pkcs11-spy.so"
/* p11-kit-proxy.so is another name of this one. */
#define PROXY "/usr/lib/x86_64-linux-gnu/libp11-kit.so.0"

static struct fixture f;

static void
setup(void)
{
	fixture_init(&f, 1);
}

static void
teardown(void)
{
	fixture_remove(&f);
}

TestSuite(hsm_module, .init = setup, .fini = teardown, .timeout = 60);

static void
refused(const char *module, const char *why)
{
	struct hsm *h = NULL;
	struct err e = { 0 };

	f.settings.module = module;
	cr_assert_not(hsm_open(&f.settings, &h, &e), "%s", module);
	cr_expect_eq(e.kind, ERR_FATAL);
	cr_expect_not_null(strstr(e.text, why), "%s", e.text);
}

Test(hsm_module, spy_is_refused_under_any_name)
{
	char copy[128], command[320];

	refused(SPY, "pkcs11-spy");
	snprintf(copy, sizeof(copy), "%s/innocent.so", f.dir);
	snprintf(command, sizeof(command), "cp " SPY " %s", copy);
	cr_assert_eq(system(command), 0);
	refused(copy, "pkcs11-spy");
}

Test(hsm_module, proxy_is_refused)
{
	refused(PROXY, "p11-kit-proxy");
}

Test(hsm_module, what_is_no_module_is_refused)
{
	refused("/nonexistent.so", "nonexistent");
	refused("/etc/passwd", "passwd");
	refused("/usr/lib/x86_64-linux-gnu/libz.so.1", "C_GetFunctionList");
	refused("/tmp", "not a library");
}

Test(hsm_module, settings_out_of_range)
{
	struct hsm *h = NULL;
	struct err e = { 0 };
	const char *const too_long[] = {
		"a label of more than thirty-two octets"
	};

	f.settings.threads = 0;
	cr_expect_not(hsm_open(&f.settings, &h, &e));
	f.settings.threads = 1;
	f.settings.token_count = 0;
	cr_expect_not(hsm_open(&f.settings, &h, &e));
	f.settings.token_count = 1;
	f.settings.tokens = too_long;
	cr_expect_not(hsm_open(&f.settings, &h, &e));
	cr_expect_eq(e.kind, ERR_FATAL);
}
