/* What the registrar lends the workflow of shared/pki. */
#include <criterion/criterion.h>
#include <unistd.h>

#include "pki/guard.h"
#include "registrar/pki_facts.h"
#include "support.h"
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
	struct pki_facts_config cfg = {
		.ca_certificate = issuing_path,
		.other_cas = others,
		.other_ca_count = 1,
		.blocklist = list_path,
		.profile = PROFILE,
		.public_url = "",
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
