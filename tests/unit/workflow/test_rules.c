/* Catalogue and dossier rules: what they say, and how they complain. */
#include <string.h>

#include "world.h"

static struct ev_submission
asked(enum ev_device_type device, const char *package, int32_t months,
      const char *scheme)
{
	return (struct ev_submission){ .device_type = device,
				       .product_package = package,
				       .validity_months = months,
				       .subscription_scheme_code = scheme };
}

static enum catalogue_match
find(const struct world *w, struct ev_submission sub, const char *day,
     int32_t *months_free)
{
	const struct catalogue_row *row = NULL;
	enum catalogue_match m;
	int32_t on = 0;

	cr_assert(clock_parse_date(day, &on));
	m = catalogue_find(w->env.catalogue, &sub, on, &row);
	*months_free = row == NULL ? -1 : row->months_free;
	return m;
}

Test(catalogue, rows_of_the_file)
{
	AUTO(world) struct world *w = world_new(TAX);
	const enum ev_device_type hsm = EV_DEVICE_TYPE_HSM;
	const char *org = "ORG_HSM_CA4", *day = "2026-03-02";
	int32_t n;

	cr_expect_eq(find(w, asked(hsm, org, 12, "CA4_HD_MP"), day, &n),
		     CATALOGUE_FOUND);
	cr_expect_eq(n, 12);
	cr_expect_eq(find(w, asked(hsm, org, 24, "CA4_HD_MP"), day, &n),
		     CATALOGUE_NO_ROW);
	cr_expect_eq(find(w, asked(hsm, org, 48, "CA4_HD_36T"), day, &n),
		     CATALOGUE_NO_ROW);
	cr_expect_eq(find(w,
			  asked(EV_DEVICE_TYPE_USB_TOKEN, org, 12, "CA4_HD_MP"),
			  day, &n),
		     CATALOGUE_NO_ROW);
}

Test(catalogue, days_in_force_are_inclusive)
{
	AUTO(world) struct world *w = world_new(TAX);
	struct ev_submission sub =
		asked(EV_DEVICE_TYPE_HSM, "ORG_HSM_CA4", 12, "CA4_GH_12T");
	int32_t n;

	cr_expect_eq(find(w, sub, "2025-12-31", &n), CATALOGUE_FOUND);
	cr_expect_eq(find(w, sub, "2026-01-01", &n), CATALOGUE_NOT_IN_FORCE);
	cr_expect_eq(find(w, sub, "2018-01-11", &n), CATALOGUE_FOUND);
	cr_expect_eq(find(w, sub, "2018-01-10", &n), CATALOGUE_NOT_IN_FORCE);
}

#define ROW(members)                                                           \
	"{\"rows\":[{\"source\":\"s\",\"device_type\":\"HSM\","                \
	"\"product_package\":\"P\",\"validity_months\":12,"                    \
	"\"subscription_scheme_code\":\"C\",\"months_free\":0,"                \
	"\"effective_from\":\"2020-01-01\",\"effective_to\":null" members      \
	"}]}"

static const struct {
	const char *text;
	const char *error;
} bad_catalogues[] = {
	{ "", "line 1" },
	{ "{\"rows\":", "line 1" },
	{ "[]", "no array \"rows\"" },
	{ "{\"rows\":[]}", "no array \"rows\"" },
	{ "{\"rows\":[1]}", "row 1: row: must be an object" },
	{ "{\"rows\":[{}]}", "row 1: source: must be text" },
	{ ROW(",\"source\":\"again\""), "line 1" },
	{ "{\"rows\":[{\"source\":\"s\",\"device_type\":\"PHONE\","
	  "\"product_package\":\"P\",\"validity_months\":12,"
	  "\"subscription_scheme_code\":\"C\",\"months_free\":0,"
	  "\"effective_from\":\"2020-01-01\",\"effective_to\":null}]}",
	  "row 1: device_type: must be HSM or USB_TOKEN" },
	{ "{\"rows\":[{\"source\":\"s\",\"device_type\":\"HSM\","
	  "\"product_package\":\"P\",\"validity_months\":37}]}",
	  "row 1: validity_months: out of range" },
	{ "{\"rows\":[{\"source\":\"s\",\"device_type\":\"HSM\","
	  "\"product_package\":\"P\",\"validity_months\":12,"
	  "\"subscription_scheme_code\":\"C\",\"months_free\":13}]}",
	  "row 1: months_free: out of range" },
	{ "{\"rows\":[{\"source\":\"s\",\"device_type\":\"HSM\","
	  "\"product_package\":\"P\",\"validity_months\":12,"
	  "\"subscription_scheme_code\":\"C\",\"months_free\":0,"
	  "\"effective_from\":\"2020-02-30\"}]}",
	  "row 1: effective_from: must be a day" },
	{ ROW(""), "row 1: product_package: \"profiles\" has none" },
	{ ROW("}],\"profiles\":{\"P\":\"\"},\"x\":[{"),
	  "row 1: product_package: \"profiles\" has none" },
	{ ROW("}],\"profiles\":{\"P\":7},\"x\":[{"),
	  "row 1: product_package: \"profiles\" has none" },
	{ ROW("}],\"profiles\":{\"P\":\"p\",\"Q\":\"q\"},\"x\":[{"),
	  "profiles: Q: no row has this package" },
};

Test(catalogue, profile_of_a_package)
{
	AUTO(world) struct world *w = world_new(TAX);
	const struct catalogue *c = w->env.catalogue;
	size_t n = 0;

	cr_expect_str_eq(catalogue_profile(c, "ORG_HSM_CA4"), "org-hsm-ca4");
	cr_expect_str_eq(catalogue_profile(c, "ORG_HSM_CA4_PSS"),
			 "org-hsm-ca4-pss");
	cr_expect_null(catalogue_profile(c, "ORG"));
	while (catalogue_row(c, n) != NULL)
		cr_expect_not_null(catalogue_row(c, n++)->profile);
	cr_expect_eq(n, 7);
}

Test(catalogue, errors_name_the_row)
{
	struct err e = { 0 };

	for (size_t i = 0;
	     i < sizeof(bad_catalogues) / sizeof(bad_catalogues[0]); i++) {
		struct catalogue *c = NULL;

		cr_expect(!catalogue_parse(bytes_of_str(bad_catalogues[i].text),
					   &c, &e),
			  "%zu", i);
		cr_expect_eq(e.kind, ERR_FATAL);
		cr_expect_not_null(strstr(e.text, bad_catalogues[i].error),
				   "%zu: %s", i, e.text);
	}
}

Test(catalogue, two_rows_for_one_day)
{
	struct err e = { 0 };
	struct catalogue *c = NULL;
	const char *row = "{\"source\":\"s\",\"device_type\":\"HSM\","
			  "\"product_package\":\"P\",\"validity_months\":12,"
			  "\"subscription_scheme_code\":\"C\","
			  "\"months_free\":0,\"effective_from\":\"2020-01-01\","
			  "\"effective_to\":null}";
	char text[1024];

	snprintf(text, sizeof(text), "{\"rows\":[%s,%s]}", row, row);
	cr_expect(!catalogue_parse(bytes_of_str(text), &c, &e));
	cr_expect_not_null(strstr(e.text, "row 2: effective_from: overlaps"),
			   "%s", e.text);
}

static const struct {
	const char *text;
	const char *error;
} bad_dossiers[] = {
	{ "{\"documents\":[{\"type\":\"A\",\"basis\":\"b\"}]}",
	  "row 1: required" },
	{ "{\"documents\":[{\"type\":\"A\",\"basis\":\"b\","
	  "\"required\":\"sometimes\"}]}",
	  "row 1: required: unknown condition" },
	{ "{\"documents\":[{\"type\":\"A\",\"basis\":\"b\","
	  "\"required\":\"with B\"}]}",
	  "row 1: required: names an unknown type" },
	{ "{\"documents\":[{\"type\":\"A\",\"basis\":\"b\",\"required\":true},"
	  "{\"type\":\"A\",\"basis\":\"b\",\"required\":true}]}",
	  "row 2: type: is there twice" },
};

Test(dossier, errors_name_the_row)
{
	struct err e = { 0 };

	for (size_t i = 0; i < sizeof(bad_dossiers) / sizeof(bad_dossiers[0]);
	     i++) {
		struct dossier_rules *d = NULL;

		cr_expect(!dossier_parse(bytes_of_str(bad_dossiers[i].text), &d,
					 &e));
		cr_expect_not_null(strstr(e.text, bad_dossiers[i].error),
				   "%zu: %s", i, e.text);
	}
}

static const char *
missing(const struct world *w, enum ev_request_type type, bool branch,
	const char *const *types, size_t count)
{
	static char out[512];
	struct ev_dossier_document docs[8] = { 0 };
	struct ev_submission sub = { .request_type = type,
				     .dossier = { docs, count } };

	for (size_t i = 0; i < count; i++)
		docs[i].type = types[i];
	(void)!dossier_missing(w->env.dossier, &sub, branch, out, sizeof(out));
	return out;
}

Test(dossier, conditions)
{
	AUTO(world) struct world *w = world_new(TAX);
	const char *docs[] = { "SERVICE_CONTRACT", "REQUEST_FORM",
			       "BUSINESS_LICENCE", "LEGAL_REP_ID",
			       "POWER_OF_ATTORNEY" };
	const enum ev_request_type fresh = EV_REQUEST_TYPE_NEW;

	cr_expect_str_eq(missing(w, fresh, false, docs, 0),
			 "SERVICE_CONTRACT, REQUEST_FORM, BUSINESS_LICENCE, "
			 "LEGAL_REP_ID");
	cr_expect_str_eq(missing(w, fresh, false, docs, 4), "");
	cr_expect_str_eq(missing(w, fresh, false, docs, 5),
			 "AUTHORISED_PERSON_ID");
	cr_expect_str_eq(missing(w, fresh, true, docs, 4), "BRANCH_LICENCE");
	cr_expect_str_eq(
		missing(w, EV_REQUEST_TYPE_MODIFICATION, false, docs, 4),
		"CHANGE_FORM");
}
