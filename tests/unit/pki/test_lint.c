/*
 * test_lint.c - each row of the table has a change that breaks exactly it.
 *
 * A good TBSCertificate is taken apart, one part is changed (lint_changes.c),
 * and it is put together again; one test sees that no row is without such a
 * change.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <time.h>

#include "lint_changes.h"
#include "pki/oid.h"

static void
put_extensions(struct der_out *w, const struct view *v)
{
	der_open(w, DER_CONTEXT_OPEN(3));
	der_open(w, DER_SEQUENCE);
	for (size_t i = 0; i < v->extension_count; i++) {
		der_open(w, DER_SEQUENCE);
		der_oid(w, v->extensions[i].oid);
		if (v->extensions[i].critical)
			der_put(w, DER_BOOLEAN, OID("\xff"));
		der_put(w, DER_OCTET_STRING, v->extensions[i].value);
		der_close(w);
	}
	der_close(w);
	der_close(w);
}

static void
put_date(struct der_out *w, int64_t us, bool generalized)
{
	if (generalized)
		der_text(w, DER_GENERALIZED_TIME, "20270302091459Z");
	else
		der_time(w, us);
}

void
lint_assemble(const struct parts *p, struct buffer *out)
{
	struct err e = { 0 };
	struct der_out w = der_start(out, &e);

	der_open(&w, DER_SEQUENCE);
	der_open(&w, DER_CONTEXT_OPEN(0));
	der_small(&w, p->v.version);
	der_close(&w);
	der_put(&w, DER_INTEGER, p->v.serial);
	der_raw(&w, p->v.signature);
	der_raw(&w, p->v.issuer);
	der_open(&w, DER_SEQUENCE);
	put_date(&w, p->not_before, false);
	put_date(&w, p->not_after, p->generalized);
	der_close(&w);
	der_raw(&w,
		p->subject.len > 0 ? buffer_view(&p->subject) : p->v.subject);
	der_raw(&w, p->v.spki);
	put_extensions(&w, &p->v);
	der_close(&w);
	cr_assert(der_done(&w), "%s", e.text);
}

/* All that the last judged TBS breaks. */
static char broken[1024];
static size_t broken_count;

static void
note(void *self, const char *rule, const char *source, const char *what)
{
	char *all = self;

	cr_assert_gt(strlen(source), 3);
	if (what != NULL)
		strcat(strcat(all, " "), rule);
}

/* Rule that the changed TBS breaks; NULL if none. */
static const char *
judge(void (*breaks)(struct parts *p), struct pki_profile *profile,
      struct err *e)
{
	AUTO(pki_ca) struct pki_ca *ca = test_root("ca-p256");
	AUTO(buffer) struct buffer tbs = { 0 }, changed = { 0 };
	struct pki_lint_context context = { profile, ca, { 0 } };
	struct parts p = { 0 };
	const char *rule = NULL;

	test_tbs(ca, "p256", &tbs);
	cr_assert(view_parse(buffer_view(&tbs), &p.v, &rule), "%s", rule);
	p.not_before = p.v.not_before_us;
	p.not_after = p.v.not_after_us;
	context.spki = p.v.spki;
	if (breaks != NULL)
		breaks(&p);
	lint_assemble(&p, &changed);
	buffer_free(&p.subject);
	if (breaks == NULL)
		cr_assert(
			bytes_equal(buffer_view(&changed), buffer_view(&tbs)));
	broken[0] = '\0';
	broken_count =
		pki_lint_all(buffer_view(&changed), &context, note, broken);
	return pki_lint(buffer_view(&changed), &context, &rule, e) ? NULL
								   : rule;
}

Test(pki_lint, unchanged_passes)
{
	AUTO(pki_profile) struct pki_profile *profile = test_profile();
	struct err e = { 0 };

	cr_assert_null(judge(NULL, profile, &e), "%s", e.text);
	cr_assert_eq(broken_count, 0);
}

Test(pki_lint, each_change_breaks_its_rule)
{
	AUTO(pki_profile) struct pki_profile *profile = test_profile();

	const struct lint_change *change;

	for (size_t i = 0; (change = lint_change(i)) != NULL; i++) {
		struct err e = { 0 };
		const char *rule = judge(change->breaks, profile, &e);
		char all[1024];

		cr_assert_not_null(rule, "row %zu (%s) breaks nothing", i,
				   change->rule);
		cr_assert_str_eq(rule, change->rule, "row %zu: %s", i, e.text);
		cr_assert_eq(e.kind, ERR_REJECT);
		snprintf(all, sizeof(all), " %s%s", change->rule, change->also);
		cr_expect_str_eq(broken, all, "row %zu:%s, not%s", i, broken,
				 all);
	}
}

Test(pki_lint, keys_outside_the_profile)
{
	AUTO(pki_profile) struct pki_profile *profile = test_profile();
	struct err e = { 0 };

	profile->keys[EV_KEY_ALGORITHM_EC_P256] = false;
	cr_assert_str_eq(judge(NULL, profile, &e), "key_allowed");
}

Test(pki_lint, key_encipherment_needs_rsa)
{
	AUTO(pki_profile) struct pki_profile *profile = test_profile();
	struct err e = { 0 };

	profile->key_usage |= 1u << 2;
	cr_assert_str_eq(judge(lint_change_encipherment, profile, &e),
			 "key_usage_fits");
}

/* A profile in memory that went wrong after loading: lint has its own list. */
Test(pki_lint, no_profile_makes_a_responder)
{
	AUTO(pki_profile) struct pki_profile *profile = test_profile();
	const struct pki_oid responder = { { 0x2b, 6, 1, 5, 5, 7, 3, 9 }, 8 };
	struct err e = { 0 };

	profile->eku[0] = responder;
	profile->eku_count = 1;
	cr_assert_str_eq(judge(lint_change_ocsp_signing, profile, &e),
			 "purpose_limits");
}

Test(pki_lint, the_profile_says_which_signature)
{
	AUTO(pki_profile) struct pki_profile *profile = test_profile();
	struct err e = { 0 };

	profile->signatures[PKI_ECDSA_SHA256] = false;
	cr_assert_str_eq(judge(NULL, profile, &e), "signature");
	profile->signatures[PKI_ECDSA_SHA512] = true;
	cr_assert_str_eq(judge(NULL, profile, &e), "signature");
}

/* Rules that have a test of their own above. */
static bool
has_own_test(const char *rule)
{
	return strcmp(rule, "key_allowed") == 0 ||
	       strcmp(rule, "key_usage_fits") == 0 ||
	       strcmp(rule, "purpose_limits") == 0;
}

Test(pki_lint, no_row_without_a_test)
{
	const struct lint_change *change;
	const char *rule, *source;

	for (size_t i = 0; pki_lint_row(i, &rule, &source); i++) {
		bool found = has_own_test(rule);

		for (size_t j = 0; (change = lint_change(j)) != NULL; j++)
			found = found || strcmp(change->rule, rule) == 0;
		cr_assert(found, "%s", rule);
		cr_assert_gt(strlen(source), 3);
	}
}

/* Lines of the manual's table of rules: those that begin with "| `" after
 * its head. */
static size_t
rows_of_the_manual(const char *manual)
{
	const char *line = strstr(manual, "| rule | source |\n");
	size_t count = 0;

	cr_assert_not_null(line);
	line = strchr(strchr(line, '\n') + 1, '\n') + 1;
	for (; line[0] == '|'; line = strchr(line, '\n') + 1)
		count++;
	return count;
}

Test(pki_lint, the_manual_lists_every_row_and_no_other)
{
	AUTO(buffer) struct buffer manual = { 0 };
	const char *rule, *source;
	struct err e = { 0 };
	size_t count = 0;

	cr_assert(file_read(CERTFLOW_SOURCE_DIR "/ops/docs/profile.md", 65536,
			    &manual, &e),
		  "%s", e.text);
	for (size_t i = 0; pki_lint_row(i, &rule, &source); i++) {
		char line[256];

		snprintf(line, sizeof(line), "| `%s` | %s |", rule, source);
		cr_assert_not_null(strstr((const char *)manual.data, line),
				   "%s", line);
		count++;
	}
	cr_assert_eq(count, rows_of_the_manual((const char *)manual.data));
}

/* Not a benchmark: it says what it costs, and fails when that explodes. */
Test(pki_lint, cost)
{
	static const char *const keys[] = { "rsa2048", "rsa4096", "p256" };
	AUTO(pki_profile) struct pki_profile *profile = test_profile();
	AUTO(pki_ca) struct pki_ca *ca = test_root("ca-p256");
	const int turns = 500;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		AUTO(evp_pkey) EVP_PKEY *key = test_key(keys[i]);
		AUTO(buffer) struct buffer tbs = { 0 }, spki = { 0 };
		struct pki_lint_context context = { profile, ca, { 0 } };
		const char *rule = NULL;
		struct err e = { 0 };
		clock_t from;
		double us;

		test_spki(key, &spki);
		context.spki = buffer_view(&spki);
		test_tbs(ca, keys[i], &tbs);
		from = clock();
		for (int n = 0; n < turns; n++)
			cr_assert(pki_lint(buffer_view(&tbs), &context, &rule,
					   &e),
				  "%s", e.text);
		us = (double)(clock() - from) * 1e6 / CLOCKS_PER_SEC / turns;
		cr_log_info("%s: %.1f us", keys[i], us);
		cr_expect_lt(us, 5000.0, "%s", keys[i]);
	}
}

Test(pki_lint, truncated_octets_break_structure)
{
	AUTO(pki_profile) struct pki_profile *profile = test_profile();
	AUTO(pki_ca) struct pki_ca *ca = test_root("ca-p256");
	AUTO(buffer) struct buffer tbs = { 0 };
	const struct pki_lint_context context = { profile, ca,
						  bytes_of("", 0) };

	test_tbs(ca, "p256", &tbs);
	for (size_t len = 0; len < tbs.len; len++) {
		AUTO(u8) unsigned char *cut = malloc(len == 0 ? 1 : len);
		const char *rule = NULL;
		struct err e = { 0 };

		memcpy(cut, tbs.data, len);
		cr_assert_not(
			pki_lint(bytes_of(cut, len), &context, &rule, &e));
		cr_assert_str_eq(rule, "structure");
	}
}
