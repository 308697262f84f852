/*
 * test_names.c - the sample enterprises' names and provinces, in characters
 * and not in octets.
 */
#include <criterion/criterion.h>

#include "pki/name.h"
#include "support.h"

#define LINE_MAX_OCTETS 4096

static FILE *
open_data(const char *name)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/tests/data/%s", CERTFLOW_SOURCE_DIR,
		 name);
	f = fopen(path, "re");
	cr_assert_not_null(f, "%s", path);
	return f;
}

/* Rule that a certificate for this name and province breaks, or "". */
static const char *
judge(const char *name, const char *province)
{
	AUTO(pki_ca) struct pki_ca *ca = test_root("ca-p256");
	AUTO(pki_profile) struct pki_profile *profile = test_profile();
	AUTO(evp_pkey) EVP_PKEY *key = test_key("p256");
	AUTO(buffer) struct buffer spki = { 0 }, tbs = { 0 };
	struct pki_lint_context context = { profile, ca, { 0 } };
	const char *rule = NULL;
	struct pki_order order;
	struct err e = { 0 };

	test_spki(key, &spki);
	order = test_order(buffer_view(&spki));
	context.spki = order.spki;
	order.subject.certificate_name = name;
	order.subject.province = province;
	cr_assert(pki_tbs_build(profile, ca, &order, &tbs, &e), "%s", e.text);
	return pki_lint(buffer_view(&tbs), &context, &rule, &e) ? "" : rule;
}

Test(pki_names, sixty_four_characters_fit)
{
	AUTO(file) FILE *f = open_data("name-length-cases.tsv");
	char line[LINE_MAX_OCTETS];
	int rows = 0;

	cr_assert_not_null(fgets(line, sizeof(line), f));
	while (fgets(line, sizeof(line), f) != NULL) {
		char *rest = line;
		const char *legal = strsep(&rest, "\t");
		int chars = atoi(strsep(&rest, "\t"));
		const char *proposal = strsep(&rest, "\t");
		int proposal_chars = atoi(strsep(&rest, "\t"));

		cr_assert_str_eq(judge(legal, "Hà Nội"),
				 chars > 64 ? "subject_length" : "", "%s",
				 legal);
		cr_assert_str_eq(judge(proposal, "Hà Nội"),
				 proposal_chars > 64 ? "subject_length" : "",
				 "%s", proposal);
		rows++;
	}
	cr_assert_eq(rows, 12);
}

Test(pki_names, provinces_of_the_samples)
{
	AUTO(file) FILE *f = open_data("enterprises.json");
	char line[LINE_MAX_OCTETS];
	int rows = 0;

	while (fgets(line, sizeof(line), f) != NULL) {
		char *value = strstr(line, "\"province\": \"");

		if (value == NULL)
			continue;
		value += strlen("\"province\": \"");
		*strchr(value, '"') = '\0';
		cr_assert_str_eq(judge("CÔNG TY MẪU", value), "", "%s", value);
		rows++;
	}
	cr_assert_eq(rows, 12);
}

Test(pki_names, decomposed_names_are_found)
{
	cr_assert_str_eq(judge("CO\xcc\x82NG TY MA\xcc\x82\xcc\x83U", "Hà Nội"),
			 "subject_nfc");
}

/* RFC 5280 A.1: ub-common-name, ub-organization-name and the others. */
Test(pki_names, upper_bounds)
{
	cr_assert_eq(name_upper_bound(PKI_ATTR_C), 2);
	cr_assert_eq(name_upper_bound(PKI_ATTR_ST), 128);
	cr_assert_eq(name_upper_bound(PKI_ATTR_L), 128);
	cr_assert_eq(name_upper_bound(PKI_ATTR_O), 64);
	cr_assert_eq(name_upper_bound(PKI_ATTR_CN), 64);
}
