/*
 * test_strength.c - weak RSA moduli: the fingerprint of CVE-2017-15361 on
 * published numbers, Fermat's rounds, what it costs.
 */
#include <criterion/criterion.h>
#include <time.h>

#include "pki/key_strength.h"
#include "support.h"

static bool
is_roca(const char *hex, const char *decimal)
{
	AUTO(bn) BIGNUM *n = NULL;
	uint16_t residues[RSA_FACTOR_PRIMES];

	cr_assert_gt(hex != NULL ? BN_hex2bn(&n, hex) : BN_dec2bn(&n, decimal),
		     0);
	cr_assert(rsa_residues(n, residues));
	return rsa_is_roca(residues);
}

/* roca/tests/data of crocs-muni/roca: mod03.txt, of a card, and mod06.txt,
 * the same with another first digit. */
#define CARD_REST                                                              \
	"dcd7420e420c270a68060eb8b5aa7457a9f6648f86fafed2775cc1f79ae962f1e63f" \
	"1b9e51c55f9ea6fdc7332e9b0058c9ff2eb1fc89855029cf6aafe21e689feb38ac9f" \
	"fb12f1ce371bb5d0e9aae64161abce74b4244bf68f1edb4411f756a097c8929c1474" \
	"0245ea355f8332d1aa36bb50c7dcb4505da8de02e4e53d38f8df06097da7524df0df" \
	"93db48eac8cc4af2d3a16257eb2b2adca6ba464e5974fa92550d31b1babf161e7692" \
	"d00b86e3dd886ecab4abfbe1a8f8cc263ff4af55cdb45f4249a5193925f5e983d762" \
	"f0b6800943eb0267b08f42ed311ce1f5c86eacbc8ce4d3cb7a2fee1ef5641423a1cf" \
	"4114e5ecf50034a60a412523af9e6f4aa11"

Test(pki_strength, published_moduli_of_cards)
{
	cr_expect(is_roca("9" CARD_REST, NULL));
	cr_expect_not(is_roca("8" CARD_REST, NULL));
}

/* From test_fake_mods there: each residue is a power of 65537, but of no
 * common exponent; a test prime by prime would refuse it. */
Test(pki_strength, powers_prime_by_prime_are_not_enough)
{
	static const char fake[] =
		"13834597326516361469435247700446919128645911107056451629938149"
		"51886249466710654519246777046288924760117732016121175973033155"
		"30745738015579159106259811204610647347662150159814774894784524"
		"36613822022643159899193705744202069446636585017005781362744546"
		"5881816985939192840583168136876337135351417253708364245923133";

	cr_expect_not(is_roca(NULL, fake));
}

Test(pki_strength, primes_in_order)
{
	cr_expect_eq(rsa_prime(0), 3);
	cr_expect_eq(rsa_prime(37), 167);
	cr_expect_eq(rsa_prime(RSA_FACTOR_PRIMES - 1), 2039);
}

static bool
is_close(const char *p_text, const char *q_text)
{
	AUTO(bn) BIGNUM *p = NULL, *q = NULL, *n = BN_new();
	AUTO(bn_ctx) BN_CTX *ctx = BN_CTX_new();
	bool close = false;

	cr_assert_gt(BN_dec2bn(&p, p_text), 0);
	cr_assert_gt(BN_dec2bn(&q, q_text), 0);
	cr_assert(BN_mul(n, p, q, ctx));
	cr_assert(rsa_has_close_primes(n, &close));
	return close;
}

/* The numbers of rounds were counted by another program. */
Test(pki_strength, fermat_takes_a_hundred_rounds)
{
	cr_expect(is_close("1000003", "1000003"), "a square");
	cr_expect(is_close("1000003", "1000005"), "1");
	cr_expect(is_close("1000003", "1002835"), "2");
	cr_expect(is_close("1000003", "1028201"), "99");
	cr_expect(is_close("1000003", "1028347"), "100");
	cr_expect_not(is_close("1000003", "1028489"), "101");
	cr_expect_not(is_close("1000003", "3000017"));
}

static double
cost_us(const char *name, bool strength)
{
	AUTO(evp_pkey) EVP_PKEY *key = test_key(name);
	AUTO(buffer) struct buffer spki = { 0 };
	struct pki_refusal why;
	struct pki_key facts;
	struct err e = { 0 };
	const int turns = 200;
	clock_t from;

	test_spki(key, &spki);
	from = clock(); /* of this process, whatever else runs */
	for (int i = 0; i < turns; i++) {
		cr_assert(pki_key_check(buffer_view(&spki), &facts, &why));
		if (!strength)
			continue;
		cr_assert(pki_key_strength(buffer_view(&spki), &why, &e));
		cr_assert_eq(why.code, EV_REFUSAL_CODE_UNKNOWN, "%s",
			     why.reason);
	}
	return (double)(clock() - from) * 1e6 / CLOCKS_PER_SEC / turns;
}

/* Not a benchmark: it says what it costs, and fails when that explodes. */
Test(pki_strength, cost)
{
	static const char *const keys[] = { "rsa2048", "rsa3072", "rsa4096",
					    "p256", "p384" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		double form = cost_us(keys[i], false);
		double all = cost_us(keys[i], true);

		cr_log_info("%s: form %.1f us, form and strength %.1f us",
			    keys[i], form, all);
		cr_expect_lt(all, 20000.0, "%s", keys[i]);
	}
}
