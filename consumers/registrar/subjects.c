#include "base/log.h"
#include "kafka/murmur2.h"
#include "registrar/registrar.h"

int64_t
subjects_deadline(const struct registrar *r, const struct subject *s)
{
	int64_t due = subject_next_deadline(s, &r->env);
	const struct wf_deferred *d;

	for (size_t i = 0; (d = subject_deferred(s, i)) != NULL; i++)
		if (d->deadline < due)
			due = d->deadline;
	return due;
}

/* Octets that we cannot read any more: the log has them all. */
static bool
unreadable(struct registrar *r, const char *tax_code, int32_t partition,
	   struct err *e)
{
	if (!store_reset(r->store, partition, e))
		return false;
	log_line(LOG_WARN, tax_code, "checkpoint unreadable, folding again",
		 NULL);
	r->failed = true;
	return ERR_SET(e, ERR_RETRY, "registrar", 0,
		       "checkpoint of %s is unreadable", tax_code);
}

/* Into memory; s is ours from here on, NULL: a new one. */
static bool
remember(struct registrar *r, const char *tax_code, struct subject *s,
	 int64_t deadline, int32_t partition, struct cached **out,
	 struct err *e)
{
	AUTO(subject) struct subject *owned = s;

	if (owned == NULL && !subject_new(tax_code, &owned, e))
		return false;
	if (!cache_add(r->cache, TAKE(owned), partition, out, e))
		return false;
	(*out)->deadline = deadline;
	return true;
}

bool
subjects_begin(struct registrar *r, const char *tax_code, int32_t partition,
	       struct cached **out, struct err *e)
{
	*out = cache_find(r->cache, tax_code);
	return *out != NULL ||
	       remember(r, tax_code, NULL, INT64_MAX, partition, out, e);
}

bool
subjects_find(struct registrar *r, const char *tax_code, int32_t partition,
	      struct cached **out, struct err *e)
{
	struct subject *s;
	int64_t deadline;
	bool readable;

	*out = cache_find(r->cache, tax_code);
	if (*out != NULL)
		return true;
	if (!store_load(r->store, tax_code, &s, &deadline, &readable, e))
		return false;
	if (!readable)
		return unreadable(r, tax_code, partition, e);
	return remember(r, tax_code, s, deadline, partition, out, e);
}

/* ---- those of a batch ---------------------------------------------------- */

static bool
keep(void *self, const char *tax_code, struct subject *s, int64_t deadline,
     struct err *e)
{
	struct registrar *r = self;
	struct cached *it;

	return remember(
		r, tax_code, s, deadline,
		kafka_partition_of(bytes_of_str(tax_code), r->partitions), &it,
		e);
}

/* Is this a message for whose subject the checkpoint will be asked? */
static bool
is_missing(struct registrar *r, const struct kafka_message *m,
	   struct store_tax_code *out)
{
	return intake_key(m->key, out->text) &&
	       loop_lane(r, m->partition) != NULL &&
	       kafka_partition_of(m->key, r->partitions) == m->partition &&
	       cache_find(r->cache, out->text) == NULL;
}

bool
subjects_prefetch(struct registrar *r, const struct kafka_batch *batch,
		  struct err *e)
{
	size_t count = kafka_batch_count(batch), n = 0;
	struct store_tax_code *list = calloc(count + 1, sizeof(*list));
	AUTO(ptr) void *memory = list;

	if (list == NULL)
		return ERR_NO_MEMORY(e);
	for (size_t i = 0; i < count; i++)
		if (is_missing(r, kafka_batch_at(batch, i), &list[n]))
			n++;
	return n < 2 || store_load_each(r->store, list, n, keep, r, e);
}

bool
subjects_apply(struct registrar *r, struct cached *it,
	       const struct wf_record *rec, struct err *e)
{
	int64_t before = subject_sequence(it->subject);

	if (!subject_apply(it->subject, rec, e))
		return err_context(e, "fold %s", subject_tax_code(it->subject));
	if (subject_sequence(it->subject) == before)
		return true; /* the checkpoint had it */
	cache_changed(r->cache, it, subjects_deadline(r, it->subject));
	return true;
}
