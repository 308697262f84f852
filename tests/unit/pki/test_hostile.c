/*
 * test_hostile.c - tests/data/hostile-csrs.tsv, each with the code that it
 * must be refused with; tests/hostile/make_corpus wrote it.
 */
#include <criterion/criterion.h>
#include <openssl/evp.h>
#include <unistd.h>

#include "csr_support.h"
#include "pki/guard.h"

#define HOSTILE CERTFLOW_SOURCE_DIR "/tests/data/hostile-csrs.tsv"
#define BLOCKLIST CERTFLOW_SOURCE_DIR "/tests/data/blocklist.txt"

struct tally {
	int refused[EV_REFUSAL_CODE__COUNT];
	int accepted;
	int rows;
};

static struct pki_guard *
make_guard(void)
{
	AUTO(pki_ca) struct pki_ca *issuing = test_root("ca-p256");
	AUTO(pki_ca) struct pki_ca *root = test_root("ca-rsa2048");
	char path[] = "/tmp/certflow-root-XXXXXX";
	const char *others[] = { path };
	struct pki_guard *guard = NULL;
	struct err e = { 0 };

	cr_assert_geq(close(mkstemp(path)), 0);
	cr_assert(file_write(path, buffer_view(&root->der), 0600, &e));
	cr_assert(pki_guard_new(&(struct pki_guard_config){ issuing, others, 1,
							    BLOCKLIST },
				&guard, &e),
		  "%s", e.text);
	unlink(path);
	return guard;
}

static enum ev_refusal_code
code_of(const char *name)
{
	enum ev_refusal_code code = EV_REFUSAL_CODE_UNKNOWN;

	cr_assert(strcmp(name, "ACCEPTED") == 0 ||
			  ev_refusal_code_parse(name, &code),
		  "%s", name);
	return code;
}

static void
decode(const char *base64, struct buffer *out)
{
	size_t len = strcspn(base64, "\n"), pad = 0;
	struct err e = { 0 };
	int n;

	cr_assert(buffer_reserve(out, len + 1, &e));
	while (pad < len && base64[len - pad - 1] == '=')
		pad++;
	n = EVP_DecodeBlock(out->data, (const unsigned char *)base64, (int)len);
	cr_assert_geq(n, 0);
	out->len = (size_t)n - pad;
}

static void
judge_row(char *line, struct pki_guard *guard, struct tally *t)
{
	const struct pki_csr_policy policy = { TAX_CODE, guard };
	const char *code = strsep(&line, "\t"), *name = strsep(&line, "\t");
	AUTO(pki_csr) struct pki_csr *csr = NULL;
	AUTO(buffer) struct buffer der = { 0 };
	AUTO(u8) unsigned char *exact = NULL;
	struct pki_refusal why;
	struct err e = { 0 };

	decode(line, &der);
	/* A copy of that size, so that the sanitizer sees overreads. */
	exact = malloc(der.len == 0 ? 1 : der.len);
	if (der.len > 0)
		memcpy(exact, der.data, der.len);
	cr_assert(pki_csr_check(bytes_of(exact, der.len), &policy, &csr, &why,
				&e),
		  "%s: %s", name, e.text);
	cr_expect_eq(why.code, code_of(code), "%s: %s (%s), not %s", name,
		     ev_refusal_code_name(why.code),
		     why.reason == NULL ? "" : why.reason, code);
	cr_expect_eq(csr == NULL, why.code != EV_REFUSAL_CODE_UNKNOWN);
	t->rows++;
	if (csr != NULL)
		t->accepted++;
	else
		t->refused[why.code]++;
}

/* Codes that this corpus must reach, and how often at least. */
static void
check_tally(const struct tally *t)
{
	static const enum ev_refusal_code codes[] = {
		EV_REFUSAL_CODE_CSR_MALFORMED,
		EV_REFUSAL_CODE_CSR_TRAILING_BYTES,
		EV_REFUSAL_CODE_CSR_SIGNATURE,
		EV_REFUSAL_CODE_CSR_ALGORITHM,
		EV_REFUSAL_CODE_CSR_TAX_CODE,
		EV_REFUSAL_CODE_CSR_PERSONAL_DATA,
		EV_REFUSAL_CODE_KEY_SIZE,
		EV_REFUSAL_CODE_KEY_EXPONENT,
		EV_REFUSAL_CODE_KEY_MODULUS,
		EV_REFUSAL_CODE_KEY_ROCA,
		EV_REFUSAL_CODE_KEY_BLOCKLISTED,
		EV_REFUSAL_CODE_KEY_CURVE,
		EV_REFUSAL_CODE_KEY_POINT,
		EV_REFUSAL_CODE_KEY_IS_CA_KEY,
	};

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		cr_expect_geq(t->refused[codes[i]], 2, "%s",
			      ev_refusal_code_name(codes[i]));
	cr_expect_geq(t->rows - t->accepted, 200);
	cr_expect_geq(t->accepted, 10, "else refusals prove nothing");
}

Test(pki_hostile, each_is_refused_for_its_reason, .timeout = 120)
{
	AUTO(pki_guard) struct pki_guard *guard = make_guard();
	AUTO(file) FILE *f = fopen(HOSTILE, "re");
	struct tally t = { 0 };
	AUTO(str) char *line = NULL;
	size_t room = 0;

	cr_assert_not_null(f);
	cr_assert_gt(getline(&line, &room, f), 0); /* headings */
	while (getline(&line, &room, f) > 0)
		judge_row(line, guard, &t);
	check_tally(&t);
}
