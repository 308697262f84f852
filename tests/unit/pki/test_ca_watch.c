/* The issuing CA's own term, and the addresses that name its files. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/clock.h"
#include "pki/address.h"
#include "pki/ca_watch.h"
#include "support.h"

static struct pki_ca ca;

static struct pki_ca_watch
new_watch(void)
{
	ca = (struct pki_ca){ .not_before = NOW_US,
			      .not_after = NOW_US + 3650 * US_PER_DAY };
	return (struct pki_ca_watch){ .ca = &ca,
				      .months = 36,
				      .warn_us = 90 * US_PER_DAY,
				      .alarm_us = 30 * US_PER_DAY };
}

Test(pki_ca_watch, from_good_to_bad)
{
	static const struct {
		int64_t day;
		enum pki_ca_condition is;
	} rows[] = {
		{ -1, PKI_CA_EARLY },      { 0, PKI_CA_GOOD },
		{ 2555, PKI_CA_GOOD },     { 2556, PKI_CA_SHORTENS },
		{ 3560, PKI_CA_SHORTENS }, { 3561, PKI_CA_WARN },
		{ 3620, PKI_CA_WARN },     { 3621, PKI_CA_ALARM },
		{ 3650, PKI_CA_ALARM },    { 3651, PKI_CA_EXPIRED },
	};
	struct pki_ca_watch w = new_watch();

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		cr_expect_eq(
			pki_ca_condition(&w, NOW_US + rows[i].day * US_PER_DAY),
			rows[i].is, "day %d: %d", (int)rows[i].day,
			pki_ca_condition(&w,
					 NOW_US + rows[i].day * US_PER_DAY));
	cr_expect_eq(pki_ca_condition(&w, ca.not_after), PKI_CA_ALARM,
		     "the last instant counts");
	cr_expect_eq(pki_ca_condition(&w, ca.not_after + 1), PKI_CA_EXPIRED);
	cr_expect_eq(pki_ca_condition(&w, ca.not_before - 1), PKI_CA_EARLY);
}

Test(pki_ca_watch, what_it_says)
{
	struct pki_ca_watch w = new_watch();
	const char *warning, *why;

	cr_expect_null(pki_ca_watch(&w, NOW_US, &warning));
	cr_expect_null(warning);
	cr_expect_null(pki_ca_watch(&w, NOW_US + 3000 * US_PER_DAY, &warning));
	cr_assert_not_null(warning);
	cr_expect_not_null(strstr(warning, "36 months are cut short"), "%s",
			   warning);
	cr_expect_null(pki_ca_watch(&w, NOW_US + 3640 * US_PER_DAY, &warning));
	cr_assert_not_null(warning);
	cr_expect_not_null(strstr(warning, "ends in 10 days"), "%s", warning);
	cr_expect_null(pki_ca_watch(&w, NOW_US + 3641 * US_PER_DAY, &warning));
	cr_expect_not_null(strstr(warning, "ends in 9 days"),
			   "said again after a day: %s", warning);
	why = pki_ca_watch(&w, ca.not_after + 1, &warning);
	cr_assert_not_null(why);
	cr_expect_not_null(strstr(why, "ended on"), "%s", why);
	cr_expect_null(warning);
	why = pki_ca_watch(&w, NOW_US - 1, &warning);
	cr_assert_not_null(why);
	cr_expect_not_null(strstr(why, "not valid before"), "%s", why);
	cr_expect_null(pki_ca_watch(&w, NOW_US, &warning));
	cr_expect_null(warning);
}

Test(pki_address, belongs_to_the_ca_that_signs)
{
	AUTO(pki_profile) struct pki_profile *profile = test_profile();
	const struct pki_profile_list list = { { profile }, 1 };
	const char *others[] = { "/ca/root.pem", "/ca/issuing-2.pem" };
	struct err e = { 0 };

	cr_expect(pki_address_check(&list, others, 2, &e), "%s", e.text);
	others[1] = "/ca/issuing.pem";
	cr_expect_not(pki_address_check(&list, others, 2, &e));
	cr_expect_not_null(strstr(e.text, "issuing.crl belongs to another CA"),
			   "%s", e.text);
	profile->crl_url[0] = '\0';
	cr_expect_not(pki_address_check(&list, others, 2, &e));
	cr_expect_not_null(strstr(e.text, "issuing.cer"), "%s", e.text);
	profile->ca_issuers_url[0] = '\0';
	cr_expect(pki_address_check(&list, others, 2, &e));
}
