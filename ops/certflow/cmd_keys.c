/*
 * cmd_keys.c - certflow keys check: every key that the log knows, judged
 * once more, and compared with all others and with the tokens.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ask.h"
#include "base/clock.h"
#include "ca_store.h"
#include "commands.h"
#include "keys_check.h"
#include "pki/guard.h"
#include "pki/shared_factor.h"

static const char help[] =
	"usage: certflow keys check [OPTION...]\n"
	"  --kafka HOST:PORT            default $CERTFLOW_KAFKA\n"
	"  --registry URL               default $CERTFLOW_REGISTRY\n"
	"  --out DIR                    CA certificates; default "
	"$CERTFLOW_CA_DIR\n"
	"  --blocklist FILE             as in pki.blocklist\n"
	"  --tokens LABEL[,LABEL...]    compare with the customers' tokens, "
	"too\n"
	"  --settle SECONDS             a key may wait so long for its CSR; "
	"default 900\n"
	"One line for each finding; exit status 1 if there is one.\n";

#define TOKENS_MAX 32

struct options {
	const char *kafka, *registry, *out, *blocklist, *tokens, *settle;
	struct place_options places;
};

static bool
take_option(struct options *o, int argc, char **argv, int *i)
{
	const struct {
		const char *name;
		const char **to;
	} known[] = {
		{ "--kafka", &o->kafka },
		{ "--registry", &o->registry },
		{ "--out", &o->out },
		{ "--settle", &o->settle },
		{ "--blocklist", &o->blocklist },
		{ "--tokens", &o->tokens },
	};
	int rc = place_option(&o->places, argc, argv, i);

	if (rc != 0)
		return rc > 0;
	for (size_t k = 0; k < sizeof(known) / sizeof(known[0]); k++)
		if (strcmp(argv[*i], known[k].name) == 0 && *i + 1 < argc) {
			*known[k].to = argv[++*i];
			return true;
		}
	return false;
}

/* Up to ten years. */
static bool
take_seconds(const char *text, int64_t *us)
{
	char *end;
	long n = strtol(text, &end, 10);

	*us = n * US_PER_S;
	return end != text && *end == '\0' && n >= 0 && n <= 315360000;
}

void
keys_find(struct check *c, const char *what, const struct logged_key *key,
	  const char *more)
{
	char hex[2 * SHA256_LEN + 1];

	hex_encode(bytes_of(key->spki_sha256, SHA256_LEN), hex);
	printf("%s %s event=%s spki_sha256=%s%s%s\n", what, key->tax_code,
	       key->event_id, hex, *more == '\0' ? "" : " ", more);
	c->findings++;
}

/* --- each key by itself --------------------------------------------- */

static bool
judge(struct check *c, const struct logged_key *key, struct err *e)
{
	struct pki_refusal why = { 0 };
	struct pki_key facts;

	c->keys++;
	if (pki_key_check(key->spki, &facts, &why) &&
	    pki_guard_check(c->guard, key->spki, &facts, &why) &&
	    !pki_key_strength(key->spki, &why, e))
		return false;
	if (why.code != EV_REFUSAL_CODE_UNKNOWN)
		keys_find(c, ev_refusal_code_name(why.code), key, "");
	return true;
}

/* --- all of them together ------------------------------------------- */

static int
by_modulus(const void *left, const void *right)
{
	const struct bytes a =
		pki_key_modulus((*(struct logged_key *const *)left)->spki);
	const struct bytes b =
		pki_key_modulus((*(struct logged_key *const *)right)->spki);

	if (a.len != b.len)
		return a.len < b.len ? -1 : 1;
	return memcmp(a.data, b.data, a.len);
}

/* Odd RSA moduli, no two alike; one that stands in two keys is found. */
static size_t
pick(struct check *c, struct logged_key **keys)
{
	size_t n = 0, kept = 0;

	for (size_t i = 0; i < c->log.count; i++) {
		struct logged_key *key = &c->log.items[i];
		struct pki_refusal why;
		struct pki_key facts;

		if (key->spki.data != NULL &&
		    pki_key_check(key->spki, &facts, &why) &&
		    pki_key_modulus(key->spki).data != NULL)
			keys[n++] = key;
	}
	if (n > 0)
		qsort((void *)keys, n, sizeof(void *), by_modulus);
	for (size_t i = 0; i < n; i++)
		if (kept > 0 && by_modulus(&keys[kept - 1], &keys[i]) == 0)
			keys_find(c, "SHARED_MODULUS", keys[i], "");
		else
			keys[kept++] = keys[i];
	return kept;
}

static bool
compare_all(struct check *c, struct err *e)
{
	size_t room = c->log.count + 1;
	AUTO(ptr) void *keys_memory = calloc(room, sizeof(struct logged_key *));
	AUTO(ptr) void *moduli_memory = calloc(room, sizeof(struct bytes));
	AUTO(ptr) void *with_memory = calloc(room, sizeof(size_t));
	struct logged_key **keys = keys_memory;
	struct bytes *moduli = moduli_memory;
	size_t *with = with_memory;

	if (keys == NULL || moduli == NULL || with == NULL)
		return ERR_NO_MEMORY(e);
	c->moduli = pick(c, keys);
	for (size_t i = 0; i < c->moduli; i++)
		moduli[i] = pki_key_modulus(keys[i]->spki);
	if (!pki_shared_factors(moduli, c->moduli, with, e))
		return false;
	for (size_t i = 0; i < c->moduli; i++)
		if (with[i] != SHARED_FACTOR_NONE) {
			char other[8 + 2 * SHA256_LEN] = "with=";

			hex_encode(bytes_of(keys[with[i]]->spki_sha256,
					    SHA256_LEN),
				   other + 5);
			keys_find(c, "SHARED_FACTOR", keys[i], other);
		}
	return true;
}

/* --- all ------------------------------------------------------------- */

static bool
open_guard(struct check *c, const struct options *o, struct err *e)
{
	AUTO(pki_ca) struct pki_ca *ca = NULL;
	struct pki_guard_config cfg = { .blocklist = o->blocklist };
	char dir[PATH_MAX];

	if (!place_ca_dir(o->out, dir, e) ||
	    !ca_store_load(dir, "issuing", &ca, e))
		return false;
	cfg.ca = ca;
	return pki_guard_new(&cfg, &c->guard, e);
}

/* Before the log: whatever is in the token then has been asked for. */
static bool
count_tokens(const struct options *o, struct buffer *out, struct err *e)
{
	struct place place;

	return o->tokens == NULL ||
	       (place_find(GROUP_CUSTOMER, &o->places, &place, e) &&
		job_count(&place, o->tokens, out, e));
}

static bool
run(const struct options *o, struct check *c, struct err *e)
{
	AUTO(buffer) struct buffer counted = { 0 };

	if (!open_guard(c, o, e) || !count_tokens(o, &counted, e) ||
	    !keys_log_read(o->kafka, o->registry, &c->log, e))
		return false;
	for (size_t i = 0; i < c->log.count; i++)
		if (c->log.items[i].spki.data != NULL &&
		    !judge(c, &c->log.items[i], e))
			return false;
	if (!compare_all(c, e))
		return false;
	return o->tokens == NULL ||
	       keys_compare_tokens(c, (const void *)counted.data,
				   counted.len / sizeof(struct token_count), e);
}

int
cmd_keys(int argc, char **argv)
{
	struct options o = { .kafka = getenv("CERTFLOW_KAFKA"),
			     .registry = getenv("CERTFLOW_REGISTRY"),
			     .settle = "900" };
	struct check c = { 0 };
	struct err e = { 0 };
	int64_t settle_us = 0;
	bool usage = argc < 2 || strcmp(argv[1], "check") != 0, ok;

	for (int i = 2; i < argc && !usage; i++)
		usage = !take_option(&o, argc, argv, &i);
	if (usage || o.kafka == NULL || o.registry == NULL ||
	    !take_seconds(o.settle, &settle_us)) {
		fprintf(stderr, "%s%s", help, place_help);
		return EXIT_USAGE;
	}
	c.settled_before = clock_now_us() - settle_us;
	ok = run(&o, &c, &e);
	if (ok)
		printf("%zu keys, %zu RSA moduli compared, %zu findings\n",
		       c.keys, c.moduli, c.findings);
	else
		fprintf(stderr, "certflow keys: %s\n", e.text);
	pki_guard_free(c.guard);
	keys_log_free(&c.log);
	return !ok ? EXIT_FAULT : c.findings > 0 ? EXIT_NOT_FOUND : EXIT_FOUND;
}
