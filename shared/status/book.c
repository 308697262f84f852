#include <string.h>

#include "status/book.h"

#define PLACES_FIRST 1024

uint64_t
book_hash(struct bytes b)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < b.len; i++)
		h = (h ^ b.data[i]) * UINT64_C(0x100000001b3);
	h = (h ^ h >> 33) * UINT64_C(0xff51afd7ed558ccd);
	return h ^ h >> 33;
}

bool
status_book_new(struct bytes issuer, struct status_book **out, struct err *e)
{
	AUTO(status_book) struct status_book *b = calloc(1, sizeof(*b));

	if (b == NULL)
		return ERR_NO_MEMORY(e);
	if (issuer.data != NULL &&
	    !buffer_add(&b->issuer, issuer.data, issuer.len, e))
		return false;
	*out = TAKE(b);
	return true;
}

void
status_book_verify(struct status_book *b, status_verifies verifies,
		   const void *self)
{
	b->verifies = verifies;
	b->verifier = self;
}

void
status_book_free(struct status_book *b)
{
	if (b == NULL)
		return;
	for (size_t i = 0; i < b->block_count; i++)
		free(b->blocks[i]);
	free((void *)b->blocks);
	free(b->places);
	free(b->open.places);
	buffer_free(&b->issuer);
	free(b);
}

struct record *
book_at(const struct status_book *b, size_t i)
{
	return &b->blocks[i / BOOK_BLOCK][i % BOOK_BLOCK];
}

static struct bytes
serial_of(const struct record *r)
{
	return bytes_of(r->serial, r->serial_len);
}

/* The place of this serial, or the free one where it would go. */
static size_t
place_of(const struct status_book *b, struct bytes serial)
{
	size_t mask = b->place_count - 1, i = book_hash(serial) & mask;

	while (b->places[i] != 0 &&
	       !bytes_equal(serial_of(book_at(b, b->places[i] - 1)), serial))
		i = (i + 1) & mask;
	return i;
}

struct record *
book_find(const struct status_book *b, struct bytes serial)
{
	size_t i;

	if (b->place_count == 0)
		return NULL;
	i = place_of(b, serial);
	return b->places[i] == 0 ? NULL : book_at(b, b->places[i] - 1);
}

/* At most seven of ten places are taken. */
static bool
make_places(struct status_book *b, struct err *e)
{
	size_t size = b->place_count == 0 ? PLACES_FIRST : b->place_count * 2;
	uint32_t *places;

	if ((b->count + 1) * 10 <= b->place_count * 7)
		return true;
	if (b->count >= UINT32_MAX - 1)
		return ERR_NO_MEMORY(e);
	places = calloc(size, sizeof(places[0]));
	if (places == NULL)
		return ERR_NO_MEMORY(e);
	free(b->places);
	b->places = places;
	b->place_count = size;
	for (size_t i = 0; i < b->count; i++)
		b->places[place_of(b, serial_of(book_at(b, i)))] =
			(uint32_t)i + 1;
	return true;
}

static bool
make_block(struct status_book *b, struct err *e)
{
	struct record **blocks;

	if (b->count < b->block_count * BOOK_BLOCK)
		return true;
	blocks = reallocarray((void *)b->blocks, b->block_count + 1,
			      sizeof(void *));
	if (blocks == NULL)
		return ERR_NO_MEMORY(e);
	b->blocks = blocks;
	blocks[b->block_count] = calloc(BOOK_BLOCK, sizeof(struct record));
	if (blocks[b->block_count] == NULL)
		return ERR_NO_MEMORY(e);
	b->block_count++;
	return true;
}

bool
book_enter(struct status_book *b, struct bytes serial, struct record **out,
	   struct err *e)
{
	struct record *r = book_find(b, serial);

	*out = r;
	if (r != NULL)
		return true;
	if (!make_places(b, e) || !make_block(b, e))
		return false;
	r = book_at(b, b->count);
	r->serial_len = (uint8_t)serial.len;
	memcpy(r->serial, serial.data, serial.len);
	r->since_us = r->invalidity_at_us = STATUS_NO_TIME;
	r->not_after_us = STATUS_NO_END;
	b->places[place_of(b, serial)] = (uint32_t)++b->count;
	*out = r;
	return true;
}

bool
book_is_revoked(const struct record *r)
{
	return r->state == RECORD_HOLD || r->state == RECORD_GIVEN_UP ||
	       r->state == RECORD_REVOKED;
}

static void
describe(const struct record *r, struct status_entry *out)
{
	*out = (struct status_entry){
		.serial_len = r->serial_len,
		.kind = STATUS_GOOD,
		.revoked_at_us = STATUS_NO_TIME,
		.invalidity_at_us = r->invalidity_at_us,
		.resumed_at_us = STATUS_NO_TIME,
		.not_after_us = r->not_after_us,
	};
	memcpy(out->serial, r->serial, r->serial_len);
	if (book_is_revoked(r)) {
		out->kind = STATUS_REVOKED;
		out->reason = (enum status_reason)r->reason;
		out->revoked_at_us = r->since_us;
	} else if (r->state == RECORD_UNSIGNED) {
		out->kind = STATUS_UNKNOWN;
	} else {
		out->resumed_at_us = r->since_us;
	}
}

bool
status_book_find(const struct status_book *b, struct bytes serial,
		 struct status_entry *out)
{
	const struct record *r = book_find(b, serial);

	*out = (struct status_entry){ .revoked_at_us = STATUS_NO_TIME,
				      .invalidity_at_us = STATUS_NO_TIME,
				      .resumed_at_us = STATUS_NO_TIME,
				      .not_after_us = STATUS_NO_END };
	if (r == NULL)
		return false;
	describe(r, out);
	return true;
}

static int
compare(const void *left, const void *right)
{
	const struct record *a = *(const struct record *const *)left;
	const struct record *b = *(const struct record *const *)right;
	size_t len =
		a->serial_len < b->serial_len ? a->serial_len : b->serial_len;
	int c = memcmp(a->serial, b->serial, len);

	return c != 0 ? c : (int)a->serial_len - (int)b->serial_len;
}

bool
status_book_each_revoked(const struct status_book *b, status_each each,
			 void *self, struct err *e)
{
	AUTO(ptr) void *memory = calloc(b->revoked + 1, sizeof(void *));
	const struct record **list = memory;
	struct status_entry entry;
	size_t n = 0;

	if (list == NULL)
		return ERR_NO_MEMORY(e);
	for (size_t i = 0; i < b->count; i++)
		if (book_is_revoked(book_at(b, i)))
			list[n++] = book_at(b, i);
	qsort((void *)list, n, sizeof(void *), compare);
	for (size_t i = 0; i < n; i++) {
		describe(list[i], &entry);
		if (!each(self, &entry, e))
			return false;
	}
	return true;
}

size_t
status_book_count(const struct status_book *b)
{
	return b->count;
}

size_t
status_book_revoked(const struct status_book *b)
{
	return b->revoked;
}

uint64_t
status_book_changes(const struct status_book *b)
{
	return b->changes;
}
