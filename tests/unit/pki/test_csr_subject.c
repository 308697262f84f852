/*
 * test_csr_subject.c - what a CSR's subject and attributes may say.
 */
#include <criterion/criterion.h>
#include <openssl/x509v3.h>

#include "csr_support.h"

/* Well signed, but a PrintableString holds what it may not (X.690 8.23). */
Test(pki_csr, text_that_is_not_its_type_is_refused)
{
	AUTO(evp_pkey) EVP_PKEY *key = test_key("p256");
	AUTO(x509_req) X509_REQ *req = csr_request(key);
	AUTO(buffer) struct buffer der = { 0 };

	X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(req), "CN",
				   V_ASN1_PRINTABLESTRING,
				   (const unsigned char *)"a_b@c", 5, -1, 0);
	csr_sign(req, key, EVP_sha256(), false);
	csr_encode(req, &der);
	REFUSED(buffer_view(&der), EV_REFUSAL_CODE_CSR_MALFORMED);
}

/* Build with one more attribute in the subject. */
static void
make_with(const char *attribute, const char *value, struct buffer *out)
{
	AUTO(evp_pkey) EVP_PKEY *key = test_key("p256");
	AUTO(x509_req) X509_REQ *req = csr_request(key);

	csr_add(X509_REQ_get_subject_name(req), attribute, value);
	csr_sign(req, key, EVP_sha256(), false);
	csr_encode(req, out);
}

Test(pki_csr, personal_data_is_refused)
{
	static const struct {
		const char *attribute;
		const char *value;
	} rows[] = {
		{ "emailAddress", "a@example.invalid" },
		{ "UID", "CCCD:001885000101" },
		{ "UID", "CMND:012345678" },
		{ "UID", "cccd:001885000101" },
		{ "UID", "001885000101" },
		{ "serialNumber", "PNOVN-001885000101" },
		{ "serialNumber", "001885000101" },
		{ "GN", "Mẫu" },
		{ "SN", "Nguyễn" },
		{ "telephoneNumber", "+84000000001" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		AUTO(buffer) struct buffer der = { 0 };

		make_with(rows[i].attribute, rows[i].value, &der);
		REFUSED(buffer_view(&der), EV_REFUSAL_CODE_CSR_PERSONAL_DATA);
	}
}

/* It looks like the number of an identity card to who looks at its beginning
 * alone. */
Test(pki_csr, id_of_an_enrolment_is_no_personal_number)
{
	AUTO(buffer) struct buffer id = { 0 };
	AUTO(buffer) struct buffer der = { 0 };
	struct pki_refusal why = { 0 };

	make_with("serialNumber", "cccd1234-5678-8abc-8def-0123456789ab", &id);
	cr_expect_eq(csr_judge(buffer_view(&id), &why), EV_REFUSAL_CODE_UNKNOWN,
		     "%s", why.reason);
	make_with("serialNumber", "cccd123456785678abc8def00123456789ab", &der);
	REFUSED(buffer_view(&der), EV_REFUSAL_CODE_CSR_PERSONAL_DATA);
}

Test(pki_csr, mail_in_subject_alternative_name_is_refused)
{
	AUTO(evp_pkey) EVP_PKEY *key = test_key("p256");
	AUTO(x509_req) X509_REQ *req = csr_request(key);
	AUTO(buffer) struct buffer der = { 0 };
	STACK_OF(X509_EXTENSION) *list = sk_X509_EXTENSION_new_null();

	sk_X509_EXTENSION_push(
		list, X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name,
					  "email:a@example.invalid"));
	X509_REQ_add_extensions(req, list);
	sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
	csr_sign(req, key, EVP_sha256(), false);
	csr_encode(req, &der);
	REFUSED(buffer_view(&der), EV_REFUSAL_CODE_CSR_PERSONAL_DATA);
}

Test(pki_csr, tax_code_must_be_ours_alone)
{
	AUTO(evp_pkey) EVP_PKEY *key = test_key("p256");
	AUTO(x509_req) X509_REQ *req = X509_REQ_new();
	AUTO(buffer) struct buffer none = { 0 }, two = { 0 }, branch = { 0 };
	struct pki_csr_policy other = { .tax_code = TAX_CODE "-001" };
	AUTO(pki_csr) struct pki_csr *csr = NULL;
	struct pki_refusal why;
	struct err e = { 0 };

	X509_REQ_set_pubkey(req, key);
	csr_add(X509_REQ_get_subject_name(req), "CN", "MST:" TAX_CODE);
	csr_sign(req, key, EVP_sha256(), false);
	csr_encode(req, &none);
	REFUSED(buffer_view(&none), EV_REFUSAL_CODE_CSR_TAX_CODE);
	make_with("UID", "MST:0399001018", &two);
	REFUSED(buffer_view(&two), EV_REFUSAL_CODE_CSR_TAX_CODE);
	csr_make("p256", EVP_sha256(), false, &branch);
	cr_assert(pki_csr_check(buffer_view(&branch), &other, &csr, &why, &e));
	cr_assert_eq(why.code, EV_REFUSAL_CODE_CSR_TAX_CODE);
}

static bool
names_of(X509_REQ *req, struct buffer *der, struct pki_csr_names *out)
{
	csr_encode(req, der);
	return pki_csr_names(buffer_view(der), out);
}

Test(pki_csr, names_of_the_organisation)
{
	AUTO(evp_pkey) EVP_PKEY *key = test_key("p256");
	AUTO(x509_req) X509_REQ *bare = csr_request(key);
	AUTO(x509_req) X509_REQ *named = csr_request(key);
	AUTO(buffer) struct buffer first = { 0 };
	AUTO(buffer) struct buffer second = { 0 };
	struct pki_csr_names names;

	csr_sign(bare, key, EVP_sha256(), false);
	cr_assert(names_of(bare, &first, &names));
	cr_expect_null(names.organization.data);
	cr_expect_null(names.common_name.data);

	csr_add(X509_REQ_get_subject_name(named), "O", "CÔNG TY MẪU");
	csr_add(X509_REQ_get_subject_name(named), "CN", "Máy ký số 1");
	csr_add(X509_REQ_get_subject_name(named), "CN", "Máy ký số 2");
	csr_sign(named, key, EVP_sha256(), false);
	cr_assert(names_of(named, &second, &names));
	cr_expect(bytes_equal(names.organization, bytes_of_str("CÔNG TY MẪU")));
	cr_expect(bytes_equal(names.common_name, bytes_of_str("Máy ký số 1")),
		  "of several the first");
	cr_expect_not(pki_csr_names(bytes_of_str("no CSR"), &names));
}
