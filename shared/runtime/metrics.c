#include "runtime/metrics.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#define METRICS_MAX 256
#define LABELS_MAX 192

struct metric {
	const char *name;
	const char *help;
	enum metric_kind kind;
	char labels[LABELS_MAX];
	_Atomic int64_t value;
};

struct metrics {
	pthread_mutex_t lock; /* of count; values are atomic */
	size_t count;
	struct metric items[METRICS_MAX + 1]; /* the last one is the spare */
};

bool
metrics_new(struct metrics **out, struct err *e)
{
	struct metrics *m = calloc(1, sizeof(*m));

	if (m == NULL)
		return ERR_NO_MEMORY(e);
	(void)pthread_mutex_init(&m->lock, NULL);
	*out = m;
	return true;
}

static struct metric *
find(struct metrics *m, const char *name, const char *labels)
{
	for (size_t i = 0; i < m->count; i++)
		if (strcmp(m->items[i].name, name) == 0 &&
		    strcmp(m->items[i].labels, labels) == 0)
			return &m->items[i];
	return NULL;
}

struct metric *
metrics_add(struct metrics *m, enum metric_kind kind, const char *name,
	    const char *labels, const char *help)
{
	struct metric *found;

	labels = labels == NULL ? "" : labels;
	(void)pthread_mutex_lock(&m->lock);
	found = find(m, name, labels);
	if (found == NULL && m->count == METRICS_MAX) {
		found = &m->items[METRICS_MAX];
	} else if (found == NULL) {
		found = &m->items[m->count];
		found->name = name;
		found->help = help;
		found->kind = kind;
		snprintf(found->labels, sizeof(found->labels), "%s", labels);
		m->count++;
	}
	(void)pthread_mutex_unlock(&m->lock);
	return found;
}

void
metric_inc(struct metric *m, int64_t by)
{
	atomic_fetch_add(&m->value, by);
}

void
metric_set(struct metric *m, int64_t value)
{
	atomic_store(&m->value, value);
}

int64_t
metric_get(const struct metric *m)
{
	return atomic_load(&m->value);
}

/* Has an earlier metric the same name? Then its head is printed already. */
static bool
is_first(const struct metrics *m, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (strcmp(m->items[k].name, m->items[i].name) == 0)
			return false;
	return true;
}

static bool
print_value(const struct metric *m, struct buffer *out, struct err *e)
{
	char line[LABELS_MAX + 128];
	bool plain = m->labels[0] == '\0';
	int n = snprintf(line, sizeof(line), "%s%s%s%s %" PRId64 "\n", m->name,
			 plain ? "" : "{", m->labels, plain ? "" : "}",
			 metric_get(m));

	return buffer_add(out, line, (size_t)n, e);
}

/* All series of one name, with their head: the format wants them together. */
static bool
print_family(const struct metrics *m, size_t first, struct buffer *out,
	     struct err *e)
{
	const struct metric *f = &m->items[first];
	char head[512];
	int n = snprintf(head, sizeof(head), "# HELP %s %s\n# TYPE %s %s\n",
			 f->name, f->help, f->name,
			 f->kind == METRIC_COUNTER ? "counter" : "gauge");

	if (!buffer_add(out, head, (size_t)n, e))
		return false;
	for (size_t i = first; i < m->count; i++)
		if (strcmp(m->items[i].name, f->name) == 0 &&
		    !print_value(&m->items[i], out, e))
			return false;
	return true;
}

bool
metrics_print(struct metrics *m, struct buffer *out, struct err *e)
{
	bool ok = true;

	(void)pthread_mutex_lock(&m->lock);
	for (size_t i = 0; ok && i < m->count; i++)
		if (is_first(m, i))
			ok = print_family(m, i, out, e);
	(void)pthread_mutex_unlock(&m->lock);
	return ok;
}

void
metrics_free(struct metrics *m)
{
	if (m == NULL)
		return;
	(void)pthread_mutex_destroy(&m->lock);
	free(m);
}
