#include "base/arena.h"

#include <stdalign.h>
#include <string.h>

#define BLOCK_MIN 4000

struct block {
	struct block *next;
	size_t used;
	size_t size;
	alignas(max_align_t) uint8_t data[];
};

struct arena {
	struct block *head;
	size_t left; /* of the cap */
};

bool
arena_new(size_t max_bytes, struct arena **out, struct err *e)
{
	struct arena *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return ERR_NO_MEMORY(e);
	a->left = max_bytes;
	*out = a;
	return true;
}

static struct block *
add_block(struct arena *a, size_t size)
{
	size_t room = size > BLOCK_MIN ? size : BLOCK_MIN;
	struct block *b = malloc(sizeof(*b) + room);

	if (b == NULL)
		return NULL;
	b->next = a->head;
	b->used = 0;
	b->size = room;
	a->head = b;
	return b;
}

void *
arena_alloc(struct arena *a, size_t size)
{
	const size_t align = alignof(max_align_t);
	struct block *b = a->head;
	void *p;

	if (size > a->left || size > SIZE_MAX - align)
		return NULL;
	size = (size + align - 1) / align * align;
	if (size > a->left)
		return NULL;
	if (b == NULL || b->size - b->used < size)
		b = add_block(a, size);
	if (b == NULL)
		return NULL;
	p = b->data + b->used;
	b->used += size;
	a->left -= size;
	return memset(p, 0, size);
}

char *
arena_text(struct arena *a, const char *text, size_t len)
{
	char *copy = len < SIZE_MAX ? arena_alloc(a, len + 1) : NULL;

	if (copy != NULL && len > 0)
		memcpy(copy, text, len);
	return copy;
}

struct bytes
arena_bytes(struct arena *a, struct bytes b)
{
	uint8_t *copy = (uint8_t *)arena_text(a, (const char *)b.data, b.len);

	return (struct bytes){ copy, copy == NULL ? 0 : b.len };
}

void
arena_free(struct arena *a)
{
	if (a == NULL)
		return;
	while (a->head != NULL) {
		struct block *next = a->head->next;

		free(a->head);
		a->head = next;
	}
	free(a);
}
