/*
 * keys_tokens.c - the log's keys beside those of the customers' tokens.
 */
#include <stdio.h>
#include <string.h>

#include "keys_check.h"

/* Rows of the log that have an id, by it. */
struct index {
	const struct logged_key **items;
	size_t count;
};

static int
compare_rows(const void *left, const void *right)
{
	return memcmp((*(struct logged_key *const *)left)->id,
		      (*(struct logged_key *const *)right)->id, HSM_KEY_ID_LEN);
}

static bool
index_new(struct index *x, const struct keys_log *log, struct err *e)
{
	static const uint8_t none[HSM_KEY_ID_LEN];

	x->items = calloc(log->count + 1, sizeof(void *));
	if (x->items == NULL)
		return ERR_NO_MEMORY(e);
	for (size_t i = 0; i < log->count; i++)
		if (memcmp(log->items[i].id, none, HSM_KEY_ID_LEN) != 0)
			x->items[x->count++] = &log->items[i];
	qsort((void *)x->items, x->count, sizeof(void *), compare_rows);
	return true;
}

/* The first row that is not before this id. */
static size_t
lower(const struct index *x, const uint8_t id[HSM_KEY_ID_LEN])
{
	size_t low = 0, high = x->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (memcmp(x->items[middle]->id, id, HSM_KEY_ID_LEN) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* What the log says of a key in the token. */
static void
judge_token_key(struct check *c, const struct index *x,
		const struct token_count *n)
{
	const struct logged_key *asked = NULL;
	char id[2 * HSM_KEY_ID_LEN + 1];
	size_t admitted = 0;

	for (size_t i = lower(x, n->id);
	     i < x->count &&
	     memcmp(x->items[i]->id, n->id, HSM_KEY_ID_LEN) == 0;
	     i++) {
		if (!x->items[i]->in_hsm)
			asked = x->items[i];
		else if (!x->items[i]->destroyed)
			admitted++;
	}
	if (admitted == 0 && asked != NULL && asked->at > c->settled_before)
		return; /* its CSR is on its way */
	if (admitted == 1 && n->private_keys <= 1)
		return; /* none: see below */
	hex_encode(bytes_of(n->id, HSM_KEY_ID_LEN), id);
	printf("%s %s id=%s private=%zu public=%zu admitted=%zu\n",
	       admitted == 0 ? "ORPHAN" : "TOO_MANY",
	       asked == NULL ? "-" : asked->tax_code, id, n->private_keys,
	       n->public_keys, admitted);
	c->findings++;
}

static int
by_id(const void *left, const void *right)
{
	return memcmp(((const struct token_count *)left)->id,
		      ((const struct token_count *)right)->id, HSM_KEY_ID_LEN);
}

bool
keys_compare_tokens(struct check *c, const struct token_count *all,
		    size_t count, struct err *e)
{
	struct index x = { 0 };

	if (!index_new(&x, &c->log, e))
		return false;
	for (size_t i = 0; i < count; i++)
		judge_token_key(c, &x, &all[i]);
	for (size_t i = 0; i < x.count; i++) {
		const struct logged_key *key = x.items[i];
		struct token_count want = { 0 };
		const struct token_count *found;

		if (!key->in_hsm || key->destroyed)
			continue;
		memcpy(want.id, key->id, HSM_KEY_ID_LEN);
		found = count == 0 ? NULL
				   : bsearch(&want, all, count, sizeof(*all),
					     by_id);
		if (found == NULL || found->private_keys == 0)
			keys_find(c, "MISSING", key, "");
	}
	free(x.items);
	return true;
}
