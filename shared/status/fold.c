/* What each event of the log does to a book. */
#include <string.h>

#include "status/book.h"
#include "workflow/der.h"

static bool
parse_serial(const char *text, uint8_t out[EVENT_SERIAL_OCTETS_MAX],
	     struct bytes *serial, struct err *e)
{
	size_t len, zeros = 0;

	if (!hex_decode(text, out, EVENT_SERIAL_OCTETS_MAX, &len) || len == 0)
		return ERR_SET(e, ERR_FATAL, "status", 0,
			       "the log does not fit: serial number %s", text);
	while (zeros + 1 < len && out[zeros] == 0)
		zeros++;
	*serial = bytes_of(out + zeros, len - zeros);
	return true;
}

static struct record *
find(const struct status_book *b, const char *text)
{
	uint8_t octets[EVENT_SERIAL_OCTETS_MAX];
	struct bytes serial;
	struct err ignored;

	return parse_serial(text, octets, &serial, &ignored)
		       ? book_find(b, serial)
		       : NULL;
}

static bool
is_ours(const struct status_book *b, bool readable, struct bytes issuer)
{
	return b->issuer.len == 0 ||
	       (readable && bytes_equal(buffer_view(&b->issuer), issuer));
}

static bool
ordered(struct status_book *b, const struct ev_issuance_ordered *ev,
	struct err *e)
{
	uint8_t octets[EVENT_SERIAL_OCTETS_MAX];
	struct bytes serial, issuer = { 0 };
	bool readable = der_tbs_issuer(ev->tbs_certificate, &issuer);
	struct record *r;

	if (!is_ours(b, readable, issuer))
		return true;
	if (!parse_serial(ev->serial_number, octets, &serial, e) ||
	    !book_enter(b, serial, &r, e))
		return false;
	r->not_after_us = ev->not_after;
	return open_add(&b->open, ev->meta.event_id, r, e);
}

/* A change of state, counted if the list of revoked ones differs. */
static void
become(struct status_book *b, struct record *r, enum record_state state,
       enum status_reason reason, int64_t since_us)
{
	bool was = book_is_revoked(r), is;

	r->state = (uint8_t)state;
	r->reason = (uint8_t)reason;
	r->since_us = since_us;
	is = book_is_revoked(r);
	b->revoked += (size_t)is;
	b->revoked -= (size_t)was;
	b->changes += was || is;
}

static int64_t
earlier(const struct record *r, int64_t us)
{
	return book_is_revoked(r) && r->since_us < us ? r->since_us : us;
}

/* A signature may exist that nobody shall rely on. */
static void
give_up(struct status_book *b, struct record *r, int64_t since_us)
{
	since_us = earlier(r, since_us);
	if (r->state == RECORD_REVOKED || r->state == RECORD_GIVEN_UP) {
		if (since_us != r->since_us)
			become(b, r, (enum record_state)r->state,
			       (enum status_reason)r->reason, since_us);
		return;
	}
	become(b, r, RECORD_GIVEN_UP, STATUS_UNSPECIFIED, since_us);
}

static enum status_reason
reason_of(enum ev_revocation_reason reason)
{
	switch (reason) {
	case EV_REVOCATION_REASON_KEY_COMPROMISE:
		return STATUS_KEY_COMPROMISE;
	case EV_REVOCATION_REASON_AFFILIATION_CHANGED:
		return STATUS_AFFILIATION_CHANGED;
	case EV_REVOCATION_REASON_SUPERSEDED:
		return STATUS_SUPERSEDED;
	case EV_REVOCATION_REASON_CESSATION_OF_OPERATION:
		return STATUS_CESSATION_OF_OPERATION;
	case EV_REVOCATION_REASON_PRIVILEGE_WITHDRAWN:
		return STATUS_PRIVILEGE_WITHDRAWN;
	default: /* also a symbol of a later version */
		return STATUS_UNSPECIFIED;
	}
}

static void
revoked(struct status_book *b, const struct ev_certificate_revoked *ev)
{
	struct record *r = find(b, ev->serial_number);

	if (r == NULL || r->state == RECORD_REVOKED)
		return; /* another CA's; or said before */
	if (ev->invalidity_date != NULL)
		r->invalidity_at_us = *ev->invalidity_date;
	become(b, r, RECORD_REVOKED, reason_of(ev->reason),
	       earlier(r, ev->effective_at));
}

static void
suspended(struct status_book *b, const struct ev_certificate_suspended *ev)
{
	struct record *r = find(b, ev->serial_number);

	if (r != NULL && !book_is_revoked(r))
		become(b, r, RECORD_HOLD, STATUS_HOLD, ev->effective_at);
}

static void
resumed(struct status_book *b, const struct ev_certificate_resumed *ev)
{
	struct record *r = find(b, ev->serial_number);

	if (r != NULL && r->state == RECORD_HOLD)
		become(b, r, RECORD_GOOD, STATUS_UNSPECIFIED, ev->effective_at);
}

static void
failed(struct status_book *b, const struct ev_issuance_failed *ev)
{
	struct record *r = open_take(&b->open, ev->order_id);

	if (r == NULL)
		return;
	if (ev->code == EV_ISSUANCE_FAILURE_CODE_ORDER_EXPIRED)
		give_up(b, r, *ev->meta.recorded_at);
	else if (r->state == RECORD_GOOD)
		become(b, r, RECORD_UNSIGNED, STATUS_UNSPECIFIED,
		       STATUS_NO_TIME);
}

static void
voided(struct status_book *b, const struct ev_order_voided *ev)
{
	struct record *r = find(b, ev->serial_number);

	(void)open_take(&b->open, ev->order_id);
	if (r != NULL)
		give_up(b, r, *ev->meta.recorded_at);
}

/* Signed, and not to be admitted. */
static bool
rejected(struct status_book *b, const struct ev_certificate_rejected *ev,
	 struct err *e)
{
	struct bytes issuer = { 0 }, serial;
	uint8_t octets[EVENT_SERIAL_OCTETS_MAX];
	bool readable = der_certificate_issuer(ev->certificate_der, &issuer);
	struct record *order, *r;
	char text[41];

	if (ev->code == EV_REFUSAL_CODE_EVENT_ID_CONFLICT)
		return true; /* the same octets, signed once more */
	order = open_take(&b->open, ev->order_id);
	if (order != NULL)
		give_up(b, order, *ev->meta.recorded_at);
	if (!is_ours(b, readable, issuer) || b->verifies == NULL ||
	    !b->verifies(b->verifier, ev->certificate_der) ||
	    !der_certificate_serial(ev->certificate_der, text))
		return true;
	if (!parse_serial(text, octets, &serial, e) ||
	    !book_enter(b, serial, &r, e))
		return false;
	give_up(b, r, *ev->meta.recorded_at);
	return true;
}

bool
status_wants(enum event_type type)
{
	switch (type) {
	case EVENT_ISSUANCE_ORDERED:
	case EVENT_CERTIFICATE_ISSUED:
	case EVENT_ISSUANCE_FAILED:
	case EVENT_CERTIFICATE_REJECTED:
	case EVENT_ORDER_VOIDED:
	case EVENT_CERTIFICATE_REVOKED:
	case EVENT_CERTIFICATE_SUSPENDED:
	case EVENT_CERTIFICATE_RESUMED:
		return true;
	default:
		return false;
	}
}

bool
status_book_apply(struct status_book *b, const struct event *ev, struct err *e)
{
	if (status_wants(ev->type) && ev->meta.recorded_at == NULL)
		return ERR_SET(e, ERR_FATAL, "status", 0,
			       "the log does not fit: %s without a time",
			       event_type_name(ev->type));
	switch (ev->type) {
	case EVENT_ISSUANCE_ORDERED:
		return ordered(b, &ev->issuance_ordered, e);
	case EVENT_CERTIFICATE_ISSUED:
		(void)open_take(&b->open, ev->certificate_issued.order_id);
		return true;
	case EVENT_ISSUANCE_FAILED:
		failed(b, &ev->issuance_failed);
		return true;
	case EVENT_CERTIFICATE_REJECTED:
		return rejected(b, &ev->certificate_rejected, e);
	case EVENT_ORDER_VOIDED:
		voided(b, &ev->order_voided);
		return true;
	case EVENT_CERTIFICATE_REVOKED:
		revoked(b, &ev->certificate_revoked);
		return true;
	case EVENT_CERTIFICATE_SUSPENDED:
		suspended(b, &ev->certificate_suspended);
		return true;
	case EVENT_CERTIFICATE_RESUMED:
		resumed(b, &ev->certificate_resumed);
		return true;
	default:
		return true;
	}
}
