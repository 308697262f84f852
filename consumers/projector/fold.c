#include "projector/fold.h"

#include <string.h>

#include "projector/fold_internal.h"

/* Rows of one batch; the intake keeps batches far below this. */
#define FOLD_ARENA_MAX (128u * 1024 * 1024)
#define NAMES_FIRST 64

bool
fold_new(struct fold **out, struct err *e)
{
	AUTO(fold) struct fold *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return ERR_NO_MEMORY(e);
	for (size_t i = 0; i < TABLE__COUNT; i++)
		f->sets[i].table = &projector_tables[i];
	if (!arena_new(FOLD_ARENA_MAX, &f->arena, e))
		return false;
	*out = TAKE(f);
	return true;
}

static void
names_clear(struct names *n)
{
	n->count = 0;
	map_clear(&n->seen);
}

static void
names_free(struct names *n)
{
	free(n->items);
	map_free(&n->seen);
}

static bool
names_add(struct names *n, const char *name, struct err *e)
{
	static char present;

	if (map_get(&n->seen, name) != NULL)
		return true;
	if (n->count == n->size) {
		size_t size = n->size == 0 ? NAMES_FIRST : n->size * 2;
		const char **items =
			reallocarray(n->items, size, sizeof(items[0]));

		if (items == NULL)
			return ERR_NO_MEMORY(e);
		n->items = items;
		n->size = size;
	}
	if (!map_put(&n->seen, name, &present, e))
		return false;
	n->items[n->count++] = name;
	return true;
}

/* An order made within the batch comes before what refers to it: one log
 * partition holds both.  Its place in the map marks it as known. */
static bool
expect_order(struct fold *f, const char *id, struct err *e)
{
	if (id == NULL || map_get(&f->orders, id) != NULL)
		return true;
	return names_add(&f->wanted_orders, id, e);
}

static bool
announce_order(struct fold *f, const char *id, struct err *e)
{
	struct fold_order *o = arena_alloc(f->arena, sizeof(*o));

	if (o == NULL)
		return ERR_NO_MEMORY(e);
	o->order_id = id;
	return map_put(&f->orders, id, o, e);
}

bool
fold_expect(struct fold *f, const struct event *ev, struct err *e)
{
	switch (ev->type) {
	case EVENT_ISSUANCE_ORDERED:
		return announce_order(f, ev->meta.event_id, e);
	case EVENT_CERTIFICATE_ISSUED:
		return expect_order(f, ev->certificate_issued.order_id, e) &&
		       names_add(&f->wanted_revocations,
				 ev->certificate_issued.serial_number, e);
	case EVENT_ISSUANCE_FAILED:
		return expect_order(f, ev->issuance_failed.order_id, e);
	case EVENT_ORDER_VOIDED:
		return expect_order(f, ev->order_voided.order_id, e);
	case EVENT_CERTIFICATE_REJECTED:
		return expect_order(f, ev->certificate_rejected.order_id, e);
	case EVENT_CERTIFICATE_SUSPENDED:
		return names_add(&f->wanted_certificates,
				 ev->certificate_suspended.serial_number, e);
	case EVENT_CERTIFICATE_REVOKED:
		return names_add(&f->wanted_certificates,
				 ev->certificate_revoked.serial_number, e);
	default:
		return true;
	}
}

static const char *
names_at(const struct names *n, size_t i)
{
	return i < n->count ? n->items[i] : NULL;
}

const char *
fold_wanted_order(const struct fold *f, size_t i)
{
	return names_at(&f->wanted_orders, i);
}

const char *
fold_wanted_certificate(const struct fold *f, size_t i)
{
	return names_at(&f->wanted_certificates, i);
}

const char *
fold_wanted_revocation(const struct fold *f, size_t i)
{
	return names_at(&f->wanted_revocations, i);
}

static const char *
keep_text(struct fold *f, const char *text)
{
	return text == NULL ? NULL : arena_text(f->arena, text, strlen(text));
}

bool
fold_know_order(struct fold *f, const struct fold_order *o, struct err *e)
{
	struct fold_order *mine = arena_alloc(f->arena, sizeof(*mine));

	if (mine == NULL)
		return ERR_NO_MEMORY(e);
	*mine = *o;
	mine->order_id = keep_text(f, o->order_id);
	mine->request_id = keep_text(f, o->request_id);
	mine->enrolment_id = keep_text(f, o->enrolment_id);
	mine->state = keep_text(f, o->state);
	mine->spki_sha256 = arena_bytes(f->arena, o->spki_sha256);
	mine->issuer_certificate_sha256 =
		arena_bytes(f->arena, o->issuer_certificate_sha256);
	if (mine->order_id == NULL || mine->state == NULL)
		return ERR_NO_MEMORY(e);
	return map_put(&f->orders, mine->order_id, mine, e);
}

bool
fold_know_use(struct fold *f, const struct fold_use *u, struct err *e)
{
	struct fold_use *mine = arena_alloc(f->arena, sizeof(*mine));

	if (mine == NULL)
		return ERR_NO_MEMORY(e);
	*mine = *u;
	mine->serial_number = keep_text(f, u->serial_number);
	mine->state = keep_text(f, u->state);
	if (mine->serial_number == NULL)
		return ERR_NO_MEMORY(e);
	return map_put(&f->uses, mine->serial_number, mine, e);
}

bool
fold_know_revocation(struct fold *f, const struct fold_revocation *r,
		     struct err *e)
{
	const struct fold_revocation *known =
		map_get(&f->revocations, r->serial_number);
	struct fold_revocation *mine;

	if (known != NULL && known->sequence <= r->sequence)
		return true;
	mine = arena_alloc(f->arena, sizeof(*mine));
	if (mine == NULL)
		return ERR_NO_MEMORY(e);
	*mine = *r;
	mine->serial_number = keep_text(f, r->serial_number);
	mine->reason = keep_text(f, r->reason);
	if (mine->serial_number == NULL)
		return ERR_NO_MEMORY(e);
	return map_put(&f->revocations, mine->serial_number, mine, e);
}

/* Only records that every folder can take get past here. */
static bool
plausible(const struct fold *f, const struct event *ev, struct err *e)
{
	const char *order = NULL;
	const struct fold_order *known;

	if (ev->type == EVENT_NONE || ev->type == EVENT_OUTCOME ||
	    ev->type == EVENT_PERSONAL_RECORD)
		return ERR_SET(e, ERR_REJECT, "fold", 0,
			       "%s does not belong on the log",
			       event_type_name(ev->type));
	if (ev->meta.sequence == NULL || ev->meta.recorded_at == NULL)
		return ERR_SET(e, ERR_REJECT, "fold", 0,
			       "meta.sequence or meta.recorded_at is null");
	if (ev->type == EVENT_CERTIFICATE_ISSUED)
		order = ev->certificate_issued.order_id;
	if (order == NULL)
		return true;
	known = map_get(&f->orders, order);
	if (known == NULL || known->state == NULL)
		return ERR_SET(e, ERR_REJECT, "fold", 0,
			       "order_id: no such order");
	return true;
}

bool
fold_event(struct fold *f, const struct fold_record *r, struct err *e)
{
	return plausible(f, r->event, e) && fold_timeline(f, r, e) &&
	       fold_enrolment(f, r, e) && fold_request(f, r, e) &&
	       fold_order(f, r, e) && fold_certificate(f, r, e) &&
	       fold_status(f, r, e);
}

bool
fold_dead_letter(struct fold *f, const char *topic, int32_t partition,
		 int64_t offset, const char *reason, struct err *e)
{
	struct row *row;

	if (!rows_append(&f->sets[TABLE_DEAD_LETTER], f->arena, &row, e))
		return false;
	row_put(row, DEAD_LETTER_topic, db_text(keep_text(f, topic)));
	row_put(row, DEAD_LETTER_partition, db_int4(partition));
	row_put(row, DEAD_LETTER_record_offset, db_int8(offset));
	row_put(row, DEAD_LETTER_reason, db_text(keep_text(f, reason)));
	return true;
}

const struct row_set *
fold_rows(const struct fold *f, enum table_id t)
{
	return &f->sets[t];
}

void
fold_clear(struct fold *f)
{
	struct err e;
	struct arena *fresh;

	for (size_t i = 0; i < TABLE__COUNT; i++)
		rows_clear(&f->sets[i]);
	map_clear(&f->orders);
	map_clear(&f->uses);
	map_clear(&f->revocations);
	names_clear(&f->wanted_orders);
	names_clear(&f->wanted_certificates);
	names_clear(&f->wanted_revocations);
	/* Without memory for a new arena the old one goes on: nothing refers
	 * to it any more, its cap will report the shortage. */
	if (!arena_new(FOLD_ARENA_MAX, &fresh, &e))
		return;
	arena_free(f->arena);
	f->arena = fresh;
}

void
fold_free(struct fold *f)
{
	if (f == NULL)
		return;
	for (size_t i = 0; i < TABLE__COUNT; i++)
		rows_free(&f->sets[i]);
	map_free(&f->orders);
	map_free(&f->uses);
	map_free(&f->revocations);
	names_free(&f->wanted_orders);
	names_free(&f->wanted_certificates);
	names_free(&f->wanted_revocations);
	arena_free(f->arena);
	free(f);
}
