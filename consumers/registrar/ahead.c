#include "registrar/ahead.h"

#include <string.h>

#include "registrar/registrar.h"

struct ahead *
ahead_new(struct err *e)
{
	struct ahead *a = calloc(1, sizeof(*a));

	if (a == NULL)
		(void)ERR_NO_MEMORY(e);
	return a;
}

/*
 * A message that was sent on has another's place as its cause: two of the
 * same cause would share a reservation, and the one could give back what the
 * other uses. They are rare, and claim in their turn.
 */
static void
forecast(struct registrar *r, struct opened *o)
{
	struct ev_sha256 digests[WF_CLAIMS_MAX];
	struct ahead *a = r->ahead;
	const struct cached *it;
	size_t n;

	if (o->in.kind != INTAKE_EVENT ||
	    strcmp(o->message->topic, o->in.source.topic) != 0)
		return;
	it = cache_find(r->cache, o->in.key);
	n = wf_claims(&r->env, it != NULL ? it->subject : NULL, o->in.event,
		      digests);
	if (n == 0)
		return;
	kafka_source_format(o->in.source.topic, o->in.source.partition,
			    o->in.source.offset, o->cause);
	o->claims = &a->claims[a->claim_count];
	o->claim_count = n;
	for (size_t i = 0; i < n; i++)
		a->claims[a->claim_count++] =
			(struct claim){ .digest = digests[i], .of = o };
}

size_t
ahead_open(struct registrar *r, const struct kafka_batch *batch, size_t first)
{
	size_t left = kafka_batch_count(batch) - first, octets = 0;
	struct ahead *a = r->ahead;

	a->count = a->claim_count = 0;
	while (a->count < left && a->count < AHEAD_MESSAGES &&
	       octets < AHEAD_OCTETS) {
		struct opened *o = &a->items[a->count++];

		o->message = kafka_batch_at(batch, first++);
		o->is_open = false;
		o->claim_count = 0;
		if (loop_due(r, o->message) == NULL)
			continue; /* nor will it be in its turn */
		if (!intake_open(r->schemas, o->message, r->partitions, &o->in,
				 &a->why))
			break;
		o->is_open = true;
		octets += o->message->value.len;
		forecast(r, o);
	}
	claims_ahead(r);
	return a->count;
}

static void
spare(struct claim *claims, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (claims[i].state == CLAIM_HELD)
			claims[i].state = CLAIM_SPARE;
}

void
ahead_pass(struct registrar *r, struct opened *o)
{
	r->turn = NULL;
	spare(o->claims, o->claim_count);
	if (o->is_open)
		intake_free(&o->in);
	o->is_open = false;
}

bool
ahead_end(struct registrar *r, bool done, struct err *e)
{
	struct ahead *a = r->ahead;

	for (size_t i = 0; i < a->count; i++)
		ahead_pass(r, &a->items[i]);
	a->count = 0;
	if (done)
		return claims_give_back(r, e);
	for (size_t i = 0; i < a->claim_count; i++)
		if (a->claims[i].state == CLAIM_SPARE)
			r->failed = true;
	return false;
}
