/* Everything about the submissions that can be made before the clock
 * starts. */
#include <string.h>

#include "avro/wire.h"
#include "base/clock.h"
#include "csr.h"
#include "load_internal.h"
#include "runtime/process.h"

static bool
fill_head(const struct event *ev, struct bytes rest, struct spooled *head,
	  struct err *e)
{
	memset(head, 0, sizeof(*head)); /* the padding goes into the file */
	head->type = ev->type;
	head->len = (uint32_t)rest.len;
	if (snprintf(head->tax_code, sizeof(head->tax_code), "%s",
		     ev->meta.tax_code) >= (int)sizeof(head->tax_code) ||
	    snprintf(head->actor, sizeof(head->actor), "%s",
		     ev->meta.actor.id) >= (int)sizeof(head->actor))
		return ERR_SET(e, ERR_REJECT, "load", 0,
			       "tax code or actor is too long");
	return true;
}

bool
load_spool_event(struct load *l, const struct event *ev,
		 struct ev_sha256 *submission, struct err *e)
{
	AUTO(buffer) struct buffer wire = { 0 };
	const struct avro_writer *w = NULL;
	struct avro_spans spans;
	struct spooled head;
	struct bytes body, rest;
	int32_t id = 0;

	if (!schemas_encode(l->schemas, ev, &wire, e) ||
	    !wire_parse(buffer_view(&wire), &id, &body, e) ||
	    !schemas_writer(l->schemas, id, &w, e) ||
	    !avro_validate(w, body, &spans, e))
		return false;
	if (submission != NULL)
		sha256(event_submission_span(&spans), submission->b);
	rest = avro_after_meta(&spans, body);
	return fill_head(ev, rest, &head, e) &&
	       spool_put(l->spool, &head, rest, e);
}

static bool
make_one(struct load *l, struct csr_maker *maker, uint32_t journey,
	 struct buffer *csr, struct composed *c, struct err *e)
{
	struct composed_digests *to = &l->journeys.list[journey].digests;
	char id[UUID_TEXT_MAX];

	compose_meta(&l->ids, l->customers, LOAD_SUBMIT, journey,
		     clock_now_us(), c);
	if (!csr_make(maker, c->tax_code,
		      load_id(&l->ids, LOAD_ID_REQUEST, journey, id), csr,
		      to->spki.b, e))
		return false;
	compose_submission(&l->ids, journey, buffer_view(csr), c);
	return load_spool_event(l, &c->event, &to->submission, e);
}

bool
load_make(struct load *l, struct err *e)
{
	AUTO(csr_maker) struct csr_maker *maker = NULL;
	AUTO(buffer) struct buffer csr = { 0 };
	struct composed c;

	if (!spool_open(&l->spool, e) || !csr_maker_new(&maker, e))
		return false;
	progress_start(&l->progress, l->cfg->progress, "make   ");
	for (uint32_t i = 0; i < l->count; i++) {
		if (process_stopping())
			return ERR_SET(e, ERR_FATAL, "load", 0, "stopped");
		if (!make_one(l, maker, i, &csr, &c, e))
			return err_context(e, "make submission %u", i);
		progress_show(&l->progress, i, i, 0, l->count);
	}
	progress_end(&l->progress, l->count, l->count, 0, l->count);
	return spool_rewind(l->spool, e);
}
