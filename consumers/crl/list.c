#include "crl/list.h"

#include <string.h>

#include "base/clock.h"

#define END_OF_9999 (INT64_C(253402300799) * US_PER_S)

/* The book's list and the last CRL's, walked side by side. */
struct walk {
	const struct status_book *book;
	const struct crl_last *last;
	const struct pki_revoked *old; /* entries of last */
	size_t old_count;
	size_t at; /* first old one not yet passed */
	int64_t now;
	struct buffer *out;
	size_t unexplained;
};

static const struct pki_revoked *
entries_of(struct bytes list)
{
	return (const struct pki_revoked *)(const void *)list.data;
}

static int
compare(const void *left, const void *right)
{
	const struct pki_revoked *a = left, *b = right;

	return strcmp(a->serial_number, b->serial_number);
}

void
crl_list_sort(struct buffer *entries)
{
	size_t count = entries->len / sizeof(struct pki_revoked);

	if (count > 1)
		qsort(entries->data, count, sizeof(struct pki_revoked),
		      compare);
}

void
crl_last_clear(struct crl_last *last)
{
	buffer_free(&last->entries);
	*last = (struct crl_last){ 0 };
}

static bool
same(const struct pki_revoked *a, const struct pki_revoked *b)
{
	return strcmp(a->serial_number, b->serial_number) == 0 &&
	       a->revoked_at == b->revoked_at && a->reason == b->reason &&
	       a->has_invalidity == b->has_invalidity &&
	       a->invalidity_at == b->invalidity_at;
}

bool
crl_list_same(struct bytes a, struct bytes b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len / sizeof(struct pki_revoked); i++)
		if (!same(&entries_of(a)[i], &entries_of(b)[i]))
			return false;
	return true;
}

static bool
add(struct walk *w, const struct pki_revoked *entry, struct err *e)
{
	return buffer_add(w->out, entry, sizeof(*entry), e);
}

/* On the last CRL, and the book does not call it revoked. */
static bool
pass_old(struct walk *w, const struct pki_revoked *old, struct err *e)
{
	uint8_t serial[EVENT_SERIAL_OCTETS_MAX];
	struct status_entry now;
	size_t len;

	if (hex_decode(old->serial_number, serial, sizeof(serial), &len) &&
	    status_book_find(w->book, bytes_of(serial, len), &now) &&
	    old->reason == STATUS_HOLD && now.kind == STATUS_GOOD &&
	    now.resumed_at_us != STATUS_NO_TIME &&
	    now.resumed_at_us >= old->revoked_at)
		return true; /* resumed */
	w->unexplained++;
	return add(w, old, e);
}

/* Old entries before this serial number, then the one that has it. */
static bool
walk_to(struct walk *w, const char *serial, const struct pki_revoked **found,
	struct err *e)
{
	*found = NULL;
	while (w->at < w->old_count) {
		const struct pki_revoked *old = &w->old[w->at];
		int c = serial == NULL ? -1
				       : strcmp(old->serial_number, serial);

		if (c > 0)
			return true;
		w->at++;
		if (c == 0) {
			*found = old;
			return true;
		}
		if (!pass_old(w, old, e))
			return false;
	}
	return true;
}

static struct pki_revoked
entry_of(const struct status_entry *s)
{
	struct pki_revoked entry = {
		.revoked_at = s->revoked_at_us - s->revoked_at_us % US_PER_S,
		.reason = (int)s->reason,
	};

	hex_encode(bytes_of(s->serial, s->serial_len), entry.serial_number);
	/* One that cannot be written is not worth the whole list. */
	if (s->invalidity_at_us >= 0 && s->invalidity_at_us <= END_OF_9999) {
		entry.has_invalidity = true;
		entry.invalidity_at =
			s->invalidity_at_us - s->invalidity_at_us % US_PER_S;
	}
	return entry;
}

/* It has ended, and a CRL after its end said that it is revoked. */
static bool
is_over(const struct walk *w, const struct status_entry *s,
	const struct pki_revoked *entry)
{
	int64_t published = w->last->crl.this_update;

	return w->last->exists && s->not_after_us < published &&
	       s->not_after_us < w->now && entry->revoked_at < published;
}

static bool
take(void *self, const struct status_entry *s, struct err *e)
{
	struct walk *w = self;
	struct pki_revoked entry = entry_of(s);
	const struct pki_revoked *old;

	if (!walk_to(w, entry.serial_number, &old, e))
		return false;
	if (is_over(w, s, &entry))
		return true;
	/* A hold may become a revocation, never the other way. */
	if (old != NULL && entry.reason == STATUS_HOLD &&
	    old->reason != STATUS_HOLD) {
		w->unexplained++;
		return add(w, old, e);
	}
	return add(w, &entry, e);
}

bool
crl_list_make(const struct status_book *book, const struct crl_last *last,
	      int64_t now, struct buffer *out, size_t *unexplained,
	      struct err *e)
{
	struct walk w = {
		.book = book,
		.last = last,
		.old = entries_of(buffer_view(&last->entries)),
		.old_count = last->entries.len / sizeof(struct pki_revoked),
		.now = now,
		.out = out,
	};
	const struct pki_revoked *none;

	if (!status_book_each_revoked(book, take, &w, e) ||
	    !walk_to(&w, NULL, &none, e))
		return false;
	*unexplained = w.unexplained;
	return true;
}
