/*
 * Input: one octet, then
 *   0  the state in a checkpoint, as octets from the database
 *   1  acts of three roles and three workers, octet by octet (see acts.c)
 * A checkpoint is read or refused; what is read must be usable. Whatever
 * people and workers do in whatever order, what is decided must fold, the
 * log must rebuild the same state, and no order may exist without two
 * persons, nor a key be certified twice.
 */
#include <string.h>

#include "acts.h"

#define ACTS_MAX 150
#define HEAD (17 + 16) /* mark and layout of a checkpoint */

/* --- checkpoints --------------------------------------------------------- */

static void
frame(const uint8_t *state, size_t size, struct buffer *out)
{
	AUTO(subject) struct subject *empty = NULL;
	uint8_t digest[SHA256_LEN];
	struct err e;

	require(subject_new(TAX, &empty, &e) && subject_encode(empty, out, &e));
	out->len = HEAD;
	sha256(bytes_of(state, size), digest);
	require(buffer_add(out, digest, 8, &e));
	require(buffer_add(out, state, size, &e));
}

static void
look_around(const struct subject *s)
{
	const struct wf_env env = {
		.now = 1,
		.limits = { .unsaved_ttl_us = 1,
			    .uncertified_ttl_us = 1,
			    .request_ttl_us = 1 },
	};
	struct wf_known_key key;
	struct ev_sha256 claim;
	size_t keys = 0, claims = 0;

	(void)subject_next_deadline(s, &env);
	for (size_t i = 0; subject_deferred(s, i) != NULL; i++)
		require(subject_deferred(s, i)->event_name != NULL);
	while (subject_known_key(s, keys, &key))
		keys++;
	while (subject_claim(s, claims, &claim))
		claims++;
	require(claims >= keys);
}

static void
checkpoint(const uint8_t *data, size_t size)
{
	AUTO(buffer) struct buffer framed = { 0 }, again = { 0 };
	AUTO(subject) struct subject *s = NULL, *copy = NULL;
	struct err e = { 0 };

	frame(data, size, &framed);
	if (!subject_decode(buffer_view(&framed), &s, &e)) {
		require(e.kind == ERR_RETRY);
		return;
	}
	require(subject_tax_code(s) != NULL);
	/* A list has room for the next power of two, an item of a few octets
	 * takes a few hundred in memory: no more than that. */
	require(subject_size(s) <= 4096 + 1024 * size);
	look_around(s);
	require(subject_encode(s, &again, &e));
	require(subject_decode(buffer_view(&again), &copy, &e));
	again.len = 0;
	require(subject_encode(copy, &again, &e));
}

/* --- what must hold on the log ------------------------------------------- */

static bool
same_key(const struct ev_sha256 *a, const struct ev_sha256 *b)
{
	return memcmp(a->b, b->b, SHA256_LEN) == 0;
}

static void
two_persons(const struct event *ev)
{
	const struct ev_issuance_ordered *o = &ev->issuance_ordered;

	require(strcmp(o->approver_id, o->creator_id) != 0);
	for (size_t i = 0; i < o->editor_ids.count; i++)
		require(strcmp(o->approver_id, o->editor_ids.items[i]) != 0);
}

static const struct event *
order_of(const struct world *w, const char *id)
{
	for (size_t i = 0; i < w->log_count; i++)
		if (w->log[i].event->type == EVENT_ISSUANCE_ORDERED &&
		    strcmp(w->log[i].event->meta.event_id, id) == 0)
			return w->log[i].event;
	return NULL;
}

static bool
given_up(const struct world *w, const char *order_id, size_t before)
{
	for (size_t i = 0; i < before; i++) {
		const struct event *ev = w->log[i].event;

		if (ev->type == EVENT_ORDER_VOIDED &&
		    strcmp(ev->order_voided.order_id, order_id) == 0)
			return true;
		if (ev->type == EVENT_ISSUANCE_FAILED &&
		    strcmp(ev->issuance_failed.order_id, order_id) == 0)
			return true;
	}
	return false;
}

static void
check_log(const struct world *w)
{
	const struct event *certified_by[ACTS_MAX];
	size_t n = 0;

	for (size_t i = 0; i < w->log_count; i++) {
		const struct event *ev = w->log[i].event;
		const struct event *order;

		require(*ev->meta.sequence == (int64_t)i + 1);
		if (ev->type == EVENT_ISSUANCE_ORDERED)
			two_persons(ev);
		if (ev->type != EVENT_CERTIFICATE_ISSUED)
			continue;
		order = order_of(w, ev->certificate_issued.order_id);
		require(order != NULL);
		if (given_up(w, order->meta.event_id, i))
			continue;
		for (size_t k = 0; k < n; k++)
			require(!same_key(
				&certified_by[k]->issuance_ordered.spki_sha256,
				&order->issuance_ordered.spki_sha256));
		require(n < ACTS_MAX);
		certified_by[n++] = order;
	}
	require(w->s->st.waiting.count <= (size_t)w->env.limits.deferred_max);
}

static void
acts(const uint8_t *data, size_t size)
{
	AUTO(world) struct world *w = world_new(TAX);
	struct feed in = { data, size };

	for (size_t i = 0; in.left > 0 && i < ACTS_MAX; i++) {
		act(w, &in);
		(void)world_retry(w);
	}
	(void)world_tick(w);
	check_log(w);
	world_check_replay(w);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 0 && data[0] == 0)
		checkpoint(data + 1, size - 1);
	else if (size > 0 && data[0] == 1)
		acts(data + 1, size - 1);
	return 0;
}
