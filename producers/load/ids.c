#include "ids.h"

#include <openssl/rand.h>
#include <string.h>

#define HALF 30
#define HALF_MASK ((UINT64_C(1) << HALF) - 1)
#define ROUNDS 4
#define RUN_MASK ((UINT64_C(1) << 62) - 1)
#define KIND_BITS 4

static uint64_t
mix(uint64_t x)
{
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

uint64_t
load_random(uint64_t *state)
{
	*state += UINT64_C(0x9e3779b97f4a7c15);
	return mix(*state);
}

bool
load_ids_new(struct load_ids *out, struct err *e)
{
	if (RAND_bytes((unsigned char *)out, sizeof(*out)) != 1)
		return ERR_SET(e, ERR_FATAL, "openssl", 0, "no random numbers");
	out->run &= RUN_MASK;
	return true;
}

/* A Feistel cipher of 60 bits: spreads, and can be undone. */
static uint64_t
half_round(const struct load_ids *ids, uint64_t half, unsigned round)
{
	return mix(half + ids->key + round) & HALF_MASK;
}

static uint64_t
scramble(const struct load_ids *ids, uint64_t x)
{
	uint64_t left = x >> HALF, right = x & HALF_MASK;

	for (unsigned i = 0; i < ROUNDS; i++) {
		uint64_t next = left ^ half_round(ids, right, i);

		left = right;
		right = next;
	}
	return left << HALF | right;
}

static uint64_t
unscramble(const struct load_ids *ids, uint64_t x)
{
	uint64_t left = x >> HALF, right = x & HALF_MASK;

	for (unsigned i = ROUNDS; i-- > 0;) {
		uint64_t before = right ^ half_round(ids, left, i);

		right = left;
		left = before;
	}
	return left << HALF | right;
}

static void
put(uint64_t x, uint8_t *out)
{
	for (unsigned i = 0; i < 8; i++)
		out[i] = (uint8_t)(x >> (56 - 8 * i));
}

static uint64_t
get(const uint8_t *in)
{
	uint64_t x = 0;

	for (unsigned i = 0; i < 8; i++)
		x = x << 8 | in[i];
	return x;
}

const char *
load_id(const struct load_ids *ids, unsigned kind, uint32_t journey,
	char out[UUID_TEXT_MAX])
{
	uint64_t x = scramble(ids, (uint64_t)journey << KIND_BITS | kind);
	uint8_t id[UUID_LEN];

	/* 48 bits, the version, 12 bits; the variant, 62 bits */
	put((x >> 12) << 16 | UINT64_C(8) << 12 | (x & 0xfff), id);
	put(UINT64_C(2) << 62 | ids->run, id + 8);
	return uuid_format(id, out);
}

bool
load_id_read(const struct load_ids *ids, const char *text, unsigned *kind,
	     uint32_t *journey)
{
	uint8_t id[UUID_LEN];
	uint64_t x;

	if (!uuid_parse(text, id) ||
	    get(id + 8) != (UINT64_C(2) << 62 | ids->run))
		return false;
	x = get(id);
	x = unscramble(ids, (x >> 16) << 12 | (x & 0xfff));
	*kind = (unsigned)(x & ((1u << KIND_BITS) - 1));
	if (*kind >= LOAD_ID_KIND__COUNT || x >> KIND_BITS >= LOAD_JOURNEYS_MAX)
		return false;
	*journey = (uint32_t)(x >> KIND_BITS);
	return true;
}

void
load_id_tail(const struct load_ids *ids, char out[LOAD_ID_TAIL_MAX])
{
	char text[UUID_TEXT_MAX];

	load_id(ids, 0, 0, text);
	memcpy(out, text + sizeof(text) - LOAD_ID_TAIL_MAX, LOAD_ID_TAIL_MAX);
}
