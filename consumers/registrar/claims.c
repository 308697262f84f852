#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "registrar/registrar.h"

/* The message whose own event is under decision: not one that waited for it,
 * nor one that the clock brings. */
static struct opened *
of_decision(const struct registrar *r)
{
	struct opened *o = r->turn;

	return o != NULL && o->claim_count > 0 &&
			       strcmp(o->cause, r->cause) == 0
		       ? o
		       : NULL;
}

/* ---- claimed ahead ------------------------------------------------------- */

/* All in this state, as one statement takes them. */
static size_t
gather(struct ahead *a, enum claim_state state)
{
	size_t n = 0;

	for (size_t i = 0; i < a->claim_count; i++) {
		struct claim *c = &a->claims[i];

		if (c->state != state)
			continue;
		a->list[n] = (struct store_claim){
			.spki = c->digest,
			.tax_code = c->of->in.key,
			.partition = c->of->message->partition,
			.cause = c->of->cause,
		};
		a->whose[n++] = c;
	}
	return n;
}

void
claims_ahead(struct registrar *r)
{
	static const enum claim_state states[] = {
		[STORE_KEY_UNSURE] = CLAIM_ASK,
		[STORE_KEY_OURS] = CLAIM_OURS,
		[STORE_KEY_TAKEN] = CLAIM_TAKEN,
		[STORE_KEY_RESERVED] = CLAIM_HELD,
	};
	struct ahead *a = r->ahead;
	size_t n = gather(a, CLAIM_ASK);
	struct err why = { 0 };

	if (n < 2)
		return;
	if (!store_keys_claim(r->store, a->list, n, a->answers, &why)) {
		log_err(LOG_DEBUG, "registrar", "batch not claimed", &why);
		return;
	}
	for (size_t i = 0; i < n; i++)
		a->whose[i]->state = states[a->answers[i]];
}

bool
claims_give_back(struct registrar *r, struct err *e)
{
	struct ahead *a = r->ahead;
	size_t n = gather(a, CLAIM_SPARE);

	if (n == 0)
		return true;
	if (!store_keys_release(r->store, a->list, n, e)) {
		r->failed = true;
		return false;
	}
	for (size_t i = 0; i < n; i++)
		a->whose[i]->state = CLAIM_ASK;
	return true;
}

/* The final answer, if there is one. */
static bool
known(struct registrar *r, const struct ev_sha256 *spki, enum wf_key_claim *out)
{
	struct opened *o = of_decision(r);

	for (size_t i = 0; o != NULL && i < o->claim_count; i++) {
		struct claim *c = &o->claims[i];

		if (!sha256_equal(&c->digest, spki))
			continue;
		*out = c->state == CLAIM_TAKEN ? WF_KEY_TAKEN : WF_KEY_FREE;
		if (c->state == CLAIM_HELD)
			c->state = CLAIM_USED;
		return c->state == CLAIM_OURS || c->state == CLAIM_TAKEN ||
		       c->state == CLAIM_USED;
	}
	return false;
}

/*
 * A claim in its turn finds the key as if nothing had been claimed ahead:
 * above all, it must not count on a reservation of its own tax code that is
 * another event's, and given back if that one is refused.
 */
static bool
make_way(struct registrar *r, const struct ev_sha256 *spki, struct err *e)
{
	struct ahead *a = r->ahead;
	bool any = false;

	for (size_t i = 0; i < a->claim_count; i++) {
		struct claim *c = &a->claims[i];

		if (!sha256_equal(&c->digest, spki))
			continue;
		if (c->state == CLAIM_HELD)
			c->state = CLAIM_SPARE;
		any = any || c->state == CLAIM_SPARE;
	}
	return !any || claims_give_back(r, e);
}

/* ---- one decision -------------------------------------------------------- */

bool
claims_ask(void *self, const struct ev_sha256 *spki, const char *tax_code,
	   enum wf_key_claim *out, struct err *e)
{
	struct registrar *r = self;
	struct store_claim claim = { .spki = *spki,
				     .tax_code = tax_code,
				     .partition = r->cause_partition,
				     .cause = r->cause };
	bool reserved;

	if (known(r, spki, out))
		return true;
	if (r->claim_count == CLAIMS_MAX)
		return ERR_SET(e, ERR_FATAL, "registrar", 0,
			       "more than %d keys in one event", CLAIMS_MAX);
	if (!make_way(r, spki, e))
		return false;
	if (!store_key_claim(r->store, &claim, out, &reserved, e))
		return false;
	if (!reserved)
		return true;
	snprintf(r->claim_tax_code, sizeof(r->claim_tax_code), "%s", tax_code);
	claim.tax_code = r->claim_tax_code;
	r->claims[r->claim_count++] = claim;
	return true;
}

/* A reservation that cannot be given back would be in everybody's way: the
 * next fold settles it. */
bool
claims_return(struct registrar *r, struct err *e)
{
	struct opened *o = of_decision(r);
	size_t n = r->claim_count;

	r->claim_count = 0;
	for (size_t i = 0; o != NULL && i < o->claim_count; i++)
		if (o->claims[i].state == CLAIM_USED)
			o->claims[i].state = CLAIM_SPARE;
	if (n == 0 || store_keys_release(r->store, r->claims, n, e))
		return true;
	r->failed = true;
	return false;
}
