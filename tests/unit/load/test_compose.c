/* Events of a journey: what a registrar looks at. */
#include <criterion/criterion.h>

#include "avro/avro_codec.h"
#include "base/clock.h"
#include "load/compose.h"
#include "load/csr.h"
#include "load/spool.h"
#include "pki/csr.h"
#include "workflow/catalogue.h"
#include "workflow/dossier.h"

struct fixture {
	struct load_ids ids;
	struct customers *customers;
	struct csr_maker *maker;
	struct buffer csr;
	struct composed composed;
	struct composed_digests digests;
	struct err e;
};

static struct fixture *
fixture(void)
{
	static struct fixture f; /* a process for each test */

	cr_assert(load_ids_new(&f.ids, &f.e));
	cr_assert(customers_new(10000001, 100, 1, &f.customers, &f.e));
	cr_assert(csr_maker_new(&f.maker, &f.e));
	return &f;
}

static void
submit(struct fixture *f, uint32_t journey)
{
	char id[UUID_TEXT_MAX];

	compose_meta(&f->ids, f->customers, LOAD_SUBMIT, journey,
		     clock_now_us(), &f->composed);
	load_id(&f->ids, LOAD_ID_REQUEST, journey, id);
	cr_assert(csr_make(f->maker, f->composed.tax_code, id, &f->csr,
			   f->digests.spki.b, &f->e),
		  "%s", f->e.text);
	compose_submission(&f->ids, journey, buffer_view(&f->csr),
			   &f->composed);
}

static void
end(struct fixture *f)
{
	customers_free(f->customers);
	csr_maker_free(f->maker);
	buffer_free(&f->csr);
}

Test(compose, every_act_has_its_form)
{
	static const enum load_act acts[] = { LOAD_APPROVE, LOAD_PRESS,
					      LOAD_ENROL };
	struct fixture *f = fixture();

	submit(f, 7);
	cr_expect(event_check(&f->composed.event, &f->e), "%s", f->e.text);
	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
		compose_meta(&f->ids, f->customers, acts[i], 7, clock_now_us(),
			     &f->composed);
		compose_act(&f->ids, acts[i], 7, &f->digests, &f->composed);
		cr_expect(event_check(&f->composed.event, &f->e), "%s: %s",
			  load_act_name(acts[i]), f->e.text);
	}
	end(f);
}

Test(compose, csr_is_accepted)
{
	struct fixture *f = fixture();

	for (uint32_t i = 0; i < 20; i++) {
		AUTO(pki_csr) struct pki_csr *csr = NULL;
		struct pki_csr_policy policy = { 0 };
		struct pki_refusal why = { 0 };

		submit(f, i);
		policy.tax_code = f->composed.tax_code;
		cr_assert(pki_csr_check(buffer_view(&f->csr), &policy, &csr,
					&why, &f->e),
			  "%s", f->e.text);
		cr_assert_not_null(csr, "%s", why.reason);
		cr_expect_arr_eq(csr->key.spki_sha256, f->digests.spki.b,
				 SHA256_LEN);
	}
	end(f);
}

#define RULES_MAX 65536
#define RULES CERTFLOW_SOURCE_DIR "/schemas/catalogue/"

Test(compose, product_and_dossier_are_those_of_the_rules)
{
	AUTO(catalogue) struct catalogue *catalogue = NULL;
	AUTO(dossier) struct dossier_rules *dossier = NULL;
	AUTO(buffer) struct buffer products = { 0 };
	AUTO(buffer) struct buffer documents = { 0 };
	const struct ev_submission *sub;
	const struct catalogue_row *row = NULL;
	struct fixture *f = fixture();
	char missing[256];

	cr_assert(
		file_read(RULES "catalogue.json", RULES_MAX, &products, &f->e));
	cr_assert(
		file_read(RULES "dossier.json", RULES_MAX, &documents, &f->e));
	cr_assert(catalogue_parse(buffer_view(&products), &catalogue, &f->e));
	cr_assert(dossier_parse(buffer_view(&documents), &dossier, &f->e));
	submit(f, 3);
	sub = &f->composed.event.request_submitted.submission;
	cr_expect_eq(catalogue_find(catalogue, sub,
				    clock_day_in_vietnam(clock_now_us()), &row),
		     CATALOGUE_FOUND);
	cr_assert_not_null(row);
	cr_expect_eq(row->months_free, sub->contract.months_free);
	cr_expect_eq(sub->validity_months, sub->contract.months);
	cr_expect(dossier_unknown(dossier, sub) < 0);
	cr_expect_not(
		dossier_missing(dossier, sub, false, missing, sizeof(missing)),
		"%s", missing);
	end(f);
}

Test(compose, four_eyes_of_two_people)
{
	struct fixture *f = fixture();

	for (uint32_t i = 0; i < 100; i++) {
		char officer[COMPOSED_ACTOR_MAX];

		compose_meta(&f->ids, f->customers, LOAD_SUBMIT, i, 1,
			     &f->composed);
		snprintf(officer, sizeof(officer), "%s", f->composed.actor);
		compose_meta(&f->ids, f->customers, LOAD_PRESS, i, 1,
			     &f->composed);
		cr_expect_str_eq(f->composed.actor, officer);
		compose_meta(&f->ids, f->customers, LOAD_APPROVE, i, 1,
			     &f->composed);
		cr_expect_str_neq(f->composed.actor, officer);
	}
	end(f);
}

Test(spool, gives_back_in_order)
{
	AUTO(spool) struct spool *s = NULL;
	struct spooled head = { .type = EVENT_REQUEST_SUBMITTED };
	struct bytes rest;
	struct err e;

	cr_assert(spool_open(&s, &e), "%s", e.text);
	for (uint32_t i = 0; i <= 10; i++) {
		head.len = i;
		snprintf(head.tax_code, sizeof(head.tax_code), "%010u", i);
		cr_assert(spool_put(s, &head, bytes_of("0123456789", i), &e),
			  "%s", e.text);
	}
	cr_assert(spool_rewind(s, &e));
	for (uint32_t i = 0; i <= 10; i++) {
		cr_assert(spool_next(s, &head, &rest, &e), "%s", e.text);
		cr_expect_eq(rest.len, i);
		cr_expect_arr_eq(rest.data, "0123456789", i);
		cr_expect_eq(strtoul(head.tax_code, NULL, 10), i);
	}
	cr_expect_not(spool_next(s, &head, &rest, &e));
}
