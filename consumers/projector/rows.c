#include "projector/rows.h"

#include <string.h>

#define MAP_FIRST 256

/* FNV-1a, 64 bits. */
static size_t
hash(const char *key)
{
	uint64_t h = UINT64_C(14695981039346656037);

	for (; *key != '\0'; key++)
		h = (h ^ (uint8_t)*key) * UINT64_C(1099511628211);
	return (size_t)(h ^ h >> 32);
}

/* Where key stands, or the free place where it belongs. */
static struct map_entry *
place(struct map_entry *entries, size_t size, const char *key)
{
	size_t i = hash(key) & (size - 1);

	while (entries[i].key != NULL && strcmp(entries[i].key, key) != 0)
		i = (i + 1) & (size - 1);
	return &entries[i];
}

void *
map_get(const struct map *m, const char *key)
{
	return m->size == 0 ? NULL : place(m->entries, m->size, key)->value;
}

static bool
grow(struct map *m, struct err *e)
{
	size_t size = m->size == 0 ? MAP_FIRST : m->size * 2;
	struct map_entry *entries = calloc(size, sizeof(*entries));

	if (entries == NULL)
		return ERR_NO_MEMORY(e);
	for (size_t i = 0; i < m->size; i++)
		if (m->entries[i].key != NULL)
			*place(entries, size, m->entries[i].key) =
				m->entries[i];
	free(m->entries);
	m->entries = entries;
	m->size = size;
	return true;
}

bool
map_put(struct map *m, const char *key, void *value, struct err *e)
{
	struct map_entry *en;

	if (m->count * 2 >= m->size && !grow(m, e))
		return false;
	en = place(m->entries, m->size, key);
	if (en->key == NULL)
		m->count++;
	*en = (struct map_entry){ key, value };
	return true;
}

void
map_clear(struct map *m)
{
	if (m->count > 0)
		memset(m->entries, 0, m->size * sizeof(m->entries[0]));
	m->count = 0;
}

void
map_free(struct map *m)
{
	free(m->entries);
	*m = (struct map){ 0 };
}

struct row *
rows_find(const struct row_set *s, const char *key)
{
	return map_get(&s->index, key);
}

static bool
make_room(struct row_set *s, struct err *e)
{
	size_t size = s->size == 0 ? MAP_FIRST : s->size * 2;
	struct row **rows;

	if (s->count < s->size)
		return true;
	rows = reallocarray(s->rows, size, sizeof(struct row *));
	if (rows == NULL)
		return ERR_NO_MEMORY(e);
	s->rows = rows;
	s->size = size;
	return true;
}

bool
rows_append(struct row_set *s, struct arena *a, struct row **out, struct err *e)
{
	const struct table *t = s->table;
	struct row *r =
		arena_alloc(a, sizeof(*r) + t->count * sizeof(r->values[0]));

	if (r == NULL)
		return ERR_NO_MEMORY(e);
	if (!make_room(s, e))
		return false;
	for (size_t i = 0; i < t->count; i++)
		r->values[i] = db_null(t->columns[i].type);
	r->complete = t->append;
	s->rows[s->count++] = r;
	*out = r;
	return true;
}

bool
rows_touch(struct row_set *s, struct arena *a, const char *key,
	   struct row **out, struct err *e)
{
	*out = rows_find(s, key);
	if (*out != NULL)
		return true;
	if (!rows_append(s, a, out, e))
		return false;
	(*out)->key = key;
	return map_put(&s->index, key, *out, e);
}

void
rows_clear(struct row_set *s)
{
	s->count = 0;
	map_clear(&s->index);
}

void
rows_free(struct row_set *s)
{
	free(s->rows);
	map_free(&s->index);
	*s = (struct row_set){ .table = s->table };
}
