/*
 * test_guard.c - the blocklist's forms, its errors, and that a changed file
 * is read again, or the good one kept.
 */
#include <criterion/criterion.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "pki/guard.h"
#include "support.h"

static char path[] = "/tmp/certflow-blocklist-XXXXXX";
static struct buffer spki;
static struct pki_key facts;
static struct pki_ca *ca;

static void
setup(void)
{
	AUTO(evp_pkey) EVP_PKEY *key = test_key("rsa2048");
	struct pki_refusal why;

	cr_assert_geq(close(mkstemp(path)), 0);
	test_spki(key, &spki);
	cr_assert(pki_key_check(buffer_view(&spki), &facts, &why));
	ca = test_root("ca-p256");
}

static void
teardown(void)
{
	unlink(path);
	buffer_free(&spki);
	pki_ca_free(ca);
}

TestSuite(pki_guard, .init = setup, .fini = teardown);

static void
put(const char *text)
{
	struct err e = { 0 };

	cr_assert(file_write(path, bytes_of_str(text), 0600, &e));
}

static struct pki_guard *
open_guard(void)
{
	struct pki_guard *g = NULL;
	struct err e = { 0 };

	cr_assert(pki_guard_new(&(struct pki_guard_config){ .ca = ca,
							    .blocklist = path },
				&g, &e),
		  "%s", e.text);
	return g;
}

static enum ev_refusal_code
judge(struct pki_guard *g)
{
	struct pki_refusal why = { 0 };

	cr_assert_eq(pki_guard_check(g, buffer_view(&spki), &facts, &why),
		     why.code == EV_REFUSAL_CODE_UNKNOWN);
	return why.code;
}

/* "openssl rsa -noout -modulus | sha1sum", digits 21 to 40. */
static void
debian_digest(char out[21])
{
	struct bytes n = pki_key_modulus(buffer_view(&spki));
	char text[1200] = "Modulus=", digest[41];
	unsigned char sha1[20];
	unsigned int len = 0;

	for (size_t i = 0; i < n.len; i++)
		snprintf(text + strlen(text), 3, "%02X", n.data[i]);
	strcat(text, "\n");
	cr_assert(EVP_Digest(text, strlen(text), sha1, &len, EVP_sha1(), NULL));
	hex_encode(bytes_of(sha1, len), digest);
	memcpy(out, digest + 20, 21);
}

Test(pki_guard, both_forms_and_what_does_not_count)
{
	char text[400], spki_hex[65], debian[21];

	hex_encode(bytes_of(facts.spki_sha256, 32), spki_hex);
	debian_digest(debian);
	snprintf(text, sizeof(text), "# %s\n\n  \n%s\n", spki_hex,
		 "00000000000000000000");
	put(text);
	{
		AUTO(pki_guard) struct pki_guard *g = open_guard();

		cr_expect_eq(judge(g), EV_REFUSAL_CODE_UNKNOWN);
		cr_expect_eq(pki_guard_count(g), 1);
	}
	snprintf(text, sizeof(text), "%s\r\n", spki_hex);
	put(text);
	{
		AUTO(pki_guard) struct pki_guard *g = open_guard();

		cr_expect_eq(judge(g), EV_REFUSAL_CODE_KEY_BLOCKLISTED);
	}
	/* No line end behind the last one. */
	snprintf(text, sizeof(text), "# RSA-2048\nffffffffffffffffffff\n%s",
		 debian);
	put(text);
	{
		AUTO(pki_guard) struct pki_guard *g = open_guard();

		cr_expect_eq(judge(g), EV_REFUSAL_CODE_KEY_BLOCKLISTED);
		cr_expect_eq(pki_guard_count(g), 2);
	}
}

static void
expect_error(const char *text, const char *said)
{
	struct pki_guard *g = NULL;
	struct err e = { 0 };

	put(text);
	cr_assert_not(pki_guard_new(
		&(struct pki_guard_config){ .ca = ca, .blocklist = path }, &g,
		&e));
	cr_expect_eq(e.kind, ERR_FATAL);
	cr_expect_not_null(strstr(e.text, said), "%s", e.text);
	cr_expect_not_null(strstr(e.text, path), "%s", e.text);
}

Test(pki_guard, errors_name_file_and_line)
{
	char line[400];

	expect_error("# a\n\nabc\n", "line 3");
	expect_error("0000000000000000000g\n", "line 1");
	expect_error("00000000000000000000\n000000000000000000000000\n",
		     "line 2");
	memset(line, '0', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	expect_error(line, "line 1");
	unlink(path);
	{
		struct pki_guard *g = NULL;
		struct err e = { 0 };

		cr_assert_not(pki_guard_new(
			&(struct pki_guard_config){ .ca = ca,
						    .blocklist = path },
			&g, &e));
		cr_expect_not_null(strstr(e.text, path));
	}
}

/* It looks at most once a second. */
static enum pki_guard_news
next_news(struct pki_guard *g, struct err *e)
{
	const int64_t until = clock_monotonic_us() + 10 * US_PER_S;
	enum pki_guard_news news = PKI_GUARD_SAME;

	while (news == PKI_GUARD_SAME && clock_monotonic_us() < until) {
		news = pki_guard_refresh(g, e);
		usleep(20000);
	}
	return news;
}

Test(pki_guard, a_changed_file_is_read_again_or_the_good_one_kept)
{
	char spki_hex[66];
	struct err e = { 0 };

	put("# nothing yet\n");
	AUTO(pki_guard) struct pki_guard *g = open_guard();

	cr_expect_eq(judge(g), EV_REFUSAL_CODE_UNKNOWN);
	cr_expect_eq(pki_guard_refresh(g, &e), PKI_GUARD_SAME);
	hex_encode(bytes_of(facts.spki_sha256, 32), spki_hex);
	put(spki_hex);
	cr_assert_eq(next_news(g, &e), PKI_GUARD_READ);
	cr_expect_eq(judge(g), EV_REFUSAL_CODE_KEY_BLOCKLISTED);
	put("nonsense\n");
	cr_assert_eq(next_news(g, &e), PKI_GUARD_KEPT);
	cr_expect_not_null(strstr(e.text, "line 1"), "%s", e.text);
	cr_expect_eq(judge(g), EV_REFUSAL_CODE_KEY_BLOCKLISTED);
	unlink(path);
	cr_assert_eq(next_news(g, &e), PKI_GUARD_KEPT);
	cr_expect_eq(judge(g), EV_REFUSAL_CODE_KEY_BLOCKLISTED);
	put("# taken back\n");
	cr_assert_eq(next_news(g, &e), PKI_GUARD_READ);
	cr_expect_eq(judge(g), EV_REFUSAL_CODE_UNKNOWN);
}

Test(pki_guard, keys_of_all_our_cas)
{
	static const char *const names[] = { "ca-p256", "ca-rsa2048" };
	AUTO(pki_ca) struct pki_ca *root = test_root("ca-rsa2048");
	const char *others[] = { path };
	AUTO(pki_guard) struct pki_guard *g = NULL;
	struct err e = { 0 };

	cr_assert(file_write(path, buffer_view(&root->der), 0600, &e));
	cr_assert(pki_guard_new(&(struct pki_guard_config){ .ca = ca,
							    .other_cas = others,
							    .other_count = 1 },
				&g, &e));
	cr_expect_eq(judge(g), EV_REFUSAL_CODE_UNKNOWN);
	for (size_t i = 0; i < 2; i++) {
		AUTO(evp_pkey) EVP_PKEY *key = test_key(names[i]);
		struct pki_refusal why = { 0 };

		spki.len = 0;
		test_spki(key, &spki);
		cr_assert(pki_key_check(buffer_view(&spki), &facts, &why));
		cr_expect_eq(judge(g), EV_REFUSAL_CODE_KEY_IS_CA_KEY, "%s",
			     names[i]);
	}
	spki.len = 0;
	put("not a certificate");
	pki_guard_free(TAKE(g));
	cr_expect_not(pki_guard_new(
		&(struct pki_guard_config){
			.ca = ca, .other_cas = others, .other_count = 1 },
		&g, &e));
}
