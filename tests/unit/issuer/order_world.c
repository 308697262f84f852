#include "order_world.h"

#include <criterion/criterion.h>
#include <string.h>

#include "base/clock.h"

struct world w;

void
order_make_csr(EVP_PKEY *key, const char *tax_code, struct buffer *out)
{
	AUTO(buffer) struct buffer spki = { 0 };
	AUTO(buffer) struct buffer info = { 0 };
	AUTO(buffer) struct buffer signature = { 0 };
	struct err e = { 0 };

	buffer_free(out);
	test_spki(key, &spki);
	cr_assert(pki_csr_info_new(buffer_view(&spki), tax_code, ENROLMENT,
				   &info, &e),
		  "%s", e.text);
	test_sign(key, PKI_RSA_SHA256, buffer_view(&info), &signature);
	cr_assert(pki_csr_assemble(buffer_view(&info), PKI_RSA_SHA256,
				   buffer_view(&signature), out, &e),
		  "%s", e.text);
}

void
order_make_tbs(void)
{
	const struct ev_customer *c = &w.submission.customer;
	const struct pki_order order = {
		.subject = { .tax_code = w.order.meta.tax_code,
			     .certificate_name = c->certificate_name,
			     .province = c->province,
			     .locality = c->locality,
			     .country = c->country },
		.spki = buffer_view(&w.spki),
		.serial_number = w.order.serial_number,
		.not_before = w.order.not_before,
		.not_after = w.order.not_after,
	};
	struct err e = { 0 };

	buffer_free(&w.tbs);
	cr_assert(pki_tbs_build(w.profile, w.ca, &order, &w.tbs, &e), "%s",
		  e.text);
	w.order.tbs_certificate = buffer_view(&w.tbs);
}

void
order_make(void)
{
	struct pki_validity v = pki_validity(NOW_US, 12, w.ca);
	struct ev_issuance_ordered *o = &w.order;
	static const char *const editors[] = { "officer-1", "officer-2" };

	*o = (struct ev_issuance_ordered){
		.meta = { .tax_code = TAX_CODE },
		.request_id = REQUEST,
		.revision = 2,
		.submission = bytes_of_str("the bytes that were approved"),
		.creator_id = "officer-1",
		.editor_ids = { editors, 2 },
		.approval_event_id = APPROVAL,
		.approver_id = "manager-7",
		.profile_name = w.profile->name,
		.csr_der = buffer_view(&w.csr),
		.serial_number = SERIAL,
		.not_before = v.not_before,
		.not_after = v.not_after,
		.validity_shortened = v.shortened,
		.sign_before = NOW_US + US_PER_DAY,
	};
	sha256(o->submission, o->submission_sha256.b);
	sha256(buffer_view(&w.spki), o->spki_sha256.b);
	memcpy(o->profile_sha256.b, w.profile->sha256, SHA256_LEN);
	memcpy(o->issuer_certificate_sha256.b, w.ca->sha256, SHA256_LEN);
}

void
order_world_open(void)
{
	struct pki_guard_config guard = { 0 };
	struct err e = { 0 };

	w.root_key = test_key("rsa3072");
	w.key = test_key("rsa2048");
	w.root = test_root("rsa3072");
	w.ca = test_issuing("rsa4096", w.root, w.root_key);
	w.profile = test_profile();
	w.profiles = (struct pki_profile_list){ { w.profile }, 1 };
	guard.ca = w.ca;
	cr_assert(pki_guard_new(&guard, &w.guard, &e), "%s", e.text);
	w.policy = (struct order_policy){ .ca = w.ca,
					  .guard = w.guard,
					  .profiles = &w.profiles };
	w.submission = (struct ev_submission){
		.request_id = REQUEST,
		.revision = 2,
		.validity_months = 12,
		.customer = { .certificate_name = "CÔNG TY TNHH THỬ NGHIỆM",
			      .province = "Hà Nội",
			      .country = "VN" },
	};
	test_spki(w.key, &w.spki);
	order_make_csr(w.key, TAX_CODE, &w.csr);
	order_make();
	order_make_tbs();
}

void
order_world_close(void)
{
	EVP_PKEY_free(w.root_key);
	EVP_PKEY_free(w.key);
	pki_guard_free(w.guard);
	pki_ca_free(w.root);
	pki_ca_free(w.ca);
	pki_profile_free(w.profile);
	buffer_free(&w.spki);
	buffer_free(&w.csr);
	buffer_free(&w.tbs);
}
