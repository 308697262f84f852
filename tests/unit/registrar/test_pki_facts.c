/* What the registrar lends the workflow of shared/pki. */
#include <criterion/criterion.h>
#include <unistd.h>

#include "pki/guard.h"
#include "registrar/pki_facts.h"
#include "support.h"
#include "workflow/catalogue.h"
#include "workflow/refusal.h"

static void
write_temporary(char *path, struct bytes content)
{
	struct err e = { 0 };

	cr_assert_geq(close(mkstemp(path)), 0);
	cr_assert(file_write(path, content, 0600, &e), "%s", e.text);
}

static void
make_csr(const char *name, struct buffer *spki, struct buffer *csr)
{
	AUTO(evp_pkey) EVP_PKEY *key = test_key(name);
	AUTO(buffer) struct buffer info = { 0 }, signature = { 0 };
	struct err e = { 0 };

	test_spki(key, spki);
	cr_assert(
		pki_csr_info_new(buffer_view(spki), TAX_CODE, "e", &info, &e));
	test_sign(key, PKI_ECDSA_SHA256, buffer_view(&info), &signature);
	cr_assert(pki_csr_assemble(buffer_view(&info), PKI_ECDSA_SHA256,
				   buffer_view(&signature), csr, &e));
}

static const char *const shipped[] = {
	CERTFLOW_SOURCE_DIR "/schemas/profiles/org-hsm-ca4.ini",
	CERTFLOW_SOURCE_DIR "/schemas/profiles/org-hsm-ca4-pss.ini",
	CERTFLOW_SOURCE_DIR "/schemas/profiles/org-token-sample.ini",
	CERTFLOW_SOURCE_DIR "/schemas/profiles/org-hsm-ca4.ini",
};

static struct catalogue *
shipped_catalogue(void)
{
	AUTO(buffer) struct buffer text = { 0 };
	struct catalogue *c = NULL;
	struct err e = { 0 };

	cr_assert(file_read(CERTFLOW_SOURCE_DIR
			    "/schemas/catalogue/catalogue.json",
			    1 << 20, &text, &e));
	cr_assert(catalogue_parse(buffer_view(&text), &c, &e), "%s", e.text);
	return c;
}

static enum ev_refusal_code
judge(struct pki_facts *f, const char *key)
{
	const struct wf_pki pki = pki_facts_lend(f);
	AUTO(arena) struct arena *a = NULL;
	AUTO(buffer) struct buffer spki = { 0 }, csr = { 0 };
	struct wf_refusal refusal = { 0 };
	struct wf_csr found = { 0 };
	struct err e = { 0 };

	make_csr(key, &spki, &csr);
	cr_assert(arena_new(1 << 16, &a, &e));
	cr_assert(pki.csr_check(pki.self, a, buffer_view(&csr), TAX_CODE,
				&found, &refusal, &e));
	return refusal.code;
}

static bool
verifies(struct pki_facts *f, struct bytes certificate)
{
	const struct wf_pki pki = pki_facts_lend(f);
	AUTO(arena) struct arena *a = NULL;
	struct wf_certificate found = { 0 };
	struct err e = { 0 };
	bool parsed = false;

	cr_assert(arena_new(1 << 16, &a, &e));
	cr_assert(pki.certificate_parse(pki.self, a, certificate, &found,
					&parsed, &e));
	cr_assert(parsed);
	return found.signature_verifies;
}

/* Ordered and signed before a rollover, it comes in after. */
Test(pki_facts, a_certificate_of_the_ca_before)
{
	AUTO(evp_pkey) EVP_PKEY *root_key = test_key("ca-p256");
	AUTO(evp_pkey) EVP_PKEY *old_key = test_key("ca-rsa2048");
	AUTO(pki_ca) struct pki_ca *root = test_root("ca-p256");
	AUTO(pki_ca)
	struct pki_ca *old = test_issuing("ca-rsa2048", root, root_key);
	AUTO(pki_ca) struct pki_ca *new = test_root("rsa3072");
	AUTO(pki_facts) struct pki_facts *f = NULL;
	AUTO(buffer) struct buffer tbs = { 0 }, der = { 0 };
	char old_path[] = "/tmp/certflow-old-XXXXXX";
	char new_path[] = "/tmp/certflow-new-XXXXXX";
	const char *others[] = { old_path };
	AUTO(catalogue) struct catalogue *products = shipped_catalogue();
	struct pki_facts_config cfg = {
		.ca_certificate = new_path,
		.other_cas = others,
		.other_ca_count = 1,
		.blocklist = "",
		.profiles = shipped,
		.profile_count = 3,
		.places = { .public_url = PUBLIC_URL },
		.catalogue = products,
		.approvers = "",
	};
	struct err e = { 0 };

	write_temporary(old_path, buffer_view(&old->der));
	write_temporary(new_path, buffer_view(&new->der));
	test_tbs(old, "rsa2048", &tbs);
	test_certificate(buffer_view(&tbs), old, old_key, &der);
	cr_assert(pki_facts_new(&cfg, &f, &e), "%s", e.text);
	cr_expect(verifies(f, buffer_view(&der)));
	der.data[der.len - 1] ^= 1;
	cr_expect_not(verifies(f, buffer_view(&der)));
	der.data[der.len - 1] ^= 1;
	pki_facts_free(TAKE(f));
	cfg.other_ca_count = 0;
	cr_assert(pki_facts_new(&cfg, &f, &e), "%s", e.text);
	cr_expect_not(verifies(f, buffer_view(&der)), "nobody knows its CA");
	unlink(old_path);
	unlink(new_path);
}

Test(pki_facts, keys_that_nobody_may_bring)
{
	AUTO(pki_ca) struct pki_ca *issuing = test_root("ca-rsa2048");
	AUTO(pki_ca) struct pki_ca *root = test_root("ca-p256");
	AUTO(pki_facts) struct pki_facts *f = NULL;
	AUTO(buffer) struct buffer spki = { 0 }, csr = { 0 };
	char issuing_path[] = "/tmp/certflow-issuing-XXXXXX";
	char root_path[] = "/tmp/certflow-root-XXXXXX";
	char list_path[] = "/tmp/certflow-list-XXXXXX";
	const char *others[] = { root_path };
	char hex[2 * SHA256_LEN + 1] = "# empty";
	uint8_t digest[SHA256_LEN];
	AUTO(catalogue) struct catalogue *products = shipped_catalogue();
	struct pki_facts_config cfg = {
		.ca_certificate = issuing_path,
		.other_cas = others,
		.other_ca_count = 1,
		.blocklist = list_path,
		.profiles = shipped,
		.profile_count = 3,
		.catalogue = products,
		.approvers = "",
	};
	struct err e = { 0 };

	write_temporary(issuing_path, buffer_view(&issuing->der));
	write_temporary(root_path, buffer_view(&root->der));
	write_temporary(list_path, bytes_of_str(hex));
	cr_assert(pki_facts_new(&cfg, &f, &e), "%s", e.text);
	cr_expect_eq(judge(f, "p256"), EV_REFUSAL_CODE_UNKNOWN);
	cr_expect_eq(judge(f, "ca-p256"), EV_REFUSAL_CODE_KEY_IS_CA_KEY);
	pki_facts_free(TAKE(f));
	make_csr("p256", &spki, &csr);
	sha256(buffer_view(&spki), digest);
	hex_encode(bytes_of(digest, SHA256_LEN), hex);
	cr_assert(file_write(list_path, bytes_of_str(hex), 0600, &e));
	cr_assert(pki_facts_new(&cfg, &f, &e), "%s", e.text);
	cr_expect_eq(pki_guard_count(pki_facts_guard(f)), 1);
	cr_expect_eq(judge(f, "p256"), EV_REFUSAL_CODE_KEY_BLOCKLISTED);
	cr_assert(file_write(list_path, bytes_of_str("x"), 0600, &e));
	pki_facts_free(TAKE(f));
	cr_expect_not(pki_facts_new(&cfg, &f, &e));
	cr_expect_not_null(strstr(e.text, "line 1"), "%s", e.text);
	unlink(issuing_path);
	unlink(root_path);
	unlink(list_path);
}

/* A CA in a file, and what goes with it. */
struct bed {
	struct pki_ca *ca;
	struct catalogue *products;
	char ca_path[40];
	struct pki_facts_config cfg;
};

static void
bed_open(struct bed *b, const char *ca_key, const char *const *profiles,
	 size_t count)
{
	*b = (struct bed){ .ca = test_root(ca_key),
			   .products = shipped_catalogue(),
			   .ca_path = "/tmp/certflow-issuing-XXXXXX" };
	write_temporary(b->ca_path, buffer_view(&b->ca->der));
	b->cfg = (struct pki_facts_config){ .ca_certificate = b->ca_path,
					    .blocklist = "",
					    .profiles = profiles,
					    .profile_count = count,
					    .catalogue = b->products,
					    .approvers = "" };
}

static void
bed_close(struct bed *b)
{
	unlink(b->ca_path);
	pki_ca_free(b->ca);
	catalogue_free(b->products);
}
DEFINE_AUTO_VALUE(bed, struct bed, bed_close);

/* What is ordered for a package, with or without a key. */
static struct wf_tbs
ordered(struct arena *a, const struct wf_pki *pki, const char *package,
	struct bytes spki, struct wf_refusal *refusal)
{
	const struct ev_submission submission = {
		.product_package = package,
		.customer = { .certificate_name = "CÔNG TY TNHH MẪU",
			      .province = "Hà Nội",
			      .country = "VN" },
	};
	struct wf_certificate_plan plan = { .tax_code = TAX_CODE,
					    .submission = &submission,
					    .spki = spki };
	struct wf_tbs tbs = { 0 };
	struct err e = { 0 };

	cr_assert(pki->validity(pki->self, NOW_US, 12, &plan.validity, &e));
	cr_assert(pki->tbs_build(pki->self, a, &plan, &tbs, refusal, &e), "%s",
		  e.text);
	return tbs;
}

Test(pki_facts, each_package_by_its_profile)
{
	AUTO(pki_profile)
	struct pki_profile *pss = test_profile_named("org-hsm-ca4-pss");
	AUTO(bed) struct bed b = { 0 };
	AUTO(pki_facts) struct pki_facts *f = NULL;
	AUTO(arena) struct arena *a = NULL;
	struct wf_refusal refusal = { 0 };
	const struct bytes none = { 0 };
	struct err e = { 0 };
	struct wf_pki pki;
	struct wf_tbs tbs;

	bed_open(&b, "ca-rsa2048", shipped, 3);
	cr_assert(arena_new(1 << 16, &a, &e));
	cr_assert(pki_facts_new(&b.cfg, &f, &e), "%s", e.text);
	pki = pki_facts_lend(f);
	tbs = ordered(a, &pki, "ORG_HSM_CA4", none, &refusal);
	cr_expect_eq(refusal.code, EV_REFUSAL_CODE_UNKNOWN);
	cr_expect_str_eq(tbs.profile_name, "org-hsm-ca4");
	tbs = ordered(a, &pki, "ORG_HSM_CA4_PSS", none, &refusal);
	cr_expect_str_eq(tbs.profile_name, "org-hsm-ca4-pss");
	cr_expect_arr_eq(tbs.profile_sha256.b, pss->sha256, SHA256_LEN);
	cr_expect_eq(refusal.code, EV_REFUSAL_CODE_UNKNOWN);
	(void)ordered(a, &pki, "GONE", none, &refusal);
	cr_expect_eq(refusal.code, EV_REFUSAL_CODE_PRODUCT_UNKNOWN);
}

/* The shipped profile of ORG_HSM_CA4 with one text replaced by a shorter one.
 */
static void
write_changed(char *path, const char *from, const char *to)
{
	AUTO(buffer) struct buffer text = { 0 };
	struct err e = { 0 };
	char *at;

	cr_assert(file_read(shipped[0], PROFILE_FILE_MAX, &text, &e));
	at = strstr((char *)text.data, from);
	cr_assert_not_null(at);
	memset(at, ' ', strlen(from));
	memcpy(at, to, strlen(to));
	write_temporary(path, buffer_view(&text));
}

/* The stand-in for a key that nobody made yet is one that the profile has,
 * whatever the CA's own. */
Test(pki_facts, profile_without_the_kind_of_the_cas_key)
{
	char path[] = "/tmp/certflow-profile-XXXXXX";
	const char *const profiles[] = { path, shipped[1], shipped[2] };
	AUTO(bed) struct bed b = { 0 };
	AUTO(pki_facts) struct pki_facts *f = NULL;
	AUTO(arena) struct arena *a = NULL;
	struct wf_refusal refusal = { 0 };
	struct err e = { 0 };
	struct wf_pki pki;

	write_changed(path, "RSA_2048, RSA_3072, RSA_4096, ", "");
	bed_open(&b, "ca-rsa2048", profiles, 3);
	cr_assert(arena_new(1 << 16, &a, &e));
	cr_assert(pki_facts_new(&b.cfg, &f, &e), "%s", e.text);
	unlink(path);
	pki = pki_facts_lend(f);
	(void)ordered(a, &pki, "ORG_HSM_CA4", (struct bytes){ 0 }, &refusal);
	cr_expect_eq(refusal.code, EV_REFUSAL_CODE_UNKNOWN);
	(void)ordered(a, &pki, "ORG_HSM_CA4", b.ca->spki, &refusal);
	cr_expect_eq(refusal.code, EV_REFUSAL_CODE_LINT);
}

Test(pki_facts, products_and_profiles_that_do_not_fit)
{
	char path[] = "/tmp/certflow-profile-XXXXXX";
	const char *const profiles[] = { path, shipped[1], shipped[2] };
	AUTO(bed) struct bed b = { 0 };
	struct pki_facts *f = NULL;
	struct err e = { 0 };

	bed_open(&b, "ca-p256", shipped, 2);
	cr_expect_not(pki_facts_new(&b.cfg, &f, &e));
	cr_expect_not_null(strstr(e.text, "ORG_TOKEN_SAMPLE"), "%s", e.text);
	b.cfg.profile_count = 4;
	cr_expect_not(pki_facts_new(&b.cfg, &f, &e));
	cr_expect_not_null(strstr(e.text, "given twice"), "%s", e.text);
	write_changed(path, "max_months = 36", "max_months = 24");
	b.cfg.profiles = profiles;
	b.cfg.profile_count = 3;
	cr_expect_not(pki_facts_new(&b.cfg, &f, &e));
	cr_expect_not_null(strstr(e.text, "row 4: validity_months"), "%s",
			   e.text);
	unlink(path);
}
